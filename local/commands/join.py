"""`python -m local join OUT PART@MS …`: what `webrecord download --join` starts."""

from __future__ import annotations

import json
import os
import re
import sys
from pathlib import Path
from typing import Annotated

import typer

from local.commands.common import ends_like_ctrl_c


def join_parts(
    out: Annotated[Path, typer.Argument(help="The joined film, an MP4.")],
    parts: Annotated[
        list[str], typer.Argument(metavar="PART@MS…", help="A file and its beginning, epoch ms, or - if unknown.")
    ],
) -> None:
    """Join the parts into one MP4 by copying their streams; gaps keep their length. Print one JSON document.

    Exit status: 0; 1 if the parts can't be joined; 2 if a file can't be read or written.
    """
    from local.join import JoinError, Part, join

    try:
        with ends_like_ctrl_c():
            made = join([Part(*_part(word)) for word in parts], out, _say)
        size = out.stat().st_size
    except JoinError as error:
        _say(f"error: {error}"[:2_000])
        raise typer.Exit(1) from None
    except (OSError, ValueError) as error:
        about = getattr(error, "filename", None) or out
        _say(f"error: {os.fspath(about)!r}: {getattr(error, 'strerror', None) or error}"[:600])
        raise typer.Exit(2) from None
    except KeyboardInterrupt:
        raise typer.Exit(130) from None
    found = {
        "path": str(out),
        "size": size,
        "duration_ms": int(made.seconds * 1000),
        "parts": [{"name": name, "at_ms": at} for name, at in made.parts],
        "left_out": [{"name": name, "why": why} for name, why in made.left_out],
    }
    print(json.dumps(found, indent=2))


def _part(word: str) -> tuple[Path, int | None]:
    found = re.fullmatch(r"(.+)@(-|\d{1,15})", word, re.DOTALL)
    if found is None:
        raise ValueError(f"{word!r} is no PART@MS")
    return Path(found[1]), None if found[2] == "-" else int(found[2])


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)
