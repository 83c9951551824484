"""TRTC's callback signature: `Sign = base64(HMAC-SHA256(key, raw body))` (webhook documentation)."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Iterable


def sign(key: str, body: bytes) -> str:
    """Return the `Sign` header TRTC sends for these exact bytes.

    Args:
        key: the callback key set in the console; at most 32 letters and digits.
        body: the untouched request body.
    """
    return base64.b64encode(hmac.new(key.encode(), body, hashlib.sha256).digest()).decode("ascii")


def verify(keys: Iterable[str], body: bytes, signature: str | None) -> bool:
    """Tell whether one of the keys signed these exact bytes.

    Every key is tried, in constant time each, so that neither the position of the matching key nor the
    first differing byte can be timed. Several keys are valid at once while a key is rotated.

    Args:
        keys: the accepted keys; none means nothing is accepted.
        body: the untouched request body.
        signature: the `Sign` header; None, empty or not base64 is simply not a signature.
    """
    # Compared as text: one signature has many base64 spellings that decode alike.
    given = (signature or "").strip().encode("utf-8", "surrogatepass")
    matches = [hmac.compare_digest(sign(key, body).encode(), given) for key in keys]
    return any(matches)
