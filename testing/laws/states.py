"""Laws about states: they are true, end, are told and stay; documents are what the facts make."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from typing import TYPE_CHECKING

from shared.domain import keys
from shared.domain.callbacks import AHEAD_MS
from shared.domain.document import Recording
from shared.domain.states import State
from shared.usecases.replay import all_recordings, replay
from testing.laws import judged
from testing.laws.judged import law

if TYPE_CHECKING:
    from testing.run import Run


@law
def one_task_per_recording(run: Run) -> Iterator[str]:
    """No recording has two tasks at once."""
    tasks, broken = Counter[str](), judged.broken(run)
    for entry in run.ledger.entries:
        if entry.what == "task began":
            tasks[entry.about] += 1
            if tasks[entry.about] > 1 and entry.about not in broken:
                yield f"{entry.about}: a second task, {entry.data['task']}"
        elif entry.what == "task over":
            tasks[entry.about] -= 1


@law
def what_is_over_is_not_begun_anew(run: Run) -> Iterator[str]:
    """No task begins of a recording that was damaged when its film was there, whatever is rebuilt or asked then."""
    filmed, spoilt = judged.first_ms(run, "file"), judged.first_ms(run, "spoilt")
    for entry in run.ledger.of("task began") if spoilt else ():
        key = entry.about
        plain = run.stories.get(f"{key}-1") == "plain"  # of a task that failed there is a second one
        if plain and filmed.get(key, entry.ms) < spoilt.get(key, entry.ms) < entry.ms:
            yield f"{key}: {entry.data['task']} began after its film, since what is stored of it is damaged"


@law
def every_recording_ends(run: Run) -> Iterator[str]:
    """Each recording reaches a final state in bounded time and leaves no marker."""
    for _, recording in judged.recordings(run):
        if not recording.state.final:
            yield f"{recording.recording_id} is {recording.state.value} for ever"
    for _, marker in run.timer.markers():
        if marker.partition("-")[2] not in judged.broken(run):  # tried again for ever: somebody may mend it
            yield f"the marker {marker} stays"


@law
def states_are_true(run: Run) -> Iterator[str]:
    """A recording of our bucket is completed if and only if TRTC uploaded a file of it; what it names is there."""
    files = {entry.about for entry in run.ledger.of("file")}
    for accepted, recording in judged.recordings(run):
        key, state = recording.recording_id, recording.state
        if state is State.COMPLETED and not recording.files:
            yield f"{key} is completed without a file"
        if not state.final or accepted.caller_keys or accepted.place is None or not recording.evidence.attempts:
            continue
        if (state is State.COMPLETED) != (key in files):
            yield f"{key} is {state.value} ({recording.reason}), file there: {key in files}"


@law
def completed_is_never_taken_back(run: Run) -> Iterator[str]:
    """After a `completed` notification no other state follows, and the final state is `completed`."""
    completed: set[str] = set()
    broken = judged.broken(run)
    for entry in run.ledger.of("notified"):
        if entry.data["type"] == "recording.completed":
            completed.add(entry.about)
        elif entry.about in completed - broken and entry.data["type"] in (
            "recording.failed",
            "recording.lost",
        ):
            yield f"{entry.about} was told to be completed, then {entry.data['type']}"
    for _, recording in judged.recordings(run):
        if recording.recording_id in completed and recording.state is not State.COMPLETED:
            yield f"{recording.recording_id} was told to be completed, and is {recording.state.value}"


@law
def what_was_told_completed_is_never_opened(run: Run) -> Iterator[str]:
    """Who was told `completed` is not told an open state: no later invocation writes one.

    An answer counts where there was one task; of two that were begun at once the second opens what the first completed.
    It does not where that task records: its end was a lie, and TRTC is asked before the receiver is told.
    """
    told: dict[str, int] = {}
    tasks = Counter(entry.about for entry in run.ledger.of("task began"))
    over = set[str]()
    for entry in run.ledger.entries:
        over |= {entry.about} if entry.what == "task over" else set()
        notified = entry.what == "notified" and entry.data.get("current") == State.COMPLETED.value
        answered = entry.what == "answered" and entry.data["state"] == State.COMPLETED.value
        plain = notified and entry.data["type"] == "recording.completed"
        if plain or (entry.about in over and (notified or (answered and tasks[entry.about] == 1))):
            told.setdefault(entry.about, entry.ms)
    overwrote = {entry.about.split("/")[1] for entry in run.ledger.of("overwrote")}
    for key, state, began_ms in run.documents:
        if began_ms > told.get(key, began_ms) and not State(state).final and key not in overwrote | judged.broken(run):
            yield f"{key} was told to be completed at {told[key]}, and a later call wrote {state}"


@law
def nobody_is_told_the_end_of_what_records(run: Run) -> Iterator[str]:
    """No end is notified while a task of the recording goes on, whoever told it.

    What was called off may have a task that a call before it began; reconcile stops that one. With a caller's own keys
    nobody else may ask for a task whose start died.
    """
    tasks, bodies = Counter[str](), judged.bodies(run)
    for entry in run.ledger.entries:
        if entry.what == "task began":
            tasks[entry.about] += 1
        elif entry.what == "task over":
            tasks[entry.about] -= 1
        elif entry.what == "notified" and tasks[entry.about] > 0 and entry.about not in judged.broken(run):
            state = State(entry.data["type"].removeprefix("recording."))
            own = "StorageParams" in bodies.get(entry.about, {})
            if state.final and state is not State.CANCELLED and not own:
                yield f"{entry.about} was told to be {state.value} at {entry.ms}, and a task of it goes on"


@law
def documents_can_be_rebuilt(run: Run) -> Iterator[str]:
    """A replay of the facts gives every document, to the same bytes."""
    damaged = {entry.about.split("/")[1] for entry in run.ledger.of("overwrote")} | judged.once_failed(run)
    if run.scenario.settings.released:
        damaged |= {"r0"}  # a release before kept no word of each file: a replay adds them
    readable = {recording.recording_id for _, recording in judged.recordings(run)}
    wanted = [name for name in all_recordings(run.bucket) if name in readable]
    for name in wanted:
        if name not in damaged and not _without_code(run, name) and _changes(run, name):
            yield f"{name}: replay changed it"


def _without_code(run: Run, name: str) -> bool:
    """Tell whether the document is still as a release wrote it whose reasons had no codes: a replay adds them."""
    stored = run.bucket.get(keys.document_key(name))
    return stored is not None and b'"reason"' in stored.body and b'"reason_code"' not in stored.body


def _changes(run: Run, name: str) -> bool:
    try:
        return bool(replay(run.bucket, [name], run.timeline()).changed)
    except Exception:  # noqa: BLE001 (what can't be rebuilt is not the same)
        return True


@law
def times_are_past(run: Run) -> Iterator[str]:
    """No recording began or ended later than the last news of it came, whatever the clocks of callbacks say."""
    heard = dict[str, int]()
    for entry in run.ledger.entries:
        if entry.what in ("callback", "answered", "acknowledged"):
            heard[entry.about] = entry.ms
    for _, recording in judged.recordings(run):
        key, last_ms = recording.recording_id, heard.get(recording.recording_id)
        at_ms = max(recording.started_ms or 0, recording.ended_ms or 0)
        if last_ms is not None and at_ms > last_ms + AHEAD_MS:
            yield f"{key} began or ended at {at_ms}, and the last news of it came at {last_ms}"


@law
def callers_are_told(run: Run) -> Iterator[str]:
    """Each receiver gets the final state at least once, and a webhook-id always means the same."""
    types = defaultdict[str, set[str]](set)
    for entry in run.ledger.of("notified"):
        types[entry.data["webhook_id"]].add(entry.data["type"])
    for webhook_id, said in types.items():
        if len(said) > 1:
            yield f"{webhook_id} meant {sorted(said)}"
    for accepted, recording in judged.recordings(run):
        told = {said for webhook_id, kinds in types.items() if _is_of(webhook_id, recording) for said in kinds}
        if recording.recording_id in judged.once_failed(run):
            continue
        if accepted.notify_url and recording.state.final and f"recording.{recording.state.value}" not in told:
            yield f"{recording.recording_id} was never told to be {recording.state.value}"


def _is_of(webhook_id: str, recording: Recording) -> bool:
    """Tell whether a webhook-id is of a recording: `<id>-<created>-<state>`, without the time in a release before."""
    return webhook_id.startswith(f"{recording.recording_id}-")
