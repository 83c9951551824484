"""`check`: would this page record well?"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from webrecord import pagecheck
from webrecord.session import Session, command
from webrecord.words import MESSAGES, is_english


def register(app: typer.Typer) -> None:
    command(app, example="check https://example.com/class?view=record --ready-timeout 20")(check)


def check(
    session: Session,
    url: Annotated[str, typer.Argument(metavar="URL", help="The page's address, as for `start`.")],
    *,
    seconds: Annotated[
        float, typer.Option("--seconds", min=1, max=600, help="Watch it for this many seconds after it has loaded.")
    ] = 4,
    size: Annotated[str, typer.Option("--size", metavar="WxH", help="Size of the picture: 1280x720, 1920x1080.")] = "",
    mobile: Annotated[
        Literal["none", "phone", "tablet"], typer.Option("--mobile", help="Show the page as on a device.")
    ] = "none",
    landscape: Annotated[bool, typer.Option("--landscape", help="Hold the device in landscape.")] = False,
    ready_timeout: Annotated[
        int, typer.Option("--ready-timeout", min=0, max=60, help="Wait this many seconds for notifyReady().")
    ] = 0,
    screenshot: Annotated[
        Path | None, typer.Option("--screenshot", metavar="FILE", help="Save the last picture (PNG).")
    ] = None,
    local: Annotated[bool, typer.Option("--local", help="Allow private addresses, for a local cloud.")] = False,
) -> None:
    """Open a page on this machine as the recorder does, and report what will fail, what may, and what to do.

    It runs `python -m local check` of this checkout and does not call the API. Exit status: 0; 1 if the recording
    will fail; 2 if the address can't be used or the check is not installed.
    """
    words = [*pagecheck.command(), "--seconds", f"{seconds:g}", "--mobile", mobile]
    words += ["--ready-timeout", str(ready_timeout)]
    words += ["--size", size] if size else []
    words += ["--screenshot", str(screenshot.absolute())] if screenshot else []
    if not (is_english() or session.out.as_json):
        words += ["--messages", str(MESSAGES)]
    flags = (("--landscape", landscape), ("--local", local), ("--json", session.out.as_json))
    words += [flag for flag, given in flags if given]
    status = pagecheck.run([*words, "--", url], pagecheck.ROOT, session.out.pass_on, session.out.note)
    if status:
        raise typer.Exit(status)
