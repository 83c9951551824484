"""Every call out is over in time, however the other side behaves: over real sockets, with short limits.

What drips or stalls here would answer well in the end, so a call that waits for it returns instead of failing.
"""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import pytest
from pydantic import SecretStr

from shared.adapters.cos import LARGEST, CosStore
from shared.adapters.notify import WebhookNotifier
from shared.adapters.trtc import LEAST_S, RESERVE_S, TrtcRecorder
from shared.adapters.wire import Deadline
from shared.domain.errors import RecorderBusy, StoreError, StoreRefused
from shared.domain.notify_hosts import NotificationError

Talk = Callable[[socket.socket], None]
TOTAL_S = 0.2
LATER_S = 2
"""When the other side is done at last."""
HEAD = b'HTTP/1.1 200 OK\r\nETag: "x"\r\nContent-Length: 2\r\n\r\n'


@contextmanager
def served(talk: Talk) -> Iterator[tuple[str, list[int]]]:
    """A server that talks so on each connection; its address, and one entry for each connection."""
    listening, seen = socket.create_server(("127.0.0.1", 0)), list[int]()

    def one(taken: socket.socket) -> None:
        with taken, suppress(OSError):
            talk(taken)

    def run() -> None:
        with suppress(OSError):
            while True:
                taken, _ = listening.accept()
                seen.append(len(seen))
                threading.Thread(target=one, args=(taken,), daemon=True).start()

    threading.Thread(target=run, daemon=True).start()
    with listening:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}", seen


def drip(wire: socket.socket, text: bytes) -> None:
    """Send the last bytes one by one."""
    wire.sendall(text[:-10])
    for byte in text[-10:]:
        time.sleep(LATER_S / 10)
        wire.sendall(bytes([byte]))


def drips_headers(wire: socket.socket) -> None:
    wire.recv(65536)
    drip(wire, HEAD)
    wire.sendall(b"{}")


def drips_body(wire: socket.socket) -> None:
    wire.recv(65536)
    drip(wire, HEAD.replace(b"h: 2", b"h: 12") + b"[1,2,3,4,56]")


def stalls_in_headers(wire: socket.socket) -> None:
    wire.recv(65536)
    wire.sendall(HEAD[:20])
    time.sleep(LATER_S)
    wire.sendall(HEAD[20:] + b"{}")


def stalls_in_body(wire: socket.socket) -> None:
    wire.recv(65536)
    wire.sendall(HEAD + b"{")
    time.sleep(LATER_S)
    wire.sendall(b"}")


def reads_nothing(wire: socket.socket) -> None:
    time.sleep(LATER_S)
    while (taken := wire.recv(1_000_000)) and not taken.endswith(b"end"):  # whoever gave up has no end to send
        pass
    wire.sendall(HEAD + b"{}")


def cos(url: str, total_s: float | None = TOTAL_S) -> CosStore:
    deadline = Deadline()
    if total_s is not None:
        deadline.start(total_s)
    return CosStore("b-1250000000", "ap-guangzhou", "p", url, lambda: ("AKID", "key", None), deadline)


CALLS: dict[str, Callable[[CosStore], object]] = {
    "get": lambda store: store.get("a"),
    "put": lambda store: store.put("a", b"x" * 20_000_000 + b"end"),
    "list": lambda store: list(store.list("a")),
    "delete": lambda store: store.delete("a"),
    "delete_many": lambda store: store.delete_many(["a"]),
}


@pytest.mark.parametrize(
    ("call", "talk"),
    [
        *((call, talk) for call in ("get", "list", "delete_many") for talk in (drips_headers, stalls_in_headers)),
        ("delete", stalls_in_headers),
        ("get", drips_body),
        ("get", stalls_in_body),
        ("list", drips_body),
        ("put", reads_nothing),
    ],
)  # fmt: skip
def test_storage_is_given_up_in_time(call: str, talk: Talk) -> None:
    """A call to storage is over when the invocation's time is, its answer read or not, its upload taken or not."""
    with served(talk) as (url, _), pytest.raises(StoreError):
        CALLS[call](cos(url))


@pytest.mark.parametrize("talk", [drips_headers, drips_body, stalls_in_headers, stalls_in_body])
def test_trtc_is_given_up_in_time(talk: Talk) -> None:
    """So is a call to TRTC, with time left to store that nobody knows what came of it."""
    deadline = Deadline(clock=lambda: 0.0)  # on a busy machine no time would be left to begin with
    deadline.start(RESERVE_S + LEAST_S + 0.2)
    with served(talk) as (url, seen), pytest.raises(RecorderBusy) as caught:
        TrtcRecorder("ap-guangzhou", url, lambda: ("AKID", "key", None), deadline=deadline).start({"RecordId": "a"})
    assert (1, False) == (len(seen), caught.value.answered)


def test_trtc_is_not_asked_when_no_time_is_left_to_store_the_answer() -> None:
    """A start that could not be remembered is not made; it is known that nothing began."""
    deadline = Deadline()
    deadline.start(RESERVE_S)
    with served(stalls_in_headers) as (url, seen), pytest.raises(RecorderBusy) as caught:
        TrtcRecorder("ap-guangzhou", url, lambda: ("AKID", "key", None), deadline=deadline).start({"RecordId": "a"})
    assert (0, True) == (len(seen), caught.value.answered)


def test_receivers_are_given_up_in_time() -> None:
    """A receiver has no longer than the invocation."""
    deadline = Deadline()
    deadline.start(TOTAL_S)
    notifier = WebhookNotifier(SecretStr("whsec_" + "QUJD" * 8), ["127.0.0.1"], deadline=deadline)
    with served(stalls_in_headers) as (url, _), pytest.raises(NotificationError, match="in time"):
        notifier.send(f"{url}/hook", "id", 0, b"{}")


def answers(*replies: bytes) -> Talk:
    """A server with one reply for each connection, the last one for all that follow; it hangs up after each."""
    left = list(replies)

    def talk(wire: socket.socket) -> None:
        wire.recv(65536)
        wire.sendall(left.pop(0) if len(left) > 1 else left[0])

    return talk


FULL = b"HTTP/1.1 503 Slow Down\r\nContent-Length: 0\r\n\r\n"
REFUSED = b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n"


@pytest.mark.parametrize("first", [b"", FULL, HEAD + b"{"])
def test_storage_is_asked_once_more(first: bytes) -> None:
    """A connection that breaks and a bucket that is busy for a moment cost nobody an answer."""
    with served(answers(first, HEAD + b"{}")) as (url, seen):
        stored = cos(url, total_s=None).get("a")
    assert (b"{}", 2) == (stored and stored.body, len(seen))


@pytest.mark.parametrize(("reply", "calls"), [(REFUSED, 1), (FULL, 2), (b"", 2)])
def test_storage_is_not_asked_for_ever(reply: bytes, calls: int) -> None:
    """What is refused is not asked again, and what fails twice has failed."""
    with served(answers(reply)) as (url, seen), pytest.raises(StoreError) as caught:
        cos(url, total_s=None).get("a")
    assert (calls, bool(reply)) == (len(seen), isinstance(caught.value, StoreRefused))


def test_an_object_is_read_so_far_and_no_further() -> None:
    """Somebody's object of gigabytes among ours takes no more memory than this."""

    def talk(wire: socket.socket) -> None:
        wire.recv(65536)
        wire.sendall(HEAD.replace(b"h: 2", b"h: 9000000000"))
        while True:
            wire.sendall(b"x" * 1_000_000)

    with served(talk) as (url, _):
        stored = cos(url, total_s=None).get("a")
    assert stored is not None
    assert LARGEST == len(stored.body)
