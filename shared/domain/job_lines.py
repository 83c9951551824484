"""What a job object holds: one JSON document, a list of them, or JSON Lines; decided by its content."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from itertools import islice
from typing import Any

from shared.domain.errors import MalformedJson, TooLarge

MAX_JOB_BYTES = 6_000_000
MAX_JOB_LINES = 10_000
MAX_JOB_OBJECTS = 400_000
"""Objects and lists in it, each of which takes time."""
LARGEST_LINE = 128_000
"""Bytes of a document: one of megabytes takes many times its bytes when it is parsed, and may have as many mistakes."""
_BOM = b"\xef\xbb\xbf"
_NOT_JSON = object()


def read_job(body: bytes) -> list[tuple[int, bytes]]:
    """Return (number, JSON document) of each: 0 for one document, else its line, or its place in a list, from 1.

    Encodings, line ends, empty lines and commas between lines do not matter. A line that is no JSON is returned as it
    is, to be reported. Raise TooLarge beyond 6 MB, 10,000 lines or 400,000 objects, MalformedJson if it is compressed.
    """
    if len(body) > MAX_JOB_BYTES:
        raise TooLarge(f"a job object holds at most {MAX_JOB_BYTES} bytes, this one is larger")
    if body[:2] == b"\x1f\x8b":
        raise MalformedJson("the object is compressed (gzip): put it as plain JSON or JSON Lines")
    text = _utf8(body)
    if text.count(b"{") + text.count(b"[") > MAX_JOB_OBJECTS:
        raise TooLarge(f"a job object holds at most {MAX_JOB_OBJECTS} JSON objects and lists, this one more")
    parts = _parts(text)
    if parts:
        return list(enumerate(parts, 1))
    rows = list(islice(_rows(text), MAX_JOB_LINES + 1)) if parts is None else []
    if len(rows) > MAX_JOB_LINES:
        raise _too_many()
    if len(rows) > 1 and _are_lines([line for _, line in rows]):
        return [(number, _bare(line)) for number, line in rows]
    return [(0, _bare(rows[0][1]) if len(rows) == 1 else text)]


def _too_many() -> TooLarge:
    return TooLarge(f"a job object holds at most {MAX_JOB_LINES} lines, this one more")


def _rows(text: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield the lines that are not empty, and their numbers; one by one, since there may be millions."""
    number, end = 1, 0
    for found in re.finditer(rb"\S[^\r\n]*", text):
        at = found.start()
        begin = max(end, text.rfind(b"\n", end, at) + 1, text.rfind(b"\r", end, at) + 1)
        number += text.count(b"\n", end, at) + text.count(b"\r", end, at) - text.count(b"\r\n", end, at)
        end = found.end()
        line = text[begin:end]
        if _bare(line):
            yield number, line


def _parts(text: bytes) -> list[bytes] | None:
    """Return the elements of a text that is a list; none of one that is an object; None of any other text.

    Brackets and commas tell where each part lies, and each is parsed by itself: all of them at once take many times
    the memory of their text. Raise TooLarge beyond 10,000 elements.
    """
    whole = text.strip()
    if whole[:1] + whole[-1:] not in (b"[]", b"{}"):
        return None
    spans, begin, end, depth, values, many = list[tuple[int, int]](), 1, 0, 0, 0, False
    plain = whole.replace(rb"\\", b"__").replace(rb"\"", b"__")
    any_mark, bracket = re.compile(rb'"[^"\r\n]*"|[\[\]{},]'), re.compile(rb'"[^"\r\n]*"|[\[\]{}]')
    while token := (bracket if many or depth > 1 else any_mark).search(plain, end):
        mark, at, end = token[0], token.start(), token.end()
        if mark in b"[{":
            depth += 1
        elif mark in b"]}":
            depth -= 1
            values += depth == 1
        if depth == 0 or (depth == 1 and mark == b","):
            if values > 1 or (depth == 0 and end < len(plain)):
                return None  # lines
            many = many or len(spans) == MAX_JOB_LINES
            spans += [] if many else [(begin, at)]
            begin, values = end, 0
            if depth == 0:
                break
    else:
        return None
    del plain
    parts = [whole[begin:end].strip() for begin, end in spans]
    if parts == [b""]:
        return []
    for part in parts:
        if not part or (len(part) <= LARGEST_LINE and _json(whole[:1] + part + whole[-1:]) is _NOT_JSON):
            return None
    if whole[:1] == b"{":
        return []
    if many:
        raise _too_many()
    return parts


def _are_lines(lines: list[bytes]) -> bool:
    """Tell lines of a document each from a document that is broken: the latter has one brace at a line's beginning."""
    broken = False
    for line in lines:  # one by one: all of them parsed take many times the memory of their text
        one = _json(_bare(line)) if len(line) <= LARGEST_LINE else None
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
