"""What is seen: functions of the picture's number that return it, or None for the one before."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.uint8]
Picture = Callable[[int, int, int, int], Pixels | None]
"""Of number, pictures a second, height, width."""


@lru_cache(maxsize=32)
def page(seed: int, height: int, width: int) -> Pixels:
    """Return something like a page with text: rows of small dark marks, a bar."""
    dice = np.random.default_rng(seed)
    pixels = np.full((height, width, 3), 247, np.uint8)
    for row in range(height // 8, height * 7 // 8, 26):
        at = width // 12
        end = int(width * dice.uniform(0.5, 0.9))
        while at < end:
            wide = int(dice.integers(2, 11))
            pixels[row : row + int(dice.integers(7, 15)), at : at + wide] = dice.integers(0, 80, 3)
            at += wide + int(dice.integers(2, 7))
    pixels[: height // 16] = (24, 96, 160)
    return pixels


@lru_cache(maxsize=4)
def _camera(height: int, width: int) -> Pixels:
    rough = np.random.default_rng(5).normal(0, 1, (height + 40, width + 40, 3)).cumsum(0).cumsum(1)
    return np.asarray((rough - np.min(rough)) / np.ptp(rough) * 255, np.uint8)


def colour(value: int) -> Picture:
    """One colour."""
    return lambda i, _fps, h, w: np.full((h, w, 3), value, np.uint8) if i == 0 else None


def gradient(i: int, _fps: int, height: int, width: int) -> Pixels | None:
    """A still transition of grey."""
    row = np.linspace(30, 220, width).astype(np.uint8)
    return np.broadcast_to(row[None, :, None], (height, width, 3)).copy() if i == 0 else None


def still(seed: int = 1) -> Picture:
    """A page that does not change."""
    return lambda i, _fps, h, w: page(seed, h, w) if i == 0 else None


def login(i: int, _fps: int, height: int, width: int) -> Pixels | None:
    """A sparse form: two fields and a button."""
    if i:
        return None
    pixels = np.full((height, width, 3), 255, np.uint8)
    y, x = height // 2, width // 2
    for top in (-60, -20):
        pixels[y + top : y + top + 28, x - 90 : x + 90] = 180
        pixels[y + top + 1 : y + top + 27, x - 89 : x + 89] = 255
    pixels[y + 24 : y + 52, x - 90 : x + 90] = (30, 120, 220)
    return pixels


def one_line(i: int, _fps: int, height: int, width: int) -> Pixels | None:
    """A white page with a line of text."""
    if i:
        return None
    pixels, dice = np.full((height, width, 3), 255, np.uint8), np.random.default_rng(3)
    for k in range(14):
        pixels[18 : 18 + int(dice.integers(6, 16)), 12 + 11 * k : 12 + 11 * k + int(dice.integers(2, 9))] = 10
    return pixels


def caret(i: int, fps: int, height: int, width: int) -> Pixels | None:
    """A form in which a text cursor blinks."""
    if i % max(1, fps // 2):
        return None
    pixels: Pixels = page(2, height, width).copy()
    if i // max(1, fps // 2) % 2:
        pixels[height // 2 : height // 2 + 16, width // 2 : width // 2 + 2] = 0
    return pixels


def spinner(radius: int) -> Picture:
    """A page that loads for ever: a ring of dots that turns."""

    def draw(i: int, fps: int, height: int, width: int) -> Pixels:
        pixels, size = np.full((height, width, 3), 255, np.uint8), max(3, radius // 4)
        for k in range(8):
            angle = 5.5 * i / fps + k * np.pi / 4
            y, x = height // 2 + int(radius * np.sin(angle)), width // 2 + int(radius * np.cos(angle))
            pixels[y : y + size, x : x + size] = 28 * k
        return pixels

    return draw


def clock(i: int, fps: int, height: int, width: int) -> Pixels | None:
    """A page on which a small field changes every second."""
    if i % fps:
        return None
    pixels: Pixels = page(3, height, width).copy()
    dice = np.random.default_rng(i + 1)
    digits = dice.integers(0, 255, (5, 20, 3), dtype=np.uint8).repeat(8, 0).repeat(8, 1)
    pixels[height - 60 : height - 20, 40:200] = digits
    return pixels


def meeting(i: int, _fps: int, height: int, width: int) -> Pixels:
    """A page with a camera's picture that drifts."""
    pixels: Pixels = page(4, height, width).copy()
    tall, wide = height // 2, width // 2
    y, x = int(18 + 17 * np.sin(i / 9)), int(18 + 17 * np.cos(i / 7))
    pixels[height // 4 : height // 4 + tall, width // 4 : width // 4 + wide] = _camera(height, width)[
        y : y + tall, x : x + wide
    ]
    return pixels


def slides(every_s: float) -> Picture:
    """Pages one after the other."""
    return lambda i, fps, h, w: page(10 + i // int(every_s * fps), h, w) if i % int(every_s * fps) == 0 else None


def noise(i: int, _fps: int, height: int, width: int) -> Pixels:
    """Blocks of any colour, others in each picture."""
    dice = np.random.default_rng(i)
    pixels: Pixels = dice.integers(0, 255, (height // 8, width // 8, 3), dtype=np.uint8).repeat(8, 0).repeat(8, 1)
    return pixels


def between(picture: Picture, begin_s: float, end_s: float) -> Picture:
    """Let a picture stand still from one second to another."""

    def draw(i: int, fps: int, height: int, width: int) -> Pixels | None:
        return None if begin_s * fps <= i < end_s * fps else picture(i, fps, height, width)

    return draw
