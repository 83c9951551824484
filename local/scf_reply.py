"""What a function returns, as the HTTP answer of its address. Any function may be deployed: nothing is believed."""

from __future__ import annotations

import json
import re
from typing import Any

from starlette.responses import Response

__all__ = ["ReplyError", "http_reply"]

_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
_VALUE = re.compile(r"[\t\x20-\x7e\x80-\xff]*")
_OURS = {"connection", "content-length", "keep-alive", "transfer-encoding", "upgrade"}
"""Headers of the connection: whoever serves it sets them."""
_BODILESS = (204, 304)


class ReplyError(Exception):
    """A function returned an answer that HTTP can't carry; the message says what is wrong with it."""


def http_reply(result: Any) -> Response:  # noqa: ANN401 (any JSON)
    """Return the answer: an object with a `statusCode` as it says, anything else as JSON.

    Raises:
        ReplyError: it can't be sent.
    """
    if not (isinstance(result, dict) and "statusCode" in result):
        return Response(json.dumps(result), media_type="application/json")
    status, body = _status(result["statusCode"]), result.get("body")
    if not isinstance(body, str | None):
        raise ReplyError(f"body is no text: {_shown(body)}")
    headers = result.get("headers") or {}
    if not isinstance(headers, dict):
        raise ReplyError(f"headers is no object: {_shown(headers)}")
    sent = {name: _value(name, value) for name, value in headers.items() if name.lower() not in _OURS}
    data = b"" if status in _BODILESS else (body or "").encode("utf-8", "replace")
    return Response(data, status, sent)


def _status(value: Any) -> int:  # noqa: ANN401 (any JSON)
    number = int(value) if isinstance(value, str) and re.fullmatch("[0-9]{3}", value) else value
    if type(number) is not int or not 200 <= number <= 599:
        raise ReplyError(f"statusCode is none of HTTP's from 200 to 599: {_shown(value)}")
    return number


def _value(name: str, value: Any) -> str:  # noqa: ANN401 (any JSON)
    text = value if isinstance(value, str) else json.dumps(value)
    if isinstance(value, dict | list | None) or not _NAME.fullmatch(name) or not _VALUE.fullmatch(text):
        raise ReplyError(f"the header {_shown(name)} can't be sent: {_shown(value)}")
    return text


def _shown(value: Any) -> str:  # noqa: ANN401 (any JSON)
    return json.dumps(value)[:80]
