"""Start the recordings of a job object: one JSON document, or JSON Lines with many."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from pydantic import ValidationError

from shared.domain import ids
from shared.domain.errors import (
    CallerMustRetry,
    InvalidRequest,
    MalformedJson,
    RecorderError,
    RequestError,
    StoreError,
    TooLarge,
    WebRecordError,
)
from shared.domain.request import RecordingRequest
from shared.ports import ObjectStore
from shared.usecases.start import Outcome, Ports, start

MAX_JOB_BYTES = 6_000_000
MAX_JOB_LINES = 10_000


class JobResult(NamedTuple):
    """What came of one job object: started recordings, and the lines that never will start."""

    outcomes: list[Outcome]
    problems: list[dict[str, object]]


def run_job(source: ObjectStore, bucket: str, keys: Sequence[str], ports: Ports) -> JobResult:
    """Start every recording the object asks for. Repeating it starts nothing twice.

    Permanent errors are written to `<job key>.error.json` under the results' prefix; the other lines go on.

    Args:
        source: the bucket the job is in, without the results' prefix.
        bucket: its name, for the identity and the source.
        keys: the job object's key; several where the event leaves open which it is, the first that exists.
        ports: see Ports.

    Raises:
        StoreError, CallerMustRetry: after every line was tried; running the job again may succeed.
    """
    found = next(((key, stored) for key in keys if (stored := source.get(key))), None)
    if found is None:
        return JobResult([], [])  # deleted since: nothing asks for anything any more
    key, stored = found
    outcomes: list[Outcome] = []
    problems: list[dict[str, object]] = []
    passing: WebRecordError | None = None
    try:
        documents = list(read_job(stored.body))
    except RequestError as error:
        documents, problems = [], [_problem(0, error)]
    for line, document in documents:
        job_id = ids.digest_id(bucket, key, stored.etag, str(line))
        try:
            request = parse_request(document)
            name = ids.caller_key(None, request.recording_id, request.record_id) or job_id
            outcomes.append(start(request, name, f"cos:{bucket}/{key}", ports))
        except (StoreError, CallerMustRetry) as error:
            passing = error
        except (RequestError, RecorderError) as error:
            problems.append(_problem(line, error))
    if problems:
        report = json.dumps({"job": f"{bucket}/{key}", "errors": problems}, indent=1, ensure_ascii=False)
        ports.store.put(f"{key}.error.json", report.encode("utf-8", "replace"))
    if passing is not None:
        raise passing
    return JobResult(outcomes, problems)


def read_job(body: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield (line number, JSON document): line 0 for one document, 1… for JSON Lines; empty lines are skipped.

    Raises:
        TooLarge: more than 6 MB or 10,000 lines.
    """
    if len(body) > MAX_JOB_BYTES:
        raise TooLarge(f"a job object holds at most {MAX_JOB_BYTES} bytes, this one {len(body)}")
    body = body.removeprefix(b"\xef\xbb\xbf")
    lines = [(number, line) for number, line in enumerate(body.splitlines(), 1) if line.strip()]
    if len(lines) > MAX_JOB_LINES:
        raise TooLarge(f"a job object holds at most {MAX_JOB_LINES} lines, this one {len(lines)}")
    if len(lines) <= 1 or not _is_json(lines[0][1]):
        yield 0, body
    else:
        yield from lines


def parse_request(body: bytes) -> RecordingRequest:
    """Validate one JSON document.

    Raises:
        MalformedJson: it is not JSON.
        InvalidRequest: every wrong field with its path and, where it can be no secret, its value.
    """
    try:
        return RecordingRequest.model_validate_json(body)
    except ValidationError as error:
        found = error
    from shared.domain.mistakes import field_errors

    first = found.errors(include_url=False, include_input=False)[0]
    if first["type"] == "json_invalid":
        raise MalformedJson(f"not a JSON document: {first['ctx']['error']}")
    raise InvalidRequest(field_errors(found, RecordingRequest))


def _is_json(line: bytes) -> bool:
    try:
        json.loads(line)
    except ValueError:
        return False
    return True


def _problem(line: int, error: WebRecordError) -> dict[str, object]:
    fields = error.errors if isinstance(error, InvalidRequest) else []
    return {
        "line": line,
        "error": type(error).__name__,
        "message": str(error),
        "fields": [{"path": field.path, "message": field.message} for field in fields],
    }
