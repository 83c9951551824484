"""Accept the recordings of a job object: one JSON document, or many.

A few lines are started at once. Many are only accepted, several at a time: the timer starts them, in order. What an
invocation has no time for is left under `work/<id of the job>` with a marker in `open/`, and reconcile goes on.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple

from pydantic import ValidationError

from shared.domain import errors, ids
from shared.domain.job_keys import report_key
from shared.domain.job_lines import LARGEST_LINE, read_job
from shared.domain.keys import work_key
from shared.domain.parsing import parse_request
from shared.domain.periods import REPEAT_MS
from shared.domain.request import RecordingRequest
from shared.ports import ObjectStore, StoredObject
from shared.store import markers
from shared.usecases import wakes
from shared.usecases.attempt import Outcome
from shared.usecases.job_state import Job, is_taken
from shared.usecases.ports import Ports
from shared.usecases.start import start

MOST_NAMED = 20
"""Recordings that a result names."""
AT_ONCE = 20
"""Lines of a job whose recordings are started at once: two seconds of TRTC's pace."""
BATCH = 64
"""Lines that are taken before the time is looked at."""
GO_ON_MS = 20_000
"""What one invocation spends on jobs; what it began then ends within its limit."""
GIVE_UP_MS = 86_400_000
"""After this, what still can't be accepted is reported."""


MAY_CHANGE = ("NotFound", "PageNotAllowed")
"""Problems that another event for the same object, before or after, may not have met."""
Read = RecordingRequest | dict[str, object] | None
Taken = Outcome | dict[str, object] | None | errors.StoreError | errors.CallerMustRetry | errors.ConfigurationError
Many = Callable[[Callable[[str], Any], Iterable[str]], Iterable[Any]]


class JobResult(NamedTuple):
    """What came of one job object.

    Attributes:
        outcomes: its first recordings.
        problems: the lines that never will start.
        what: `job_started`, `job_refused` where there are problems, `job_missing` where there is no such object,
            `ignored` for a folder.
        recordings, starts, left: how many there are by now, were started here, are left to reconcile.
    """

    outcomes: list[Outcome]
    problems: list[dict[str, object]]
    what: str = "job_started"
    recordings: int = 0
    starts: int = 0
    left: int = 0


def run_job(
    source: ObjectStore,
    bucket: str,
    keys: Sequence[str],
    ports: Ports,
    size: int | None = None,
    *,
    region: str | None = None,
    many: Many = map,
    until_ms: int | None = None,
) -> JobResult:
    """Take every recording the object asks for. Repeating it starts nothing twice.

    Permanent errors are written to `<job key>.error.json` under the results' prefix; the other lines go on. The report
    goes when the job has run without any.

    Args:
        source: the bucket the job is in, without the results' prefix.
        bucket: its name.
        keys: the job object's key; several where the event leaves open which it is, the likeliest first.
        ports: see Ports.
        size, region: bytes of the object, and region of the bucket, as far as the event says.
        many: how several lines are taken at once: `map`, or that of a thread pool.
        until_ms: when no more lines are taken, epoch ms; None: GO_ON_MS from now.

    Raises:
        StoreError, CallerMustRetry, ConfigurationError: after every line was tried; running it again may succeed.
    """
    until_ms = until_ms if until_ms is not None else ports.clock() + GO_ON_MS
    found = _find(source, keys, size)
    if found is None:
        return JobResult([], [], "job_missing")  # deleted since, or under a name that we can't tell
    key, stored = found
    if key.endswith("/") and not stored.body:
        return JobResult([], [], "ignored")  # "create folder" in a console
    job = Job(bucket=bucket, region=region, key=key, etag=stored.etag, at_ms=ports.clock())
    try:
        documents = dict(read_job(stored.body))
    except errors.RequestError as error:
        documents = {}
        job.add(_problem(0, error))
    job.left = list(documents)
    at_once = len(documents) <= AT_ONCE
    if not at_once:
        job.until_ms = until_ms
        _keep(job, documents, ports)  # a kill from here on leaves the lines to reconcile
    result, passing = _take(job, documents, ports, many, until_ms, at_once=at_once)
    if passing is not None:
        raise passing
    return result


def go_on(job_id: str, ports: Ports, many: Many, source_of: Callable[[str, str | None], ObjectStore]) -> int | None:
    """Go on with a job that an invocation had no time for; return how many lines are left, None where there is none."""
    stored = ports.store.get(work_key(job_id))
    try:
        job = Job.model_validate_json(stored.body) if stored else None
    except ValidationError:
        job = None
    if job is None or job.id != job_id or ports.clock() < job.until_ms:
        return None
    source, unread, documents = None, None, dict[int, bytes]()
    try:
        source = source_of(job.bucket, job.region).get(job.key)
    except errors.StoreError as error:  # a bucket that is gone, or that the role may not read any more
        if ports.clock() <= job.at_ms + GIVE_UP_MS:
            raise
        unread = error
    if source is not None and source.etag == job.etag:
        documents = dict(read_job(source.body))
    replaced = source is not None and source.etag != job.etag
    until_ms = ports.clock() + GO_ON_MS
    return _take(job, documents, ports, many, until_ms, at_once=False, replaced=replaced, unread=unread)[0].left


def _take(
    job: Job,
    documents: Mapping[int, bytes],
    ports: Ports,
    many: Many,
    until_ms: int,
    *,
    at_once: bool,
    replaced: bool = False,
    unread: errors.StoreError | None = None,
) -> tuple[JobResult, errors.WebRecordError | None]:
    """Take lines until the time is over, and store what is left; return why a line has to be taken again, too."""
    outcomes, recordings, starts = list[Outcome](), 0, 0
    again, passing, left, woken = list[int](), None, job.left, False
    size = 1 if at_once else BATCH
    while left and ports.clock() < until_ms:
        batch, left = left[:size], left[size:]
        # Read one by one, in this thread: what the validator says of a wrong one takes many times its bytes.
        read = {str(number): _read(number, documents) for number in batch}
        taken = many(partial(_line, job, ports, read, unread, later=not at_once), read)
        for number, came in zip(batch, taken, strict=True):
            if isinstance(came, Outcome):
                recordings, starts = recordings + 1, starts + came.created
                outcomes += [came] if len(outcomes) < MOST_NAMED else []
            elif isinstance(came, dict):
                job.add(came)
            elif came is not None:
                passing = came
                again.append(number)
        if not at_once and ports.wakes and not woken and left:
            wakes.write(ports.store, job.id)  # what was accepted starts while the other lines are taken
            woken = True
    job.left, job.until_ms = again + left, 0
    if job.left:
        _keep(job, documents, ports)
    elif not at_once:
        changing = [str(problem["line"]) for problem in job.problems if problem.get("error") in MAY_CHANGE]
        are_taken = many(lambda number: is_taken(job, int(number), ports.store), changing)
        taken = {line for line, is_so in zip(changing, are_taken, strict=True) if is_so}
        job.problems = [problem for problem in job.problems if str(problem["line"]) not in taken]
    _report(job, ports.store, replaced=replaced)
    if not job.left:  # also what another event for it left
        ports.store.delete(work_key(job.id))
    if ports.wakes and ((recordings and not at_once) or job.left):
        wakes.write(ports.store, job.id)
    what = "job_refused" if job.problems else "job_started"
    return JobResult(outcomes, job.problems, what, recordings, starts, len(job.left)), passing


def _keep(job: Job, documents: Mapping[int, bytes], ports: Ports) -> None:
    job.name(documents)
    # The marker comes first: without the object behind it it is nobody's.
    markers.mark_look(ports.store, job.id, ports.clock() + REPEAT_MS)
    ports.store.put(work_key(job.id), job.model_dump_json().encode("utf-8", "replace"))


def _read(number: int, documents: Mapping[int, bytes]) -> Read:
    """Return what a line asks for, or what is to be reported of it: an error would hold all that is wrong with it.

    None: it is gone.
    """
    if (document := documents.get(number)) is None:
        return None
    if len(document) > LARGEST_LINE:
        why = f"one document holds at most {LARGEST_LINE} bytes, this one {len(document)}"
        return _problem(number, errors.TooLarge(why))
    try:
        return parse_request(document)
    except Exception as error:  # noqa: BLE001 (one line never stops the others)
        return _problem(number, error)


def _line(
    job: Job, ports: Ports, read: Mapping[str, Read], unread: errors.StoreError | None, number: str, *, later: bool
) -> Taken:
    """Take one line; return what is to be reported of it, or why it has to be taken again, instead of its recording."""
    request = read[number]
    if isinstance(request, dict):
        return request
    line_id = job.line_id(int(number))
    try:
        if request is None and unread is not None:
            return _given_up(job, int(number), unread, ports)
        if request is None:
            gone = errors.NotFound("the object was deleted or replaced before this line was taken")
            return None if is_taken(job, int(number), ports.store) else _problem(int(number), gone)
        name = ids.caller_key(None, request.recording_id, request.record_id) or line_id
        # A caller's keys are stored nowhere, so such a start can't wait.
        later = later and not request.has_caller_keys
        return start(request, name, job.source, ports, later=later)
    except (errors.StoreError, errors.CallerMustRetry, errors.ConfigurationError) as error:
        if ports.clock() <= job.at_ms + GIVE_UP_MS:
            return error
        return _given_up(job, int(number), error, ports)
    except errors.Conflict as error:
        # Nobody else has a line's own id: it was recorded, and is deleted.
        return None if name == line_id else _problem(int(number), error)
    except Exception as error:  # noqa: BLE001 (as above)
        return _problem(int(number), error)


def _given_up(job: Job, number: int, error: Exception, ports: Ports) -> Taken:
    try:  # its acceptance may have been stored, and the answer lost
        if not isinstance(error, errors.CallerMustRetry) and is_taken(job, number, ports.store):
            return None
    except errors.StoreError as unknown:
        return unknown
    return {**_problem(number, error), "message": f"could not be accepted within a day: {error}"[:1_000]}


def _report(job: Job, store: ObjectStore, *, replaced: bool) -> None:
    if job.problems:
        told = {"job": f"{job.bucket}/{job.key}", "errors": job.problems, **({"more": job.more} if job.more else {})}
        report = json.dumps({**told, **({"left": len(job.left)} if job.left else {})}, indent=1, ensure_ascii=False)
        store.put(report_key(job.key), report.encode("utf-8", "replace"))
    elif not (job.left or replaced):  # else what is there is about the object that replaced it
        key = report_key(job.key)
        if (stored := store.get(key)) is not None and _is_about(job, stored):
            store.delete(key)


def _is_about(job: Job, report: StoredObject) -> bool:
    """Tell whether a report is this job's: another bucket may have one under the same key."""
    try:
        return bool(json.loads(report.body)["job"] == f"{job.bucket}/{job.key}")
    except (ValueError, KeyError, TypeError, RecursionError):
        return True


def _find(source: ObjectStore, keys: Sequence[str], size: int | None) -> tuple[str, StoredObject] | None:
    """Return the object under the first key that has one of this size, else under the first that has one."""
    found: list[tuple[str, StoredObject]] = []
    refused: list[errors.StoreRefused] = []
    for key in keys:
        try:
            stored = source.get(key)
        except errors.StoreRefused as error:
            if error.status not in (400, 403):
                raise
            refused.append(error)  # a spelling outside of what the role may read, or that is no key
            continue
        if stored is not None:
            found.append((key, stored))
            if size in (None, len(stored.body)):
                return key, stored
    if keys and len(refused) == len(keys):
        raise refused[0]
    return found[0] if found else None


def _problem(line: int, error: Exception) -> dict[str, object]:
    fields = error.errors if isinstance(error, errors.InvalidRequest) else []
    named = [field.document() for field in fields[:20]]
    return {"line": line, "error": type(error).__name__, "message": str(error)[:1_000], "fields": named}
