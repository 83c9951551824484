"""Damaged objects: whatever lies under a key of ours, it costs one recording only, and that one an error in words."""

from __future__ import annotations

import fnmatch
import json
from collections.abc import Callable, Iterator
from contextlib import suppress
from copy import deepcopy
from functools import cache
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shared.domain.errors import WebRecordError
from shared.domain.ids import task_key_of
from shared.domain.keys import marked, open_key
from shared.domain.listing import parse_query
from shared.domain.states import State
from shared.store.markers import back_off
from shared.usecases.read import events, playlist, show, wait
from shared.usecases.read_list import page
from shared.usecases.remove import remove
from shared.usecases.replay import all_recordings, replay
from shared.usecases.stop import stop
from testing.bucket import Bucket
from testing.callbacks import callback, mp4_stop
from tests.examples import at_most
from tests.shared.usecases.test_read import reading
from tests.shared.usecases.ticking import HOOK, Site

PLACES = {
    "request": "recordings/sick/request.json",
    "document": "recordings/sick/recording.json",
    "fact": "recordings/sick/facts/*-accepted-",
    "attempt": "recordings/sick/facts/*-attempt-",
    "change": "recordings/sick/facts/*-changed-",
    "notification": "recordings/sick/facts/*-notified-",
    "callback": "tasks/*/facts/*-801-",
    "pointer": "tasks/*/recording.json",
    "tombstone": "gone/",
    "index": "index/",
    "marker": "ask/",
}


def lived() -> tuple[Site, str]:
    """Each test has a copy of its own of the same past."""
    return deepcopy(past())


@cache
def past() -> tuple[Site, str]:
    """Two recordings run, one is over and one was deleted; each caller hears of every change."""
    site = Site()
    for key in ("dead", "over", "well", "sick"):
        task = site.begin(key, NotifyUrl=HOOK, NotifyOn="changes", Labels={"room": key})
        site.receive(callback(801, {"Status": 1}, site.clock.now + 1_000, task))
        if key in ("dead", "over"):
            site.receive(callback(802, {"LeaveCode": 0}, site.clock.now + 10_000, task))
            site.receive(mp4_stop(0, site.clock.now + 20_000, end_ms=site.clock.now + 10_000, task=task))
            site.trtc.end(task)
    site.clock.now += 60_000
    site.minutes(2)
    remove("dead", "test", reading(site), files=True)
    return site, task


def keys_of(site: Site, place: str, task: str) -> list[str]:
    """Return the keys of the sick one's objects of a kind (of the dead one's tombstones)."""
    found = [key for key in site.listed() if fnmatch.fnmatch(key, f"{PLACES[place]}*")]
    if place in ("index", "marker"):
        return [key for key in found if key.endswith("-sick")]
    if place in ("callback", "pointer"):
        return [key for key in found if key.startswith(f"tasks/{task_key_of(task)}/")]
    return found


def uses(site: Site, task: str) -> Iterator[tuple[str, Callable[[], object]]]:
    """Yield every use of the sick recording."""
    ports = reading(site)
    yield "repeat", lambda: site.start("sick", NotifyUrl=HOOK, NotifyOn="changes", Labels={"room": "sick"})
    yield "show", lambda: show("sick", ports)
    yield "wait", lambda: wait("sick", None, 2, ports)
    yield "events", lambda: events("sick", "", ports)
    yield "playlist", lambda: playlist("sick", "a.m3u8", ports)
    yield "callback", lambda: site.receive(callback(803, {"Status": 2}, site.clock.now, task))
    yield "replay of it", lambda: replay(site.store, ["sick"], site.clock())
    yield "stop", lambda: stop("sick", "test", ports)
    yield "end", lambda: site.receive(callback(802, {"LeaveCode": 0}, site.clock.now, task))
    yield "delete", lambda: remove("sick", "test", ports, files=True)
    yield "start of the dead one", lambda: site.start("dead")


def check(site: Site, task: str) -> None:
    """Use the sick recording in every way; then the others live as if nothing were."""
    for _, use in uses(site, task):
        with suppress(WebRecordError):
            use()
    listed = {one.recording_id for one in page(parse_query({}, site.clock()), reading(site)).recordings}
    assert {"well", "over"} <= listed
    assert replay(site.store, all_recordings(site.store), site.clock()).recordings >= 2
    well = site.recording("well").task_id or ""
    site.receive(callback(803, {"Status": 2}, site.clock.now, well))
    assert State.PAUSED is show("well", reading(site))[0].state
    stop("well", "test", reading(site))
    site.receive(callback(802, {"LeaveCode": 0}, site.clock.now, well))
    site.receive(mp4_stop(0, site.clock.now + 1_000, end_ms=site.clock.now, task=well))
    site.clock.now += 60_000
    reports = site.minutes(3)
    assert State.COMPLETED is site.recording("well").state
    assert [True] == [name.endswith("-completed") for name in _told(site) if name.startswith("well-")][-1:]
    assert [] == [error for report in reports for error in report.errors if "sick" not in error]
    with pytest.raises(WebRecordError):
        site.start("dead")


def _told(site: Site) -> list[str]:
    return [sent.webhook_id for sent in site.inbox.taken]


WHOLE: dict[str, bytes] = {
    "zero bytes": b"",
    "truncated": b'{"recording_id": "sick", "created_',
    "a list": b"[]",
    "a text": b'"sick"',
    "a number": b"5",
    "null": b"null",
    "true": b"true",
    "nothing": b"{}",
    "brackets": b"[" * 5_000_000,
    "braces": b'{"a":' * 1_000_000,
    "NUL": b"\x00" * 100,
    "not UTF-8": b"\xff\xfe{",
    "half a character": b'{"recording_id": "\\ud800", "request": {"RecordUrl": "\\udfff"}, "at_ms": "\\ud800"}',
    "another's": b'{"Version": "2012-10-17", "Statement": [{"Effect": "Allow"}]}',
    "huge number": b'{"at_ms": 1' + b"0" * 5_000 + b', "kind": "attempt", "created_ms": 1e400}',
}


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("damage", WHOLE)
def test_a_foreign_object_affects_one_recording_only(place: str, damage: str) -> None:
    """Each kind of object, each kind of damage, each use."""
    site, task = lived()
    keys = keys_of(site, place, task)
    assert keys
    for key in keys:
        site.store.put(key, WHOLE[damage], {"received-ms": damage})
    check(site, task)


@pytest.mark.parametrize("place", ["request", "document", "fact", "callback", "pointer"])
def test_an_object_of_another_recording_costs_one_recording_only(place: str) -> None:
    """The other's object, as somebody copied it: nothing of the other shows, and nothing is written about it."""
    site, task = lived()
    well = site.recording("well").task_id or ""
    for key in keys_of(site, place, task):
        others = {"request": "recordings/well/request.json", "document": "recordings/well/recording.json"}
        other = others.get(place) or keys_of(site, place, well)[0]
        site.store.put(key, site.store.objects[other].body)
    if place in ("request", "document"):
        with suppress(WebRecordError):
            assert well not in show("sick", reading(site))[0].model_dump_json()
    check(site, task)


VALUES = st.sampled_from(
    [
        None,
        True,
        -1,
        0,
        10**30,
        1e300,
        "",
        "x",
        "\x00",
        "²",
        [],
        [1],
        {},
        {"a": 1},
        {"": None},
        "9" * 20,
        ["a", 1, None],
    ]
)


def spoiled(value: Any, draw: Callable[[Any], Any]) -> Any:
    """Return a JSON value with one thing in it replaced: a field's value, or its name."""
    if not isinstance(value, dict | list) or not value or draw(st.integers(0, 3)) == 0:
        return draw(VALUES)
    if isinstance(value, list):
        at = draw(st.integers(0, len(value) - 1))
        return [*value[:at], spoiled(value[at], draw), *value[at + 1 :]]
    name = draw(st.sampled_from(sorted(value)))
    if draw(st.integers(0, 4)) == 0:
        return {(draw(st.sampled_from(["x", "", "²", "-1", "0"])) if one == name else one): value[one] for one in value}
    return {**value, name: spoiled(value[name], draw)}


@pytest.mark.parametrize("folder", ["", "/", "files/", "recordings/well/", "files/well/"])
def test_a_tombstone_erases_its_own_folder_only(folder: str) -> None:
    """Whatever it names by now."""
    site, _ = lived()
    before = {key for key in site.listed() if "well" in key or "over" in key}
    for key in site.listed("gone/"):
        stored = json.loads(site.store.objects[key].body)
        site.store.put(key, json.dumps({**stored, "folders": [folder], "swept": False}).encode())
    with suppress(WebRecordError):
        remove("dead", "test", reading(site), files=True)
    site.minutes(20)
    assert before <= {*site.listed(), *(key for key in before if key.startswith(("ask/", "open/", "tell/")))}


@settings(max_examples=at_most(60), deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.data(), st.sampled_from(sorted(PLACES.keys() - {"index", "marker"})))
def test_wrong_types_in_fields_cost_one_recording_only(data: st.DataObject, place: str) -> None:
    """Any field of any object, with any value or another name."""
    site, task = lived()
    for key in keys_of(site, place, task):
        body = json.loads(site.store.objects[key].body)
        for _ in range(data.draw(st.integers(1, 3))):
            body = spoiled(body, data.draw)
        site.store.put(key, json.dumps(body).encode())
    check(site, task)


@settings(max_examples=at_most(40), deadline=None)
@given(st.lists(st.integers(0, 7_200), min_size=2, max_size=8), st.integers(0, 59_999))
def test_markers_of_a_damaged_recording_become_one(ages_s: list[int], into_ms: int) -> None:
    """Ticks that ran at once, and whoever else wrote of it, leave several, failing since different times."""
    store, now_ms = Bucket(), 1_800_000_000_000 + into_ms
    for number, age_s in enumerate(ages_s):
        store.put(open_key(now_ms - number, "sick"), f"{now_ms - age_s * 1_000}".encode())
    for minute in range(240):
        for item in list(store.list("open/")):
            if marked(item.key)[0] <= now_ms + minute * 60_000:
                back_off(store, item.key, now_ms + minute * 60_000)
    assert 1 == len(list(store.list("open/")))
