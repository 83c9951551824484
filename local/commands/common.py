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

StateDir = Annotated[Path, typer.Option(help="Where objects, keys and logs are kept.")]


@contextmanager
def mistakes_are_lines() -> Iterator[Console]:
    """End with status 2 and one line, where the local cloud or a file says no."""
    console = Console(stderr=True, soft_wrap=True)
    try:
        yield console
    except ClientError as error:
        console.print(f"[red]error:[/red] {escape(str(error))}", highlight=False)
        raise typer.Exit(2) from error
