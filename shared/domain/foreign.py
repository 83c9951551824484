"""Names in the bucket that are none of ours: skipped wherever they are listed, counted, and named in the log. Pure.

"Create folder" in a console makes an empty object `open/`; a mounted bucket brings `.DS_Store`; people make mistakes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

MOST_COUNTED = 10_000
MOST_NAMED = 10
LONGEST = 200


class Foreign:
    """What was skipped while something was listed, each name once."""

    def __init__(self) -> None:
        self._seen: dict[str, None] = {}

    @property
    def count(self) -> int:
        """How many, up to 10,000."""
        return len(self._seen)

    @property
    def named(self) -> list[str]:
        """The first of them, the ends of long ones cut off."""
        return [key[:LONGEST] for key, _ in zip(self._seen, range(MOST_NAMED), strict=False)]

    def noted(self) -> dict[str, object]:
        """Return what the invocation's line says of it; None where there is nothing to say."""
        return {"foreign": self.count or None, "foreign_names": self.named or None}

    def skipped(self, listed: Iterable[str], is_ours: Callable[[str], object]) -> Iterator[str]:
        """Yield the keys that are ours."""
        for key in listed:
            if is_ours(key):
                yield key
            elif len(self._seen) < MOST_COUNTED:
                self._seen[key] = None
