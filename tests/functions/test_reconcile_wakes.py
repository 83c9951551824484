"""Wake events through the reconcile function, in memory: an event in, what was done and a log line out."""

from __future__ import annotations

import json
from typing import Any

import pytest

from functions import reconcile
from local import scf_events
from shared.bootstrap import ReconcileApp
from shared.entrypoint import entrypoint
from testing.callbacks import callback, mp4_stop
from tests.events import load
from tests.shared.usecases.ticking import HOOK, Site

APPID = "1250000000"
BUCKET = f"webrecord-{APPID}"


class Serial:
    """A pool of one thread: this one."""

    def __enter__(self) -> Serial:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def map(self, do: Any, items: Any) -> list[Any]:
        return [do(item) for item in items]


def record(key: str, name: str = "webrecord") -> dict[str, Any]:
    """Return a record of an event, its key as given."""
    one: dict[str, Any] = load("cos_object_created")["Records"][0]
    one["cos"]["cosBucket"].update({"name": name, "appid": APPID})
    one["cos"]["cosObject"].update({"key": key, "size": 0})
    return one


def invoke(site: Site, *records: Any) -> None:
    """Hand over one event."""
    app = ReconcileApp(site.timer, Serial, BUCKET, "webrecord")  # type: ignore[arg-type]  # all that is used of a pool
    context = scf_events.context("reconcile", "request-1", 256, 120, "ap-guangzhou")
    entrypoint(reconcile.handle, lambda: app)({"Records": list(records)}, context)


@pytest.fixture
def final() -> Site:
    """A recording that has become final, and whose receiver is not notified yet."""
    site = Site()
    task_id, now = site.begin(NotifyUrl=HOOK), site.clock.now
    site.trtc.end(task_id)
    site.receive(callback(802, {"Status": 1}, now, task_id))
    site.receive(mp4_stop(0, now + 1, "a.mp4", now - 1_000, now, task_id))
    return site


@pytest.fixture
def line(capsys: pytest.CaptureFixture[str]) -> Any:
    return lambda: json.loads(capsys.readouterr().out.splitlines()[-1])


@pytest.mark.parametrize(
    "came",
    [
        f"/{APPID}/webrecord/webrecord/wake/k1", f"{APPID}/webrecord/webrecord/wake/k1", "webrecord/wake/k1",
        f"%2F{APPID}%2Fwebrecord%2Fwebrecord%2Fwake%2Fk1", f"/{APPID}/webrecord/webrecord%2Fwake%2Fk1",
        f"/{APPID}/{BUCKET}/webrecord/wake/k1", "/webrecord/wake/k1", "webrecord%252Fwake%252Fk1",
    ],
)  # fmt: skip
def test_a_wake_is_known_however_its_key_is_spelled(final: Site, line: Any, came: str) -> None:
    """The receiver is notified and the wake is gone."""
    invoke(final, record(came))
    told = line()
    assert ("woken", 1, ["k1"]) == (told["outcome"], told["wakes"], told["recording_id"])
    assert (["recording.completed"], []) == (final.inbox.types, final.listed("wake/"))


@pytest.mark.parametrize(
    "came",
    ["webrecord/recordings/k1/recording.json", "webrecord/tell/1800000000000-k1", "webrecord/wake/", "wake/k1",
     "webrecord/wake/k1/x", "webrecord/wake/a%20b", "webrecord/wake/k1%0A", "other/wake/k1"],
)  # fmt: skip
def test_a_trigger_on_the_whole_prefix_makes_no_loop(final: Site, line: Any, came: str) -> None:
    """An object that is no wake is ignored, counted and named; nothing is read or written for it."""
    final.faults.log = []
    invoke(final, record(came))
    told = line()
    assert ("ignored", 1, 1) == (told["outcome"], told["no_wakes"], len(told["named"]))
    assert [] == final.faults.log


def test_a_wake_of_another_bucket_is_none(final: Site, line: Any) -> None:
    """Whatever its key is."""
    invoke(final, record("webrecord/wake/k1", "elsewhere"))
    assert ("ignored", []) == (line()["outcome"], final.inbox.types)


def test_records_of_any_shape_cost_only_themselves(final: Site, line: Any) -> None:
    """Of many records the wakes are handled, each once; the others are counted."""
    wake, broken = record("webrecord/wake/k1"), record("webrecord/wake/k1")
    broken["cos"] = {"cosObject": 7}
    invoke(final, record("webrecord/open/1-k1"), wake, broken, wake, "no record")
    told = line()
    assert ("woken", 1, 2) == (told["outcome"], told["no_wakes"], told["unread"])
    assert ["recording.completed"] == final.inbox.types
