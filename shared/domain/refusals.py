"""What each of TRTC's error codes means for a recording.

Source: the API reference's error codes of StartWebRecord and the common ones of the product.
"""

from __future__ import annotations

from shared.domain import errors
from shared.domain.ids import is_task_id

# Beginnings of codes: InvalidParameterValue.X and RequestLimitExceeded.Y are of their families.
_PARAMETERS = ("InvalidParameter", "InvalidParameterValue", "MissingParameter", "UnknownParameter")
_RATE = ("RequestLimitExceeded", "FailedOperation.RestrictedFrequency")
_QUOTA = ("FailedOperation.RestrictedConcurrency", "ResourceInsufficient", "LimitExceeded")
_BUSY = (*_RATE, *_QUOTA, "InternalError", "ServiceUnavailable", "ResourceUnavailable")
_TASK_GONE = ("FailedOperation.TaskNotExist", "FailedOperation.TaskFinished", "ResourceNotFound")


def refusal(code: str, message: str, request_id: str | None) -> errors.RecorderError:
    """Return the error for a TRTC code.

    An unknown code counts as a fault of the deployment: retrying it forever would hide it.
    """
    if code == "FailedOperation.TaskExist":
        return errors.TaskExists(code, message, request_id)
    if code.startswith(_TASK_GONE):
        return errors.TaskNotFound(code, message, request_id)
    if code.startswith(_PARAMETERS):
        return errors.ParametersRefused(code, message, request_id)
    if code.startswith(_BUSY):
        return errors.RecorderBusy(code, message, request_id, answered=True)
    return errors.RecorderMisconfigured(code, message, request_id)


UNREADABLE = "UnreadableAnswer"
"""Our code for an answer without what belongs into it."""
NO_UPLOAD_KEYS = "UploadKeysMissing"
"""Our code for a start that TRTC was not asked for: the deployment has lost the keys that it uploads with."""


def task_named(action: str, task_id: object, request_id: str | None) -> str:
    """Return the TaskId that TRTC answered, or raise RecorderBusy: whether there is a task is unknown then."""
    if is_task_id(task_id):
        return task_id
    raise errors.RecorderBusy(UNREADABLE, f"{action} answered no TaskId that can be one", request_id, answered=False)


def is_rate(code: str) -> bool:
    """Return True for a rate limit: the account calls this action too often, and TRTC refuses every caller."""
    return code.startswith(_RATE)


def is_quota(code: str) -> bool:
    """Return True if the SdkAppId has no free place; another SdkAppId may have one."""
    return code.startswith(_QUOTA)


def is_full(code: str) -> bool:
    """Return True if TRTC is full, by rate or quota: the refusal is not the recording's fault."""
    return is_rate(code) or is_quota(code)
