"""What COS must have said for a call to count: another document, or one of somebody in between, is no answer."""

from __future__ import annotations

from typing import Any

from shared.domain.errors import StoreError
from shared.ports import ListedObject

Page = tuple[list[ListedObject], str]
"""Objects, and what the next page begins behind; empty on the last one."""


def stored(what: str, answer: Any) -> None:  # noqa: ANN401 (the SDK has no types)
    """Check the headers of a PUT. StoreError: nothing says that COS has the object."""
    if not answer.get("ETag"):
        raise StoreError(f"COS {what}: the answer has no ETag")


def page(what: str, answer: Any, marker: str, prefix: str) -> Page:  # noqa: ANN401
    """Return a page of objects, keys below the prefix, and where the next begins. StoreError: no or endless listing."""
    more = answer.get("IsTruncated") if isinstance(answer, dict) else None
    if more not in ("true", "false"):
        raise StoreError(f"COS {what}: the answer is no listing")
    rows = answer.get("Contents", [])
    found, last = list[ListedObject](), marker
    try:
        for row in rows:
            last = row["Key"]
            found.append(ListedObject(last.removeprefix(prefix), int(row["Size"])))
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise StoreError(f"COS {what}: a row of the listing can't be read") from error
    if more == "true" and last <= marker:
        raise StoreError(f"COS {what}: the listing has no end")
    return found, last if more == "true" else ""


def deleted(what: str, answer: Any) -> list[tuple[str, str]]:  # noqa: ANN401 (the SDK has no types)
    """Return key and code of what was not deleted of many. StoreError: the answer is about something else."""
    answer = answer or {}
    if not isinstance(answer, dict) or not set(answer) <= {"Deleted", "DeleteResult", "Error"}:
        raise StoreError(f"COS {what}: the answer is no DeleteResult")
    rows = answer.get("Error", [])
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise StoreError(f"COS {what}: the answer can't be read")
    return [(str(row.get("Key")), str(row.get("Code"))) for row in rows]
