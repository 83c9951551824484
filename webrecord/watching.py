"""Follow a recording by the API's long polling."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

from webrecord import tables
from webrecord.api import FINAL, WAIT_S, Api
from webrecord.errors import RecordingFailed, TimedOut
from webrecord.replies import Document
from webrecord.session import Session
from webrecord.words import t

WHOLE_S, UPLOAD_S = 30 * 3600.0, 3 * 3600.0
"""How long `--wait` stays unless `--timeout` says: for a recording, and for what was stopped. A recording lasts
24 hours at most, and the API gives up what is not uploaded an hour after its end."""
_QUICK_S = 0.5
"""Seconds. An answer without news that comes sooner did not wait, so the next call is delayed."""
_MANY = 10
"""Answers with news in a row that come so soon; a recording has fewer, so the next call is delayed then, too."""


class Deadline:
    """A deadline; None is no deadline."""

    def __init__(self, after_s: float | None, clock: Callable[[], float] = time.monotonic) -> None:
        self._after_s, self._clock = after_s, clock
        self._began = clock()

    @property
    def left_s(self) -> float:
        """Seconds left; 0 at least."""
        return float("inf") if self._after_s is None else max(0.0, self._began + self._after_s - self._clock())

    def __str__(self) -> str:
        if self._after_s is None:
            return t("as long as it takes")
        return f"{self._after_s:g} s" if self._after_s < 3600 else f"{self._after_s / 3600:g} h"


def changes(api: Api, recording_id: str, deadline: Deadline) -> Iterator[Document]:
    """Yield the recording now and at each change, until it is final or the deadline passes."""
    recording, etag = api.get(recording_id)
    yield recording
    in_a_row = 0
    while recording.get("state") not in FINAL and deadline.left_s > 0:
        began = time.monotonic()
        # A wait is asked for in whole seconds; what is left of the last one is slept.
        whole = int(min(WAIT_S, deadline.left_s))
        if whole == 0:
            time.sleep(deadline.left_s)
        seen, etag = api.wait(recording_id, etag, whole)
        is_news, is_quick = seen is not None and seen != recording, time.monotonic() - began < _QUICK_S
        in_a_row = in_a_row + 1 if is_news and is_quick else 0
        if seen is not None and is_news:
            recording = seen
            yield recording
        if whole and is_quick and (not is_news or in_a_row > _MANY):
            time.sleep(min(_QUICK_S, deadline.left_s))


def still(session: Session, recording_id: str, state: object, deadline: Deadline) -> TimedOut:
    """Return the error for a recording that is not final at the deadline."""
    return TimedOut(
        t(
            "{recording_id} is still {state} after {deadline}; {goes_on}",
            recording_id=recording_id,
            state=state,
            deadline=deadline,
            goes_on=goes_on(session, recording_id, state),
        )
    )


def until_final(
    session: Session, recording_id: str, deadline: Deadline, seen: Callable[[Document], None] = lambda _: None
) -> Document:
    """Return the final recording; `seen` gets it at every change of its state.

    Raises:
        TimedOut: the deadline came first; the recording goes on.
    """
    state, recording = None, {}
    for recording in changes(session.api, recording_id, deadline):
        if recording.get("state") != state:
            state = recording.get("state")
            seen(recording)
    if state not in FINAL:
        raise still(session, recording_id, state, deadline)
    return recording


def goes_on(session: Session, recording_id: str, state: object) -> str:
    """Return what continues without this command, and the commands that show and stop it."""
    shows = t("`{again}` shows it", again=session.again("watch", recording_id))
    if state in ("stopping", "uploading"):
        return t("TRTC is still uploading its files; {shows}", shows=shows)
    return t(
        "the recording continues; `{again}` ends it, {shows}", again=session.again("stop", recording_id), shows=shows
    )


def check_ended_well(recording: Document) -> None:
    """Raise if a final recording is not `completed`.

    Raises:
        RecordingFailed: with its reason and what to do.
    """
    if recording.get("state") != "completed":
        why = tables.reason(recording) or t("the reason is unknown")
        advice = t("; ") + str(tables.advice(recording)) if recording.get("advice") else ""
        raise RecordingFailed(
            t(
                "{recording_id} is {state}: {why}{advice}",
                recording_id=recording.get("recording_id"),
                state=recording.get("state"),
                why=why,
                advice=advice,
            )
        )
