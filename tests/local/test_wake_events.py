"""COS triggers, unkind as the platform: their events come late, and some of them twice."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

from local.cos import ObjectCreated
from local.scf.model import Deployed, Trigger
from local.scf.running import Running
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


def site(folder: Path, function: Invoked, late: tuple[float, int]) -> Callable[[ObjectCreated], None]:
    """Return what COS tells of objects: a function has a trigger, and is called by it."""
    running = Running(folder, cast("Any", None), late=late)
    sent = {"bucketUrl": f"{BUCKET}.cos.ap-guangzhou.myqcloud.com", "event": "cos:ObjectCreated:*"}
    sent["filter"] = cast("Any", {"Prefix": "webrecord/wake/", "Suffix": ""})
    trigger = Trigger("cos", sent["bucketUrl"], sent, "$DEFAULT", True, "", "", 0.0, 0.0, 0.0)
    deployed = Deployed("ap-guangzhou", "default", "f", "lam-1", cast("Any", None), 0.0, 0.0, triggers=[trigger])
    running.of = lambda *_: cast("Any", function)  # type: ignore[method-assign]  # no process is wanted
    return lambda created: running.created([deployed], created)


def created(key: str, bucket: str = BUCKET) -> ObjectCreated:
    """Return what COS tells of an object."""
    return ObjectCreated(bucket, key, 0, '"e"', "", {}, "request-1", "cos:ObjectCreated:Put", 1_800_000_000)


def test_each_wake_comes_late_and_one_of_four_twice(tmp_path: Path) -> None:
    """None is lost, none comes while its writer still waits for the answer."""
    function = Invoked()

    async def write() -> int:
        tell = site(tmp_path, function, (0.02, 4))
        for number in range(8):
            tell(created(f"webrecord/wake/k{number}"))
        at_once = len(function.keys)
        await function.ten.wait()
        return at_once

    assert 0 == asyncio.run(asyncio.wait_for(write(), 120))
    came = Counter(function.keys)
    assert {f"webrecord/wake/k{number}" for number in range(8)} == set(came)
    assert {"webrecord/wake/k3": 2, "webrecord/wake/k7": 2} == {key: times for key, times in came.items() if times > 1}


def test_kind_each_wake_comes_once_and_at_once(tmp_path: Path) -> None:
    """What is beside the prefix, or in another bucket, brings no event."""
    function = Invoked()

    async def write() -> None:
        tell = site(tmp_path, function, (0.0, 0))
        for key in ("webrecord/wake/k1", "webrecord/recordings/k1/recording.json", "wake/k1", "webrecord/wake/k2"):
            tell(created(key))
        tell(created("webrecord/wake/k1", "elsewhere-1250000000"))

    asyncio.run(write())
    assert ["webrecord/wake/k1", "webrecord/wake/k2"] == function.keys
