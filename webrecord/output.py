"""Where things are printed: results to stdout, for people or as JSON; everything else to stderr."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import typer
from rich.console import Console, RenderableType
from rich.text import Text

from webrecord.errors import ReaderLeftError
from webrecord.text import safe, to_json
from webrecord.waiting import QUIET_S, Change, Waiting

_WIDE = 200
"""Columns where no terminal limits them: nothing that programs look for is broken into lines."""


class Output:
    """Prints for one command. Nothing that comes from elsewhere is taken for markup, emoji or colour."""

    def __init__(self, *, as_json: bool = False) -> None:
        self.as_json = as_json
        self.people = _console(stderr=False)
        self.notes = _console(stderr=True)
        self._waiting = Waiting(self.notes, self.note)
        self.waits = self._waiting.about

    def result(self, value: Any, show: Callable[[], RenderableType]) -> None:  # noqa: ANN401 (any JSON value)
        """Print the command's result: as JSON, or what `show` makes of it."""
        self._waiting.hide()
        if self.as_json:
            print_json(value)
        else:
            self.people.print(show())

    def row(self, value: Any, line: str, style: str = "") -> None:  # noqa: ANN401 (any JSON value)
        """Print one of several results, as they come: a line of JSON, or of text."""
        self._waiting.hide()
        if self.as_json:
            print_json(value, indent=None)
        else:
            _line(self.people, line, style)

    def pass_on(self, line: str) -> None:
        """Print a line of another command's result, text or JSON, on stdout."""
        self._waiting.hide()
        _line(self.people, line, "")

    def note(self, line: str, style: str = "") -> None:
        """Tell people something on stderr."""
        _line(self.notes, line, style)

    @contextmanager
    def working(self, line: str, *, told: bool = False) -> Iterator[Change]:
        """Show what goes on, on a terminal at once; give what changes the line there.

        Elsewhere it is a line once it takes long, unless the command has `told` it anyway.
        """
        if not self.notes.is_terminal and told:
            yield lambda _changed: None
            return
        with self.waits(line, 0.0 if self.notes.is_terminal else QUIET_S) as change:
            yield change if self.notes.is_terminal else lambda _changed: None


def print_json(value: Any, *, indent: int | None = 2) -> None:  # noqa: ANN401 (any JSON value)
    """Write one JSON document and a line end to stdout."""
    encoding = (sys.stdout.encoding or "").lower().replace("-", "")
    text = to_json(value, indent=indent, ascii_only=encoding != "utf8")
    try:
        sys.stdout.write(text + "\n")
        sys.stdout.flush()
    except BrokenPipeError:
        raise ReaderLeftError from None


def _line(console: Console, line: str, style: str) -> None:
    if console.is_terminal:
        console.print(Text(safe(line), style), soft_wrap=True)
    else:  # in one piece: a console that is interrupted while it prints does so twice
        try:
            typer.echo(safe(line), err=console.stderr)
        except BrokenPipeError:
            raise ReaderLeftError from None


class _Console(Console):
    def on_broken_pipe(self) -> None:
        raise ReaderLeftError  # rich would exit with 1


def _console(*, stderr: bool) -> Console:
    console = _Console(stderr=stderr, markup=False, emoji=False, highlight=False)
    if not console.is_terminal:
        console.width = max(console.width, _WIDE)
    return console
