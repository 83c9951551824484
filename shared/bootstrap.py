"""The composition root: settings → adapters, built at the first invocation and kept for the instance.

Importing this module does nothing. What only some functions need, the SDKs above all, is imported by the builder
that needs it: every module more is a longer cold start.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

from shared import log
from shared.adapters.cos import CosStore
from shared.adapters.pool import Pool
from shared.adapters.wire import INVOCATION
from shared.domain import keys
from shared.ports import ObjectStore
from shared.settings import (
    CallbackSettings,
    ReconcileSettings,
    RecordingsSettings,
    StoreSettings,
    TrtcSettings,
    load,
    role_credentials,
)
from shared.triggers import CosObject

if TYPE_CHECKING:
    from concurrent.futures import Executor

    from shared.usecases.look import ReconcilePorts
    from shared.usecases.ports import Ports, QueryPorts

PACE_PER_SECOND = 10.0
"""One tick's calls of one action, per second. TRTC allows 20, so two overlapping ticks stay within its limit."""
STARTS_PER_SECOND = 15.0
"""One tick's starts per second; API starts use the rest of TRTC's 20. A refused start waits 30 s."""

THREADS = 16
"""Parallel checks of one tick, or reads of one list: they wait for storage, not for the CPU."""
ENDS_S = 30.0
"""What the work of a tick may take that has begun: a look into films, a receiver that hangs."""
_POOL = Pool()


def now_ms() -> int:
    """Return the time, epoch ms."""
    return time.time_ns() // 1_000_000


class RecordingsApp(NamedTuple):
    """What the recordings function works with."""

    settings: RecordingsSettings
    ports: QueryPorts
    job_store: Callable[[str, str | None], ObjectStore]
    """Gives the bucket a job object is in."""

    def is_own(self, created: CosObject) -> bool:
        """Tell whether the object is one that we (or TRTC for us) wrote under the results' prefix."""
        own = created.bucket == self.settings.bucket
        return own and any(key.startswith(f"{self.settings.prefix}/") for key in created.keys)


class CallbackApp(NamedTuple):
    """What the callback function works with."""

    settings: CallbackSettings
    store: ObjectStore
    clock: Callable[[], int]


class ReconcileApp(NamedTuple):
    """What the reconcile function works with."""

    ports: ReconcilePorts
    workers: Callable[[], Executor]
    """Gives what runs the looks of one tick."""
    bucket: str = ""
    prefix: str = ""
    left_s: Callable[[], float] = lambda: math.inf
    """Tells how many seconds this invocation still has."""

    def budget_s(self, most_s: float) -> float:
        """Return for how many seconds new work may begin; what has no time would count as failing."""
        from shared.usecases.ports import begins_within

        return begins_within(most_s, self.left_s(), ENDS_S)

    def woken(self, created: CosObject) -> str | None:
        """Return what a created object wakes us for; None where it is no wake."""
        if created.bucket != self.bucket:
            return None
        own = (key.removeprefix(f"{self.prefix}/") for key in created.keys if key.startswith(f"{self.prefix}/"))
        return next(filter(None, map(keys.woken, own)), None)


@lru_cache(maxsize=1)
def recordings() -> RecordingsApp:
    """Build what the recordings function needs; ConfigurationError: a setting is wrong or missing."""
    from shared.usecases.ports import QueryPorts

    settings = load(RecordingsSettings)
    log.hide(token.get_secret_value() for token in settings.api_tokens.values())
    ours, files, valid_s = vars(_ports(settings)), _store(settings, ""), settings.url_valid
    ports = QueryPorts(**ours, files=files, many=_many, sleep=time.sleep, url_valid_s=valid_s, left_s=INVOCATION.left_s)
    return RecordingsApp(settings, ports, _job_store(settings))


@lru_cache(maxsize=1)
def reconcile() -> ReconcileApp:
    """Build what the reconcile function needs; ConfigurationError: a setting is wrong or missing."""
    from concurrent.futures import ThreadPoolExecutor
    from threading import Lock

    from shared.adapters.notify import WebhookNotifier
    from shared.domain.steps import Timing
    from shared.usecases.films import Films
    from shared.usecases.look import ReconcilePorts
    from shared.usecases.pace import Pacer

    settings = load(ReconcileSettings)
    if settings.notify_secret:
        log.hide([settings.notify_secret.get_secret_value()])
    ports = ReconcilePorts(
        **vars(_ports(settings)),
        notifier=WebhookNotifier(settings.notify_secret, settings.notify_hosts, deadline=INVOCATION),
        timing=Timing(lost_after=settings.lost_after * 1000),
        sleep=time.sleep,
        pace=Pacer(PACE_PER_SECOND, time.monotonic, time.sleep).wait,
        pace_start=Pacer(STARTS_PER_SECOND, time.monotonic, time.sleep).wait,
        pace_stop=Pacer(PACE_PER_SECOND, time.monotonic, time.sleep).wait,
        many=_many,
        job_store=_job_store(settings),
        films=Films(_store(settings, settings.prefix), settings.film_ignore, Lock()),
    )
    return ReconcileApp(ports, lambda: ThreadPoolExecutor(THREADS), settings.bucket, settings.prefix, INVOCATION.left_s)


def _job_store(settings: StoreSettings) -> Callable[[str, str | None], CosStore]:
    return lambda bucket, region: _store(settings, "", bucket, region)


def _many(read: Callable[[str], Any], keys: Iterable[str]) -> list[Any]:
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(THREADS) as pool:
        return list(pool.map(read, keys))


def _ports(settings: TrtcSettings) -> Ports:
    from shared.adapters.trtc import TrtcRecorder
    from shared.domain.policy import Policy, UploadKeys
    from shared.usecases.ports import Ports

    upload_keys = None
    if settings.storage_secret_id and settings.storage_secret_key:
        upload_keys = UploadKeys(settings.storage_secret_id, settings.storage_secret_key)
        log.hide([settings.storage_secret_id.get_secret_value(), settings.storage_secret_key.get_secret_value()])
    policy = Policy(
        sdk_app_ids=settings.sdk_app_id,
        allowed_hosts=settings.allowed_hosts,
        max_duration_ceiling_s=settings.max_duration_ceiling,
        caller_storage=settings.caller_storage == "allow",
        bucket=settings.bucket,
        region=settings.bucket_region,
        prefix=settings.prefix,
        upload_keys=upload_keys,
        max_attempts=settings.max_attempts,
        start_within_s=settings.start_within,
        notify_url=settings.notify_url,
        notify_hosts=settings.notify_hosts,
        relay_hosts=settings.relay_hosts,
        check_films=settings.film_check == "on",
    )
    recorder = TrtcRecorder(settings.trtc_region, settings.trtc_endpoint, role_credentials, deadline=INVOCATION)
    return Ports(_store(settings, settings.prefix), recorder, policy, now_ms)


@lru_cache(maxsize=1)
def callback() -> CallbackApp:
    """Build what the callback function needs; ConfigurationError: a setting is wrong or missing."""
    settings = load(CallbackSettings)
    log.hide(key.get_secret_value() for key in settings.callback_keys)
    return CallbackApp(settings, _store(settings, settings.prefix), now_ms)


def _store(settings: StoreSettings, prefix: str, bucket: str | None = None, region: str | None = None) -> CosStore:
    role_credentials()  # a missing role is said before the first call
    bucket, region = bucket or settings.bucket, region or settings.bucket_region
    return CosStore(bucket, region, prefix, settings.cos_endpoint, role_credentials, INVOCATION, _POOL)
