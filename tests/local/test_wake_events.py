"""The gateway's COS trigger of wakes, unkind as the platform: its events come late, and some of them twice."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

from local.cos import ObjectCreated
from local.gateway import CosTrigger, Gateway
from shared.triggers import CosEvent, parse

BUCKET = "webrecord-1250000000"


@dataclass
class Invoked:
    """A function that only keeps what it was invoked for."""

    keys: list[str] = field(default_factory=list)
    ten: asyncio.Event = field(default_factory=asyncio.Event)

    def invoke_async(self, event: Mapping[str, Any]) -> None:
        trigger = parse(event)
        assert isinstance(trigger, CosEvent)
        self.keys += [created.keys[0] for created in trigger.created]
        if len(self.keys) == 10:
            self.ten.set()


class Nobody:
    """An account into which nothing was deployed."""

    def created(self, _created: ObjectCreated) -> None:
        pass


def gateway(function: Invoked, late_s: float, twice_every: int) -> Gateway:
    """Return one that has no other trigger."""
    trigger = CosTrigger(BUCKET, "webrecord/wake/", "", "reconcile", late_s, twice_every)
    nothing = cast("Any", None)
    functions = cast("Any", {"reconcile": function})
    deployed = cast("Any", Nobody())
    return Gateway(functions, [trigger], "ap-guangzhou", list, Path(), nothing, nothing, "", deployed)


def created(key: str, bucket: str = BUCKET) -> ObjectCreated:
    """Return what COS tells of an object."""
    return ObjectCreated(bucket, key, 0, '"e"', "", {}, "request-1", "cos:ObjectCreated:Put", 1_800_000_000)


def test_each_wake_comes_late_and_one_of_four_twice() -> None:
    """None is lost, none comes while its writer still waits for the answer."""
    function = Invoked()

    async def write() -> int:
        site = gateway(function, late_s=0.02, twice_every=4)
        for number in range(8):
            await site.on_created(created(f"webrecord/wake/k{number}"))
        at_once = len(function.keys)
        await function.ten.wait()
        return at_once

    assert 0 == asyncio.run(asyncio.wait_for(write(), 30))
    came = Counter(function.keys)
    assert {f"webrecord/wake/k{number}" for number in range(8)} == set(came)
    assert {"webrecord/wake/k3": 2, "webrecord/wake/k7": 2} == {key: times for key, times in came.items() if times > 1}


def test_kind_each_wake_comes_once_and_at_once() -> None:
    """What is beside the prefix, or in another bucket, brings no event."""
    function = Invoked()

    async def write() -> None:
        site = gateway(function, late_s=0.0, twice_every=0)
        for key in ("webrecord/wake/k1", "webrecord/recordings/k1/recording.json", "wake/k1", "webrecord/wake/k2"):
            await site.on_created(created(key))
        await site.on_created(created("webrecord/wake/k1", "elsewhere-1250000000"))

    asyncio.run(write())
    assert ["webrecord/wake/k1", "webrecord/wake/k2"] == function.keys
