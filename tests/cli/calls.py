"""Running commands: in this process, or as one of their own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from functools import cache
from typing import Any

import pytest
from hypothesis import settings
from typer.main import get_command
from typer.testing import CliRunner

from tests.examples import at_most
from webrecord import words
from webrecord.main import app

patient = settings(deadline=None, max_examples=at_most(60))
"""For property tests: a busy machine is slow, not wrong."""
PAGE = "https://example.com/class?room=4711"
COMMAND = (sys.executable, "-m", "webrecord")


@cache
def commands() -> Any:
    """Return what `app` makes of all its functions' signatures: to read them takes ten times as long as a command."""
    return get_command(app)


in_an_ascii_locale = pytest.mark.skipif(
    sys.version_info >= (3, 13) and not sys.prefix.isascii(),
    reason="NOT TESTED: CPython 3.13 loads no extension module from a folder whose name is no text in the locale",
)


def said(err: str) -> str:
    """Return what a command says, without what it still does: on a busy machine any answer may take two seconds."""
    still = ("waiting for an ", "等待 ", "reading the list …", "读取列表…")
    return "".join(line for line in err.splitlines(keepends=True) if not line.startswith(still))


@dataclass
class Ran:
    """What a command did."""

    status: int
    out: str
    err: str

    @property
    def document(self) -> Any:
        """The one JSON document on stdout."""
        return json.loads(self.out)


@dataclass
class Cli:
    """Runs `webrecord` with these variables."""

    env: dict[str, str]

    def __call__(self, *arguments: object, stdin: str | None = None) -> Ran:
        """Run in this process."""
        command, status = commands(), 0
        try:
            with CliRunner().isolation(input=stdin, env=self.env) as (out, err, _):
                try:
                    command.main([str(part) for part in arguments], "webrecord")
                except SystemExit as end:
                    status = end.code if isinstance(end.code, int) else 1
                for stream in (sys.stdout, sys.stderr):
                    stream.flush()
                printed, told = (each.getvalue().decode("utf-8", "replace") for each in (out, err))
        finally:
            if not words.is_english():  # its help is translated now
                commands.cache_clear()
            words.speak("en")  # whatever it spoke: the next test may read words without a command
        return Ran(status, printed, said(told))

    def ok(self, *arguments: object) -> Any:
        """Run with --json; it must succeed."""
        ran = self(*arguments, "--json")
        assert 0 == ran.status, ran.err
        return ran.document

    def process(self, *arguments: object, **more: Any) -> subprocess.Popen[str]:
        """Start as a process of its own, as people do."""
        streams = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "stdin": subprocess.DEVNULL}
        command = [*COMMAND, *(str(part) for part in arguments)]
        return subprocess.Popen(command, text=True, env={**os.environ, **self.env}, **{**streams, **more})
