"""The API's calls (docs/api.md), over one connection pool; errors are those of `webrecord.errors`."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from email.utils import parsedate_to_datetime
from types import TracebackType
from typing import Any
from urllib.parse import quote

import httpx
import tenacity

from webrecord import errors
from webrecord.settings import Target

Document = dict[str, Any]
FINAL = ("completed", "failed", "lost")
WAITING = ("scheduled", "queued")
PAGE = 100
"""Largest page of a list."""
WAIT_S = 20
"""How long one call waits for a change."""
_CONNECT_S, _ANSWER_S = 10.0, 35.0
_LONGEST_PAUSE_S = 120.0


@dataclass(frozen=True)
class Patience:
    """How long a call that may be repeated is repeated: tries, and seconds from the first to the start of the last."""

    tries: int = 5
    within_s: float = 60.0


class Api:
    """Calls one deployment.

    Args:
        target: where, and the token.
        patience: for calls that may be repeated.
        pause: sleeps; a batch gives one that an interruption ends.
    """

    def __init__(
        self, target: Target, patience: Patience | None = None, pause: Callable[[float], None] = time.sleep
    ) -> None:
        self.target, self._patience, self._pause = target, patience or Patience(), pause
        headers = {"Accept": "application/json", "User-Agent": "webrecord"}
        if target.token:
            headers["Authorization"] = f"Bearer {target.token}"
        self.http = httpx.Client(
            base_url=target.endpoint,
            headers=headers,
            timeout=httpx.Timeout(_ANSWER_S, connect=_CONNECT_S),
            trust_env=not target.is_loopback,
        )

    def __enter__(self) -> Api:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.http.close()

    def start(self, body: Document, key: str) -> tuple[int, Document]:
        """POST /recordings; return status and recording. The key makes it safe to repeat."""
        reply = self.call("POST", "/recordings", body=body, headers={"Idempotency-Key": key}, repeat=True)
        return reply.status_code, document(reply)

    def get(self, recording_id: str) -> tuple[Document, str | None]:
        """GET /recordings/{id}; return the recording and its ETag."""
        reply = self.call("GET", _path(recording_id))
        return document(reply), reply.headers.get("etag")

    def wait(self, recording_id: str, etag: str | None, timeout_s: int = WAIT_S) -> tuple[Document | None, str | None]:
        """GET /recordings/{id}/wait; return the recording, or None where nothing is new, and its ETag."""
        headers = {"If-None-Match": etag} if etag else {}
        reply = self.call("GET", f"{_path(recording_id)}/wait", query={"timeout": timeout_s}, headers=headers)
        return (None if reply.status_code == 304 else document(reply)), reply.headers.get("etag", etag)

    def pages(self, query: list[tuple[str, str]], limit: int | None, cursor: str | None) -> Iterator[Document]:
        """GET /recordings, page after page, until so many recordings came; None for all."""
        left = limit
        while left is None or left > 0:
            size = PAGE if left is None else min(PAGE, left)
            more = [("cursor", cursor)] if cursor else []
            page = document(self.call("GET", "/recordings", query=[*query, ("limit", str(size)), *more]))
            yield page
            cursor = page.get("next_cursor")
            if left is not None:
                left -= len(page.get("recordings", []))
            if not cursor:
                return

    def events(self, recording_id: str) -> Document:
        """GET /recordings/{id}/events."""
        return document(self.call("GET", f"{_path(recording_id)}/events"))

    def playlist(self, recording_id: str, name: str) -> str:
        """GET /recordings/{id}/playlist: an HLS playlist with signed segment addresses."""
        return self.call("GET", f"{_path(recording_id)}/playlist", query={"file": name}).text

    def stop(self, recording_id: str) -> Document:
        """POST /recordings/{id}/stop."""
        return document(self.call("POST", f"{_path(recording_id)}/stop", repeat=False))

    def delete(self, recording_id: str, *, files: bool) -> int:
        """DELETE /recordings/{id}; return 202 for cancelled, 204 for deleted."""
        query = {"files": "true"} if files else {}
        return self.call("DELETE", _path(recording_id), query=query, repeat=False).status_code

    def call(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str | int] | Sequence[tuple[str, str]] = (),
        body: Document | None = None,
        headers: Mapping[str, str] | None = None,
        repeat: bool = True,
    ) -> httpx.Response:
        """Make one call, and again where that is safe and may help; 2xx and 304 are returned.

        Raises:
            CliError: what the answer means, or that there was none.
        """
        params = httpx.QueryParams(dict(query) if isinstance(query, Mapping) else list(query))

        def once() -> httpx.Response:
            try:
                reply = self.http.request(method, path, params=params, json=body, headers=headers)
            except httpx.HTTPError as error:
                raise errors.Unreachable(f"no answer from {self.target.endpoint}: {_why(error)}") from error
            if reply.is_success or reply.status_code == 304:
                return reply
            raise errors.of_reply(reply.status_code, problem(reply), retry_after_s(reply))

        again = tenacity.Retrying(
            retry=tenacity.retry_if_exception_type((errors.Unreachable, errors.Busy)),
            stop=tenacity.stop_after_attempt(self._patience.tries if repeat else 1)
            | tenacity.stop_before_delay(self._patience.within_s),
            wait=_pause_s,
            sleep=self._pause,
            reraise=True,
        )
        return again(once)


def document(reply: httpx.Response) -> Document:
    """Return the JSON object of an answer.

    Raises:
        ServiceFailed: it is none; something else than the API answered.
    """
    try:
        value = reply.json()
    except ValueError:
        value = None
    if not isinstance(value, dict):
        where = reply.request.url.copy_with(query=None)
        raise errors.ServiceFailed(f"{where} did not answer with a JSON object; is the endpoint right?")
    return value


def problem(reply: httpx.Response) -> Document:
    """Return the problem document of an answer, or its first words where a gateway answered instead."""
    try:
        value = reply.json()
    except ValueError:
        value = None
    if isinstance(value, dict):
        known = {"detail": value.get("errorMessage")} if "errorMessage" in value else {}
        return {**known, **value}
    words = " ".join(reply.text.split())[:200]
    return {"title": f"{reply.status_code} {reply.reason_phrase}".strip(), "detail": words}


def retry_after_s(reply: httpx.Response) -> float | None:
    """Return what Retry-After asks for, in seconds or as a date; None where it says nothing."""
    text = reply.headers.get("retry-after", "").strip()
    if text.isdecimal() and len(text) < 8:
        return float(text)
    try:
        at = parsedate_to_datetime(text)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    at = at if at.tzinfo else at.replace(tzinfo=timezone.utc)
    return max(0.0, (at - datetime.now(timezone.utc)).total_seconds())


def _pause_s(state: tenacity.RetryCallState) -> float:
    error = state.outcome.exception() if state.outcome else None
    if isinstance(error, errors.Busy) and error.retry_after_s is not None:
        return min(error.retry_after_s, _LONGEST_PAUSE_S)
    return float(tenacity.wait_exponential_jitter(max=15)(state))


def _path(recording_id: str) -> str:
    return f"/recordings/{quote(recording_id, safe='')}"


def _why(error: httpx.HTTPError) -> str:
    if isinstance(error, httpx.TimeoutException):
        return "it took too long"
    return str(error) or type(error).__name__
