"""What the API answered: its documents, its problems, and what is not its answer."""

from __future__ import annotations

from datetime import datetime, timezone
from email.utils import parsedate_to_datetime
from typing import Any

import httpx

from webrecord import errors
from webrecord.words import t

Document = dict[str, Any]


def document(reply: httpx.Response, has: str = "state") -> Document:
    """Return the JSON object of an answer, which has this member.

    Raises:
        NotTheApi: it is none; something else than the API answered.
    """
    value = _json(reply)
    if not isinstance(value, dict) or has not in value:
        raise errors.NotTheApi(t("{other}; is the endpoint right?", other=other_server(reply)))
    return value


def problem(reply: httpx.Response) -> Document | None:
    """Return the problem document of an answer; None where something else than the API or its platform answered."""
    value = _json(reply)
    if isinstance(value, dict) and {"title", "detail", "errors"} & value.keys():
        return value
    if isinstance(value, dict) and "errorMessage" in value:  # the platform's, about a function that failed
        return {
            "title": t("the function failed ({status_code})", status_code=reply.status_code),
            "detail": value["errorMessage"],
            "platform": True,
        }
    return None


def documents(value: object) -> list[Document]:
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


def _json(reply: httpx.Response) -> Any:  # noqa: ANN401 (any JSON value)
    try:
        return reply.json()
    except (ValueError, RecursionError):
        return None


def other_server(reply: httpx.Response) -> str:
    """Return a line about an answer that is not the API's: what it is, never what it says."""
    where = reply.request.url.copy_with(query=None, fragment=None)
    kind = reply.headers.get("content-type", "").partition(";")[0].strip()[:40] or t("content without a type")
    server = reply.headers.get("server", "")[:40]
    by = t(" by {server}", server=server) if server else ""
    return t(
        "{where} is not a webrecord API: it answered {status_code} with {kind}{by}",
        where=where,
        status_code=reply.status_code,
        kind=kind,
        by=by,
    )


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
