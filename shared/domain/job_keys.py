"""Keys of job objects: the spellings in which events give them, and where the report about one is written."""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import unquote, unquote_plus

from shared.domain.ids import digest_id

LONGEST = 600
"""Bytes of a job's key that its report's key repeats: COS allows 850, with the results' prefix in front."""
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_OURS = ("open", "due", "ask", "tell", "days", "recordings", "tasks", "files", "index", "wake", "gone", "work")


def spellings(text: str, name: str, appid: str) -> tuple[str, ...]:
    """Return the keys that an event's key may stand for, the likeliest first; bucket and AppId as they came, too.

    The document shows `/<appid>/<bucket>/<key>`. Functions in the field had to undo all of these: no such beginning, no
    slash, `+` for a blank, percent-encoding of the key or of the whole, once or twice. A key as it came goes first: a
    name may hold `+` and `%`. Keys with `.` or `..` as a folder are left out: clients resolve them to other objects.
    """
    once = (text, unquote(text), unquote_plus(text))
    twice = [again(one) for one in once[1:] for again in (unquote, unquote_plus)]
    short = name.removesuffix(f"-{appid}")
    folders = (f"{appid}/{short}/", f"{appid}/{short}-{appid}/")
    found = dict.fromkeys(key for one in (*once, *twice) for key in _bare(one, folders))
    return tuple(key for key in found if key and not {".", ".."} & set(key.split("/")))


def _bare(text: str, folders: tuple[str, ...]) -> Iterator[str]:
    bare = text.removeprefix("/")
    inside = next((bare.removeprefix(folder) for folder in folders if bare.startswith(folder)), None)
    if inside is not None:
        yield from (inside, inside.removeprefix("/"))
    if inside is None or not text.startswith("/"):
        yield from (bare, text)


def report_key(key: str) -> str:
    """Return where the report about a job object is written: beside its name, never among what else we store."""
    short = len(key.encode("utf-8", "replace")) <= LONGEST
    fits = short and not _CONTROL.search(key) and key.partition("/")[0] not in _OURS
    return f"{key if fits else f'jobs/{digest_id(key)}'}.error.json"
