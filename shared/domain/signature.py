"""TRTC's callback signature: `Sign = base64(HMAC-SHA256(key, raw body))` (webhook documentation)."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Iterable


def sign(key: str, body: bytes) -> str:
    """Return the `Sign` header that TRTC sends for these exact bytes; the key is at most 32 letters and digits."""
    return base64.b64encode(hmac.new(key.encode(), body, hashlib.sha256).digest()).decode("ascii")


def verify(keys: Iterable[str], body: bytes, signature: str | None) -> bool:
    """Tell whether one of the keys signed these exact bytes; several are valid at once while a key is rotated.

    Every key is tried, in constant time: neither the position of the right key nor the first wrong byte can be timed.
    """
    # Compared as text: one signature has many base64 spellings that decode alike.
    given = (signature or "").strip().encode("utf-8", "surrogatepass")
    matches = [hmac.compare_digest(sign(key, body).encode(), given) for key in keys]
    return any(matches)
