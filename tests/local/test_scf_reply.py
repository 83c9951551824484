"""What a function's address answers, whatever the function returns."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import h11
import pytest
from hypothesis import given
from hypothesis import strategies as st

from local.scf_reply import ReplyError, http_reply
from tests.anything import json_values

_SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters())
_JSON = json_values(_SCALARS, st.text())
_REPLY = st.fixed_dictionaries(
    {"statusCode": _JSON | st.integers(200, 599)},
    optional={"body": _JSON, "headers": _JSON | st.dictionaries(st.text(max_size=9), _SCALARS, max_size=3)},
)


@given(_JSON | _REPLY)
def test_any_result_is_an_answer_that_http_carries_or_is_refused(result: Any) -> None:
    """A function that returns nonsense never breaks the connection, or the gateway."""
    with suppress(ReplyError):
        reply = http_reply(result)
        server = h11.Connection(h11.SERVER)
        server.receive_data(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        server.next_event()
        assert server.send(h11.Response(status_code=reply.status_code, headers=reply.raw_headers))
        if reply.body:
            server.send(h11.Data(data=bytes(reply.body)))
        assert server.send(h11.EndOfMessage()) is not None


@pytest.mark.parametrize(
    ("reply", "why"),
    [
        ({"statusCode": "abc"}, 'statusCode is none of HTTP\'s from 200 to 599: "abc"'),
        ({"statusCode": True}, "statusCode is none of HTTP's from 200 to 599: true"),
        ({"statusCode": 200, "body": {"a": 1}}, 'body is no text: {"a": 1}'),
        ({"statusCode": 200, "headers": ["a"]}, 'headers is no object: ["a"]'),
        ({"statusCode": 200, "headers": {"x": "a\nb"}}, 'the header "x" can\'t be sent: "a\\nb"'),
    ],
)
def test_a_refusal_says_what_is_wrong(reply: Any, why: str) -> None:
    """And shows it."""
    with pytest.raises(ReplyError) as refused:
        http_reply(reply)
    assert why == str(refused.value)


def test_what_can_be_sent_is_sent() -> None:
    """A status as text, a number as a header; what belongs to the connection is ours."""
    headers = {"X-Count": 3, "Content-Length": "999", "Connection": "close"}
    reply = http_reply({"statusCode": "404", "body": None, "headers": headers})
    sent = {"content-length": "0", "x-count": "3"}
    assert (404, b"", sent) == (reply.status_code, reply.body, dict(reply.headers))
    assert b"" == http_reply({"statusCode": 304, "body": "too much"}).body
