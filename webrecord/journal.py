"""What came of a batch's lines: `FILE.results.jsonl`, a line each, appended as they come."""

from __future__ import annotations

import json
from pathlib import Path
from types import TracebackType
from typing import Any

from webrecord import files
from webrecord.errors import BadUsage
from webrecord.text import to_json
from webrecord.words import t

ACCEPTED, REFUSED, UNAVAILABLE = "accepted", "refused", "unavailable"
"""Outcomes: the API took it; it never will; it could not now."""

MOST = 1_000_000_000
"""Bytes of a results file."""


class Journal:
    """The results file. What a kill leaves half written is passed over; the newest line of a key counts.

    Raises:
        BadUsage: it can't be read or written, which is found out before anything is started.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            before = _text(path)
            files.refuse_odd(path)
            self._file = path.open("a", encoding="utf-8")
        except OSError as error:
            raise BadUsage(
                t("the results can't be written to {path}: {strerror}", path=path, strerror=error.strerror)
            ) from None
        self.known = _known(before)
        if before and not before.endswith("\n"):
            self._file.write("\n")

    def __enter__(self) -> Journal:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()

    def is_done(self, key: str) -> bool:
        """Tell whether the API has taken the line with this key."""
        return self.known.get(key, {}).get("outcome") == ACCEPTED

    def add(self, result: dict[str, Any]) -> None:
        """Append what came of a line."""
        self.known[str(result["key"])] = result
        self._file.write(to_json(result) + "\n")
        self._file.flush()

    @staticmethod
    def outcomes(path: Path) -> dict[str, str]:
        """Return the outcome of each key that a results file has; none where there is no file."""
        try:
            return {key: str(result.get("outcome")) for key, result in _known(_text(path)).items()}
        except OSError as error:
            raise BadUsage(t("{path} can't be read: {strerror}", path=path, strerror=error.strerror)) from None


def _text(path: Path) -> str:
    return files.read(path, MOST).decode("utf-8", "replace") if path.exists() else ""


def _known(text: str) -> dict[str, dict[str, Any]]:
    known = {}
    for line in text.splitlines():
        try:
            result = json.loads(line)
        except (ValueError, RecursionError):
            continue
        if isinstance(result, dict) and isinstance(result.get("key"), str):
            known[result["key"]] = result
    return known
