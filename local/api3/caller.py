"""Who calls: the account itself, a sub-user, or somebody with a role's temporary key."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

__all__ = ["ROOT", "Principal"]


@dataclass(frozen=True)
class Principal:
    """The owner of a key; `name` is a user's or a role's, empty for the account itself."""

    kind: Literal["root", "user", "role"]
    name: str = ""


ROOT = Principal("root")
"""The account itself: it may do everything."""
