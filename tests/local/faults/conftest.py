"""A fresh local COS."""

from __future__ import annotations

from tests.local.cos.conftest import cos

__all__ = ["cos"]
