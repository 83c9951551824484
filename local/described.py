"""What serverless.yml says of our functions: the local cloud runs them within the same limits, by the same triggers."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

__all__ = ["Created", "Limits", "created", "described"]

FILE = Path(__file__).parent.parent / "serverless.yml"


@dataclass(frozen=True)
class Limits:
    """One function's."""

    timeout_s: float
    memory_mb: int


@dataclass(frozen=True)
class Created:
    """A trigger of created objects: whose, and which keys."""

    function: str
    prefix: str
    suffix: str


def described() -> dict[str, Limits]:
    """Return each function's limits, by its short name."""
    functions = _inputs()["functions"]
    return {name: Limits(float(each["timeout"]), int(each["memorySize"])) for name, each in functions.items()}


def created() -> list[Created]:
    """Return the triggers of created objects."""
    rows = [(each["function"], each["parameters"]) for each in _inputs()["triggers"] if each["type"] == "cos"]
    return [Created(name, given["filter"]["prefix"], given["filter"].get("suffix", "")) for name, given in rows]


def _inputs() -> Any:  # noqa: ANN401 (what YAML holds)
    return yaml.safe_load(FILE.read_text("utf-8"))["inputs"]
