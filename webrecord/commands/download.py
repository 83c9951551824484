"""`download`: every file of a recording, whole and checked."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Annotated

import httpx
import typer
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn, TransferSpeedColumn

from webrecord import joining, pagecheck, tables
from webrecord.api import FINAL, Api
from webrecord.commands.read import Id
from webrecord.download import Fetcher, safe_name
from webrecord.errors import BadUsage, Interrupted, RecordingFailed
from webrecord.files import make_way
from webrecord.playlist import is_ours, segments, side_by_side
from webrecord.replies import Document
from webrecord.session import Session, command
from webrecord.text import safe, size
from webrecord.waiting import Waits
from webrecord.wire import Ways
from webrecord.words import t


def register(app: typer.Typer) -> None:
    command(app, example="download lesson-4711 -o films/")(download)


def download(
    session: Session,
    recording_id: Id,
    *,
    folder: Annotated[Path, typer.Option("--output", "-o", metavar="DIR", help="Folder for the files.")] = Path(),
    force: Annotated[bool, typer.Option("--force", help="Replace a file of the same name and another size.")] = False,
    join: Annotated[bool, typer.Option("--join", help="Also join the parts into one MP4, ID.mp4.")] = False,
) -> None:
    """Download the files of a recording. Run it again to continue."""
    if join:
        pagecheck.command(what="join")  # what is missing is said before hours of fetching
    recording, _ = session.api.get(recording_id)
    files = [file for file in recording.get("files", []) if isinstance(file, dict)]
    if not files:
        raise RecordingFailed(
            t(
                "{recording_id} has no files; it is {state_line}",
                recording_id=recording_id,
                state_line=tables.state_line(recording),
            )
        )
    if recording.get("state") not in FINAL:
        session.out.note(
            t("{recording_id} is {state}: more files may come", recording_id=recording_id, state=recording.get("state"))
        )
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise BadUsage(t("{folder} can't be made: {strerror}", folder=folder, strerror=error.strerror)) from None
    limits = httpx.Timeout(30.0, connect=10.0)
    http = httpx.Client(timeout=limits, transport=Ways(), trust_env=False, follow_redirects=True)
    done: list[Document] = []
    problems: list[str] = []
    try:
        with http, _progress(session) as following:
            work = _Work(session.api, recording_id, folder, http, following, session.out.waits, force=force)
            # Playlists first: they bring their segments, and know how those belong together.
            for file in sorted(files, key=lambda file: not str(file.get("name", "")).endswith(".m3u8")):
                with _kept(problems):
                    done += work.bring(file)
    except KeyboardInterrupt:
        raise Interrupted(
            t(
                "`webrecord download {recording_id}` with the same -o continues",
                recording_id=recording_id,
            )
        ) from None
    except OSError as error:
        raise RecordingFailed(f"{folder}: {error.strerror or error}") from None
    result: Document = {"recording_id": recording_id, "files": done}
    status = 0
    if join and not problems:
        status, joined = joining.join(session, recording_id, folder, joining.parts_of(files, done), force=force)
        result |= {"joined": joined} if joined else {}
    table = tables.table_of("file", "size")
    for item in [*done, *([result["joined"]] if "joined" in result else [])]:
        tables.row(table, item["path"], size(item["size"]))
    session.out.result(result, lambda: table)
    if status:
        raise typer.Exit(status)
    if problems:
        raise RecordingFailed(t("; ").join(problems))


class _Work:
    """Brings the files of one recording to a folder; asks the API again for addresses that expired."""

    def __init__(
        self,
        api: Api,
        recording_id: str,
        folder: Path,
        http: httpx.Client,
        following: Callable[[str], Callable[[int, int | None], None]],
        waits: Waits,
        *,
        force: bool,
    ) -> None:
        self._api, self._id, self._folder, self._http = api, recording_id, folder, http
        self._following, self._waits, self._force, self._there = following, waits, force, set[str]()

    def bring(self, file: Document) -> list[Document]:
        """Bring one file, for a playlist with its segments; return what is there now, each file once."""
        name = safe_name(file.get("name"))
        if name in self._there:
            return []
        if name.endswith(".m3u8") and file.get("playlist_url"):
            return self._playlist(name)
        if not file.get("url"):
            where = t("in the bucket {bucket}", bucket=file["bucket"]) if file.get("bucket") else t("elsewhere")
            raise RecordingFailed(
                t("{name} has no link: it is {where}, and the API cannot sign links there", name=name, where=where)
            )
        length = file.get("size")
        whole = length if isinstance(length, int) else None
        return [self._one(name, lambda new: self._address(file, name, new), whole)]

    def _address(self, file: Document, name: str, new: bool) -> str:
        if not new:
            return str(file["url"])
        fresh, _ = self._api.get(self._id)
        found = [one for one in fresh.get("files", []) if one.get("name") == name and one.get("url")]
        if not found:
            raise RecordingFailed(t("{name} is not a file of {id} any more", name=name, id=self._id))
        return str(found[0]["url"])

    def _playlist(self, name: str) -> list[Document]:
        text = self._api.playlist(self._id, name)
        done = [self._one(one, partial(self._segment, name, text, one), None) for one in segments(text)]
        whole = side_by_side(text)
        part = self._folder / f"{name}.part"
        for each in (part, self._folder / name):
            make_way(each)
        part.write_text(whole, "utf-8")
        part.replace(self._folder / name)
        self._there.add(name)
        return [self._told(name), *done]

    def _segment(self, name: str, text: str, segment: str, new: bool) -> str:
        address = segments(self._api.playlist(self._id, name) if new else text)[segment]
        return self._api.segment(self._id, address) if is_ours(address) else address

    def _one(self, name: str, address: Callable[[bool], str], length: int | None) -> Document:
        path = self._folder / name
        make_way(path)
        if path.exists() and not (self._force and length is not None and path.stat().st_size != length):
            if length is not None and path.stat().st_size != length:
                raise RecordingFailed(
                    t(
                        "{path} exists and is another file ({length} bytes); move it away, or use --force",
                        path=path,
                        length=length,
                    )
                )
        else:
            Fetcher(self._http, self._following(name), waits=self._waits).fetch(address, path, length)
        self._there.add(name)
        return self._told(name)

    def _told(self, name: str) -> Document:
        path = self._folder / name
        return {"name": name, "path": str(path), "size": path.stat().st_size}


@contextmanager
def _kept(problems: list[str]) -> Iterator[None]:
    """Keep what went wrong with one file, and let the others go on."""
    try:
        yield
    except RecordingFailed as error:
        problems.append(str(error))


@contextmanager
def _progress(session: Session) -> Iterator[Callable[[str], Callable[[int, int | None], None]]]:
    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        DownloadColumn(),
        TransferSpeedColumn(),
        TimeRemainingColumn(),
    )
    console = session.out.notes
    with Progress(*columns, console=console, disable=not console.is_terminal, transient=True) as progress:

        def following(name: str) -> Callable[[int, int | None], None]:
            task = progress.add_task(safe(name), total=None)
            return lambda there, whole: progress.update(task, completed=there, total=whole)

        yield following
