"""COS's XML: rendering replies, reading request bodies."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime, timezone
from html import escape
from typing import TypeAlias, Union
from urllib.parse import quote
from xml.etree import ElementTree as ET

from local.cos.errors import CosError

# A str for an element's text, a sequence for its children.
Node: TypeAlias = tuple[str, Union[str, "Sequence[Node]"]]

# XML 1.0 cannot carry these, not even escaped; encoding-type=url is the way to list such keys.
_UNWRITABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")


def render(tag: str, children: Sequence[Node]) -> bytes:
    """One document, UTF-8, without a namespace, as COS sends it."""
    return ("<?xml version='1.0' encoding='utf-8' ?>\n" + _element(tag, children)).encode()


def _element(tag: str, content: str | Sequence[Node]) -> str:
    if isinstance(content, str):
        # A parser would read a bare carriage return as a line feed.
        inner = _UNWRITABLE.sub("\ufffd", escape(content, quote=False)).replace("\r", "&#13;")
    else:
        inner = "".join(_element(name, child) for name, child in content)
    return f"<{tag}>{inner}</{tag.partition(' ')[0]}>" if inner else f"<{tag}/>"


def parse(body: bytes, tag: str) -> ET.Element:
    """The root element, namespaces removed.

    Raises:
        CosError: MalformedXML if the body is not XML or its root is another element.
    """
    try:
        root = ET.fromstring(body)  # noqa: S314 - a local server; expat refuses entity bombs
    except (ET.ParseError, LookupError, ValueError) as error:  # no XML, or in letters that nobody knows
        raise CosError("MalformedXML") from error
    for element in root.iter():
        element.tag = element.tag.rpartition("}")[2]
    if root.tag != tag:
        raise CosError("MalformedXML", f"Expected a <{tag}> element.")
    return root


def timestamp(epoch_s: float) -> str:
    """ISO 8601 in UTC with milliseconds, as in LastModified."""
    return datetime.fromtimestamp(epoch_s, timezone.utc).isoformat(timespec="milliseconds")[:-6] + "Z"


def encoder(encoding_type: str | None) -> NameEncoder:
    """How names are written in a listing: as they are, or URL-encoded for encoding-type=url.

    Raises:
        CosError: InvalidArgument for any other encoding-type.
    """
    if encoding_type not in (None, "", "url"):
        raise CosError("InvalidArgument", "encoding-type can only be url.")
    return NameEncoder(bool(encoding_type))


class NameEncoder:
    """Writes names; `nodes` is what the reply says about it."""

    def __init__(self, url: bool) -> None:
        self._url = url
        self.nodes: list[Node] = [("EncodingType", "url")] if url else []

    def __call__(self, name: str) -> str:
        return quote(name, safe="/-_.~") if self._url else name
