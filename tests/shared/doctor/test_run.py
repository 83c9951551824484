"""The doctor's checks by themselves, where a platform's answer can't be had from the local cloud."""

from __future__ import annotations

import threading
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.doctor import Level, ok, warn
from shared.doctor import checks as doctor_checks
from shared.doctor.run import Check, examine, report
from shared.domain.errors import RecorderBusy, RecorderError, StoreError
from shared.domain.refusals import refusal
from shared.ports import Described

HANGS_S = 60


class AnsweringRecorder:
    """TRTC, whose every DescribeWebRecord ends alike."""

    def __init__(self, answer: RecorderError | Described) -> None:
        self.answer = answer

    def describe(self, sdk_app_id: int, record_id: str) -> Described:
        assert len(record_id.encode()) < 32
        if isinstance(self.answer, RecorderError):
            raise self.answer
        return self.answer

    def start(self, parameters: Any) -> Any:
        raise AssertionError(parameters)

    def describe_task(self, task_id: str) -> Described:
        raise AssertionError(task_id)

    def stop(self, task_id: str) -> None:
        raise AssertionError(task_id)


@pytest.mark.parametrize(
    ("answer", "level", "said"),
    [
        (refusal("FailedOperation.TaskNotExist", "", "r"), Level.OK, "answers for 1, 2"),
        (refusal("UnauthorizedOperation", "no", "r"), Level.FAIL, "lacks name/trtc:DescribeWebRecord"),
        (refusal("AuthFailure.UnauthorizedOperation", "no", "r"), Level.FAIL, "lacks name/trtc:DescribeWebRecord"),
        (refusal("AuthFailure.SecretIdNotFound", "no", "r"), Level.FAIL, "are not accepted"),
        (refusal("AuthFailure.SignatureExpire", "no", "r"), Level.FAIL, "the clock is wrong"),
        (refusal("FailedOperation.SdkAppIdNotUnderAppId", "no", "r"), Level.FAIL, "WEBRECORD_SDK_APP_ID"),
        (refusal("FailedOperation.NotAbility", "no", "r"), Level.FAIL, "step 1"),
        (refusal("RequestLimitExceeded", "slow", "r"), Level.WARN, "is busy"),
        (RecorderBusy("ClientNetworkError", "no", answered=False), Level.FAIL, "is the network open"),
        (Described("task", 1), Level.WARN, "knows a task that was never started"),
    ],
)
def test_what_trtc_says_is_explained(answer: RecorderError | Described, level: Level, said: str) -> None:
    """Only "no such task" is well; each other answer has its advice."""
    found, seen, _ = doctor_checks.trtc(AnsweringRecorder(answer), (1, 2), "0123abcd")
    assert (level, True) == (found, said in seen), seen


def _good() -> Any:
    return ok("well")


def _unusual() -> Any:
    return warn("odd")


def _storage() -> Any:
    raise StoreError("COS is gone")


def _bug() -> Any:
    raise KeyError("secret")


def _hangs() -> Any:
    threading.Event().wait(HANGS_S)


EXPECTED = {
    _good: (Level.OK, "well"),
    _unusual: (Level.WARN, "odd"),
    _storage: (Level.FAIL, "COS is gone: is the network open, and the region right?"),
    _bug: (Level.FAIL, "the check itself failed: KeyError"),
}


@given(st.lists(st.sampled_from(sorted(EXPECTED, key=lambda check: check.__name__)), max_size=8))
def test_every_check_is_heard_whatever_the_others_do(checks: list[Check]) -> None:
    """One finding for each, in order; the whole is ok when none failed."""
    found = list(examine({f"check-{number}": check for number, check in enumerate(checks)}, 5))
    assert [(f"check-{number}", *EXPECTED[check]) for number, check in enumerate(checks)] == [
        (finding.check, finding.level, finding.seen) for finding in found
    ]
    assert report(found)["ok"] is not any(finding.level is Level.FAIL for finding in found)
    assert len(checks) == len(report(found)["findings"])


def test_a_check_that_hangs_is_given_up() -> None:
    """It is said to have failed, and what comes behind it is heard."""
    began = time.monotonic()
    hung, good = examine({"hung": _hangs, "good": _good}, 1)
    assert time.monotonic() - began < HANGS_S / 2
    assert (Level.FAIL, "no answer within 1 s: is the network open to it?") == (hung.level, hung.seen)
    assert Level.OK is good.level
