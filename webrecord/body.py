"""The body of a start: what the options or a batch line say, in the API's spelling."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from webrecord import files
from webrecord.errors import BadUsage
from webrecord.words import t

Body = dict[str, Any]
VIDEO = "WebRecordVideoParams"
SHORT: Mapping[str, tuple[str, ...]] = {
    "url": ("RecordUrl",),
    "at": ("StartAt",),
    "until": ("StopAt",),
    "width": (VIDEO, "Width"),
    "height": (VIDEO, "Height"),
}
"""Names of our own for fields of the API, and the path to each."""


def typed(names: Iterable[str]) -> dict[str, str]:
    """Return options or columns by the path of the API's field that each is for."""
    short = {name: name.lstrip("-").lower() for name in names}
    return {".".join(SHORT.get(ours, (ours,))): name for name, ours in short.items()}


def put(body: Body, path: tuple[str, ...], value: object) -> None:
    """Set a field in place of whatever the body says, in either of the API's spellings."""
    for name in path[:-1]:
        inner = body.pop(spelled(body, name), None)
        outer, body = body, dict(inner) if isinstance(inner, Mapping) else {}
        outer[name] = body
    body.pop(spelled(body, path[-1]), None)
    body[path[-1]] = value


def spelled(body: Mapping[str, Any], name: str) -> str:
    """Return how the body spells a field: `RecordUrl`, `record_url`; the API's own spelling where it has neither."""
    return next((given for given in body if plain(given) == plain(name)), name)


def plain(name: str) -> str:
    """Return a name the same for both spellings."""
    return name.replace("_", "").lower()


def read_body(path: Path) -> Body:
    """Return the request in a file; `-` is stdin.

    Raises:
        BadUsage: it can't be read, or is not a JSON object.
    """
    if str(path).lstrip().startswith(("{", "[", "@")) and not path.exists():
        raise BadUsage(t("--json-body names a file, or - for stdin: put the JSON into one"))
    try:
        data = sys.stdin.buffer.read(files.MOST) if str(path) == "-" else files.read(path)
        value = json.loads(data.decode("utf-8-sig"))
    except OSError as error:
        raise BadUsage(t("{path} can't be read: {strerror}", path=path, strerror=error.strerror)) from None
    except UnicodeDecodeError:
        raise BadUsage(t("{path} can't be read: it is not UTF-8", path=path)) from None
    except (ValueError, RecursionError) as error:
        raise BadUsage(t("{path} is not JSON: {error}", path=path, error=error)) from None
    if not isinstance(value, dict):
        raise BadUsage(t("{path} holds no JSON object", path=path))
    return value


def add_labels(body: Body, labels: Iterable[str]) -> None:
    """Add labels, each `name=value`.

    Raises:
        BadUsage: one has no `=`.
    """
    given: dict[str, str] = {}
    for label in labels:
        name, found, value = label.partition("=")
        if not found or not name:
            raise BadUsage(t("{label!r} is not a label; write name=value", label=label))
        given[name] = value
    if given:
        before = body.get(spelled(body, "Labels"))
        put(body, ("Labels",), {**(before if isinstance(before, Mapping) else {}), **given})


def label_filter(text: str) -> str:
    """Return a label as lists ask for it, `name:value` or `name`, from `name=value` too.

    Raises:
        BadUsage: its name is none, or it holds a comma, which stands between labels there.
    """
    if not re.match(r"[A-Za-z0-9_.-]{1,64}([=:]|\Z)", text):
        raise BadUsage(
            t("{text!r} is not a label; write NAME or NAME=VALUE; a name has letters, digits, _ . and -", text=text)
        )
    if "," in text:
        raise BadUsage(
            t("a list can't filter by a label with a comma, such as {text!r}; filter by its name", text=text)
        )
    return re.sub(r"^([A-Za-z0-9_.-]+)=", r"\1:", text)
