"""Nothing but a reply: what the platform's Python takes to start."""

from __future__ import annotations

from typing import Any


def main_handler(_event: Any, _context: Any) -> dict[str, Any]:  # noqa: ANN401 (any event)
    """Answer."""
    return {"statusCode": 200}
