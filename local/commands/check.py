"""`python -m local check URL`: will this page record well?"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated, Literal

import typer

from local.commands.common import ends_like_ctrl_c

_DEFECT = 70
"""As in sysexits.h, and as `webrecord` ends."""
Device = Literal["none", "phone", "tablet"]


def check(
    url: Annotated[str, typer.Argument(help="The page's address, as for StartWebRecord.")],
    seconds: Annotated[
        float, typer.Option(min=1, max=600, help="Watch the page for this many seconds after it has loaded.")
    ] = 4,
    size: Annotated[str, typer.Option(help="Width x height of the picture.")] = "",
    mobile: Annotated[Device, typer.Option(help="Show the page as on a device.")] = "none",
    landscape: Annotated[bool, typer.Option("--landscape", help="Hold the device in landscape.")] = False,
    ready_timeout: Annotated[
        int, typer.Option(min=0, max=60, help="Wait this many seconds for notifyReady(), as ReadyTimeout.")
    ] = 0,
    screenshot: Annotated[Path | None, typer.Option(metavar="FILE", help="Save the last picture (PNG).")] = None,
    local: Annotated[bool, typer.Option("--local", help="Allow private addresses, for the local cloud.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
    messages: Annotated[Path | None, typer.Option(hidden=True, help="What it says in another language.")] = None,
) -> None:
    """Open a page as the recorder does, and report what will fail, what may, and what to do.

    Exit status: 0; 1 if the recording will fail; 2 if the address, the browser or an option can't be used.
    """
    from local.check.run import CheckError, CheckOptions, run
    from local.check.text import tidy
    from local.check.words import speak, t
    from local.recorder.job import Job, Mobile

    if messages is not None and not as_json:
        speak(json.loads(messages.read_text("utf-8")))

    def say(line: str) -> None:
        print(line, file=sys.stderr, flush=True)

    try:
        width, height = _size(size)
        orientation: Literal["portrait", "landscape"] = "landscape" if landscape else "portrait"
        job = Job(
            page_url=url or "-",
            width=width,
            height=height,
            work_dir=Path(),
            ready_timeout_s=ready_timeout,
            mobile=None if mobile == "none" else Mobile(device=mobile, orientation=orientation),
            way="screencast",
        )
        with ends_like_ctrl_c():
            status = run(CheckOptions(url, job, seconds, screenshot, local, as_json), say)
    except (CheckError, ValueError) as error:
        say(t("error: {line}", line=tidy(error, 400)))
        raise typer.Exit(2) from None
    except KeyboardInterrupt:
        raise typer.Exit(130) from None
    except BrokenPipeError:
        raise
    except Exception as error:  # noqa: BLE001 (its status would be taken for a verdict on the page)
        say(f"error: this should not happen: {tidy(f'{type(error).__name__}: {error}', 400)}")
        raise typer.Exit(_DEFECT) from None
    raise typer.Exit(status)


def _size(text: str) -> tuple[int, int]:
    """Return width and height; 0 and 0, the recorder's default, where none is given."""
    from local.check.words import t

    if not text:
        return 0, 0
    width, _, height = text.lower().partition("x")
    if not (all(side.isascii() and side.isdecimal() and len(side) < 5 for side in (width, height))):
        raise ValueError(t("--size {text}: write it as 1280x720", text=text))
    if not all(16 <= side <= 1920 for side in (int(width), int(height))):
        raise ValueError(t("--size {text}: each side is from 16 to 1920", text=text))
    return int(width), int(height)
