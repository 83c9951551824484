"""One film of the parts of a recording: a process of this checkout copies their streams."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from webrecord import pagecheck
from webrecord.alone import alone
from webrecord.errors import CliError, RecordingFailed
from webrecord.files import make_way
from webrecord.session import Session
from webrecord.words import t

_MOST_MS = 10**14
Part = tuple[Path, "int | None"]
"""A file that is here, and when it began, epoch ms."""


def parts_of(files: Iterable[dict[str, Any]], here: Iterable[dict[str, Any]]) -> list[Part]:
    """Return the parts in order of time; of a recording with both kinds the MP4s, which are the same film.

    Args:
        files: as the API tells of them.
        here: as `download` does.
    """
    paths = {one["name"]: Path(one["path"]) for one in here}
    for ending in (".mp4", ".m3u8"):
        found = {name: _begin(file) for file in files if (name := str(file.get("name"))).lower().endswith(ending)}
        parts = [(paths[name], begin) for name, begin in found.items() if name in paths]
        if parts:
            return sorted(parts, key=lambda part: _MOST_MS if part[1] is None else part[1])
    return []


def join(
    session: Session, recording_id: str, folder: Path, parts: Sequence[Part], *, force: bool
) -> tuple[int, dict[str, Any] | None]:
    """Make `<id>.mp4` of the parts, unless it is there and newer than they are; return status and what was made.

    Raises:
        RecordingFailed: there is no part, another file of that name, or another command makes it.
        CliError: the process said nothing that can be read.
    """
    film = folder / f"{recording_id}.mp4"
    if not parts:
        raise RecordingFailed(
            t("{recording_id} has no MP4 and no playlist that could be joined", recording_id=recording_id)
        )
    if film in [path for path, _ in parts]:
        raise RecordingFailed(t("{film} is a part of the recording: it can't be the joined film too", film=film))
    make_way(film)
    if film.exists() and not force:
        if film.stat().st_mtime < max(path.stat().st_mtime for path, _ in parts):
            raise RecordingFailed(
                t("{film} exists and is older than its parts: move it away, or use --force", film=film)
            )
        session.out.note(t("{film} exists already: --force replaces it", film=film))
        return 0, {"path": str(film), "size": film.stat().st_size}
    named = [f"{path.absolute()}@{'-' if begin is None else begin}" for path, begin in parts]
    words = [*pagecheck.command(what="join"), "--", str(film.absolute()), *named]
    lines: list[str] = []
    session.out.note(t("joining {count} {what} …", count=len(parts), what=t("part") if len(parts) == 1 else t("parts")))
    with alone(film.with_name(f"{film.name}.part"), film.name):
        status = pagecheck.run(words, pagecheck.ROOT, lines.append, session.out.note, "join")
    if status:
        return status, None
    try:
        found = json.loads("\n".join(lines))
    except ValueError:
        found = None
    if not isinstance(found, dict) or not film.exists():
        raise CliError(t("joining the films gave no readable result: run the same command again"))
    return 0, {**found, "path": str(film)}


def _begin(file: dict[str, Any]) -> int | None:
    begin = file.get("start_ms")
    return begin if isinstance(begin, int) and not isinstance(begin, bool) and 0 <= begin < _MOST_MS else None
