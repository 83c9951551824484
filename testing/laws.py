"""The laws, one function per promise: each compares the stored result with what really happened.

A law yields a line for each breach. `tests/testing/test_laws.py` has, for each, a world or code that it must catch.
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from fnmatch import fnmatch
from functools import lru_cache
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from shared.bootstrap import PACE_PER_SECOND, STARTS_PER_SECOND
from shared.domain import ids, keys
from shared.domain.accepted import Accepted
from shared.domain.callbacks import AHEAD_MS, Event, parse_callback
from shared.domain.document import Recording
from shared.domain.film.recording import awaited, can_look
from shared.domain.job_keys import report_key
from shared.domain.periods import CLOCKS_DIFFER_MS
from shared.domain.reasons import Code
from shared.domain.states import State
from shared.store.journal import current
from shared.usecases.remove import SWEEP_MS
from shared.usecases.replay import all_recordings, replay
from testing.ledger import Entry
from testing.parts import CALLERS, JOBS, SECRETS

if TYPE_CHECKING:
    from testing.run import Run

_parsed = lru_cache(maxsize=256)(parse_callback)
"""Several laws ask what a callback says."""
Law = Callable[["Run"], Iterator[str]]
LAWS: dict[str, Law] = {}
PER_SECOND = {"StartWebRecord": STARTS_PER_SECOND}
"""The most calls of each action that one tick may make in a second; the first of them is free."""
PUNCTUAL_TICKS = 2
HOUR_MS = 3_600_000


def law(promise: Law) -> Law:
    """Register a promise under its name."""
    LAWS[promise.__name__.replace("_", " ")] = promise
    return promise


def judge(run: Run) -> dict[str, list[str]]:
    """Return every law with what breaks it."""
    run.final = None
    return {name: list(promise(run)) for name, promise in LAWS.items()}


def _acknowledged(run: Run) -> set[str]:
    return {entry.about for entry in run.ledger.of("acknowledged")} - _deleted(run) - _broken(run)


def _broken(run: Run) -> set[str]:
    """Return the recording whose objects somebody damaged: what it costs is this one."""
    return {"x0"} if any(run.ledger.of("damaged")) else set()


def _once_failed(run: Run) -> set[str]:
    """Return the recording that an earlier release called failed where it is cancelled now."""
    return {"r0"} if run.scenario.settings.released.endswith("-cancelled") else set()


def _deleted(run: Run) -> set[str]:
    """Return the ids of recordings whose deletion was answered, or has begun: whether it was shows in its tombstone."""
    # A job's lines too, though nobody was answered about them.
    named = {entry.about for what in ("asked", "acknowledged", "deleted") for entry in run.ledger.of(what)}
    return {key for key in named if run.bucket.get(keys.gone_key(key))}


def _recordings(run: Run) -> list[tuple[Accepted, Recording]]:
    """Return what is stored in the end of all that was acknowledged."""
    if run.final is None:
        run.final = []
        for key in sorted(_acknowledged(run)):
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


@law
def acknowledged_requests_are_kept(run: Run) -> Iterator[str]:
    """Every request answered 201 or 202, or refused with TRTC's words, is stored; so is every accepted line of a
    job."""
    for key in sorted(_acknowledged(run)):
        if run.bucket.get(keys.request_key(key)) is None:
            yield f"{key}: acknowledged, and nothing is stored"
    _recordings(run)
    for entry in run.ledger.of("unreadable"):
        yield f"{entry.about}: acknowledged, and can't be read: {entry.data['error']}"


@law
def acknowledged_callbacks_are_kept(run: Run) -> Iterator[str]:
    """Of each callback answered 200, one sending is stored byte for byte."""
    sent, answered = defaultdict[str, set[bytes]](set), dict[str, str]()
    damaged = {entry.about for entry in run.ledger.of("damaged")}
    for entry in run.ledger.of("callback"):
        callback = _parsed(entry.data["body"], entry.ms)
        key = f"{keys.task_facts(callback.task_key)}{callback.name}.json"
        if key in damaged or run.bucket.get(keys.gone_task_key(callback.task_key)):
            continue
        sent[key].add(entry.data["body"])
        if entry.data["status"] == 200:
            answered[key] = callback.name
    for key, name in answered.items():
        stored = run.bucket.get(key)
        if stored is None:
            yield f"callback {name} was answered 200 and is not stored"
        elif stored.body not in sent[key]:
            yield f"callback {name} is stored with other bytes than it was sent with"


@law
def one_task_per_recording(run: Run) -> Iterator[str]:
    """No recording has two tasks at once."""
    tasks, broken = Counter[str](), _broken(run)
    for entry in run.ledger.entries:
        if entry.what == "task began":
            tasks[entry.about] += 1
            if tasks[entry.about] > 1 and entry.about not in broken:
                yield f"{entry.about}: a second task, {entry.data['task']}"
        elif entry.what == "task over":
            tasks[entry.about] -= 1


@law
def every_recording_ends(run: Run) -> Iterator[str]:
    """Each recording reaches a final state in bounded time and leaves no marker."""
    for _, recording in _recordings(run):
        if not recording.state.final:
            yield f"{recording.recording_id} is {recording.state.value} for ever"
    for _, marker in run.timer.markers():
        if marker.partition("-")[2] not in _broken(run):  # tried again for ever: somebody may mend it
            yield f"the marker {marker} stays"


@law
def states_are_true(run: Run) -> Iterator[str]:
    """A recording of our bucket is completed if and only if TRTC uploaded a file of it; what it names is there."""
    files = {entry.about for entry in run.ledger.of("file")}
    for accepted, recording in _recordings(run):
        key, state = recording.recording_id, recording.state
        if state is State.COMPLETED and not recording.files:
            yield f"{key} is completed without a file"
        if not state.final or accepted.caller_keys or accepted.place is None or not recording.evidence.attempts:
            continue
        if (state is State.COMPLETED) != (key in files):
            yield f"{key} is {state.value} ({recording.reason}), file there: {key in files}"


@law
def parts_are_there_or_told_missing(run: Run) -> Iterator[str]:
    """What a completed recording of our bucket lists was uploaded; where a part that TRTC named was not, it says so."""
    there = {(entry.data["task"], entry.data["name"]) for entry in run.ledger.of("file")}
    named = defaultdict[str, set[tuple[str, str]]](set)
    for entry in run.ledger.of("callback"):
        event = _parsed(entry.data["body"])
        if event.type == Event.MP4_STOP and entry.data["status"] == 200:
            named[entry.about] |= {(event.task_id, name) for name in event.payload["FileList"]}
    for accepted, recording in _recordings(run):
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
    for accepted, recording in _recordings(run):
        if can_look(accepted) and recording.state.final and recording.files and recording.film is None:
            yield f"{recording.recording_id} has files, and nobody looked into them"
        if awaited(accepted, recording.evidence) and recording.state is State.COMPLETED:
            yield f"{recording.recording_id} is still to be looked into in the end"


@law
def a_check_is_of_one_object(run: Run) -> Iterator[str]:
    """No check mixes the beginning of a film with the end of the object that replaced it.

    What is put there is none from its first byte on; a film's beginning with another end has no index.
    """
    for _, recording in _recordings(run):
        for task in recording.evidence.tasks.values():
            for name, check in (task.film.files if task.film else {}).items():
                if any("has no index" in finding.words for finding in check.findings):
                    yield f"{recording.recording_id}: {name} was looked into as half of one and half of another"


@law
def completed_is_never_taken_back(run: Run) -> Iterator[str]:
    """After a `completed` notification no other state follows, and the final state is `completed`."""
    completed: set[str] = set()
    for entry in run.ledger.of("notified"):
        if entry.data["type"] == "recording.completed":
            completed.add(entry.about)
        elif entry.about in completed - _broken(run) and entry.data["type"] in ("recording.failed", "recording.lost"):
            yield f"{entry.about} was told to be completed, then {entry.data['type']}"
    for _, recording in _recordings(run):
        if recording.recording_id in completed and recording.state is not State.COMPLETED:
            yield f"{recording.recording_id} was told to be completed, and is {recording.state.value}"


@law
def what_was_told_completed_is_never_opened(run: Run) -> Iterator[str]:
    """Who was told `completed` is not told an open state: no later invocation writes one.

    An answer counts where there was one task; of two that were begun at once the second opens what the first completed.
    """
    told: dict[str, int] = {}
    tasks = Counter(entry.about for entry in run.ledger.of("task began"))
    for entry in run.ledger.entries:
        notified = entry.what == "notified" and entry.data.get("current") == State.COMPLETED.value
        answered = entry.what == "answered" and entry.data["state"] == State.COMPLETED.value
        if notified or (answered and tasks[entry.about] == 1):
            told.setdefault(entry.about, entry.ms)
    overwrote = {entry.about.split("/")[1] for entry in run.ledger.of("overwrote")}
    for key, state, began_ms in run.documents:
        if began_ms > told.get(key, began_ms) and not State(state).final and key not in overwrote | _broken(run):
            yield f"{key} was told to be completed at {told[key]}, and a later call wrote {state}"


@law
def documents_can_be_rebuilt(run: Run) -> Iterator[str]:
    """A replay of the facts gives every document, to the same bytes."""
    damaged = {entry.about.split("/")[1] for entry in run.ledger.of("overwrote")} | _once_failed(run)
    if run.scenario.settings.released:
        damaged |= {"r0"}  # a release before kept no word of each file: a replay adds them
    readable = {recording.recording_id for _, recording in _recordings(run)}
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
    for _, recording in _recordings(run):
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
    for accepted, recording in _recordings(run):
        told = {said for webhook_id, kinds in types.items() if _is_of(webhook_id, recording) for said in kinds}
        if recording.recording_id in _once_failed(run):
            continue
        if accepted.notify_url and recording.state.final and f"recording.{recording.state.value}" not in told:
            yield f"{recording.recording_id} was never told to be {recording.state.value}"


def _is_of(webhook_id: str, recording: Recording) -> bool:
    """Tell whether a webhook-id is of a recording: `<id>-<created>-<state>`, without the time in a release before."""
    return webhook_id.startswith(f"{recording.recording_id}-")


@law
def deleted_is_deleted(run: Run) -> Iterator[str]:
    """After the sweep no object holds data of a deleted recording's caller; the tombstones remain.

    What TRTC uploads after the sweep lies there: nobody knows any more whose it is, a second deletion neither.
    """
    deleted, swept_ms = _deleted(run), _first_ms(run, "deleted")
    if any(entry.about.startswith("gone/") for entry in run.ledger.of("damaged")):
        deleted = set()  # no tombstone says any more what is to be erased
    for key in deleted & set(swept_ms):  # the sweep follows the tombstone, which a call wrote that may have died
        if grave := run.bucket.objects.get(keys.gone_key(key)):
            swept_ms[key] = min(swept_ms[key], json.loads(grave.body).get("at_ms", swept_ms[key]))
    late = {
        f"{entry.data['task']}/{entry.data['name']}"
        for entry in run.ledger.of("file")
        if entry.about in swept_ms and entry.ms > swept_ms[entry.about] + SWEEP_MS
    }
    for entry in run.ledger.of("deleted"):
        if entry.about not in _deleted(run):
            yield f"{entry.about}: the deletion was answered, and the id can be used again"
    words = {key: (f"/{key}/".encode(), f"-{key}\x00".encode(), f"{CALLERS}-{key}".encode()) for key in deleted}
    for name, stored in run.bucket.objects.items() if words else ():
        if name.startswith("files/") and any(name.endswith(f"/{file}") for file in late):
            continue
        held = f"/{name}\x00".encode() + stored.body
        for key, signs in words.items():
            if any(sign in held for sign in signs):
                yield f"{key}: something of it is left in {name}"


@law
def an_id_is_used_once(run: Run) -> Iterator[str]:
    """After DELETE answered, no task begins under the id, and no start that is called then is accepted."""
    deleted: dict[str, int] = {}
    for entry in run.ledger.entries:
        if entry.what == "deleted":
            deleted.setdefault(entry.about, entry.ms)
        elif entry.about in deleted and entry.what == "task began":
            yield f"{entry.about}: a task began after its deletion"
        elif entry.what == "acknowledged" and entry.data.get("called_ms", entry.ms) > deleted.get(
            entry.about, entry.ms
        ):
            yield f"{entry.about}: a start was acknowledged after its deletion"


@law
def ticks_keep_to_the_rate(run: Run) -> Iterator[str]:
    """A tick makes at most fifteen starts within a second, and at most ten calls of each other action."""
    for (tick, action), times in run.paced.items():
        most = PER_SECOND.get(action, PACE_PER_SECOND)
        for first, later in zip(times, times[round(most) + 1 :], strict=False):
            if later - first < 1_000:
                yield f"{tick}: {round(most) + 2} {action} in {later - first} ms"
                break


@law
def wakes_pass(run: Run) -> Iterator[str]:
    """No wake stays forever, and reconcile writes none: it would trigger itself."""
    for key in run.timer.wakes():
        yield f"{key} stays"
    for entry in run.ledger.of("woke"):
        if entry.who.startswith(("tick", "wake")):
            yield f"{entry.who} wrote {entry.about}"


@law
def starts_are_punctual(run: Run) -> Iterator[str]:
    """No start is later than its time plus two ticks in which nothing went wrong and TRTC had room."""
    began = _first_ms(run, "task began")
    off = _first_ms(run, "called off")
    bodies = _bodies(run)
    for key, acknowledged_ms in _first_ms(run, "acknowledged").items():
        body = bodies.get(key, {})
        if "StorageParams" in body or "never" in body.get("RecordUrl", "") or key in _broken(run):
            continue  # who brings keys does not wait; what TRTC never takes has no time
        due_ms = max(acknowledged_ms, int(body.get("StartAt", 0) * 1000))
        over_ms = int(min(body.get("StartBy", 1e12), body.get("StopAt", 1e12), due_ms / 1000 + 3_600) * 1000)
        over_ms = min(over_ms, _forbidden_ms(run, body) or over_ms)
        until_ms = min(began.get(key, over_ms), off.get(key, over_ms), over_ms)
        yield from _late(run, f"{key}: to be started", due_ms, until_ms)


@law
def stops_are_punctual(run: Run) -> Iterator[str]:
    """No `StopAt` is later than two ticks in which nothing went wrong."""
    began, over = _first_ms(run, "task began"), _last_ms(run, "task over")
    told: dict[str, int] = {}
    for entry in run.ledger.of("callback"):
        if entry.data["status"] == 200 and _parsed(entry.data["body"]).type == Event.RECORDER_STOP:
            told.setdefault(entry.about, entry.ms)
    for key, body in _bodies(run).items():
        stop_ms, over_ms = int(body.get("StopAt", 0) * 1000), over.get(key, run.timeline.now)
        if stop_ms and began.get(key, stop_ms) < stop_ms < over_ms:
            # An end that was told before its time is believed for an hour, until TRTC is asked.
            due_ms = told[key] + HOUR_MS if told.get(key, over_ms) < over_ms else stop_ms
            yield from _late(run, f"{key}: to be stopped", max(stop_ms, due_ms), over_ms)


def _forbidden_ms(run: Run, body: dict[str, Any]) -> int | None:
    """Return when a page's host, or the SdkAppId, was taken from the policy; None if it may still be recorded."""
    host = urlsplit(body.get("RecordUrl", "")).hostname or ""
    forbade = [e.ms for e in run.ledger.of("forbade") if not any(fnmatch(host, one) for one in e.data["hosts"])]
    took_away = [e.ms for e in run.ledger.of("took away") if e.about == str(body.get("SdkAppId"))]
    return min([*forbade, *took_away], default=None)


def _late(run: Run, what: str, due_ms: int, until_ms: int) -> Iterator[str]:
    """Yield a line where more ticks than two did not do what was due, besides what faults cost."""
    late_ms = run.scenario.settings.late_ms  # a listing does not show yet what was just written
    ticks = [e for e in run.ledger.of("tick") if e.data["begun_ms"] > due_ms + late_ms and e.ms < until_ms]
    calm = sum(entry.about == "calm" for entry in ticks)
    # What failed is tried again later; each of its markers is new, and seen late.
    failed = sum(entry.about == "struck" and entry.ms < until_ms for entry in run.ledger.of("tick"))
    failed += sum(not strike.label.startswith("tick") for strike in run.strikes.struck)
    failed += sum(entry.about == "refused" for entry in ticks)
    if calm > (PUNCTUAL_TICKS + failed) * (1 + -(-late_ms // 60_000)):
        yield f"{what} at {due_ms}, was not by {until_ms}: {calm} ticks had nothing to hinder them"


def _bodies(run: Run) -> dict[str, dict[str, Any]]:
    """Return what each recording was first asked for; another request under its id is refused."""
    bodies: dict[str, dict[str, Any]] = {}
    for entry in run.ledger.of("asked"):
        bodies.setdefault(entry.about, entry.data["body"])
    return bodies


def _first_ms(run: Run, what: str) -> dict[str, int]:
    """Return when each recording first saw it."""
    first: dict[str, int] = {}
    for entry in run.ledger.of(what):
        first.setdefault(entry.about, entry.ms)
    return first


def _last_ms(run: Run, what: str) -> dict[str, int]:
    return {entry.about: entry.ms for entry in run.ledger.of(what)}


@law
def no_film_of_another(run: Run) -> Iterator[str]:
    """A recording names only files of its own tasks."""
    owners = {entry.data["task"]: entry.about for entry in run.ledger.of("task began")}
    for _, recording in _recordings(run):
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
        if told_ms is None or not entry.data["ours"] or key in _broken(run):
            continue
        if key in stay or _is_unheard(run, entry, told_ms) or _is_tail(run, entry):
            continue
        if told_ms < entry.ms and told_ms < over.get(entry.data["task"], 0) + HOUR_MS:
            yield f"{key} was told to be completed at {told_ms}, and {entry.data['name']} came at {entry.ms}"


def _is_unheard(run: Run, file: Entry, told_ms: int) -> bool:
    """Return True if a first part was held and no event had said so: then the end is covered, and nothing waits."""
    names = [name for record_id, name in run.stories.items() if f"/{record_id}=" in file.data["task"]]
    if names not in (["held part"], ["late hold"]) or not file.data["name"].endswith("_1.mp4"):
        return False
    name = json.dumps(file.data["name"]).encode()
    said = (entry for entry in run.ledger.of("callback") if entry.about == file.about and entry.ms <= told_ms)
    return not any(entry.data["status"] == 200 and name in entry.data["body"] for entry in said)


def _is_tail(run: Run, file: Entry) -> bool:
    """Tell whether a file is shorter than clocks differ: what was uploaded before it seems to cover the end."""
    for entry in run.ledger.of("callback"):
        if entry.about == file.about and entry.ms >= file.ms:
            callback = _parsed(entry.data["body"])
            for said in callback.payload.get("FileMessage", ()) if callback.task_id == file.data["task"] else ():
                if said["FileName"] == file.data["name"]:
                    return bool(said["EndTimeStamp"] - said["StartTimeStamp"] <= CLOCKS_DIFFER_MS)
    return False


@law
def what_is_forbidden_does_not_start(run: Run) -> Iterator[str]:
    """A waiting start of a host that is no longer allowed is not made; a running call may finish."""
    bodies = _bodies(run)
    for entry in run.ledger.of("task began"):
        if entry.about not in bodies:  # a job's line: of a host that stays
            continue
        forbade_ms = _forbidden_ms(run, bodies[entry.about])
        if forbade_ms is not None and entry.ms > forbade_ms + 30_000:
            yield f"{entry.about}: a task began at {entry.ms}, its host was forbidden at {forbade_ms}"


@law
def what_is_forbidden_is_given_up(run: Run) -> Iterator[str]:
    """What waits when its host or SdkAppId is taken away fails, and its reason says that it is not allowed any more.

    Where TRTC had no room until its time was over, that it came too late is as true.
    """
    bodies, off = _bodies(run), _first_ms(run, "called off")
    began, acknowledged = _first_ms(run, "task began"), _first_ms(run, "acknowledged")
    for accepted, recording in _recordings(run):
        key, gave_up = recording.recording_id, recording.evidence.gave_up
        if key not in bodies:  # a job's line: of a host that stays
            continue
        if gave_up and accepted.start_by_ms is not None and gave_up[0] >= accepted.start_by_ms:
            continue
        forbade_ms = _forbidden_ms(run, bodies[key])
        waits = key not in began and key not in off and key in acknowledged
        if not waits or forbade_ms is None or acknowledged[key] > forbade_ms:
            continue
        due_ms = max(acknowledged[key], int(bodies[key].get("StartAt", 0) * 1000))
        if due_ms > forbade_ms and recording.reason_code is not Code.NOT_ALLOWED:
            yield f"{key} is {recording.state.value} ({recording.reason}), and was forbidden at {forbade_ms}"


@law
def every_line_is_accepted_or_reported(run: Run) -> Iterator[str]:
    """Each line of an accepted job object is a recording or stands in the report, exactly once.

    The report is about the last object of its name.
    """
    done = {entry.about for entry in run.ledger.of("job done")}
    for job in {entry.about: entry for entry in run.ledger.of("job")}.values():
        numbers = range(1, job.data["lines"] + 1) if job.data["lines"] > 1 else [0]
        ours = {number: ids.digest_id(JOBS, job.about, job.data["etag"], str(number)) for number in numbers}
        taken = {
            n for n, key in ours.items() if any(run.bucket.get(of(key)) for of in (keys.request_key, keys.gone_key))
        }
        stored = run.bucket.get(report_key(job.about))
        report = json.loads(stored.body) if stored else {"errors": []}
        reported = [problem["line"] for problem in report["errors"]]
        if len(reported) > len(set(reported)) or taken & set(reported):
            yield f"{job.about}: a line is accepted and reported, or reported twice"
        elif job.about in done and len(taken) + len(reported) + report.get("more", 0) != len(ours):
            yield f"{job.about}: {len(ours)} lines, {len(taken)} accepted, {len(reported)} reported"


@law
def only_deployed_tokens_open(run: Run) -> Iterator[str]:
    """A call with a token that is deployed is never answered 401; one with a token that was taken away always is."""
    for entry in run.ledger.of("answered"):
        status, deployed = entry.data["status"], entry.data.get("deployed")
        if status and deployed is not None and (status == 401) == deployed:
            yield f"{entry.data['call']}: {status}, though its token is {'' if deployed else 'not '}deployed"


@law
def a_new_token_finds_what_an_old_one_began(run: Run) -> Iterator[str]:
    """What was accepted can be read, and a repeat gets it, whichever token was deployed then and is now."""
    kept, since = _acknowledged(run), _first_ms(run, "acknowledged")
    others = {e.about for e in run.ledger.of("asked") if e.data["body"] != _bodies(run)[e.about]}
    for entry in run.ledger.of("answered"):
        refusals = {"read": 404, "start": 409}
        what, key = entry.data["call"].split()[0], entry.about
        if key not in kept or (what == "start" and key in others) or entry.data.get("called_ms", 0) <= since[key]:
            continue
        if entry.data["status"] == refusals.get(what):
            yield f"{entry.data['call']}: {entry.data['status']}, and it was accepted before"


@law
def secrets_stay_secret(run: Run) -> Iterator[str]:
    """No storage key is printed or stored."""
    for entry in run.ledger.of("secret"):
        yield f"a secret in the log: {entry.about}"
    secrets = [secret.encode() for secret in SECRETS]
    whole = b"\n".join({stored.body for stored in run.bucket.objects.values()})  # films are the same, and large
    if any(secret in whole for secret in secrets):
        for key, stored in run.bucket.objects.items():
            if any(secret in stored.body for secret in secrets):
                yield f"a secret in {key}"


def breaches(judged: dict[str, list[str]]) -> list[str]:
    """Return every breach as a line."""
    return [f"{name}: {line}" for name, lines in judged.items() for line in lines]
