"""A redirect is an error, never a way: nobody that an answer names gets keys, bodies or our belief."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from shared.adapters.cos import CosStore
from shared.adapters.probe import CosProbe
from shared.adapters.trtc import TrtcRecorder
from shared.domain.errors import RecorderBusy, StoreError
from tests.serving import answering

JSON = {"Content-Type": "application/json"}
KEYS = ("AKIDexample", "secret-key", "role-token")
CALLS: dict[str, Callable[[CosProbe], object]] = {
    "get": lambda store: store.get("a"),
    "part": lambda store: store.part("a", 0, 9, None),
    "put": lambda store: store.put("a", b"x"),
    "create": lambda store: store.create("a", b"x"),
    "list": lambda store: list(store.list("a/")),
    "delete": lambda store: store.delete("a"),
    "delete many": lambda store: store.delete_many(["a", "b"]),
    "versioning": lambda store: store.versioning(),
}


@contextmanager
def leading(status: int) -> Iterator[tuple[str, list[str]]]:
    """Run a server that leads to another one, which would say yes; yield its address, and what the other was asked."""
    yes = json.dumps({"Response": {"RequestId": "r", "TaskId": "strangers", "Status": 1}}).encode()
    with (
        answering(200, yes, JSON) as (other, asked),
        answering(status, headers={"Location": f"{other}/taken"}) as (url, _),
    ):
        yield url, asked


@pytest.mark.parametrize("status", [300, 301, 302, 303, 307, 308])
def test_trtc_that_redirects_did_not_answer(status: int) -> None:
    """Who is named gets no upload key and is not believed; whether a task began is not known."""
    with leading(status) as (url, asked):
        recorder = TrtcRecorder("ap-guangzhou", url, lambda: KEYS, pause=lambda: None)
        for call in (
            lambda: recorder.start({"RecordUrl": "https://example.com/", "RecordId": "r-1"}),
            lambda: recorder.describe(1, "r-1"),
            lambda: recorder.describe_task("t"),
            lambda: recorder.stop("t"),
        ):
            with pytest.raises(RecorderBusy) as caught:
                call()
            assert not caught.value.answered
    assert [] == asked


@pytest.mark.parametrize("status", [300, 301, 302, 304, 307, 308])
@pytest.mark.parametrize("name", CALLS)
def test_cos_that_redirects_did_nothing(name: str, status: int) -> None:
    """Nothing was stored, read, listed or deleted, and nobody else is asked to."""
    with leading(status) as (url, asked):
        store = CosProbe("b-1250000000", "ap-guangzhou", "p", url, lambda: KEYS)
        with pytest.raises(StoreError):
            CALLS[name](store)
    assert [] == asked


def test_a_redirect_without_an_address_is_an_error_too() -> None:
    """The SDK takes every status below 400 for success."""
    with answering(302) as (url, _), pytest.raises(StoreError):
        CosStore("b-1250000000", "ap-guangzhou", "p", url, lambda: KEYS).put("a", b"x")
