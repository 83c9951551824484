"""What the check says, in English or in the words of a table: a reader of another language hands one over."""

from __future__ import annotations

from collections.abc import Mapping

__all__ = ["speak", "t"]

_now: Mapping[str, str] = {}


def speak(messages: Mapping[str, str]) -> None:
    """Say everything from now on as a table has it: English sentences, and what they are in another language."""
    global _now  # noqa: PLW0603 (one process speaks to one reader)
    _now = messages


def t(sentence: str, **values: object) -> str:
    """Return a sentence in the reader's language, with the values in it."""
    return _now.get(sentence, sentence).format(**values)
