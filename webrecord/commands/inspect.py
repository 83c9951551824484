"""`inspect`: is this film worth watching?"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Group
from rich.text import Text

from webrecord import films, pagecheck
from webrecord.errors import BadUsage, CliError
from webrecord.seen import told
from webrecord.session import Session, command
from webrecord.text import length, safe, size
from webrecord.words import said, t

_FILMS = (".mp4", ".m3u8", ".m4v", ".mov", ".ts", ".m4s")


def register(app: typer.Typer) -> None:
    command(app, example="inspect films/lesson-4711.mp4")(inspect)


def inspect(
    session: Session,
    film: Annotated[str, typer.Argument(metavar="FILE|ID", help="An MP4 or a playlist here, or a recording's id.")],
) -> None:
    """Check whether a film plays, and whether it is empty, silent, still or blank.

    A file is checked on this machine, by the service's rules. For a recording's id the service's findings are printed.
    An argument that is no file counts as an id. Exit status: 0; 1 if the film is bad; 2 if the file can't be read.
    """
    if _is_file(film):
        found = _looked(session, film)
        about = [length(found.get("duration_ms")), size(found.get("size"))]
    else:
        recording, _ = session.api.get(film)
        found = {name: recording[name] for name in ("recording_id", "state", *films.FIELDS) if name in recording}
        about = [said(f"state.{recording.get('state')}", recording.get("state")), length(recording.get("duration_ms"))]
    head = Text(f"{safe(found.get('file') or film)}  {safe(', '.join(filter(None, about)))}", "bold")
    session.out.result(found, lambda: Group(head, films.film(found)))
    if found.get("film") == "bad":
        raise typer.Exit(1)
    if found.get("film") == "unchecked" and "file" in found:
        raise BadUsage(
            t("{film} can't be checked: {film_reason}", film=film, film_reason=told(str(found.get("film_reason"))))
        )


def _is_file(word: str) -> bool:
    """Return True if the argument names a file here, or cannot be an id."""
    try:
        here = _path(word).exists()
    except (OSError, ValueError):  # too long for a name, or no name at all
        return True
    folder = here and _path(word).is_dir() and "/" not in word  # `download -o ID` makes folders of such names
    return (here and not folder) or "/" in word or word.lower().endswith(_FILMS)


def _path(word: str) -> Path:
    """Return the path that a word names: names of files are UTF-8, also where the locale says ASCII."""
    return Path(os.fsdecode(word.encode("utf-8", "surrogateescape")))


def _looked(session: Session, file: str) -> dict[str, Any]:
    """Look into a file by a process of this checkout.

    Raises:
        CliError: it said nothing that can be read.
    """
    words = [*pagecheck.command(what="inspect"), "--", str(_path(file).absolute())]
    lines: list[str] = []
    status = pagecheck.run(words, pagecheck.ROOT, lines.append, session.out.note, "inspect")
    if status == 2:
        raise typer.Exit(2)
    try:
        found = json.loads("\n".join(lines))
    except ValueError:
        found = None
    if status or not isinstance(found, dict):
        raise CliError(t("the film check of {file} did not end: `webrecord inspect` it again", file=file))
    return found
