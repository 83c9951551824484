"""Count the users of a local cloud that a command started; the cloud ends with the last of them.

The command that started it holds a pipe, every other one an open request: the kernel closes both with their process.
"""

from __future__ import annotations

import asyncio
import os
import threading

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import Receive, Scope, Send

__all__ = ["Leases"]


class Leases:
    """Counts users; `over` is set when a cloud that was started for users has none any more."""

    def __init__(self) -> None:
        self.over = asyncio.Event()
        self.users: dict[int, str] = {}
        self._closed = asyncio.Event()
        self._numbers = 0
        self._started_for = False
        self._starter = False

    def started_for(self, loop: asyncio.AbstractEventLoop) -> None:
        """Count whoever holds the other end of our standard input, until that closes."""
        self._started_for = self._starter = True
        threading.Thread(target=self._watch, args=(loop,), daemon=True).start()

    def close(self) -> None:
        """Take no more users, and let go of those that are."""
        self._closed.set()

    async def hold(self, request: Request) -> Response:
        """Answer at once, and count the caller until its connection closes."""
        if self._closed.is_set() or self.over.is_set():
            return JSONResponse({"errorMessage": "the local cloud is shutting down: run the command again"}, 503)
        return _Held(self, request.query_params.get("who", "")[:200])

    def enter(self, who: str) -> int:
        """Count a user; return its number."""
        self._numbers += 1
        self.users[self._numbers] = who
        return self._numbers

    def leave(self, number: int) -> None:
        """Count it no more."""
        self.users.pop(number, None)
        self._check()

    async def wait_closed(self) -> None:
        """Wait for `close`."""
        await self._closed.wait()

    def _watch(self, loop: asyncio.AbstractEventLoop) -> None:
        # os.read, since a thread inside sys.stdin at exit would abort the interpreter.
        while os.read(0, 4096):
            pass
        loop.call_soon_threadsafe(self._starter_left)

    def _starter_left(self) -> None:
        self._starter = False
        self._check()

    def _check(self) -> None:
        if self._started_for and not self._starter and not self.users:
            self.over.set()


class _Held(Response):
    """A response without an end."""

    def __init__(self, leases: Leases, who: str) -> None:
        super().__init__()
        self._leases, self._who = leases, who

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002 - ASGI's signature
        number = self._leases.enter(self._who)
        gone = asyncio.ensure_future(_gone(receive))
        closed = asyncio.ensure_future(self._leases.wait_closed())
        try:
            await send({"type": "http.response.start", "status": 200, "headers": []})
            await send({"type": "http.response.body", "body": b"held\n", "more_body": True})
            await asyncio.wait([gone, closed], return_when=asyncio.FIRST_COMPLETED)
            await send({"type": "http.response.body", "body": b"", "more_body": False})
        finally:
            for task in (gone, closed):
                task.cancel()
            self._leases.leave(number)


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
