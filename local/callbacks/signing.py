"""The signature of a callback."""

from __future__ import annotations

import base64
import hashlib
import hmac

__all__ = ["sign"]


def sign(key: str, body: bytes) -> str:
    """Return the Sign header: base64 of the HMAC-SHA256 of the raw body."""
    return base64.b64encode(hmac.new(key.encode(), body, hashlib.sha256).digest()).decode()
