"""What a job object holds: one JSON document, a list of them, or JSON Lines; decided by its content."""

from __future__ import annotations

import json
from typing import Any

from shared.domain.errors import MalformedJson, TooLarge

MAX_JOB_BYTES = 6_000_000
MAX_JOB_LINES = 10_000
MAX_JOB_OBJECTS = 400_000
"""Objects and lists in it, each of which takes up to 240 bytes of the function's 256 MB while it is parsed."""
_BOM = b"\xef\xbb\xbf"
_NOT_JSON = object()


def read_job(body: bytes) -> list[tuple[int, bytes]]:
    """Return (number, JSON document) of each: 0 for one document, else its line, or its place in a list, from 1.

    Encodings, line ends, empty lines and commas between lines do not matter. A line that is no JSON is returned as it
    is, to be reported; the others count all the same.

    Raises:
        TooLarge: more than 6 MB, 10,000 lines or 400,000 objects.
        MalformedJson: it is compressed.
    """
    if len(body) > MAX_JOB_BYTES:
        raise TooLarge(f"a job object holds at most {MAX_JOB_BYTES} bytes, this one is larger")
    if body[:2] == b"\x1f\x8b":
        raise MalformedJson("the object is compressed (gzip): put it as plain JSON or JSON Lines")
    text = _utf8(body)
    if text.count(b"{") + text.count(b"[") > MAX_JOB_OBJECTS:
        raise TooLarge(f"a job object holds at most {MAX_JOB_OBJECTS} JSON objects and lists, this one more")
    rows = [(number, line) for number, line in enumerate(text.splitlines(), 1) if _bare(line)]
    whole = _json(text)
    many = len(whole) if isinstance(whole, list) else len(rows)
    if many > MAX_JOB_LINES:
        raise TooLarge(f"a job object holds at most {MAX_JOB_LINES} lines, this one {many}")
    if isinstance(whole, list) and whole:
        return [(number, json.dumps(each).encode()) for number, each in enumerate(whole, 1)]
    if len(rows) > 1 and whole is _NOT_JSON and _are_lines([line for _, line in rows]):
        return [(number, _bare(line)) for number, line in rows]
    return [(0, _bare(rows[0][1]) if len(rows) == 1 else text)]


def _are_lines(lines: list[bytes]) -> bool:
    """Tell lines of a document each from a document that is broken: the latter has one brace at a line's beginning."""
    broken = False
    for line in lines:  # one by one: all of them parsed take many times the memory of their text
        one = _json(_bare(line))
        broken = broken or one is _NOT_JSON
        if isinstance(one, dict) and one.keys() & {"RecordUrl", "record_url"}:
            return True
    if not broken:
        return True
    opened = lines[0].strip() in (b"{", b"[")
    return not opened and any(line.startswith(b"{") for line in lines[1:])


def _bare(line: bytes) -> bytes:
    bare = line.strip().removeprefix(_BOM).strip()
    return bare.removesuffix(b",").rstrip() if bare.startswith(b"{") else bare


def _utf8(body: bytes) -> bytes:
    encoding = json.detect_encoding(body)
    if encoding.startswith("utf-8"):
        return body.removeprefix(_BOM)
    try:
        return body.decode(encoding).encode()
    except UnicodeError:
        # What can't be read makes its line no JSON, and leaves the other lines.
        return body.decode(encoding, "replace").replace("\ufffd", "\x00").encode("utf-8", "replace")


def _json(text: bytes) -> Any:  # noqa: ANN401 (any JSON)
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return _NOT_JSON
