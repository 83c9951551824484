"""The three deployed functions in memory: their real `main_handler`, over given ports, with the platform's events."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from functools import lru_cache
from typing import Any

from pydantic import SecretStr

from functions import callback, reconcile, recordings
from local import scf_events
from local.cos import ObjectCreated
from shared.bootstrap import PACE_PER_SECOND, STARTS_PER_SECOND, CallbackApp, ReconcileApp, RecordingsApp
from shared.domain.policy import Policy
from shared.domain.steps import Timing
from shared.entrypoint import entrypoint
from shared.settings import CallbackSettings, RecordingsSettings
from shared.usecases.films import Films
from shared.usecases.look import ReconcilePorts
from shared.usecases.pace import Pacer
from shared.usecases.ports import QueryPorts
from testing.callbacks import KEY, SDK_APP_ID, signed
from testing.parts import BUCKET, JOBS, PREFIX, REGION, token_of
from testing.ports import TimedNotifier, TimedRecorder, TimedStore, WholeStore
from testing.timeline import Timeline
from testing.workers import Workers

LIMITS_S = {"recordings": 30.0, "callback": 5.0, "reconcile": 120.0}
"""Each function's own time limit, as serverless.yml has them."""


class Invoked:
    """One invocation's ports, and the functions over them."""

    def __init__(
        self,
        timeline: Timeline,
        store: TimedStore,
        jobs: TimedStore,
        recorder: TimedRecorder,
        notifier: TimedNotifier,
        policy: Policy,
        change: Callable[[ReconcilePorts], ReconcilePorts],
        tokens: tuple[int, ...] = (1,),
    ) -> None:
        self._timeline, self._store, self._jobs = timeline, store, jobs
        self._files = WholeStore(store.inner, store.calls, store.deadline, prefix=f"{PREFIX}/")
        self._recorder, self._notifier, self._policy, self._change = recorder, notifier, policy, change
        self._tokens = tokens

    def call(
        self, method: str, path: str, headers: Mapping[str, str], body: bytes, query: dict[str, str] | None = None
    ) -> tuple[int, dict[str, Any]]:
        """Call the HTTP API; return status and document."""
        event = scf_events.function_url_event(method, path, query or {}, headers, body, "203.0.113.7")
        reply = self._recordings(event)
        assert reply is not None
        return reply["statusCode"], json.loads(reply["body"] or "{}")

    def job_created(self, key: str, size: int) -> None:
        """Hand over the event of a new job object; raises where the platform would invoke again."""
        self._recordings(scf_events.object_created_event(_created(JOBS, key, size), REGION))

    def receive(self, body: bytes) -> int:
        """Deliver a signed callback; return the status TRTC sees."""
        app = CallbackApp(_CALLBACK, self._store, self._timeline)
        event = scf_events.function_url_event("POST", "/", {}, signed(body), body, "203.0.113.8")
        reply = entrypoint(callback.handle, lambda: app, within_s=callback.BUDGET_S, deadline=self._store.deadline)(
            event, _context("callback")
        )
        assert reply is not None
        return int(reply["statusCode"])

    def tick(self) -> None:
        """Let the timer fire."""
        self._reconcile(_TICK)

    def replay(self, keys: Sequence[str]) -> None:
        """Have documents rebuilt."""
        self._reconcile({"replay": [*keys]})

    def wake(self, keys: Sequence[str]) -> None:
        """Hand over the event of new objects under `wake/`."""
        events = [scf_events.object_created_event(_created(BUCKET, f"{PREFIX}/{key}", 0), REGION) for key in keys]
        self._reconcile({"Records": [record for event in events for record in event["Records"]]})

    def _reconcile(self, event: dict[str, Any]) -> None:
        app = ReconcileApp(self.reconcile_ports(), lambda: Workers(self._timeline), BUCKET, PREFIX)
        handler = entrypoint(reconcile.handle, lambda: app, within_s=reconcile.LONGEST_S, deadline=self._store.deadline)
        handler(event, _context("reconcile"))

    def reconcile_ports(self) -> ReconcilePorts:
        """Return what reconcile works with."""
        timeline = self._timeline
        ports = ReconcilePorts(
            self._store,
            self._recorder,
            self._policy,
            timeline,
            notifier=self._notifier,
            timing=Timing(),
            sleep=timeline.sleep,
            pace=Pacer(PACE_PER_SECOND, lambda: timeline.now / 1000, timeline.sleep).wait,
            pace_start=Pacer(STARTS_PER_SECOND, lambda: timeline.now / 1000, timeline.sleep).wait,
            pace_stop=Pacer(PACE_PER_SECOND, lambda: timeline.now / 1000, timeline.sleep).wait,
            many=lambda read, keys: list(Workers(timeline).map(read, keys)),
            job_store=lambda _bucket, _region: self._jobs,
            films=Films(self._store, (), nullcontext()),
        )
        return self._change(ports)

    def _recordings(self, event: dict[str, Any]) -> dict[str, Any] | None:
        timeline = self._timeline
        reading = QueryPorts(
            self._store,
            self._recorder,
            self._policy,
            timeline,
            files=self._files,
            many=lambda read, keys: list(Workers(timeline).map(read, keys)),
            sleep=timeline.sleep,
        )
        app = RecordingsApp(_recordings(self._tokens), reading, lambda _bucket, _region: self._jobs)
        return entrypoint(recordings.handle, lambda: app, deadline=self._store.deadline)(event, _context("recordings"))


def _created(bucket: str, key: str, size: int) -> ObjectCreated:
    return ObjectCreated(
        bucket=bucket,
        key=key,
        size=size,
        etag="",
        meta={},
        request_id="",
        event_name="cos:ObjectCreated:Put",
        event_time=0,
        content_type="application/json",
    )


@lru_cache
def _context(function: str) -> dict[str, Any]:
    return scf_events.context(function, "request-1", 256, int(LIMITS_S[function]), REGION)


_TICK = scf_events.timer_event("every-minute")
_OWN: dict[str, Any] = {"bucket": BUCKET, "bucket_region": REGION, "sdk_app_id": (SDK_APP_ID,)}
_CALLBACK = CallbackSettings(**_OWN, callback_keys=(SecretStr(KEY),))


@lru_cache
def _recordings(tokens: tuple[int, ...]) -> RecordingsSettings:
    """Return the settings of a deployment that has these tokens."""
    return RecordingsSettings(**_OWN, api_tokens={f"backend{n}": SecretStr(token_of(n)) for n in tokens})
