"""`python -m local check`: what can't be used is told before anything starts."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from local.__main__ import app
from local.check.text import tidy
from local.check.visit import look_of
from tests.anything import json_values
from tests.local.check.test_judge import CONTROL

_ANSWERS_NOTHING = """
import json, os
while asked := os.read(3, 65536):
    for message in filter(None, asked.split(b"\\0")):
        os.write(4, json.dumps({"id": json.loads(message)["id"], "result": {}}).encode() + b"\\0")
"""


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["https://user:pass1234@example.com/"], "the address must not hold a user name or password"),
        (["ftp://example.com/"], "the address must be an absolute http:// or https:// URL"),
        (["https://example.com/\x1b[31m"], "the address must not hold spaces or control characters"),
        (["https://example.com/" + "a" * 9_000], "the address is longer than 8000 characters"),
        (["https://example.com/", "--size", "1280"], "--size 1280: write it as 1280x720"),
        (["https://example.com/", "--size", "4000x4000"], "--size 4000x4000: each side is from 16 to 1920"),
        (["https://example.com/", "--size", "²x720"], "--size ²x720: write it as 1280x720"),
        (["https://example.com/", "--screenshot", "/no/such/folder/a.png"], "/a.png: there is no such folder: make it"),
        (["https://example.com/", "--screenshot", "/proc/self/page.png"], "--screenshot /proc/self/page.png: "),
        (["https://example.com/", "--screenshot", f"{'x' * 300}.png"], "x.png: File name too long"),
        (["--", "-x"], "the address must be an absolute"),
        ([""], "the address must be an absolute"),
    ],
)
def test_what_can_not_be_used_is_told_in_one_line(words: list[str], said: str) -> None:
    """Status 2, one line on stderr, nothing on stdout, no secret."""
    done = CliRunner().invoke(app, ["check", *words])
    assert (2, "", 1) == (done.exit_code, done.stdout, done.stderr.count("\n")), done.stderr
    assert done.stderr.startswith("error: ")
    assert said in done.stderr
    assert "pass1234" not in done.stderr


def test_a_screenshot_goes_to_a_file(tmp_path: Path) -> None:
    """A folder in its place is told before the page is opened."""
    done = CliRunner().invoke(app, ["check", "https://example.com/", "--screenshot", str(tmp_path)])
    assert (2, f"error: --screenshot {tmp_path}: it is a folder\n") == (done.exit_code, done.stderr)


@pytest.mark.process
def test_a_defect_is_no_verdict(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A browser that answers what none does: one line, and a status that says nothing of the page."""
    folder = tmp_path / "bin"
    folder.mkdir()
    script, program = folder / "answers.py", folder / "chromium"
    script.write_text(_ANSWERS_NOTHING)
    program.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} {shlex.quote(str(script))} "$@"\n')
    program.chmod(0o700)
    monkeypatch.setenv("CHROMIUM", str(program))
    done = CliRunner().invoke(app, ["check", "http://127.0.0.1/", "--screenshot", str(tmp_path / "a b.png")])
    last = done.stderr.splitlines()[-1]
    assert (70, "") == (done.exit_code, done.stdout)
    assert last.startswith("error: this should not happen: ")
    assert "Traceback" not in done.stderr
    assert [folder] == list(tmp_path.iterdir())


@given(st.text(max_size=300), st.integers(5, 200))
def test_strangers_text_is_one_harmless_line(text: str, most: int) -> None:
    """No control characters, no line break, no more than was asked for."""
    line = tidy(text, most)
    assert len(line) <= most
    assert not CONTROL.search(line)


def test_addresses_are_shown_without_secrets() -> None:
    """A ticket in a query, a login."""
    assert "https://[redacted]@a.cn/x?[redacted]" == tidy("https://me:word@a.cn/x?ticket=abcdefgh")


JSON = json_values(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=9),
    st.sampled_from(["frames", "point", "buttons", "url", "text"]),
    most=5,
)


@settings(deadline=None)
@given(JSON)
def test_any_answer_of_a_page_is_taken(answer: object) -> None:
    """The page's own scripts may have changed what the check asks with."""
    look = look_of(answer)
    assert len(look.buttons) <= 30
    assert look.point is None or len(look.point) == 2
