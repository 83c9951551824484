"""What laws judge: the register of them, and what the ledger and the bucket say in the end."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from fnmatch import fnmatch
from functools import lru_cache
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from shared.domain import keys
from shared.domain.accepted import Accepted
from shared.domain.callbacks import Callback, parse_callback
from shared.domain.document import Recording
from shared.store.journal import current

if TYPE_CHECKING:
    from testing.ledger import Entry
    from testing.run import Run

parsed = lru_cache(maxsize=256)(parse_callback)
"""Several laws ask what a callback says."""


def said(callback: Entry) -> Callback:
    """Return what an entry's callback said when it came."""
    return parsed(callback.data["body"], callback.data.get("sent_ms", callback.ms))


Law = Callable[["Run"], Iterator[str]]
LAWS: dict[str, Law] = {}
HOUR_MS = 3_600_000


def law(promise: Law) -> Law:
    """Register a promise under its name."""
    LAWS[promise.__name__.replace("_", " ")] = promise
    return promise


def acknowledged(run: Run) -> set[str]:
    """Return the ids of recordings that a caller knows of: not the deleted ones, nor the damaged one."""
    return {entry.about for entry in run.ledger.of("acknowledged")} - deleted(run) - broken(run)


def broken(run: Run) -> set[str]:
    """Return the recordings whose objects somebody damaged: what it costs are these."""
    return {"x0", "y0"} if any(run.ledger.of("damaged")) else set()


def once_failed(run: Run) -> set[str]:
    """Return the recording that an earlier release called failed where it is cancelled now."""
    return {"r0"} if run.scenario.settings.released.endswith("-cancelled") else set()


def deleted(run: Run) -> set[str]:
    """Return the ids of recordings whose deletion was answered, or has begun: whether it was shows in its tombstone."""
    # A job's lines too, though nobody was answered about them.
    named = {entry.about for what in ("asked", "acknowledged", "deleted") for entry in run.ledger.of(what)}
    return {key for key in named if run.bucket.get(keys.gone_key(key))}


def recordings(run: Run) -> list[tuple[Accepted, Recording]]:
    """Return what is stored in the end of all that was acknowledged."""
    if run.final is None:
        run.final = []
        for key in sorted(acknowledged(run)):
            stored = run.bucket.get(keys.request_key(key))
            if stored is not None and (recording := _readable(run, key)):
                run.final.append((Accepted.model_validate_json(stored.body), recording))
    return run.final


def _readable(run: Run, key: str) -> Recording | None:
    try:
        return current(run.bucket, key)
    except Exception as error:  # noqa: BLE001 (whatever it is, nobody can read it)
        run.ledger.note("judge", "unreadable", key, error=f"{type(error).__name__}: {error}")
        return None


def forbidden_ms(run: Run, body: dict[str, Any]) -> int | None:
    """Return when a page's host, or the SdkAppId, was taken from the policy; None if it may still be recorded."""
    host = urlsplit(body.get("RecordUrl", "")).hostname or ""
    forbade = [e.ms for e in run.ledger.of("forbade") if not any(fnmatch(host, one) for one in e.data["hosts"])]
    took_away = [e.ms for e in run.ledger.of("took away") if e.about == str(body.get("SdkAppId"))]
    return min([*forbade, *took_away], default=None)


def bodies(run: Run) -> dict[str, dict[str, Any]]:
    """Return what each recording was first asked for; another request under its id is refused."""
    bodies: dict[str, dict[str, Any]] = {}
    for entry in run.ledger.of("asked"):
        bodies.setdefault(entry.about, entry.data["body"])
    return bodies


def first_ms(run: Run, what: str) -> dict[str, int]:
    """Return when each recording first saw it."""
    first: dict[str, int] = {}
    for entry in run.ledger.of(what):
        first.setdefault(entry.about, entry.ms)
    return first


def last_ms(run: Run, what: str) -> dict[str, int]:
    """Return when each recording last saw it."""
    return {entry.about: entry.ms for entry in run.ledger.of(what)}
