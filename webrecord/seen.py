"""What the doctor of a deployment saw, in the reader's language.

Its findings are English sentences, of this release or of another one that is deployed. Each is known by its form:
its own words, and numbered places for the values between them. A sentence that is not known stays as it is.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache
from itertools import islice
from typing import NamedTuple

from webrecord.words import is_english, messages, t

MARK = "seen: "
"""The beginning of the forms among the messages."""
LONGEST = 4_000
"""Characters of a sentence that is translated."""
MOST_PLACES = 12
"""At which a sentence is tried to be two."""
DEEPEST = 6
"""Sentences in each other: an error's in a finding's, with advice behind it."""
_ITEM = re.compile(r"; (?=[A-Z][A-Z0-9_]{5,})")
"""Before the name of another setting."""
_PLACE = re.compile(r"\{(\d)\}")


class _Form(NamedTuple):
    pattern: re.Pattern[str]
    text: str


def told(sentence: str, depth: int = DEEPEST) -> str:
    """Return a finding in the reader's language: the whole, or each sentence that it is joined of.

    Joined are `ONE: …; ANOTHER: …`, `one; another`, `what happened: what to do`, and `one, another`.
    """
    if is_english() or depth == 0 or len(sentence) > LONGEST:
        return sentence
    items = _ITEM.split(sentence)
    if len(items) > 1:
        return t("; ").join(told(item, depth - 1) for item in items)
    for found in _places("; ", sentence):  # before the whole: a place of its form would take both
        first, rest = sentence[: found.start()], sentence[found.end() :]
        if (known := _whole(first, depth)) is not None and _whole(rest, depth) is not None:
            return t("; ").join([known, told(rest, depth - 1)])
    if (whole := _whole(sentence, depth)) is not None:
        return whole
    for found in _places("; ", sentence):
        first, rest = sentence[: found.start()], sentence[found.end() :]
        if not first or (known := _whole(first, depth)) is not None:
            return t("; ").join([known or "" if first else "", told(rest, depth - 1)])
    for found in _places(": ", sentence):
        if (known := _whole(sentence[found.end() :], depth)) is not None:
            return t("{seen}: {advice}", seen=told(sentence[: found.start()], depth - 1), advice=known)
    several = [(one, _whole(one, depth)) for one in sentence.split(", ")]
    return t(", ").join(known or one for one, known in several) if any(known for _, known in several) else sentence


def _places(between: str, sentence: str) -> Iterable[re.Match[str]]:
    """Return where a sentence may be joined; a finding is joined of few."""
    return islice(re.finditer(between, sentence), MOST_PLACES)


def _whole(sentence: str, depth: int) -> str | None:
    for form in _forms():
        if found := form.pattern.fullmatch(sentence):
            values = {number: told(value, depth - 1) for number, value in enumerate(found.groups(), 1)}
            pieces = _PLACE.split(form.text)
            text = "".join(values[int(one)] if at % 2 else one for at, one in enumerate(pieces))
            return text.replace("` or `", t("` or `"))
    return None


@cache
def _forms() -> list[_Form]:
    """Return all forms, those with the most words of their own first."""
    known = {key.removeprefix(MARK): text for key, text in messages().items() if key.startswith(MARK)}
    own = {key: _PLACE.split(key)[::2] for key in known}
    return [
        _Form(re.compile("(.*?)".join(map(re.escape, own[key])), re.IGNORECASE | re.DOTALL), known[key])
        for key in sorted(known, key=lambda key: -sum(map(len, own[key])))
    ]
