"""What the head of an AAC frame (ISO 14496-3) says without decoding: are there any coefficients?"""

from __future__ import annotations

from shared.domain.film.reader import Bits

HEAD = 64
"""Bytes of a frame that are looked at."""
_EIGHT_SHORT = 2


def is_zero(frame: bytes) -> bool | None:
    """Tell whether a frame holds digital silence, however it is padded; None where its head does not say.

    A frame without scale factor bands (`max_sfb` 0) has no coefficients, in its first channel element.
    """
    bits = Bits(frame[:HEAD])
    try:
        for _ in range(4):
            kind = bits.take(3)
            if kind in (0, 3):  # one channel
                bits.take(4 + 8)
                return _bands(bits) == 0
            if kind == 1:  # two
                bits.take(4)
                if not bits.take(1):
                    bits.take(8)
                return _bands(bits) == 0
            if kind == 4:  # data
                bits.take(4 + 1)
                for _ in range(bits.take(8)):
                    bits.take(8)
            elif kind == 6:  # fill
                count = bits.take(4)
                for _ in range(count + (bits.take(8) - 1 if count == 15 else 0)):
                    bits.take(8)
            else:
                return None
    except EOFError:
        pass
    return None


def _bands(bits: Bits) -> int:
    bits.take(1)
    window = bits.take(2)
    bits.take(1)
    return bits.take(4 if window == _EIGHT_SHORT else 6)
