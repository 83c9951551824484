"""One try of one callback: the HTTP exchange and its limit."""

from __future__ import annotations

import asyncio
import ssl
import time
from dataclasses import dataclass
from functools import cache

import httpx

from local.callbacks.message import Message
from local.callbacks.settings import CallbackEndpoint

__all__ = ["Answer", "Post"]

_PASSED_OVER_BYTES = 64 * 1024


@dataclass(frozen=True)
class Answer:
    """What came back: `detail` is the HTTP status or the kind of error."""

    detail: str
    elapsed_ms: int

    @property
    def ok(self) -> bool:
        """Whether the receiver took it: 200 and nothing else."""
        return self.detail == str(int(httpx.codes.OK))


@cache
def _trusted() -> ssl.SSLContext:
    """Return whom a browser trusts; read once, which takes longer than all else of a client."""
    return httpx.create_ssl_context(trust_env=False)


class Post:
    """Sends callbacks, so many at once."""

    def __init__(self, concurrency: int) -> None:
        self._gate = asyncio.Semaphore(concurrency)
        # No proxy of the environment: the receiver is on this machine.
        limits = httpx.Limits(max_connections=concurrency)
        self._client = httpx.AsyncClient(trust_env=False, limits=limits, verify=_trusted())

    async def send(self, message: Message, endpoint: CallbackEndpoint, timeout_s: float) -> Answer:
        """Send it once, when there is a free place."""
        async with self._gate:
            begun = time.monotonic()
            body = message.body()  # CallbackTs is the time of sending, so after the wait for a free place
            headers = message.headers(endpoint.key, body)
            try:
                # A limit of the whole exchange: httpx's own counts each part of it.
                post = self._status(endpoint.url, body, headers)
                detail = str(await asyncio.wait_for(post, timeout_s))
            except asyncio.TimeoutError:
                detail = "timeout"
            except (httpx.HTTPError, httpx.InvalidURL) as error:
                detail = type(error).__name__
            return Answer(detail, int((time.monotonic() - begun) * 1000))

    async def _status(self, url: str, body: bytes, headers: dict[str, str]) -> int:
        """Post a callback and return the status. Of the answer's body, read a little and close the connection."""
        async with self._client.stream("POST", url, content=body, headers=headers, timeout=None) as response:
            size = 0
            async for chunk in response.aiter_raw():
                size += len(chunk)
                if size > _PASSED_OVER_BYTES:
                    break
            return response.status_code

    async def aclose(self) -> None:
        """Close the connections."""
        await self._client.aclose()
