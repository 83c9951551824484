"""The three deployed functions in memory: their real `main_handler`, over given ports, with the platform's events."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Executor
from contextlib import redirect_stdout
from typing import Any

from pydantic import SecretStr

from functions import callback, reconcile, recordings
from local import scf_events
from local.cos import ObjectCreated
from shared.adapters.cos import Deadline
from shared.bootstrap import CallbackApp, ReconcileApp, RecordingsApp
from shared.entrypoint import Handler, entrypoint
from shared.ports import ObjectStore
from shared.settings import ANONYMOUS, CallbackSettings, RecordingsSettings
from shared.usecases.look import ReconcilePorts
from shared.usecases.read_ports import QueryPorts
from testing.callbacks import KEY, SDK_APP_ID, signed
from tests.fakes import MemoryFiles

BUCKET = "webrecord-1250000000"
JOBS = "jobs-1250000000"
REGION = "ap-guangzhou"


class InOrder(Executor):
    """One after the other, in the same thread: the same seed gives the same run."""

    def map(self, fn: Callable[..., Any], *iterables: Any, **_options: Any) -> Iterator[Any]:
        return map(fn, *iterables)


class Functions:
    """What is deployed. `printed` gets every log line."""

    def __init__(self, printed: Callable[[str], None], tokens: Mapping[str, SecretStr] | None = None) -> None:
        self._printed = printed
        own: dict[str, Any] = {"bucket": BUCKET, "bucket_region": REGION, "sdk_app_id": (SDK_APP_ID,)}
        self._recordings = RecordingsSettings(**own, api_tokens=tokens or {ANONYMOUS: SecretStr("")})
        self._callback = CallbackSettings(**own, callback_keys=(SecretStr(KEY),))

    def call(
        self, method: str, path: str, headers: Mapping[str, str], body: bytes, ports: ReconcilePorts
    ) -> tuple[int, dict[str, Any]]:
        """Call the HTTP API; return status and document."""
        reply = self.http(scf_events.function_url_event(method, path, {}, headers, body, "203.0.113.7"), ports)
        return reply["statusCode"], json.loads(reply["body"])

    def http(self, event: dict[str, Any], ports: ReconcilePorts) -> dict[str, Any]:
        """Hand an HTTP event to the API; return the reply as the platform gets it."""
        reply = self._invoke(self._main(ports, ports.store), "recordings", event)
        assert reply is not None
        return reply

    def job_created(self, key: str, size: int, jobs: ObjectStore, ports: ReconcilePorts) -> None:
        """Hand over the event of a new job object; raises where the platform would invoke again."""
        created = ObjectCreated(
            bucket=JOBS,
            key=key,
            size=size,
            etag="",
            meta={},
            request_id="",
            event_name="cos:ObjectCreated:Put",
            event_time=0,
            content_type="application/json",
        )
        event = scf_events.object_created_event(created, REGION)
        self._invoke(self._main(ports, jobs), "recordings", event)

    def receive(self, body: bytes, store: ObjectStore, clock: Callable[[], int]) -> int:
        """Deliver a signed callback; return the status TRTC sees."""
        app = CallbackApp(self._callback, store, Deadline(), clock)
        event = scf_events.function_url_event("POST", "/", {}, signed(body), body, "203.0.113.8")
        reply = self._invoke(entrypoint(callback.handle, lambda: app), "callback", event)
        assert reply is not None
        return int(reply["statusCode"])

    def tick(self, ports: ReconcilePorts) -> None:
        """Let the timer fire."""
        app = ReconcileApp(ports, InOrder)
        self._invoke(entrypoint(reconcile.handle, lambda: app), "reconcile", scf_events.timer_event("every-minute"))

    def _main(self, ports: ReconcilePorts, jobs: ObjectStore) -> Handler:
        reading = QueryPorts(
            ports.store, ports.recorder, ports.policy, ports.clock, files=MemoryFiles(), many=map, sleep=ports.sleep
        )
        app = RecordingsApp(self._recordings, reading, lambda _created: jobs)
        return entrypoint(recordings.handle, lambda: app)

    def _invoke(self, main_handler: Handler, function: str, event: dict[str, Any]) -> dict[str, Any] | None:
        printed = io.StringIO()
        try:
            with redirect_stdout(printed):
                return main_handler(event, scf_events.context(function, "request-1", 256, 60, REGION))
        finally:
            self._printed(printed.getvalue())
