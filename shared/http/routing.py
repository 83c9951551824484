"""Which route a call means: its path is matched whole, behind at most a stage or base path of plain segments.

Gateways differ: a Function URL gives the path as it was asked for, API Gateway puts the stage or the base path of
a domain in front and says in `requestContext` which path it matched. A base path may be named like a route.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from typing import NamedTuple
from urllib.parse import unquote

from shared.triggers import HttpRequest

MOST_PATH = 2_000
"""Characters; no base path and id come near."""
MOST_BASE = 8
"""Segments of a base path."""
_PLAIN = re.compile(r"(?!\.{1,2}\Z)[A-Za-z0-9._~-]{1,128}")
_ID = re.compile(r"[A-Za-z0-9_-]{1,26}")
_PARAMETER = re.compile(r"\{[^{}]*\}")


class Place(NamedTuple):
    """Where a call leads.

    Attributes:
        base: the stage or base path, "" or `/release`; an address that we give out begins with it.
        route: as the table of routes names it: `/recordings/{id}/stop`, `/console`.
        id: the recording's, if the path has one.
    """

    base: str
    route: str
    id: str | None = None


def find(request: HttpRequest, method: str, routes: Mapping[str, Collection[str]]) -> Place | None:
    """Return the place that the path means, or None.

    Where a base path is named like a route a path can be read in several ways. First comes what has the method; then
    what the gateway says of stage and path; then the shortest base path.
    """
    segments = _segments(request.path)
    if not segments:
        return None
    found: dict[int, Place] = {}
    for length in range(min(len(segments), MOST_BASE + 1)):
        base = "".join(f"/{name}" for name in segments[:length])
        if place := _place(base, segments[length:], routes):
            found[length] = place
    lengths = [length for length in found if method in routes[found[length].route]] or list(found)
    if not lengths:
        return None
    staged = [length for length in lengths if length and segments[0] == request.stage]
    if staged:
        return found[min(staged)]
    matched = [length for length in lengths if _matches(request.matched, segments[length:])]
    return found[max(matched) if matched else min(lengths)]


def _segments(path: str) -> list[str] | None:
    """Return the plain segments of a path; None where it has any other: `//host`, `\\`, `..`, `%2F`."""
    if len(path) > MOST_PATH or not path.startswith("/"):
        return None
    segments = [unquote(name) for name in path[1:].removesuffix("/").split("/")]
    return segments if all(map(_PLAIN.fullmatch, segments)) else None


def _place(base: str, segments: list[str], routes: Iterable[str]) -> Place | None:
    named = segments[1] if len(segments) > 1 and _ID.fullmatch(segments[1]) else None
    plain, of_one = "/" + "/".join(segments), "/" + "/".join([segments[0], "{id}", *segments[2:]])
    for route in routes:
        if route == plain:
            return Place(base, route)
        if named and route == of_one:
            return Place(base, route, named)
    return None


def _matches(configured: str, segments: list[str]) -> bool:
    """Tell whether the path that the gateway has configured is the beginning of this; it may hold `{parameters}`."""
    names = [name for name in configured.removeprefix("=").split("/") if name]
    if not names or len(names) > len(segments):
        return False
    return all(_PARAMETER.fullmatch(one) or one == name for one, name in zip(names, segments, strict=False))
