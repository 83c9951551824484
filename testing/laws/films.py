"""Laws about films: whose they are, which are there, what was looked into."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator
from itertools import chain
from typing import TYPE_CHECKING

from shared.domain.callbacks import AHEAD_MS, Event
from shared.domain.film.recording import awaited, can_look
from shared.domain.periods import CLOCKS_DIFFER_MS
from shared.domain.reasons import Code
from shared.domain.states import State
from testing.laws import judged
from testing.laws.judged import law
from testing.ledger import Entry

if TYPE_CHECKING:
    from testing.run import Run


@law
def parts_are_there_or_told_missing(run: Run) -> Iterator[str]:
    """What a completed recording of our bucket lists was uploaded; where a part that TRTC named was not, it says so."""
    there = {(entry.data["task"], entry.data["name"]) for entry in run.ledger.of("file")}
    named = defaultdict[str, set[tuple[str, str]]](set)
    for entry in run.ledger.of("callback"):
        if entry.data["status"] != 200:
            continue
        event = judged.said(entry)
        if event.type == Event.MP4_STOP:
            named[entry.about] |= {(event.task_id, name) for name in event.payload["FileList"]}
    for accepted, recording in judged.recordings(run):
        key, listed = recording.recording_id, {(file.task_id or "", file.name) for file in recording.files}
        if recording.state is not State.COMPLETED or not accepted.can_list:
            continue
        for _, name in sorted(listed - there):
            yield f"{key} lists {name}, which is not there"
        told = recording.reason_code not in (None, Code.ENDED_AT_LIMIT)
        for _, name in sorted(named[key] - listed):
            if not told:
                yield f"{key} is completed without {name}, and does not say so"


@law
def films_are_looked_into(run: Run) -> Iterator[str]:
    """Every final recording in our bucket has a film verdict, whatever faults its checks met."""
    for accepted, recording in judged.recordings(run):
        if can_look(accepted) and recording.state.final and recording.files and recording.film is None:
            yield f"{recording.recording_id} has files, and nobody looked into them"
        if awaited(accepted, recording.evidence) and recording.state is State.COMPLETED:
            yield f"{recording.recording_id} is still to be looked into in the end"


@law
def a_check_is_of_one_object(run: Run) -> Iterator[str]:
    """No check mixes the beginning of a film with the end of the object that replaced it.

    What is put there is none from its first byte on; a film's beginning with another end has no index.
    """
    for _, recording in judged.recordings(run):
        for task in recording.evidence.tasks.values():
            for name, check in (task.film.files if task.film else {}).items():
                if any("has no index" in finding.words for finding in check.findings):
                    yield f"{recording.recording_id}: {name} was looked into as half of one and half of another"


@law
def no_film_of_another(run: Run) -> Iterator[str]:
    """A recording names only files of its own tasks."""
    owners = {entry.data["task"]: entry.about for entry in run.ledger.of("task began")}
    for _, recording in judged.recordings(run):
        for file in recording.files:
            if owners.get(file.task_id or "", recording.recording_id) != recording.recording_id:
                yield f"{recording.recording_id} names {file.name} of {owners[file.task_id or '']}"


@law
def completed_covers_the_end(run: Run) -> Iterator[str]:
    """A `completed` notification comes after all files of its tasks, except those later than an hour after the task."""
    told: dict[str, int] = {}
    for entry in run.ledger.of("notified"):
        if entry.data["type"] == "recording.completed":
            told.setdefault(entry.about, entry.ms)
    over = {entry.data["task"]: entry.ms for entry in run.ledger.of("task over")}
    stay = {entry.about for entry in run.ledger.of("stays")}
    for entry in run.ledger.of("file"):
        key, told_ms = entry.about, told.get(entry.about)
        if told_ms is None or not entry.data["ours"] or key in judged.broken(run):
            continue
        if key in stay or _is_unheard(run, entry, told_ms) or _is_tail(run, entry):
            continue
        if told_ms < entry.ms and told_ms < over.get(entry.data["task"], 0) + judged.HOUR_MS:
            yield f"{key} was told to be completed at {told_ms}, and {entry.data['name']} came at {entry.ms}"


def _is_unheard(run: Run, file: Entry, told_ms: int) -> bool:
    """Return True if a first part was held and no event had said so: then the end is covered, and nothing waits.

    An event whose own time is wrong says it as of its receipt, when the end was covered before.
    """
    names = [name for record_id, name in run.stories.items() if f"/{record_id}=" in file.data["task"]]
    if names not in (["held part"], ["late hold"]) or not file.data["name"].endswith("_1.mp4"):
        return False
    name = json.dumps(file.data["name"]).encode()
    said = (entry for entry in run.ledger.of("callback") if entry.about == file.about and entry.ms <= told_ms)
    heard = (entry for entry in said if entry.data["status"] == 200 and name in entry.data["body"])
    return not any(judged.parsed(entry.data["body"]).event_ms <= entry.ms + AHEAD_MS for entry in heard)


def _is_tail(run: Run, file: Entry) -> bool:
    """Tell whether a file is shorter than clocks differ: what was uploaded before it seems to cover the end."""
    sent = (judged.parsed(entry.data["body"]) for entry in run.ledger.of("callback") if entry.about == file.about)
    never = (entry.data for entry in run.ledger.of("never sent") if entry.about == file.about)
    said = chain(((one.task_id, one.payload) for one in sent), ((one["task"], one["payload"]) for one in never))
    for task, payload in said:
        for message in payload.get("FileMessage", ()) if task == file.data["task"] else ():
            if message["FileName"] == file.data["name"]:
                return bool(message["EndTimeStamp"] - message["StartTimeStamp"] <= CLOCKS_DIFFER_MS)
    return False
