"""What is no answer of COS's or TRTC's fails the call, and is never an answer about nothing: over real sockets."""

from __future__ import annotations

import gzip
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from shared.adapters.cos import CosStore
from shared.adapters.trtc import TrtcRecorder
from shared.domain.errors import RecorderBusy, StoreError

Answer = tuple[int, dict[str, str], bytes]
LISTING = b"<ListBucketResult><IsTruncated>false</IsTruncated>%s</ListBucketResult>"


@contextmanager
def answering(answer: Answer) -> Iterator[tuple[str, list[str]]]:
    """A server that always says this; its address, and the method and host of each request."""
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def _say(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            asked.append(f"{self.command} {self.headers['Host']}")
            status, headers, body = answer
            self.send_response(status)
            for name, value in {"Content-Length": str(len(body)), **headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_PUT = do_POST = do_DELETE = _say  # noqa: N815 (as http.server calls them)

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_port}", asked
        finally:
            server.shutdown()


def store(address: str) -> CosStore:
    return CosStore("films-1250000000", "ap-guangzhou", "p", address, lambda: ("AKIDx", "key", None))


def recorder(address: str) -> TrtcRecorder:
    return TrtcRecorder("ap-guangzhou", address, lambda: ("AKIDx", "key", None))


CALLS: dict[str, Callable[[CosStore], object]] = {
    "put": lambda cos: cos.put("k", b"x"),
    "create": lambda cos: cos.create("k", b"x"),
    "get": lambda cos: cos.get("k"),
    "part": lambda cos: cos.part("k", 0, 2, None),
    "list": lambda cos: list(cos.list("x/")),
    "delete": lambda cos: cos.delete("k"),
    "delete_many": lambda cos: cos.delete_many(["a", "b"]),
}


@pytest.mark.parametrize("status", [301, 302, 307])
@pytest.mark.parametrize("call", CALLS)
def test_a_redirect_is_no_success_and_is_not_followed(call: str, status: int) -> None:
    """Neither counts as written, nor leads the request with its signature elsewhere."""
    with (
        answering((200, {}, b"{}")) as (elsewhere, led),
        answering((status, {"Location": elsewhere}, b"")) as (address, _),
        pytest.raises(StoreError),
    ):
        CALLS[call](store(address))
    assert [] == led


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
    with answering((200, {}, body)) as (address, _), pytest.raises(StoreError):
        list(store(address).list("x/"))


@pytest.mark.parametrize("body", [b"", b"<html>busy</html>", b"<Error><Code>InternalError</Code></Error>"])
def test_what_is_no_result_deletes_nothing(body: bytes) -> None:
    """The sweep does not take it for done."""
    with answering((200, {}, body)) as (address, _), pytest.raises(StoreError):
        store(address).delete_many(["a", "b"])


def test_an_object_is_stored_when_cos_says_so() -> None:
    """A page of somebody in between, with 200, has no ETag."""
    with answering((200, {}, b"<html>welcome</html>")) as (address, _), pytest.raises(StoreError):
        store(address).put("k", b"x")


def test_a_part_is_the_part_that_was_asked_for() -> None:
    """A server that does not know ranges answers with the object's beginning."""
    with answering((200, {"ETag": '"x"'}, b"0123456789")) as (address, _), pytest.raises(StoreError):
        store(address).part("k", 4, 2, None)


def test_a_packed_answer_is_not_unpacked() -> None:
    """It would grow beyond the limit of bytes and of time."""
    packed = gzip.compress(LISTING % (b"<Contents><Key>p/x/1</Key><Size>1</Size></Contents>" * 1000))
    with answering((200, {"Content-Encoding": "gzip"}, packed)) as (address, _), pytest.raises(StoreError):
        list(store(address).list("x/"))


@pytest.mark.parametrize("status", [301, 302, 307])
def test_a_redirect_of_trtc_takes_no_key_along(status: int) -> None:
    """The other host gets nothing, and what it would say is no task."""
    with (
        answering((200, {}, b'{"Response":{"RequestId":"r","TaskId":"other"}}')) as (elsewhere, led),
        answering((status, {"Location": elsewhere}, b"")) as (address, _),
        pytest.raises(RecorderBusy) as caught,
    ):
        recorder(address).start({"RecordId": "a"})
    assert ([], False) == (led, caught.value.answered)


def test_a_packed_answer_of_trtc_is_not_unpacked() -> None:
    """A task of 200 MB would take the function's memory."""
    packed = gzip.compress(b'{"Response":{"RequestId":"r","TaskId":"t"}}')
    with answering((200, {"Content-Encoding": "gzip"}, packed)) as (address, _), pytest.raises(RecorderBusy) as caught:
        recorder(address).start({"RecordId": "a"})
    assert not caught.value.answered
