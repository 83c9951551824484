"""The API's sentences in English, by kind and code: `words.json`, beside the console's `messages.zh.json`."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from types import MappingProxyType


def words_of(kind: str) -> Mapping[str, str]:
    """Return the sentences of a kind; a code never changes its meaning.

    Args:
        kind: `advice`: what to do, by the code of a reason; a code without advice needs nothing from anybody.
            `event`: what happened, by our kinds of facts and TRTC's `<EventType>.<Status>` or `<EventType>`.
            `field`: what is wrong with a field, behind its name.
    """
    return _words()[kind]


@cache
def _words() -> Mapping[str, Mapping[str, str]]:
    read = json.loads(Path(__file__).with_name("words.json").read_text("utf-8"))
    return {kind: MappingProxyType(words) for kind, words in read.items()}
