"""Fetching a file by its signed address: resumed where it broke, renewed when it expired, checked by its size."""

from __future__ import annotations

import os
import re
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import httpx

from webrecord.alone import alone
from webrecord.errors import RecordingFailed
from webrecord.proxies import proxy_for
from webrecord.waiting import Change, Waits, silently
from webrecord.wire import why as why_of
from webrecord.words import t

TRIES = 6
"""Consecutive tries without new bytes before the download fails."""
SPARE = 500_000_000
"""Free bytes that a file of unknown size leaves on the disk."""
_RANGE = re.compile(r"bytes (\d+)-\d+/(\d+|\*)")
DEVICE = re.compile(r"(con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³]|conin\$|conout\$) *(\..*)?", re.IGNORECASE)
"""What Windows takes for a device, whatever follows the first dot."""
Report = Callable[[int, "int | None"], None]
"""Gets the bytes that are there, and the whole size where it is known."""


def _free(folder: Path) -> int:
    return shutil.disk_usage(folder).free


class _Expired(Exception):
    """403: a signed address is good for some hours only."""


class _Again(Exception):
    """The server could not, this time."""


@dataclass
class Fetcher:
    """Fetches files; `http` must not carry the API's token, since addresses lead elsewhere.

    Attributes:
        http: the connections.
        report: is told how far it is.
        pause: sleeps between tries.
        free: tells how many bytes the disk of a folder has left.
        waits: tells of a file that takes long, and why it is asked for again.
    """

    http: httpx.Client
    report: Report = lambda _there, _size: None
    pause: Callable[[float], None] = time.sleep
    free: Callable[[Path], int] = _free
    waits: Waits = silently

    def fetch(self, address: Callable[[bool], str], path: Path, size: int | None) -> int:
        """Bring one file to `path`, through `<path>.part`; return its size.

        Args:
            address: gives the file's address; asked with True it must be a new one.
            path: where to; it appears only when it is whole.
            size: in bytes, as the API says; None where it does not, then the server's word counts.

        Raises:
            RecordingFailed: it is not there, has another size, did not come after many tries, or another command
                is fetching it to the same place.
        """
        part = path.with_name(f"{path.name}.part")
        with alone(part, path.name), self.waits(t("fetching {name} …", name=path.name)) as tell:
            return self._fetch(address, path, part, size, tell)

    def _fetch(self, address: Callable[[bool], str], path: Path, part: Path, size: int | None, tell: Change) -> int:
        url, vain, refused, why = address(False), 0, 0, ""
        while vain < TRIES and refused < TRIES:
            had = _size(part)
            try:
                whole = self._transfer(url, part, path.name, size)
            except _Expired:
                refused, why = refused + 1, t("the address is refused (403), a new one too")
                url = address(True)
            except (httpx.InvalidURL, ValueError):
                raise RecordingFailed(t("{name}: the API gives an invalid address", name=path.name)) from None
            except (_Again, httpx.HTTPError) as error:
                why = str(error) if isinstance(error, _Again) else _words(error, url)
                tell(t("{name}: {why}; trying again", name=path.name, why=why))
                self.pause(min(10.0, 0.25 * 2**vain))
            else:
                part.replace(path)
                return whole
            vain, refused = (0, 0) if _size(part) > had else (vain + 1, refused)
        raise RecordingFailed(t("{name}: {why}; the same command continues", name=path.name, why=why))

    def _transfer(self, url: str, part: Path, name: str, size: int | None) -> int:
        """Append to the part what is missing; return the whole size."""
        have = _size(part)
        if size is not None and have > size:
            os.truncate(part, 0)  # of something else
            have = 0
        if size is not None and have == size and have:
            return size
        headers = {"Accept-Encoding": "identity", **({"Range": f"bytes={have}-"} if have else {})}
        with self.http.stream("GET", url, headers=headers) as reply:
            if reply.status_code == 416:  # the part is longer than the file, or as long and of unknown size
                os.truncate(part, 0)
                raise _Again(t("the part that was downloaded before does not match it"))
            _check(reply.status_code, name)
            whole = _whole(reply, have)
            if size is not None and whole is not None and whole != size:
                raise RecordingFailed(
                    t(
                        "{name} has {whole} bytes in storage, and {size} according to the API; nothing was kept",
                        name=name,
                        whole=whole,
                        size=size,
                    )
                )
            if reply.status_code == 200:
                have = 0
            self._write(reply, part, have, size if size is not None else whole)
        there, wanted = _size(part), size if size is not None else whole
        if wanted is not None and there != wanted:
            raise _Again(t("{there} of {wanted} bytes came", there=there, wanted=wanted))
        return there

    def _write(self, reply: httpx.Response, part: Path, have: int, whole: int | None) -> None:
        with part.open("ab" if have else "wb") as file:
            self.report(have, whole)
            most = have + self.free(part.parent) - SPARE if whole is None else whole
            for chunk in reply.iter_raw():
                if whole is None and have + len(chunk) > most:
                    raise RecordingFailed(
                        t(
                            "{stem}: its size is unknown, and after {have} bytes the disk of {parent} has less than"
                            " {number} MB free; free some, and run the same command again",
                            stem=part.stem,
                            have=have,
                            parent=part.parent,
                            number=SPARE // 1000000,
                        )
                    )
                if whole is not None and have + len(chunk) > whole:  # a server without end fills the disk
                    raise RecordingFailed(
                        t(
                            "{stem} has more than its {whole} bytes in storage; the rest was not kept",
                            stem=part.stem,
                            whole=whole,
                        )
                    )
                file.write(chunk)
                have += len(chunk)
                self.report(have, whole)
            file.flush()
            os.fsync(file.fileno())


def safe_name(name: object) -> str:
    """Return a file name that names a file in one folder and nothing else.

    Raises:
        RecordingFailed: it is a path, hidden, empty, or has characters that no file name should have.
    """
    if not isinstance(name, str) or not name.isprintable() or not 0 < len(name.encode()) <= 240 or name[0] == ".":
        raise RecordingFailed(t("{name!r} is not a file name", name=name))
    if any(char in name for char in '/\\:*?"<>|') or name[-1] in ". " or DEVICE.fullmatch(name):
        raise RecordingFailed(t("{name!r} is not a file name", name=name))
    return name


def _words(error: httpx.HTTPError, url: str) -> str:
    try:
        host = urlsplit(url)
    except ValueError:
        return t("the API gives an invalid address")
    origin = f"{host.scheme}://{host.netloc.rpartition('@')[2]}"  # what is behind it is a signature
    return t(
        "no answer from {origin}: {line}", origin=origin, line=why_of(error, origin, proxy_for(origin, os.environ)).line
    )


def _check(status: int, name: str) -> None:
    if status in (401, 403):
        raise _Expired
    if status in (404, 410):
        raise RecordingFailed(t("{name} is not there any more ({status})", name=name, status=status))
    if status == 429 or status >= 500:
        raise _Again(t("answered {status}", status=status))
    if status not in (200, 206):
        raise RecordingFailed(t("{name}: answered {status}", name=name, status=status))


def _whole(reply: httpx.Response, have: int) -> int | None:
    """Return the size of the whole file by the answer's headers."""
    if reply.status_code == 206:
        found = _RANGE.fullmatch(reply.headers.get("content-range", ""))
        if found is None or int(found[1]) != have:
            raise _Again(t("answered another range than asked for"))
        return None if found[2] == "*" else int(found[2])
    length = reply.headers.get("content-length", "")
    return int(length) if length.isdecimal() else None


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0
