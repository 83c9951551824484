"""A batch: the lines of a CSV or JSON Lines file, each a request with a key that stays the same."""

from __future__ import annotations

import base64
import csv
import hashlib
import io
import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from webrecord import body as bodies
from webrecord.errors import BadUsage
from webrecord.instants import instant

_WHOLE_NUMBERS = {
    "width", "height", "maxdurationlimit", "maxmediafileduration", "sdkappid", "readytimeout", "mobiledevicetype",
    "screenorientation", "expiretime", "classid", "subappid", "mediatype", "vendor", "startat", "stopat", "startby",
}  # fmt: skip
"""Fields that are numbers: a cell of CSV is only text."""


@dataclass(frozen=True)
class Line:
    """One line of the file.

    Attributes:
        number: of the line it begins at, from 1.
        key: its Idempotency-Key.
        body: the request.
        problem: why it can't be sent; None where it can.
    """

    number: int
    key: str
    body: bodies.Body = field(default_factory=dict)
    problem: str | None = None


def read(path: Path, run: str = "") -> list[Line]:
    """Return the lines of a batch file; those that make no request say why.

    Args:
        path: the file; `.csv` has a header line, anything else is JSON Lines.
        run: makes other keys, to have the same lines recorded again.

    Raises:
        BadUsage: the file can't be read, has no header, or two lines have the same key of their own.
    """
    try:
        text = path.read_bytes().decode("utf-8-sig")  # line ends as they are: a cell may hold some
    except (OSError, UnicodeDecodeError) as error:
        raise BadUsage(f"{path} can't be read: {error}") from None
    rows = _csv(text, path) if path.suffix.lower() == ".csv" else _json_lines(text)
    lines, seen = [], Counter[str]()
    for number, content, fields in rows:
        seen[content] += 1
        # The occurrence, not the line's number: a line put in above does not rename those below it.
        key = line_key(path.name, run, content, seen[content])
        lines.append(_line(number, key, fields))
    twice = [key for key, times in Counter(line.key for line in lines).items() if times > 1]
    if twice:
        raise BadUsage(f"{path}: several lines have the key {twice[0]!r}; one recording has one key")
    return lines


def line_key(name: str, run: str, content: str, occurrence: int) -> str:
    """Return the key of a line: 26 characters, the same for the same file name, run, content and occurrence."""
    digest = hashlib.sha256(json.dumps([name, run, content, occurrence]).encode()).digest()
    return base64.b32encode(digest).decode()[:26].lower()


def request(fields: dict[str, Any]) -> tuple[str | None, bodies.Body]:
    """Return a line's own key and its request: `url`, `key`, `at`, `until`, `width`, `height`, `label.NAME` and
    `Outer.Inner` are short forms, everything else is the API's.

    Raises:
        BadUsage: a field is wrong as far as can be told here; the API checks the rest.
    """
    body = {name: value for name, value in fields.items() if not _is_short(name)}
    key = fields.get("key")
    for name, value in fields.items():
        if name in ("at", "until"):
            bodies.put(body, bodies.SHORT[name], instant(str(value), None))
        elif name in bodies.SHORT:
            bodies.put(body, bodies.SHORT[name], value)
        elif name.startswith("label."):
            bodies.add_labels(body, [f"{name.removeprefix('label.')}={value}"])
        elif "." in name:
            bodies.put(body, tuple(name.split(".")), value)
    if bodies.spelled(body, "RecordUrl") not in body:
        raise BadUsage("it has no url")
    if key is not None and (not str(key) or len(str(key)) > 255 or not all("!" <= char <= "~" for char in str(key))):
        raise BadUsage("its key is not 1 to 255 ASCII characters without spaces")
    return (None if key is None else str(key)), body


def _line(number: int, key: str, fields: dict[str, Any] | str) -> Line:
    if isinstance(fields, str):
        return Line(number, key, problem=fields)
    try:
        own, body = request(fields)
    except BadUsage as error:
        return Line(number, key, problem=str(error))
    named = (body.get(bodies.spelled(body, name)) for name in ("RecordingId", "RecordId"))
    own = own or next((name for name in named if isinstance(name, str) and name), None)
    return Line(number, own or key, body)


def _is_short(name: str) -> bool:
    return name == "key" or name in bodies.SHORT or "." in name


def _json_lines(text: str) -> Iterator[tuple[int, str, dict[str, Any] | str]]:
    for number, line in enumerate(text.split("\n"), 1):
        content = line.strip()
        if not content:
            continue
        try:
            fields = json.loads(content)
        except (ValueError, RecursionError) as error:
            yield number, content, f"it is not JSON: {error}"
            continue
        yield number, content, fields if isinstance(fields, dict) else "it is no JSON object"


def _csv(text: str, path: Path) -> Iterator[tuple[int, str, dict[str, Any] | str]]:
    rows = csv.reader(io.StringIO(text, newline=""), strict=True)
    began = 1
    try:
        header = [name.strip() for name in next(rows, [])]
        if not any(bodies.plain(name) in ("url", "recordurl") for name in header) or len({*header}) < len(header):
            raise BadUsage(f"{path}: the first line names the columns, each once; one is url")
        began = rows.line_num + 1
        for row in rows:
            number, began = began, rows.line_num + 1
            if any(cell.strip() for cell in row):
                content = json.dumps(row, ensure_ascii=False)
                yield number, content, _cells(header, row)
    except csv.Error as error:
        raise BadUsage(f"{path}: line {began}: {error}") from None


def _cells(header: list[str], row: list[str]) -> dict[str, Any] | str:
    if len(row) > len(header):
        return f"it has {len(row)} cells, and there are {len(header)} columns"
    given = {name: cell.strip() for name, cell in zip(header, row, strict=False) if cell.strip()}
    try:
        return {name: _value(name, cell) for name, cell in given.items()}
    except ValueError as error:
        return f"a cell looks like JSON and is not: {error}"


def _value(name: str, cell: str) -> Any:  # noqa: ANN401 (any JSON value)
    whole = bodies.plain(name.rpartition(".")[2]) in _WHOLE_NUMBERS and not name.startswith("label.")
    if whole and cell.isascii() and cell.lstrip("-").isdigit():
        return int(cell)
    is_json = cell[0] in "[{" and not name.startswith("label.")
    return json.loads(cell) if is_json else cell
