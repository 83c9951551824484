"""What the doctor of a deployment saw, in the reader's language.

Its findings are English sentences, of this release or of another one that is deployed. Each is known by its form:
its own words, and numbered places for the values between them. A sentence that is not known stays as it is.
"""

from __future__ import annotations

import re
from functools import cache
from typing import NamedTuple

from webrecord.words import is_english, messages, t

MARK = "seen: "
"""The beginning of the forms among the messages."""
LONGEST = 1_000
"""Characters of a sentence that is translated."""
DEEPEST = 6
"""Sentences in each other: an error's in a finding's, with advice behind it."""
_PLACE = re.compile(r"\{(\d)\}")


class _Form(NamedTuple):
    pattern: re.Pattern[str]
    text: str


def told(sentence: str, depth: int = DEEPEST) -> str:
    """Return a finding in the reader's language: the whole, or each sentence that it is joined of.

    Joined are `one; another`, `what happened: what to do`, and `one, another`.
    """
    if is_english() or depth == 0 or len(sentence) > LONGEST:
        return sentence
    if (whole := _whole(sentence, depth)) is not None:
        return whole
    for found in re.finditer("; ", sentence):
        first, rest = sentence[: found.start()], sentence[found.end() :]
        if not first or (known := _whole(first, depth)) is not None:
            return t("; ").join([known or "" if first else "", told(rest, depth - 1)])
    for found in re.finditer(": ", sentence):
        if (known := _whole(sentence[found.end() :], depth)) is not None:
            return t("{seen}: {advice}", seen=told(sentence[: found.start()], depth - 1), advice=known)
    several = [(one, _whole(one, depth)) for one in sentence.split(", ")]
    return t(", ").join(known or one for one, known in several) if any(known for _, known in several) else sentence


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
