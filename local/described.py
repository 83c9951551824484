"""What serverless.yml says of our functions: the local cloud runs them within the same limits."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import yaml

__all__ = ["Limits", "described"]

FILE = Path(__file__).parent.parent / "serverless.yml"


@dataclass(frozen=True)
class Limits:
    """One function's."""

    timeout_s: float
    memory_mb: int


def described() -> dict[str, Limits]:
    """Return each function's limits, by its short name."""
    functions = yaml.safe_load(FILE.read_text("utf-8"))["inputs"]["functions"]
    return {name: Limits(float(each["timeout"]), int(each["memorySize"])) for name, each in functions.items()}
