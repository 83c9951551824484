"""Logs: one JSON line per entry, and no secret in it, whichever way it came."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from enum import Enum
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared import log

if sys.version_info >= (3, 11):
    from re import _parser as parser
else:
    import sre_parse as parser


@pytest.fixture(autouse=True)
def _clean() -> Iterator[None]:
    log.begin()
    yield
    log.begin()


def written(capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    """Return the one line that was written."""
    lines = capsys.readouterr().out.split("\n")
    assert [""] == lines[1:]
    line: dict[str, Any] = json.loads(lines[0])
    return line


def caught(error: Exception) -> Exception:
    """Return the error as it is where it was caught: with a traceback."""
    with pytest.raises(type(error)) as raised:
        raise error
    return raised.value


class Colour(str, Enum):
    """A value as the domain has them."""

    RED = "red"


class Opaque:
    """Something without a JSON form, whose text holds a secret."""

    def __repr__(self) -> str:
        return "<Opaque opaque-secret-1>"


def test_one_json_line(capsys: pytest.CaptureFixture[str]) -> None:
    """An entry is one line of JSON with level, time in UTC and bound fields, whatever its texts hold."""
    log.note(recording_id="lesson", task_id=None, cold_start=False)
    log.logger().info("http", text="two\nlines\r\t\x00", page="录制", state=Colour.RED, count=3, part=None)
    line = written(capsys)
    assert line.pop("timestamp").endswith("Z")
    expected = {
        "event": "http", "level": "info", "recording_id": "lesson", "cold_start": False,
        "text": "two\nlines\r\t\x00", "page": "录制", "state": "red", "count": 3, "part": None,
    }  # fmt: skip
    assert expected == line


def test_chinese_stays_readable(capsys: pytest.CaptureFixture[str]) -> None:
    """Text is not escaped beyond need: people read these lines."""
    log.logger().info("录制")
    assert "录制" in capsys.readouterr().out


@pytest.mark.parametrize(
    "name",
    [
        "secret", "SecretKey", "secret_id", "storage_secret_key", "token", "X-Cos-Security-Token", "authorization",
        "Authorization", "password", "AccessKey", "access_key", "accesskey", "sign", "Sign", "signature", "api_key",
        "apikey", "cookie", "Set-Cookie",
    ],
)  # fmt: skip
def test_secrets_by_name(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    """What is named like a secret is not written, whatever it is, at whatever depth."""
    values: list[object] = ["text", 5, ["a", "b"], {"inner": "text"}, b"bytes"]
    for value in values:
        log.logger().info("event", **{name: value}, nested={"list": [{name: value}]})
        line = written(capsys)
        assert log.REDACTED == line[name], value
        assert {"list": [{name: log.REDACTED}]} == line["nested"], value


@pytest.mark.parametrize("name", ["design", "signed_at", "assignment", "recording_id", "task_id", "key", "path"])
def test_harmless_names(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    """What is only spelt a little alike is written."""
    log.logger().info("event", **{name: "plain"})
    assert "plain" == written(capsys)[name]


def test_secrets_by_value(capsys: pytest.CaptureFixture[str]) -> None:
    """A hidden value is written nowhere: event, fields, keys, lists, objects, bytes, exceptions, tracebacks."""
    secret = "opaque-secret-1"
    log.hide([secret])
    error = caught(ValueError(f"refused: {secret}"))
    log.note(message=f"x{secret}y")
    log.logger().error(
        f"event {secret}",
        nested=[{"a": (secret, {secret: 1})}],
        opaque=Opaque(),
        raw=secret.encode(),
        several={secret},
        exception_object=error,
        exc_info=error,
    )
    text = capsys.readouterr().out
    assert secret not in text
    line = json.loads(text)
    assert f"x{log.REDACTED}y" == line["message"]
    assert f"<Opaque {log.REDACTED}>" == line["opaque"]
    assert "Traceback" in line["exception"]


def test_a_secret_within_a_secret() -> None:
    """Of two hidden values, one the beginning of the other, nothing of the longer one is left."""
    log.hide(["nested-secret", "nested-secret-and-more", "re-nested-secret"])
    assert f"{log.REDACTED} {log.REDACTED} {log.REDACTED}" == log.redact_text(
        "nested-secret-and-more nested-secret re-nested-secret"
    )


def test_short_values_are_not_hidden() -> None:
    """A value of a few characters would redact half of every line."""
    log.hide(["", "a", "12345"])
    assert "a 12345" == log.redact_text("a 12345")


R = log.REDACTED


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("https://a.example/b?c=d", f"https://a.example/b?{R}"),
        ("https://a.example/b#frag", f"https://a.example/b?{R}"),
        ("https://a.example?c", f"https://a.example?{R}"),
        ("HTTPS://A.example/?c=d", f"HTTPS://A.example/?{R}"),
        ("rtmp://push.example/live/a?txSecret=1&txTime=2", f"rtmp://push.example/live/a?{R}"),
        ("https://me:pw@a.example/b", f"https://{R}@a.example/b"),
        ("https://me:p@w@a.example/b?c", f"https://{R}@a.example/b?{R}"),
        ("https://token@a.example", f"https://{R}@a.example"),
        ("rtmp://me:pw@push.example/a", f"rtmp://{R}@push.example/a"),
        ("https://a.example/it's?c=d", f"https://a.example/it's?{R}"),
        ("https://a.example/?a='x'&b=y z", f"https://a.example/?{R} z"),
        ("see https://a.example/?x=1 and http://b.example/?y=2.", f"see https://a.example/?{R} and http://b.example/?{R}"),
        ('{"url":"https://a.example/?x=1","b":2}', f'{{"url":"https://a.example/?{R}","b":2}}'),
        ("https://a.example/me@home", "https://a.example/me@home"),
        ("https://a.example/b", "https://a.example/b"),
        ("who? me@a.example #1", "who? me@a.example #1"),
        ("http://http://u:p@a.example?x", f"http://http://{R}@a.example?{R}"),
        ("wss://a.example/?ticket=1", f"wss://a.example/?{R}"),
        ("://a?b", "://a?b"),
    ],
)  # fmt: skip
def test_urls(text: str, expected: str) -> None:
    """Query, fragment and user info of a URL are not written; the rest of it, and of the text, is."""
    assert expected == log.redact_text(text)


@pytest.mark.parametrize("piece", ["http://", "rtmp://a", "a.a.a.a-", "http://a@", "x://?", "https://u:p@h/"])
def test_no_pattern_reads_a_text_twice(piece: str) -> None:
    """A hostile path of 8 kB costs what any other does: in no pattern does an endless repeat follow another piece."""
    for name, pattern in vars(log).items():
        if isinstance(pattern, re.Pattern):
            pieces: Any = parser.parse(pattern.pattern, pattern.flags).data
            endless = [at for at, (kind, of) in enumerate(pieces) if "REPEAT" in str(kind) and of[1] > 100]
            assert not any(endless), f"{name} may begin anywhere and then read all of the rest"
    assert len(log.redact_text(piece * 1_100)) <= log.MAX_TEXT + 1


def test_urls_wherever_they_are(capsys: pytest.CaptureFixture[str]) -> None:
    """URLs are cleaned in nested values and in tracebacks too."""
    url = "https://me:hunter2@a.example/b?ticket=sesame"
    error = caught(ConnectionError(f"HTTPSConnectionPool: {url} refused"))
    log.logger().error("failed", page=url, nested={"urls": [url, (url,)]}, exc_info=error)
    text = capsys.readouterr().out
    assert "hunter2" not in text
    assert "sesame" not in text
    assert f"https://{R}@a.example/b?{R}" == json.loads(text)["page"]


def test_long_text_is_cut(capsys: pytest.CaptureFixture[str]) -> None:
    """A long text is cut and marked, so that the platform's own limit leaves the line whole."""
    log.logger().info("event", exact="x" * log.MAX_TEXT, longer="x" * (log.MAX_TEXT + 1), nested=["y" * 10**6])
    line = written(capsys)
    assert "x" * log.MAX_TEXT == line["exact"]
    assert "x" * log.MAX_TEXT + "…" == line["longer"]
    assert ["y" * log.MAX_TEXT + "…"] == line["nested"]


def test_a_secret_at_the_cut_is_not_halved() -> None:
    """A hidden value that lies across the cut is redacted first."""
    log.hide(["secret-at-the-cut"])
    assert "secret" not in log.redact_text("x" * (log.MAX_TEXT - 6) + "secret-at-the-cut")


def test_lone_surrogate(capsys: pytest.CaptureFixture[str]) -> None:
    """A text that no encoding can write, as JSON may bring it, is still a line."""
    log.logger().info("event", path="/\ud800", nested={"\udfff": 1})
    out = capsys.readouterr().out
    assert out.encode()
    assert "/\\ud800" == json.loads(out)["path"]


@given(st.dictionaries(st.text(max_size=5).filter(lambda name: name != "event"), st.text(st.characters(), max_size=40)))
def test_any_fields_are_json(fields: dict[str, str]) -> None:
    """Redaction keeps every name, and its texts can be written and read again."""
    cleaned = log.redact(None, "info", dict(fields))
    assert list(fields) == list(cleaned)
    assert dict(cleaned) == json.loads(json.dumps(dict(cleaned), ensure_ascii=False).encode())
