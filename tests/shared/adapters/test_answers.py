"""What is no answer of COS's or TRTC's fails the call, and is never an answer about nothing: over real sockets."""

from __future__ import annotations

import gzip
from collections.abc import Callable

import pytest

from shared.adapters.cos import CosStore
from shared.adapters.trtc import TrtcRecorder
from shared.domain.errors import ParametersRefused, RecorderBusy, RecorderError, StoreError, TaskExists, TaskNotFound
from tests.serving import answering

LISTING = b"<ListBucketResult><IsTruncated>false</IsTruncated>%s</ListBucketResult>"


def store(address: str) -> CosStore:
    return CosStore("films-1250000000", "ap-guangzhou", "p", address, lambda: ("AKIDx", "key", None))


def recorder(address: str) -> TrtcRecorder:
    return TrtcRecorder("ap-guangzhou", address, lambda: ("AKIDx", "key", None))


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{}",
        b"<html><body>busy</body></html>",
        b"<Error><Code>InternalError</Code></Error>",
        b"<ListBucketResult><IsTruncated>true</IsTruncated></ListBucketResult>",
        LISTING % b"<Contents><Key>p/x/1</Key></Contents>",
        LISTING % b"<Contents><Key>p/x/1</Key><Size>many</Size></Contents>",
    ],
)
def test_what_is_no_listing_lists_nothing(body: bytes) -> None:
    """A recording is not lost because somebody in between answered, and a listing without progress ends."""
    with answering(200, body) as (address, _), pytest.raises(StoreError):
        list(store(address).list("x/"))


@pytest.mark.parametrize("body", [b"", b"<html>busy</html>", b"<Error><Code>InternalError</Code></Error>"])
def test_what_is_no_result_deletes_nothing(body: bytes) -> None:
    """The sweep does not take it for done."""
    with answering(200, body) as (address, _), pytest.raises(StoreError):
        store(address).delete_many(["a", "b"])


def test_an_object_is_stored_when_cos_says_so() -> None:
    """A page of somebody in between, with 200, has no ETag."""
    with answering(200, b"<html>welcome</html>") as (address, _), pytest.raises(StoreError):
        store(address).put("k", b"x")


def test_a_part_is_the_part_that_was_asked_for() -> None:
    """A server that does not know ranges answers with the object's beginning."""
    with answering(200, b"0123456789", {"ETag": '"x"'}) as (address, _), pytest.raises(StoreError):
        store(address).part("k", 4, 2, None)


def test_a_packed_answer_is_not_unpacked() -> None:
    """It would grow beyond the limit of bytes and of time."""
    packed = gzip.compress(LISTING % (b"<Contents><Key>p/x/1</Key><Size>1</Size></Contents>" * 1000))
    with answering(200, packed, {"Content-Encoding": "gzip"}) as (address, _), pytest.raises(StoreError):
        list(store(address).list("x/"))


def test_a_packed_answer_of_trtc_is_not_unpacked() -> None:
    """A task of 200 MB would take the function's memory."""
    packed = gzip.compress(b'{"Response":{"RequestId":"r","TaskId":"t"}}')
    with answering(200, packed, {"Content-Encoding": "gzip"}) as (address, _), pytest.raises(RecorderBusy) as caught:
        recorder(address).start({"RecordId": "a"})
    assert not caught.value.answered


TYPES = [
    "application/json; charset=utf-8",
    "application/json;charset=UTF-8",
    "Application/JSON",
    "text/html",
    "text/event-stream",
]
CALLS: dict[str, Callable[[TrtcRecorder], object]] = {
    "start": lambda recorder: recorder.start({"RecordId": "a"}),
    "describe": lambda recorder: recorder.describe(1, "a"),
    "describe_task": lambda recorder: recorder.describe_task("t"),
    "stop": lambda recorder: recorder.stop("t"),
}


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("kind", TYPES)
@pytest.mark.parametrize(
    ("code", "error"),
    [
        ("InternalError", RecorderBusy),
        ("FailedOperation.TaskNotExist", TaskNotFound),
        ("FailedOperation.TaskExist", TaskExists),
        ("InvalidParameter", ParametersRefused),
    ],
)
def test_a_refusal_of_trtc_is_one_whatever_its_content_type(
    code: str, error: type[RecorderError], kind: str, call: str
) -> None:
    """A refused stop is not done, a task that is gone does not run, and a busy TRTC has not said that there is none."""
    body = b'{"Response":{"Error":{"Code":"%s","Message":"no"},"RequestId":"r"}}' % code.encode()
    with answering(200, body, {"Content-Type": kind}) as (address, _), pytest.raises(error) as caught:
        CALLS[call](recorder(address))
    assert (code, "r") == (caught.value.code, caught.value.request_id)


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("body", [b"", b"<html>busy</html>", b"data: {}", b"null"])
def test_a_page_of_somebody_in_between_is_no_answer_of_trtc(body: bytes, call: str) -> None:
    """Nobody knows then what TRTC did."""
    with answering(200, body, {"Content-Type": "text/html"}) as (address, _), pytest.raises(RecorderBusy) as caught:
        CALLS[call](recorder(address))
    assert not caught.value.answered
