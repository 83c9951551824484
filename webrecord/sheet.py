"""A batch file as programs and spreadsheets save it: its text, whatever its encoding, its columns and rows."""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from webrecord.body import SHORT, plain
from webrecord.errors import BadUsage
from webrecord.words import t

HOW = "in Excel, save it as 'CSV UTF-8'"
_MARKS = ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))
_WORKBOOKS = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")
_ZERO = 0.2
"""Of the bytes of UTF-16 without a mark at least so many are zero."""


def decoded(data: bytes, path: Path) -> tuple[str, str]:
    """Return the text of a file, and what to tell about its encoding; "" where there is nothing.

    Raises:
        BadUsage: it is no text, or of another encoding than can be told.
    """
    if data.startswith(_WORKBOOKS):
        raise BadUsage(t("{path} is a workbook, not a CSV: {how}", path=path, how=t(HOW)))
    encoding = next((name for mark, name in _MARKS if data.startswith(mark)), "utf-8")
    zeros = data[:4000].count(0)
    if encoding == "utf-8" and zeros and zeros > len(data[:4000]) * _ZERO:
        encoding = "utf-16-le" if data[1:2] == b"\0" else "utf-16-be"
    try:
        return data.decode(encoding), ""
    except UnicodeDecodeError:
        if encoding.startswith("utf-16"):
            raise BadUsage(t("{path} is not complete UTF-16: {how}", path=path, how=t(HOW))) from None
    try:
        text = data.decode("gb18030")
    except UnicodeDecodeError:
        raise BadUsage(t("{path} is neither UTF-8 nor GB 18030 (GBK): {how}", path=path, how=t(HOW))) from None
    return text, t(
        "{name} is not UTF-8, so it is read as GB 18030 (GBK); if letters are wrong, {how}", name=path.name, how=t(HOW)
    )


def is_sheet(path: Path, text: str) -> bool:
    """Tell whether a file has columns: `.csv`, `.tsv`, or any name but JSON's where it does not begin as JSON does."""
    suffix = path.suffix.lower()
    is_json = suffix in (".json", ".jsonl", ".ndjson") or text.lstrip("\ufeff \r\n\t").startswith(("{", "["))
    return suffix in (".csv", ".tsv") or not is_json


def rows(text: str, path: Path) -> Iterator[tuple[int, list[str], list[str]]]:
    """Yield the first line's number, the columns and the cells of each row that is not empty.

    Raises:
        BadUsage: there are no columns with a url, one comes twice, or a quote is never closed.
    """
    first = re.match(r"sep=(.)\r?\n", text)  # Excel's own way to name the separator
    skipped = first.end() if first else 0
    text, before = text[skipped:], int(skipped > 0)
    separator = first[1] if first else _separator(text)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    began = before + 1
    try:
        header: list[str] = []
        for row in reader:
            number, began = began, before + reader.line_num + 1
            if not any(cell.strip() for cell in row):
                continue
            if header:
                yield number, header, row
            else:
                header = _columns(row, path)
    except csv.Error as error:
        why = t("a quote opens there and never closes") if "end of data" in str(error) else str(error)
        raise BadUsage(t("{path}: line {began}: {why}", path=path, began=began, why=why)) from None
    if not header:
        raise BadUsage(t("{path} is empty; its first line names the columns, one of them url", path=path))


def _separator(text: str) -> str:
    """Return what stands between the cells of the first line: `,`, `;` or a tab."""
    line = text.lstrip("\r\n").partition("\n")[0]
    outside = re.sub(r'"[^"]*"', "", line)
    return max(",;\t", key=lambda one: (outside.count(one), one == ","))


def _columns(row: list[str], path: Path) -> list[str]:
    header = [name.strip() for name in row]
    while header and not header[-1]:
        header.pop()
    found = ", ".join(name[:30] or "(empty)" for name in header[:12])
    fields = Counter(_field(name) for name in header)
    if twice := next((name for name in header if name and fields[_field(name)] > 1), None):
        raise BadUsage(
            t("{path}: the column {twice} comes twice; found: {found}", path=path, twice=twice[:30], found=found)
        )
    if not any(plain(name) in ("url", "recordurl") for name in header):
        raise BadUsage(
            t("{path}: the first line names the columns, and none is url; found: {found}", path=path, found=found)
        )
    return header


def _field(column: str) -> str:
    """Return the field that a column is for, the same for all its names: `at`, `StartAt`, `start_at`."""
    return plain(".".join(SHORT.get(column.lower(), (column,))))
