"""How loud a page is."""

from __future__ import annotations

import sys
from array import array


class Ear:
    """Takes 16-bit samples and keeps the largest."""

    def __init__(self) -> None:
        self.peak = 0

    def take(self, chunk: bytes) -> None:
        """Listen to a piece of sound."""
        samples = array("h", chunk)
        if sys.byteorder == "big":
            samples.byteswap()
        if samples:
            self.peak = max(self.peak, *(abs(end) for end in (max(samples), min(samples))))
