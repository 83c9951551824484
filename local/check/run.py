"""`python -m local check`: look, look again without permission to play, judge, print."""

from __future__ import annotations

import asyncio
import contextlib
import json
import platform
import shutil
import socket
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from local.check.address import usable
from local.check.ear import Ear
from local.check.errors import said
from local.check.finding import Level
from local.check.judge import judge, wants_second_visit
from local.check.rules.common import Case
from local.check.seen import Asked, Visit
from local.check.show import document, lines
from local.check.text import tidy
from local.check.visit import Say, Visited, Wish, look
from local.check.words import t
from local.recorder.browser import BrowserError, find_chromium
from local.recorder.cdp import CdpError
from local.recorder.job import Job
from local.recorder.paths import private_folder
from local.recorder.studio import Studio
from shared.domain.addresses import host_of
from shared.domain.redaction import hiding, secrets_of

_RESOLVE_S = 5.0


class CheckError(Exception):
    """The check can't be made as it was asked for; the message is one line that says what to do."""


@dataclass(frozen=True)
class CheckOptions:
    """What the command line asked for."""

    url: str
    job: Job
    seconds: float = 4.0
    screenshot: Path | None = None
    local: bool = False
    as_json: bool = False


class Checked(NamedTuple):
    """What came of a check."""

    case: Case
    png: bytes


def run(options: CheckOptions, say: Say) -> int:
    """Check a page and print the result; return the exit status: 0, or 1 where the recording will fail.

    Raises:
        CheckError: the address, the browser or the screenshot's file can't be used.
    """
    try:
        url = usable(options.url)
    except ValueError as error:
        raise CheckError(t("the address {error}", error=said(str(error)))) from None
    if options.screenshot is not None:
        _try_to_write(options.screenshot)
    with hiding(secrets_of({"RecordUrl": url})):
        try:
            checked = asyncio.run(check(options, say))
        except (BrowserError, CdpError, OSError) as error:
            raise CheckError(tidy(said(str(error)), 400)) from None
        saved = _save(options.screenshot, checked.png, say)
        findings = judge(checked.case)
        if options.as_json:
            print(json.dumps(document(checked.case, findings, saved), indent=2))
        else:
            print(*lines(checked.case, findings), sep="\n")
    sys.stdout.flush()
    return int(any(finding.level is Level.FAIL for finding in findings))


async def check(options: CheckOptions, say: Say) -> Checked:
    """Visit the page once, and once more where autoplay can matter.

    Raises:
        BrowserError, CdpError: no browser, or it does not do what it is told.
        OSError: there is no place for temporary files.
    """
    find_chromium(options.job.chromium)
    addresses = await _resolve(options.url)
    viewport = options.job.viewport
    asked = Asked(
        options.url,
        options.seconds,
        int(options.job.ready_timeout_s),
        (viewport.width, viewport.height),
        options.local,
        addresses,
        time.time(),
    )
    first = await _visit(options.job, Wish(asked, screenshot=options.screenshot is not None), say)
    case = Case(asked, first.visit)
    if wants_second_visit(case):
        with contextlib.suppress(BrowserError, CdpError):
            again = await _visit(options.job, Wish(asked, again=True), say)
            case = case._replace(second=again.visit if _came(again.visit) else None)
    return Checked(case, first.png)


def _came(visit: Visit) -> bool:
    return not (visit.error or visit.crashed or visit.stuck or visit.slow)


async def _visit(job: Job, wish: Wish, say: Say) -> Visited:
    """Visit a page in a browser of its own, as a recording has one."""
    say(t("opening {address} …", address=tidy(wish.asked.url)))
    folder = private_folder()
    studio: Studio | None = None
    ear = Ear()
    try:
        studio = Studio(job.model_copy(update={"work_dir": folder}), _no_picture, autoplay=not wish.again)
        page = await studio.open()
        studio.sound.begin(time.monotonic(), 0.0, ear.take)
        seen = await look(page, wish, say)
        seen.visit.peak = ear.peak
        seen.visit.deaf = studio.sound_trouble() or _deaf(seen.visit, heard=studio.sound.heard)
        return seen
    finally:
        if studio is not None:
            await studio.close()
        shutil.rmtree(folder, ignore_errors=True)


def _deaf(visit: Visit, *, heard: bool) -> str:
    """Return why a browser can't be heard that complains of nothing."""
    if platform.system() != "Linux":
        return t("the check hears sound through ALSA, which only Linux has")
    return t("this Chromium plays into no ALSA device") if "running" in visit.audio and not heard else ""


def _no_picture(_moment: float, _jpeg: bytes) -> None:
    """Drop it: the check takes pictures of its own."""


async def _resolve(url: str) -> tuple[str, ...]:
    """Return the addresses of a host; none where that is not known here, as behind a proxy."""
    loop = asyncio.get_running_loop()
    with contextlib.suppress(OSError, ValueError, asyncio.TimeoutError):
        asking = loop.getaddrinfo(host_of(url).strip("[]"), None, type=socket.SOCK_STREAM)
        return tuple(sorted({str(found[4][0]) for found in await asyncio.wait_for(asking, _RESOLVE_S)}))
    return ()


def _try_to_write(path: Path) -> None:
    """Find out before the look whether the picture can be saved, and leave nothing behind.

    Raises:
        CheckError: it can't.
    """
    try:
        if not path.absolute().parent.is_dir():
            raise CheckError(t("--screenshot {path}: there is no such folder: make it, or name another", path=path))
        if path.is_dir():
            raise CheckError(t("--screenshot {path}: it is a folder", path=path))
        if path.exists() and not path.is_file():
            raise CheckError(t("--screenshot {path}: it is no regular file", path=path))
        there = path.exists()
        with path.open("ab"):
            pass
        if not there:
            path.unlink()
    except (OSError, ValueError) as error:
        raise CheckError(f"--screenshot {path}: {getattr(error, 'strerror', None) or error}") from None


def _save(path: Path | None, png: bytes, say: Say) -> str | None:
    if path is None:
        return None
    if not png:
        say(t("no screenshot: the page was not there to the end"))
        return None
    try:
        path.write_bytes(png)
    except OSError as error:
        say(f"no screenshot: {path}: {error.strerror or error}")  # what was found is not lost for that
        return None
    return str(path)
