"""Worlds: properties of a run's world. Each draws from its own stream of random numbers."""

from __future__ import annotations

from random import Random
from typing import Any

from testing import released
from testing.ideas import HOUR, MINUTE
from testing.scenario import world


@world
def capacity(chance: Random) -> dict[str, Any]:
    """TRTC is nearly full, or has room."""
    return {"quota": chance.choice([1, 2, 200, 200]), "busy": chance.choice([0.0, 0.0, 0.0, 0.3])}


@world
def memory(chance: Random) -> dict[str, Any]:
    """How long TRTC knows a RecordId is not documented: "a short time"."""
    return {"forget_ms": chance.choice([2 * MINUTE, 10 * MINUTE, 24 * HOUR])}


@world
def listings(chance: Random) -> dict[str, Any]:
    """Listings are true or late, and their pages long or short."""
    return {
        "late_ms": chance.choice([0, 0, 2_000, 90_000]),
        "page_size": chance.choice([1_000, 1_000, 1_000, 1_000, 1_000, 5]),
    }


@world
def receiver(chance: Random) -> dict[str, Any]:
    """The receiver refuses at times, or never."""
    return {"refusing": chance.choice([0.0, 0.0, 0.3]), "hanging": chance.random() < 0.3}


@world
def clocks(chance: Random) -> dict[str, Any]:
    """TRTC's clocks are right, or one of them is minutes or hours ahead."""
    return {"ahead": chance.choice([0.0, 0.0, 0.0, 0.0, 0.2])}


@world
def slow_clocks(chance: Random) -> dict[str, Any]:
    """TRTC's clocks are right, or one of them is minutes or hours behind."""
    return {"behind": chance.choice([0.0, 0.0, 0.0, 0.0, 0.2])}


@world
def liars(chance: Random) -> dict[str, Any]:
    """Only TRTC has its key, or somebody else has it, too."""
    return {"lying": chance.choice([0.0, 0.0, 0.0, 0.0, 0.3])}


@world
def upgrade(chance: Random) -> dict[str, Any]:
    """The bucket is one that an earlier release left behind, at any stage."""
    return {"released": chance.choice(released.names()) if chance.random() < 0.05 else ""}


@world
def waking(chance: Random) -> dict[str, Any]:
    """Wakes are events as the platform promises them, or as it delivers them in its worst hour, or there are none."""
    return {"waking": chance.choice(["off", "kind", "unkind", "unkind"])}


@world
def cleaning(chance: Random) -> dict[str, Any]:
    """The receiver fetches the film and deletes the recording, or does not."""
    return {"deleting": chance.random() < 0.5}


@world
def haste(chance: Random) -> dict[str, Any]:
    """The receiver deletes at every message, of whatever state, or at final ones alone."""
    return {"deleting_early": chance.random() < 0.3}
