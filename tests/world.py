"""The deployment in memory that use-case tests share: it is in `testing`, which bench uses too."""

from __future__ import annotations

from testing.parts import CALLER_STORAGE, POLICY, UPLOAD_KEY
from testing.world import World

__all__ = ["CALLER_STORAGE", "POLICY", "UPLOAD_KEY", "World"]
