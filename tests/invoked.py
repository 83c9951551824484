"""The deployed API in memory: its real `main_handler`, over given ports, with the platform's events."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping
from contextlib import redirect_stdout
from typing import Any

from pydantic import SecretStr

from functions import recordings
from local import scf_events
from shared.bootstrap import RecordingsApp
from shared.entrypoint import entrypoint
from shared.settings import ANONYMOUS, RecordingsSettings
from shared.usecases.look import ReconcilePorts
from shared.usecases.ports import QueryPorts
from testing.bucket import Bucket
from testing.callbacks import SDK_APP_ID
from testing.parts import BUCKET, REGION


class Functions:
    """The recordings function, outside of a run. `printed` gets every log line."""

    def __init__(self, printed: Callable[[str], None], tokens: Mapping[str, SecretStr] | None = None) -> None:
        self._printed = printed
        own: dict[str, Any] = {"bucket": BUCKET, "bucket_region": REGION, "sdk_app_id": (SDK_APP_ID,)}
        self._recordings = RecordingsSettings(**own, api_tokens=tokens or {ANONYMOUS: SecretStr("")})

    def http(self, event: dict[str, Any], ports: ReconcilePorts) -> dict[str, Any]:
        """Hand an HTTP event to the API; return the reply as the platform gets it."""
        reading = QueryPorts(
            ports.store, ports.recorder, ports.policy, ports.clock, files=Bucket(), many=map, sleep=ports.sleep
        )
        app = RecordingsApp(self._recordings, reading, lambda _bucket, _region: ports.store)
        printed = io.StringIO()
        try:
            with redirect_stdout(printed):
                reply = entrypoint(recordings.handle, lambda: app)(
                    event, scf_events.context("recordings", "request-1", 256, 60, REGION)
                )
        finally:
            self._printed(printed.getvalue())
        assert reply is not None
        return reply
