"""Conditional requests and ranges (documents "GET Object" and "PUT Object - Copy", RFC 9110)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from email.utils import parsedate_to_datetime

from local.cos.errors import CosError
from local.cos.model import Entry


def not_modified(headers: Mapping[str, str], entry: Entry) -> bool:
    """Whether the answer is 304.

    Raises:
        CosError: PreconditionFailed.
    """
    match, unmatch = headers.get("if-match"), headers.get("if-none-match")
    if match is not None:
        if not _has(match, entry):
            raise CosError("PreconditionFailed")
    elif (since := _date(headers.get("if-unmodified-since"))) is not None and int(entry.modified) > since:
        raise CosError("PreconditionFailed")
    if unmatch is not None:
        return _has(unmatch, entry)
    since = _date(headers.get("if-modified-since"))
    return since is not None and int(entry.modified) <= since


def check_copy(headers: Mapping[str, str], source: Entry) -> None:
    """Check the x-cos-copy-source-If-* headers.

    Raises:
        CosError: PreconditionFailed, also where a read would say 304.
    """
    prefix = "x-cos-copy-source-"
    asked = {name.lower().removeprefix(prefix): value for name, value in headers.items() if prefix in name.lower()}
    if not_modified(asked, source):
        raise CosError("PreconditionFailed")


def byte_range(headers: Mapping[str, str], entry: Entry) -> tuple[int, int, int]:
    """First byte, last byte and status (200 or 206). A range that is not one simple range is ignored.

    Raises:
        CosError: InvalidRange.
    """
    whole = (0, entry.size - 1, 200)
    asked = headers.get("range", "").lower()  # a unit's name has no case
    match = re.fullmatch(r"\s*bytes\s*=\s*(\d{0,99})\s*-\s*(\d{0,99})\s*", asked)
    if not match or not (match[1] or match[2]):
        return whole
    condition = headers.get("if-range")
    if condition is not None and condition != entry.etag and _date(condition) != int(entry.modified):
        return whole
    if match[1]:
        first = int(match[1])
        last = min(int(match[2]), entry.size - 1) if match[2] else entry.size - 1
        if match[2] and int(match[2]) < first:
            return whole
    else:
        first, last = max(entry.size - int(match[2]), 0), entry.size - 1
    if first > last:
        raise CosError("InvalidRange", headers={"Content-Range": f"bytes */{entry.size}"})
    return first, last, 206


def _has(header: str, entry: Entry) -> bool:
    tags = {tag.strip().removeprefix("W/").strip('"') for tag in header.split(",")}
    return "*" in tags or entry.etag.strip('"') in tags


def _date(header: str | None) -> int | None:
    try:
        return int(parsedate_to_datetime(header).timestamp()) if header else None
    except (TypeError, ValueError):
        return None  # RFC 9110: a condition with an invalid date is ignored
