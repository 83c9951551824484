"""Small pictures of a page: is it one colour, does it move."""

from __future__ import annotations

import base64
import io
from typing import Any

import av
import numpy as np
from numpy.typing import NDArray

from local.check.seen import Picture

WIDE = 160
_DIFFERENT = 8
"""Of 255: how much brightness must differ to be no noise of the scaling."""
Luma = NDArray[np.int16]


def luma(png: str) -> Luma:
    """Return the brightness of a picture in base64.

    Raises:
        ValueError: it is none.
    """
    try:
        with av.open(io.BytesIO(base64.b64decode(png)), "r", format="png_pipe") as file:
            frame = next(file.decode(video=0))
            return frame.reformat(format="gray").to_ndarray().astype(np.int16)
    except (av.FFmpegError, StopIteration, IndexError) as error:
        raise ValueError(f"no picture: {error}") from None


def figures(picture: Luma) -> Picture:
    """Return what is judged of a picture."""
    return Picture(float(picture.std()), int(np.unique(picture).size))


def moved(one: Luma, other: Luma) -> int:
    """Return how many pixels differ."""
    if one.shape != other.shape:
        return int(max(one.size, other.size))
    return int((np.abs(one - other) > _DIFFERENT).sum())


def clip(size: tuple[int, int]) -> dict[str, Any]:
    """Return what `Page.captureScreenshot` makes small."""
    width, height = size
    return {"x": 0, "y": 0, "width": width, "height": height, "scale": min(1.0, WIDE / width)}
