"""Keeping one RTMP address supplied: connecting, trying again, giving up, and what is said of it.

Statuses and waits are those of event 401 in the document "Relay to CDN Callback".
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import NamedTuple

from local.recorder.backlog import Group, Queue
from local.recorder.connection import Pusher
from local.recorder.flv import Tag

IDLE, CONNECTING, RUNNING, RECOVERING, FAILED, DISCONNECTING = range(6)

_BATCH_BYTES = 32 << 10
_GOODBYE_S = 3.0

Report = Callable[[int, int, str], None]


class Patience(NamedTuple):
    """Seconds: between two tries, and after which one gives up."""

    retry_s: float = 5.0
    give_up_s: float = 60.0


class Relay:
    """One address. `report(number, status, message)` is called from its thread."""

    def __init__(self, number: int, url: str, report: Report, patience: Patience) -> None:
        self._number = number
        self._url = url
        self._report = report
        self._patience = patience
        self._head = b""
        self._group = Group()
        self._queue = Queue()
        self._taking = False  # a connection takes from the queue
        self._closing = False
        self._silent = False
        self._status = IDLE
        self._message = ""
        self._news = threading.Condition()
        self._thread = threading.Thread(target=self._run, name=f"relay {number}", daemon=True)
        self._thread.start()

    def put(self, head: bytes, tag: Tag) -> None:
        """Take the next tag; returns at once, and drops what nobody takes."""
        with self._news:
            self._head = head
            self._group.put(tag)
            if self._taking:
                self._queue.put(tag)
                self._news.notify()

    def close(self, *, silent: bool) -> None:
        """Ask for the end; a silent one is not reported: another recorder goes on."""
        with self._news:
            self._closing, self._silent = True, silent
            self._news.notify()

    def join(self, wait_s: float) -> None:
        """Wait for the end."""
        self._thread.join(max(wait_s, 0.0))

    def _run(self) -> None:
        status, since = CONNECTING, time.monotonic()
        while not self._closing:
            tried = time.monotonic()
            if tried - since >= self._patience.give_up_s:
                self._say(FAILED, self._message)
                return
            self._say(status, self._message)
            self._message = self._attempt()
            if self._status == RUNNING:
                status, since = RECOVERING, time.monotonic()
            self._sleep_until(tried + self._patience.retry_s)
        if self._status != DISCONNECTING:
            self._say(DISCONNECTING)
        self._say(IDLE)

    def _say(self, status: int, message: str = "") -> None:
        self._status = status
        if not self._silent:
            self._report(self._number, status, message)

    def _sleep_until(self, moment: float) -> None:
        with self._news:
            while not self._closing and (left := moment - time.monotonic()) > 0:
                self._news.wait(left)

    def _attempt(self) -> str:
        """Connect, and push until that breaks or the end; return what broke it."""
        try:
            connection = Pusher(self._url, self._patience.retry_s)
        except OSError as error:
            return f"no process: {error.strerror}"
        with self._news:  # what is shown now begins with its key frame
            self._queue = Queue(self._group.tags)
            self._taking, begun = True, False
        try:
            while not self._closing or (self._status == RUNNING and (self._queue.tags or connection.waiting)):
                if not connection.waiting and (data := self._take()):
                    connection.send(data if begun else self._head + data)
                    begun = True
                if broken := connection.step():
                    return broken
                if connection.running and self._status != RUNNING:
                    self._say(RUNNING)
            if self._status == RUNNING:
                self._say(DISCONNECTING)
                connection.finish(_GOODBYE_S)
            return ""
        finally:
            self._taking = False
            connection.close()

    def _take(self) -> bytes:
        """Return what came, after a moment's wait for it."""
        with self._news:
            if not self._queue.tags and not self._closing:
                self._news.wait(0.1)
            return self._queue.take(_BATCH_BYTES)
