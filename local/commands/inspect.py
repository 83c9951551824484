"""`python -m local inspect FILE`: check a film, and print the JSON that `webrecord inspect` shows as a table."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer

from local.film import check_file
from shared.domain.film.reader import Budget
from shared.domain.film.verdict import FilmCheck

_EVERY_S = 1.0


def inspect(file: Annotated[Path, typer.Argument(help="An MP4, or a playlist beside its segments.")]) -> None:
    """Check a film as reconcile does; print one JSON document with the API's fields.

    Exit status: 0 for every verdict; 2 if the file is missing or can't be read.
    """
    try:
        size = _size(file)
        name = os.fsencode(file.name).decode("utf-8", "replace")
        _say(f"checking {name}, {size / 1e6:.1f} MB …")
        budget = Budget()
        budget.has_time = _telling(budget)
        check = check_file(file, budget=budget)
    except (OSError, ValueError) as error:
        reason = (error.strerror if isinstance(error, OSError) else None) or str(error)
        _say(f"error: {str(file)!r}: {reason}"[:600])
        raise typer.Exit(2) from None
    print(json.dumps(document(name, size, check), indent=2))


def document(name: str, size: int, check: FilmCheck) -> dict[str, Any]:
    """Return what was found, in the API's fields, and the figures it was judged by."""
    findings = [{"file": name, **one.model_dump(mode="json", exclude_none=True)} for one in check.findings]
    found = {
        "file": name,
        "size": size,
        "duration_ms": None if check.seconds is None else int(check.seconds * 1000),
        "film": check.verdict.value,
        "film_reason": check.why,
        "film_findings": findings or None,
        "untold": check.untold or None,
        "figures": check.figures,
    }
    return {key: value for key, value in found.items() if value is not None}


def _size(file: Path) -> int:
    """Return the size of a file that can be opened; a pipe or a device would be waited for without end."""
    if file.is_dir():
        raise ValueError("it is a folder: name the film in it, or its playlist (.m3u8)")
    if file.exists() and not file.is_file():
        raise ValueError("it is no regular file")
    with file.open("rb"):
        return file.stat().st_size


def _telling(budget: Budget) -> Callable[[], bool]:
    """Return the check before each read: it always allows the read, and sometimes prints the progress."""
    told = time.monotonic()

    def has_time() -> bool:
        nonlocal told
        if time.monotonic() - told >= _EVERY_S:
            told = time.monotonic()
            _say(f"checking … {budget.used_size / 1e6:.1f} MB in {budget.used_reads} reads")
        return True

    return has_time


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)  # stderr writes what its encoding has not as \x…
