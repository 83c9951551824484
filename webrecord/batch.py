"""A batch: the lines of a CSV or JSON Lines file, each a request with a key that stays the same."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, tzinfo
from pathlib import Path
from typing import Any

from webrecord import body as bodies
from webrecord import files, sheet
from webrecord.errors import BadUsage
from webrecord.instants import at_of, instant
from webrecord.words import t

_WHOLE_NUMBERS = {
    "width", "height", "maxdurationlimit", "maxmediafileduration", "sdkappid", "readytimeout", "mobiledevicetype",
    "screenorientation", "expiretime", "classid", "subappid", "mediatype", "vendor", "startat", "stopat", "startby",
}  # fmt: skip
"""Fields that are numbers: a cell of CSV is only text."""


_SWITCHES = {"expect.sound", "expect.motion"}
"""Fields that are true or false; spreadsheets save TRUE and FALSE."""
_ROUNDED = re.compile(r"[0-9](?:[.,][0-9]+)?E\+[0-9]{1,3}", re.IGNORECASE)
"""A number of twelve digits or more as spreadsheets round it: `4.71101E+12`."""
LATE_S = 3600
"""Seconds. A start further in the past is a mistake, such as last term's file."""


@dataclass(frozen=True)
class Line:
    """One line of the file.

    Attributes:
        number: of the line it begins at, from 1.
        key: its Idempotency-Key.
        body: the request.
        problem: why it can't be sent; None where it can.
        typed: its short names, by the API's fields that they are for.
    """

    number: int
    key: str
    body: bodies.Body = field(default_factory=dict)
    problem: str | None = None
    typed: dict[str, str] = field(default_factory=dict)


def read(path: Path, run: str = "", zone: tzinfo | None = None) -> tuple[list[Line], str]:
    """Return the lines of a batch file, those that make no request with the reason, and what to tell of its encoding.

    Args:
        path: the file; a CSV has a header line, and what begins as JSON, or is named so, is JSON Lines.
        run: makes other keys, to have the same lines recorded again.
        zone: of times without an offset; None refuses them.

    Raises:
        BadUsage: the file can't be read, has no header, or two lines have the same key of their own.
    """
    if str(path) == "-":
        raise BadUsage(t("a batch is a file, so that it can be run again to continue: save it, and name the file"))
    try:
        data = files.read(path)  # line ends as they are: a cell may hold some
    except OSError as error:
        raise BadUsage(t("{path} can't be read: {strerror}", path=path, strerror=error.strerror)) from None
    text, encoding = sheet.decoded(data, path)
    if not (is_sheet := sheet.is_sheet(path, text)) and _is_one_document(text):
        raise BadUsage(
            t(
                "{path} is one JSON document, not a request a line: `jq -c '.[]?' FILE` writes a list as lines",
                path=path,
            )
        )
    rows = _csv(text, path) if is_sheet else _json_lines(text)
    lines, seen = [], Counter[str]()
    for number, content, fields in rows:
        seen[content] += 1
        # The occurrence, not the line's number: a line put in above does not rename those below it.
        key = line_key(path.name, run, content, seen[content])
        lines.append(_line(number, key, fields, zone))
    by_key: dict[str, list[int]] = {}
    for line in lines:
        by_key.setdefault(line.key, []).append(line.number)
    if twice := next(((key, numbers) for key, numbers in by_key.items() if len(numbers) > 1), None):
        numbers = ", ".join(map(str, twice[1][:10]))
        raise BadUsage(
            t(
                "{path}: lines {numbers} have the same key {twice!r}; one recording has one key",
                path=path,
                numbers=numbers,
                twice=twice[0],
            )
        )
    return lines, encoding


def line_key(name: str, run: str, content: str, occurrence: int) -> str:
    """Return the key of a line: 26 characters, the same for the same file name, run, content and occurrence."""
    digest = hashlib.sha256(json.dumps([name, run, content, occurrence]).encode()).digest()
    return base64.b32encode(digest).decode()[:26].lower()


def request(fields: dict[str, Any], zone: tzinfo | None = None) -> tuple[str | None, bodies.Body]:
    """Return a line's own key and its request: `url`, `key`, `at`, `until`, `width`, `height`, `label.NAME` and
    `Outer.Inner` are short forms, everything else is the API's.

    Raises:
        BadUsage: a field is wrong as far as can be told here; the API checks the rest.
    """
    fields = {_spelled(name): value for name, value in fields.items()}
    body = {name: value for name, value in fields.items() if not _is_short(name)}
    key = fields.get("key")
    for name, value in fields.items():
        if name in ("at", "until"):
            bodies.put(body, bodies.SHORT[name], instant(str(value), None, zone))
        elif name in bodies.SHORT:
            bodies.put(body, bodies.SHORT[name], value)
        elif name.startswith("label."):
            bodies.add_labels(body, [f"{name.removeprefix('label.')}={value}"])
        elif "." in name:
            bodies.put(body, tuple(name.split(".")), value)
    if bodies.spelled(body, "RecordUrl") not in body:
        raise BadUsage(t("it has no url"))
    if key is not None and (not str(key) or len(str(key)) > 255 or not all("!" <= char <= "~" for char in str(key))):
        raise BadUsage(t("its key is not 1 to 255 ASCII characters without spaces"))
    return (None if key is None else str(key)), body


def _line(number: int, key: str, fields: dict[str, Any] | str, zone: tzinfo | None) -> Line:
    if isinstance(fields, str):
        return Line(number, key, problem=fields)
    try:
        own, body = request(fields, zone)
    except BadUsage as error:
        return Line(number, key, problem=str(error))
    named = (body.get(bodies.spelled(body, name)) for name in ("RecordingId", "RecordId"))
    own = own or next((name for name in named if isinstance(name, str) and name), None)
    if own and _ROUNDED.fullmatch(own):
        why = t("a spreadsheet rounded its key {own}, so other lines may have the same", own=own)
        return Line(number, key, problem=t("{why}: make the column text, or put a letter in front", why=why))
    short = [name for name in fields if _spelled(name) in bodies.SHORT]
    return Line(number, own or key, body, typed=bodies.typed(short))


def past(lines: list[Line], now: datetime) -> list[tuple[Line, str]]:
    """Return the lines whose start is more than an hour past, or whose end is past, each with that time."""
    found = []
    for line in lines:
        for name, late_s in (("StartAt", LATE_S), ("StopAt", 0)):
            value = line.body.get(bodies.spelled(line.body, name))
            try:
                at = at_of(value) if isinstance(value, str | int) else None
                if at is not None and (now - at).total_seconds() > late_s:
                    found.append((line, str(value)))
                    break
            except (ValueError, OverflowError, OSError, TypeError):
                continue  # the API says what is wrong with it
    return found


def _spelled(name: str) -> str:
    """Return a short form as it is written here: `URL` and `Key` are `url` and `key`, `Label.room` is `label.room`."""
    outer, dot, inner = name.partition(".")
    lower = outer.lower()
    ours = lower == "label" if dot else lower in ("key", *bodies.SHORT)
    return f"{lower}{dot}{inner}" if ours else name


def _is_short(name: str) -> bool:
    return name == "key" or name in bodies.SHORT or "." in name


def _is_one_document(text: str) -> bool:
    """Return True if the file is one JSON list, or one value over several lines."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return False
    return isinstance(value, list) or "\n" in text.strip()


def _json_lines(text: str) -> Iterator[tuple[int, str, dict[str, Any] | str]]:
    for number, line in enumerate(text.split("\n"), 1):
        content = line.strip()
        if not content:
            continue
        try:
            fields = json.loads(content)
        except (ValueError, RecursionError) as error:
            yield number, content, t("it is not JSON: {error}", error=error)
            continue
        yield number, content, fields if isinstance(fields, dict) else t("it is not a JSON object")


def _csv(text: str, path: Path) -> Iterator[tuple[int, str, dict[str, Any] | str]]:
    for number, header, row in sheet.rows(text, path):
        yield number, json.dumps(row, ensure_ascii=False), _cells(header, row)


def _cells(header: list[str], row: list[str]) -> dict[str, Any] | str:
    if any(cell.strip() for cell in row[len(header) :]):
        return t("it has {count} cells, and the header has {count2} columns", count=len(row), count2=len(header))
    if lost := next((cell for name, cell in zip(header, row, strict=False) if cell.strip() and not name), None):
        return t("its cell {cell!r} is in a column without a name", cell=lost.strip()[:40])
    given = {name: cell.strip() for name, cell in zip(header, row, strict=False) if cell.strip() and name}
    try:
        return {name: _value(name, cell) for name, cell in given.items()}
    except ValueError as error:
        return t("a cell looks like JSON and is not: {error}", error=error)


def _value(name: str, cell: str) -> Any:  # noqa: ANN401 (any JSON value)
    whole = bodies.plain(name.rpartition(".")[2]) in _WHOLE_NUMBERS and not name.lower().startswith("label.")
    if whole and cell.isascii() and cell.lstrip("-").isdigit():
        return int(cell)
    if bodies.plain(name) in _SWITCHES and cell.lower() in ("true", "false"):
        return cell.lower() == "true"
    is_json = cell[0] in "[{" and not name.lower().startswith("label.")
    return json.loads(cell) if is_json else cell
