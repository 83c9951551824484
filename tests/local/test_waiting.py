"""What `python -m local` waits for is said where no terminal shows it."""

from __future__ import annotations

import io

from rich.console import Console

from local.waiting import waiting
from tests.local.trtc.servers import until


def console(*, terminal: bool) -> tuple[Console, io.StringIO]:
    text = io.StringIO()
    return Console(file=text, force_terminal=terminal, width=80), text


def test_what_takes_long_is_one_line() -> None:
    """As it stands: what is in brackets is no markup."""
    where, text = console(terminal=False)
    with waiting(where, "starting [it] …", quiet_s=0):
        until(text.getvalue)
    assert "starting [it] …\n" == text.getvalue()


def test_what_ends_soon_is_not_said() -> None:
    """Not even later."""
    where, text = console(terminal=False)
    with waiting(where, "soon"):
        pass
    assert "" == text.getvalue()


def test_a_terminal_shows_it_at_once() -> None:
    """And erases it in the end."""
    where, text = console(terminal=True)
    with waiting(where, "starting …"):
        until(lambda: "starting …" in text.getvalue())
    assert text.getvalue().endswith("\x1b[2K")
