"""What is heard: functions of the time in seconds that return amplitudes from -1 to 1."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

Wave = NDArray[np.float64]
Sound = Callable[[Wave], Wave]

_DICE = np.random.default_rng(11)


def zero(at: Wave) -> Wave:
    """Digital silence."""
    return np.zeros_like(at)


def hiss(decibel: float) -> Sound:
    """Noise of an empty room."""
    return lambda at: _DICE.normal(0, 10 ** (decibel / 20), len(at))


def hum(decibel: float) -> Sound:
    """Mains."""
    return lambda at: 10 ** (decibel / 20) * np.sin(2 * np.pi * 50 * at)


def speech(at: Wave) -> Wave:
    """A buzz through moving formants, in syllables with pauses, in a quiet room."""
    return np.asarray(_voice(at.tobytes()) + hiss(-64)(at))


@lru_cache(maxsize=4096)  # ten films are spoken over alike
def _voice(times: bytes) -> Wave:
    at = np.frombuffer(times)
    formant = 550 + 220 * np.sin(2 * np.pi * 1.1 * at)
    wave = sum(
        np.exp(-(((130 * k - formant) / 260) ** 2)) * np.sin(2 * np.pi * 130 * k * at + k)
        + 0.3 * np.exp(-(((130 * k - 1700) / 380) ** 2)) * np.sin(2 * np.pi * 130 * k * at)
        for k in range(1, 22)
    )
    loud = np.clip(np.sin(2 * np.pi * 3.7 * at) + 0.3, 0, 1) * (np.sin(2 * np.pi * 0.17 * at) > -0.4)
    return np.asarray(0.08 * wave * loud)


def music(at: Wave) -> Wave:
    """Chords with a beat."""
    step = (at * 4).astype(int)
    chord = sum(np.sin(2 * np.pi * 220 * m * 2 ** ((step * (k + 2) % 7) / 12) * at) for k, m in enumerate((1, 1.5, 2)))
    return np.asarray(0.15 * chord * np.exp(-3 * ((at * 4) % 1)) + 0.02 * hiss(-6)(at) * ((at * 8) % 1 < 0.1))


def beep(at: Wave) -> Wave:
    """A short tone each second, zeros between."""
    return np.asarray(0.3 * np.sin(2 * np.pi * 880 * at) * (at % 1 < 0.1))


def gated(sound: Sound, begin_s: float, end_s: float) -> Sound:
    """Let a sound be heard from one second to another."""
    return lambda at: sound(at) * ((at >= begin_s) & (at < end_s))


def rare(sound: Sound, every_s: float, length_s: float) -> Sound:
    """Let a sound be heard for a moment in a period."""
    return lambda at: sound(at) * (at % every_s < length_s)
