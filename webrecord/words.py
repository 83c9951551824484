"""Choose the language of messages: Chinese in a Chinese locale, else English; JSON is always English.

English sentences stand in the code. `messages.zh.json` has each in Chinese; what has a code, a state, a reason, a
finding, stands in the console's file, which both share.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

VARIABLES = ("WEBRECORD_LANG", "LC_ALL", "LC_MESSAGES", "LANG")
"""The first that is set decides."""
MESSAGES = Path(__file__).with_name("messages.zh.json")
"""Also what the page check, a process of its own, says in Chinese."""
_FILES = (Path(__file__).parent.parent / "shared" / "http" / "console" / "messages.zh.json", MESSAGES)
_now: Mapping[str, str] = {}
_AFTER_BRACKET = re.compile("(?<=\uff09) (?=[\u4e00-\u9fff])")
"""A blank that Chinese does not have: a value that ends in a full-width bracket, before a word."""


def language(environ: Mapping[str, str], encoding: str = "utf-8") -> str:
    """Return `zh` or `en`: what the environment says, as far as the terminal's encoding can show it."""
    wanted = next((value for name in VARIABLES if (value := environ.get(name))), "")
    try:
        "\u4e2d\u6587".encode(encoding)
    except (UnicodeError, LookupError):
        return "en"
    return "zh" if re.match(r"zh([^a-z]|$)", wanted.lower()) else "en"


def speak(wanted: str) -> None:
    """Set the language of all later messages."""
    global _now  # noqa: PLW0603 (one process speaks to one reader)
    _now = _chinese() if wanted == "zh" else {}


def t(sentence: str, **values: Any) -> str:  # noqa: ANN401 (what a format takes)
    """Return a sentence in the reader's language, with the values in it; one that is called `state` is a state."""
    if "state" in values:
        values["state"] = said(f"state.{values['state']}", str(values["state"]))
    text = _now.get(sentence, sentence).format(**values)
    return text if is_english() else _AFTER_BRACKET.sub("", text)


def said(key: str, text: object = None) -> str:
    """Return the message of a code, such as `state.failed`; `text` if the language has none."""
    return _now.get(key) or ("" if text is None else str(text))


def messages() -> Mapping[str, str]:
    """Return every message of the reader's language by its key; {} for English."""
    return _now


def is_english() -> bool:
    """Return True if messages are in English."""
    return not _now


def filled(key: str, values: object, text: object) -> str:
    """Return the message of a code with the API's values; `text` if one of them is missing."""
    known, message = values if isinstance(values, Mapping) else {}, _now.get(key, "")
    if not message or not set(re.findall(r"\{(\w+)\}", message)) <= set(known):
        return str(text)
    return re.sub(r"\{(\w+)\}", lambda found: str(known[found[1]]), message)


@cache
def _chinese() -> Mapping[str, str]:
    tables = [json.loads(path.read_text("utf-8")) for path in _FILES if path.exists()]
    return {key: text for table in tables for key, text in table.items()}
