"""What is wrong with a field: a stable code of `words_of("field")`, and the values in its sentence. Pure.

Programs, the console and the command line go by the code; messages in other languages name the same values.
"""

from __future__ import annotations

from shared.domain.errors import FieldError
from shared.domain.words import words_of


class Wrong(ValueError):
    """A value does not fit; `field` is set where another one than the checked is to be changed."""

    def __init__(self, code: str, field: str = "", **values: object) -> None:
        self.code, self.field, self.values = code, field, {name: str(value) for name, value in values.items()}
        super().__init__(words_of("field")[code].format(**self.values))

    def at(self, path: str, value: str = "") -> FieldError:
        """Return it as the error of a field; `value` is shown behind it."""
        return FieldError(path, f"{self}{value}", self.code, self.values)


SHOWN = 40
"""Characters of a value in a message."""


def quoted(text: str) -> str:
    """Return a text in quotes, shortened, with its control characters escaped."""
    shown = text[:SHOWN]
    while len(repr(shown)) > 4 * SHOWN:  # a rare letter is ten
        shown = shown[:-1]
    return repr(shown) + ("…" if len(text) > len(shown) else "")
