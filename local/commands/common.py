"""What the groups of commands share."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape

from local.client import ClientError


def folder(named: str | Path) -> Path:
    """Return the folder; an empty name, as of a variable that is not set, would mean the current one."""
    if not str(named).strip():
        raise typer.BadParameter("the name is empty; name a folder, or leave the option out")
    return Path(named)


StateDir = Annotated[Path, typer.Option(parser=folder, metavar="FOLDER", help="Where objects, keys and logs are kept.")]


@contextmanager
def mistakes_are_lines() -> Iterator[Console]:
    """End with status 2 and one line, where the local cloud or a file says no."""
    console = Console(stderr=True, soft_wrap=True)
    try:
        yield console
    except ClientError as error:
        console.print(f"[red]error:[/red] {escape(str(error))}", highlight=False)
        raise typer.Exit(2) from error
