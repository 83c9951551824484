"""What each of TRTC's error codes means for a recording."""

from __future__ import annotations

import pytest

from shared.domain.errors import (
    ParametersRefused,
    RecorderBusy,
    RecorderError,
    RecorderMisconfigured,
    TaskExists,
    TaskNotFound,
)
from shared.domain.reasons import of_trtc
from shared.domain.redaction import hiding
from shared.domain.refusals import is_quota, is_rate, refusal

CODES: list[tuple[type[RecorderError], list[str]]] = [
    (TaskExists, ["FailedOperation.TaskExist"]),
    (TaskNotFound, ["FailedOperation.TaskNotExist", "FailedOperation.TaskFinished", "ResourceNotFound"]),
    (
        ParametersRefused,
        [
            "InvalidParameter",
            "InvalidParameter.RecordUrl",
            "InvalidParameterValue",
            "InvalidParameterValue.Width",
            "MissingParameter",
            "MissingParameter.SdkAppId",
            "UnknownParameter",
        ],
    ),
    (
        RecorderBusy,
        [
            "RequestLimitExceeded",
            "RequestLimitExceeded.UinLimitExceeded",
            "RequestLimitExceeded.IPLimitExceeded",
            "RequestLimitExceeded.GlobalRegionUinLimitExceeded",
            "FailedOperation.RestrictedFrequency",
            "FailedOperation.RestrictedConcurrency",
            "ResourceInsufficient",
            "ResourceInsufficient.RequestRejection",
            "LimitExceeded",
            "InternalError",
            "InternalError.DBError",
            "ServiceUnavailable",
            "ResourceUnavailable",
        ],
    ),
    (
        RecorderMisconfigured,
        [
            "FailedOperation.NotAbility",
            "FailedOperation.NotAllowed",
            "FailedOperation.SdkAppIdNotUnderAppId",
            "FailedOperation",
            "AuthFailure",
            "AuthFailure.SecretIdNotFound",
            "AuthFailure.SignatureExpire",
            "UnauthorizedOperation",
            "UnsupportedRegion",
            "NoSuchVersion",
            "Something.New",
            "",
        ],
    ),
]


@pytest.mark.parametrize(("kind", "code"), [(kind, code) for kind, codes in CODES for code in codes])
def test_code(kind: type[RecorderError], code: str) -> None:
    """Each code has one meaning, and TRTC's own words are kept."""
    error = refusal(code, "a message", "request-1")
    assert kind is type(error)
    assert (code, "a message", "request-1") == (error.code, error.message, error.request_id)
    assert f"{code}: a message" == str(error)


@pytest.mark.parametrize("code", [code for _, codes in CODES for code in codes])
def test_a_code_means_the_same_whatever_a_page_calls_its_parameters(code: str) -> None:
    """What is hidden while a start is under way may be any word, also one of TRTC's."""

    def meant() -> tuple[object, ...]:
        error = refusal(code, "a message", "request-1")
        return type(error), is_rate(error.code), is_quota(error.code), of_trtc(error.code)

    before = meant()
    with hiding([code, *code.split("."), *(code[at : at + 6] for at in range(len(code)))]):
        assert before == meant()


def test_busy_was_answered() -> None:
    """A refusal is an answer: the attempt started nothing."""
    error = refusal("InternalError", "try again", None)
    assert isinstance(error, RecorderBusy)
    assert error.answered
