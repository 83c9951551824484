"""Start the recordings of a job object: one JSON document, or many."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import NamedTuple

from pydantic import ValidationError

from shared.domain import ids
from shared.domain.errors import (
    CallerMustRetry,
    ConfigurationError,
    InvalidRequest,
    MalformedJson,
    RecorderError,
    RequestError,
    StoreError,
    StoreRefused,
    WebRecordError,
)
from shared.domain.job_keys import report_key
from shared.domain.job_lines import read_job
from shared.domain.request import RecordingRequest
from shared.ports import ObjectStore, StoredObject
from shared.usecases.ports import Ports
from shared.usecases.start import Outcome, start

MOST_REPORTED = 500
"""Lines in a report."""


class JobResult(NamedTuple):
    """What came of one job object.

    Attributes:
        outcomes: its recordings.
        problems: the lines that never will start.
        what: `job_started`, `job_refused` where there are problems, `job_missing` where there is no such object,
            `ignored` for a folder.
    """

    outcomes: list[Outcome]
    problems: list[dict[str, object]]
    what: str = "job_started"


def run_job(source: ObjectStore, bucket: str, keys: Sequence[str], ports: Ports, size: int | None = None) -> JobResult:
    """Start every recording the object asks for. Repeating it starts nothing twice.

    Permanent errors are written to `<job key>.error.json` under the results' prefix; the other lines go on. The report
    goes when the job has run without any.

    Args:
        source: the bucket the job is in, without the results' prefix.
        bucket: its name, for the identity and the source.
        keys: the job object's key; several where the event leaves open which it is, the likeliest first.
        ports: see Ports.
        size: bytes of the object, as the event has it.

    Raises:
        StoreError, CallerMustRetry, ConfigurationError: after every line was tried; running it again may succeed.
    """
    found = _find(source, keys, size)
    if found is None:
        return JobResult([], [], "job_missing")  # deleted since, or under a name that we can't tell
    key, stored = found
    if key.endswith("/") and not stored.body:
        return JobResult([], [], "ignored")  # "create folder" in a console
    outcomes: list[Outcome] = []
    problems: list[dict[str, object]] = []
    passing: WebRecordError | None = None
    try:
        documents = read_job(stored.body)
    except RequestError as error:
        documents, problems = [], [_problem(0, error)]
    for line, document in documents:
        job_id = ids.digest_id(bucket, key, stored.etag, str(line))
        try:
            request = parse_request(document)
            name = ids.caller_key(None, request.recording_id, request.record_id) or job_id
            outcomes.append(start(request, name, f"cos:{bucket}/{key}", ports))
        except (StoreError, CallerMustRetry, ConfigurationError) as error:
            passing = error
        except (RequestError, RecorderError) as error:
            problems.append(_problem(line, error))
    if problems:
        more = {"more": len(problems) - MOST_REPORTED} if len(problems) > MOST_REPORTED else {}
        told = {"job": f"{bucket}/{key}", "errors": problems[:MOST_REPORTED], **more}
        report = json.dumps(told, indent=1, ensure_ascii=False)
        ports.store.put(report_key(key), report.encode("utf-8", "replace"))
    if passing is not None:
        raise passing
    if not problems:
        ports.store.delete(report_key(key))
    return JobResult(outcomes, problems, "job_refused" if problems else "job_started")


def _find(source: ObjectStore, keys: Sequence[str], size: int | None) -> tuple[str, StoredObject] | None:
    """Return the object under the first key that has one of this size, else under the first that has one."""
    found: list[tuple[str, StoredObject]] = []
    refused: list[StoreRefused] = []
    for key in keys:
        try:
            stored = source.get(key)
        except StoreRefused as error:
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

    if found.error_count() == 1:  # thousands of them take a second to be told
        only = found.errors(include_url=False, include_input=False)[0]
        if only["type"] == "json_invalid":
            raise MalformedJson(f"not a JSON document: {only['ctx']['error']}")
    raise InvalidRequest(field_errors(found, RecordingRequest), found.error_count())


def _problem(line: int, error: WebRecordError) -> dict[str, object]:
    fields = error.errors if isinstance(error, InvalidRequest) else []
    return {
        "line": line,
        "error": type(error).__name__,
        "message": str(error)[:1_000],
        "fields": [{"path": field.path, "message": field.message} for field in fields[:20]],
    }
