"""A bucket's CORS rules, applied: whether a page's script may send a request, and read the answer.

Source: COS's documents "PUT Bucket cors" and "OPTIONS Object". The first rule that fits decides.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple
from xml.etree import ElementTree as ET

from local import regular
from local.cos import xmlbody
from local.cos.errors import CosError

__all__ = ["Rule", "first", "kept_rules", "read_rules", "written"]

_METHODS = frozenset({"GET", "PUT", "POST", "DELETE", "HEAD"})
_MOST = 100


class Rule(NamedTuple):
    """One CORSRule."""

    rule_id: str
    origins: tuple[str, ...]
    methods: tuple[str, ...]
    headers: tuple[str, ...]
    exposed: tuple[str, ...]
    max_age: str

    def fits(self, origin: str, method: str, headers: Iterable[str]) -> bool:
        """Tell whether a request is one that the rule lets through."""
        return (
            method in self.methods
            and any(_fits(origin, each) for each in self.origins)
            and all(any(_fits(name.lower(), each.lower()) for each in self.headers) for name in headers)
        )

    def answer(self, origin: str) -> dict[str, str]:
        """Return what an answer says to a browser."""
        said = {
            "Access-Control-Allow-Origin": "*" if "*" in self.origins else origin,
            "Access-Control-Allow-Methods": ",".join(self.methods),
            "Access-Control-Expose-Headers": ",".join(self.exposed),
            "Access-Control-Max-Age": self.max_age,
        }
        return {name: value for name, value in said.items() if value}


def read_rules(body: bytes) -> list[Rule]:
    """Read a configuration.

    Raises:
        CosError: MalformedXML.
    """
    rules = [_rule(each) for each in xmlbody.parse(body, "CORSConfiguration").findall("CORSRule")]
    if not 1 <= len(rules) <= _MOST or not all(rule.origins and rule.methods for rule in rules):
        raise CosError("MalformedXML", "A CORSRule has AllowedOrigin and AllowedMethod; there are 1 to 100.")
    if not all(set(rule.methods) <= _METHODS for rule in rules):
        raise CosError("MalformedXML", f"AllowedMethod is one of {', '.join(sorted(_METHODS))}.")
    if any(origin.count("*") > 1 for rule in rules for origin in rule.origins):
        raise CosError("MalformedXML", "An AllowedOrigin has one * at most.")
    return rules


def kept_rules(path: Path) -> list[Rule]:
    """Return the rules in a bucket's file; none where there is no file, or it holds none."""
    try:
        return read_rules(regular.read(path))
    except (OSError, CosError):
        return []


def written(rules: Iterable[Rule]) -> bytes:
    """Return a configuration of these rules."""
    return xmlbody.render("CORSConfiguration", [("CORSRule", _nodes(rule)) for rule in rules])


def first(rules: Sequence[Rule], origin: str, method: str, headers: Iterable[str] = ()) -> Rule | None:
    """Return the rule that lets a request through."""
    asked = list(headers)
    return next((rule for rule in rules if rule.fits(origin, method, asked)), None)


def _rule(element: ET.Element) -> Rule:
    def all_of(name: str) -> tuple[str, ...]:
        return tuple(text for each in element.findall(name) if (text := (each.text or "").strip()))

    return Rule(
        element.findtext("ID", ""),
        all_of("AllowedOrigin"),
        all_of("AllowedMethod"),
        all_of("AllowedHeader"),
        all_of("ExposeHeader"),
        element.findtext("MaxAgeSeconds", "").strip(),
    )


def _nodes(rule: Rule) -> list[xmlbody.Node]:
    return [
        ("ID", rule.rule_id),
        *(("AllowedOrigin", each) for each in rule.origins),
        *(("AllowedMethod", each) for each in rule.methods),
        *(("AllowedHeader", each) for each in rule.headers),
        *(("ExposeHeader", each) for each in rule.exposed),
        ("MaxAgeSeconds", rule.max_age),
    ]


def _fits(text: str, pattern: str) -> bool:
    start, star, end = pattern.partition("*")
    if not star:
        return text == pattern
    return len(text) >= len(start) + len(end) and text.startswith(start) and text.endswith(end)
