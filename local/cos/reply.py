"""Responses as COS sends them: header names keep their case.

HTTP does not care, but clients do: the official Python SDK hands the headers out as a plain dict, and its
own download code asks it for 'Content-Length'.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from starlette.responses import Response

from local.cos import xmlbody


class Reply(Response):
    """A response whose body, if any, is given as bytes."""

    def __init__(self, body: bytes = b"", *, status: int = 200, headers: Mapping[str, str] | None = None) -> None:
        self._named = dict(headers or {})
        super().__init__(body, status)

    def init_headers(self, headers: Mapping[str, str] | None = None) -> None:  # noqa: ARG002 - Starlette's hook
        if "Content-Length" not in self._named and self.status_code not in (204, 304):
            self._named["Content-Length"] = str(len(self.body))
        self.raw_headers = []
        self.add(self._named)

    def forget(self) -> None:
        """Release what an answer holds that is never sent."""

    def add(self, headers: Mapping[str, str]) -> None:
        """Append headers that are not there yet."""
        self.raw_headers += [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()]


def xml(
    tag: str, children: Sequence[xmlbody.Node], headers: Mapping[str, str] | None = None, status: int = 200
) -> Reply:
    """An XML document as a reply."""
    return Reply(
        xmlbody.render(tag, children), status=status, headers={"Content-Type": "application/xml", **(headers or {})}
    )
