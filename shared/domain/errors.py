"""Every error this package raises on purpose. `shared/http/replies.py` has the HTTP status of each.

The caller mends a RequestError, the deployer a ConfigurationError; a RecorderError is of TRTC, a StoreError of COS.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

from shared.domain.codes import code_of
from shared.domain.redaction import id_of, redact, whole

MOST_FIELDS = 100
"""Wrong fields that one error tells of: no reply may exceed what the platform lets through."""
LONGEST_PATH = 300
LONGEST_LINE = 4_000


class WebRecordError(Exception):
    """Any error of this package; `str(error)` is one line that says what to do, and holds no secret."""

    def __init__(self, message: str = "") -> None:
        super().__init__(redact(whole(message)))


class RequestError(WebRecordError):
    """The caller sent something that can't be done; sending it again changes nothing."""


class MalformedJson(RequestError):
    """The body is not a JSON document."""


class RepeatedHeader(RequestError):
    """A header that has one value came with several that differ."""


class Unauthorized(RequestError):
    """The call does not prove who made it."""


class PageNotAllowed(RequestError):
    """The page's host or scheme may not be recorded."""


class NotFound(RequestError):
    """Nothing is there under that name."""


class MethodNotAllowed(RequestError):
    """The route exists; `allow` lists the methods it takes."""

    def __init__(self, allow: tuple[str, ...]) -> None:
        super().__init__(f"this route takes {', '.join(allow)}")
        self.allow = allow


class Conflict(RequestError):
    """The id is taken by a different request, or the recording's state forbids the operation."""


class TooLarge(RequestError):
    """The body is larger than a request may be."""


class ReplyTooLarge(RequestError):
    """The reply would be larger than the platform lets through."""


class UnsupportedMediaType(RequestError):
    """The body's Content-Type is not JSON."""


class FieldError(NamedTuple):
    """What is wrong with one field.

    Attributes:
        path: where it is, in the caller's own spelling: `StorageParams.CloudStorage.Vendor`.
        message: what is wrong, in English; it holds no value that may be a secret.
        code, values: what is wrong, of `words_of("field")`, and what its sentence names: a limit, a host.
    """

    path: str
    message: str
    code: str = "other"
    values: Mapping[str, str] = MappingProxyType({})

    def redacted(self) -> FieldError:
        """Return it without what is hidden by now."""
        values = {name: redact(value) for name, value in self.values.items()}
        return FieldError(redact(self.path)[:LONGEST_PATH], redact(self.message), self.code, values)

    def document(self) -> dict[str, object]:
        """Return it as replies and reports have it."""
        said = {"path": self.path, "message": self.message, "code": self.code}
        return {**said, "values": dict(self.values)} if self.values else {**said}


class InvalidRequest(RequestError):
    """Well-formed JSON with wrong fields: the first 100 of them, and how many `more` there are."""

    def __init__(self, errors: list[FieldError], total: int | None = None) -> None:
        self.errors = [error.redacted() for error in errors[:MOST_FIELDS]]
        self.more = max(0, (len(errors) if total is None else total) - len(self.errors))
        said = "; ".join(f"{e.path}: {e.message}" if e.path else e.message for e in self.errors)
        # A reply has them all as members: the line stays one that a log takes.
        said = said if len(said) <= LONGEST_LINE else f"{said[:LONGEST_LINE]}…"
        super().__init__(f"{said}; and {self.more} more" if self.more else said)


class RecorderError(WebRecordError):
    """TRTC answered with an error, or did not answer: then the code is the SDK's, and there is no `request_id`."""

    def __init__(self, code: str, message: str, request_id: str | None = None) -> None:
        super().__init__()
        self.code, self.message, self.request_id = code, message, request_id
        self.redact()

    def redact(self) -> None:
        """Take out what is hidden by now, and what can't be stored: TRTC's words may quote what a call held."""
        self.code, self.message = code_of(self.code), redact(whole(self.message))[:LONGEST_LINE]
        self.request_id = id_of(self.request_id)
        self.args = (f"{self.code}: {self.message}",)


class ParametersRefused(RecorderError):
    """TRTC refused a parameter (InvalidParameter*, MissingParameter*, UnknownParameter)."""


class RecorderBusy(RecorderError):
    """Another try may succeed: throttled, at the quota, no resources, internal error, network.

    `answered`: whether TRTC did; an unanswered call may have started a task.
    """

    def __init__(self, code: str, message: str, request_id: str | None = None, *, answered: bool) -> None:
        super().__init__(code, message, request_id)
        self.answered = answered


class RecorderMisconfigured(RecorderError):
    """The deployment's capability, permission or keys are wrong; no caller can mend it."""


class TaskExists(RecorderError):
    """A task was already started under this RecordId (FailedOperation.TaskExist)."""


class TaskNotFound(RecorderError):
    """No such task: it is finished, or it never started (FailedOperation.TaskNotExist)."""


class CallerMustRetry(WebRecordError):
    """The recording can't start now, nor wait: the caller's keys are never stored. Retry after `after_s`."""

    def __init__(self, message: str, after_s: int) -> None:
        super().__init__(message)
        self.after_s = after_s


class StoreError(WebRecordError):
    """The bucket refused, failed or timed out; the same call may succeed later.

    `meaning`: what that means for what was asked for, and what to do; empty where nobody has said.
    """

    meaning = ""


class StoreRefused(StoreError):
    """The bucket answered with an error: the HTTP status, and a code of COS such as `AccessDenied`."""

    def __init__(self, what: str, status: int, code: str) -> None:
        super().__init__(f"COS {what}: {status} {code}")
        self.status = status
        self.code = code


class Damaged(WebRecordError):
    """A stored object can't be read; the message names the recording, and what to do."""


class NotStored(StoreError):
    """A callback's raw bytes are not durable; it must not be acknowledged."""


class UnreachableError(WebRecordError):
    """An address of the deployment did not answer the doctor."""


class ConfigurationError(WebRecordError):
    """A setting is wrong or missing; the message names it."""
