"""What a server does to one request when a rule strikes it."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from typing import TypeVar

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from local.faults.model import CallFault

__all__ = ["NoAnswer", "Silence", "disturbed"]

R = TypeVar("R")


class NoAnswer(Exception):
    """The caller gets none; the connection is closed after `seconds`."""

    def __init__(self, seconds: float = 0.0) -> None:
        super().__init__(f"no answer, after {seconds:g} s")
        self.seconds = seconds


async def disturbed(fault: CallFault | None, act: Callable[[], Awaitable[R]], forget: Callable[[R], None]) -> R:
    """Act, and return the answer, as far as the fault lets it. `fail` is the caller's: its errors have its form.

    Args:
        fault: the rule that strikes, if any.
        act: does what was asked for.
        forget: takes an answer that is not sent.

    Raises:
        NoAnswer: there is none to send.
    """
    if fault is not None and fault.do == "hang":
        raise NoAnswer(fault.wait_s)
    answer = await act()
    if fault is not None and fault.do == "lose":
        forget(answer)
        raise NoAnswer
    if fault is not None:
        await asyncio.sleep(fault.wait_s)
    return answer


class Silence(Response):
    """Instead of a response: waits, and closes the connection."""

    def __init__(self, seconds: float = 0.0) -> None:
        super().__init__()
        self._seconds = seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002 - ASGI's signature
        with contextlib.suppress(asyncio.TimeoutError):
            await asyncio.wait_for(_gone(receive), self._seconds)
        # ASGI has no way to hang up; uvicorn's `receive` belongs to an object that knows its connection.
        transport = getattr(getattr(receive, "__self__", None), "transport", None)
        if not isinstance(transport, asyncio.Transport):
            raise TypeError("a connection can be closed without an answer under uvicorn only")
        transport.close()
        await _gone(receive)


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
