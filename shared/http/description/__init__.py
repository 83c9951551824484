"""The API's description as the recordings function serves it; `make openapi` writes it. The others do not carry it."""

from __future__ import annotations

from pathlib import Path


def text() -> str:
    """Return it: OpenAPI 3.1 as JSON."""
    return Path(__file__).with_name("openapi.json").read_text("utf-8")
