"""Names that others put into the bucket, beside ours: skipped, counted, named; everything else goes on."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime, timezone

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shared.domain.errors import StoreError
from shared.domain.foreign import MOST_COUNTED, Foreign
from shared.domain.keys import indexed, is_callback, is_marker
from shared.domain.listing import parse_query
from shared.domain.states import State
from shared.ports import StoredObject
from shared.usecases.read import events
from shared.usecases.read_list import page
from shared.usecases.remove import remove
from shared.usecases.replay import all_recordings, replay
from testing.bucket import Bucket
from testing.callbacks import callback, mp4_stop
from tests.examples import at_most
from tests.shared.usecases.test_read import reading
from tests.shared.usecases.ticking import MINUTE_MS, Site

TODAY = datetime.fromtimestamp(1_800_000_000, tz=timezone.utc).date().isoformat()
FOLDERS = [
    "open/",
    "due/",
    "index/",
    "index/x/",
    f"days/{TODAY}/",
    "days/",
    "recordings/",
    "tasks/",
    "files/",
    "",
    "open/x/",
    "due/.keep",
]
ODD = [
    "open/garbage",
    "open/2026",
    "open/-x",
    "open/0000000000000-",
    "open/0000000000000-a/b",
    "open/²000000000000-a",
    "open/1e12-k1",
    "due/0000000000000 -k1",
    "due/99999999999999999999-k1",
    "index/zzz",
    "index/8200000000000-",
    "index/8200000000000-../x",
    "index/²200000000000-k1",
    f"days/{TODAY}/zzz",
    f"days/{TODAY}/0000000000000-",
    f"days/{TODAY}/0000000000000-../x",
    "days/never/8200000000000-k1",
    "days/.DS_Store",
]


def lived(site: Site) -> None:
    """One recording is completed, one records, one is due in five minutes: each has its own way."""
    site.start("waits", StartAt=site.clock.now / 1000 + 300)
    task = site.begin("done")
    site.receive(callback(801, {"Status": 1}, ms=site.clock.now, task=task))
    site.receive(callback(802, {"LeaveCode": 0}, ms=site.clock.now + 10_000, task=task))
    site.receive(
        mp4_stop(0, site.clock.now + 20_000, start_ms=site.clock.now, end_ms=site.clock.now + 10_000, task=task)
    )
    site.trtc.end(task)
    site.begin("runs")


def done(site: Site) -> tuple[State, State, State]:
    """Let ten minutes pass; return the states."""
    site.clock.now += 30_000
    site.minutes(10)
    return site.recording("waits").state, site.recording("done").state, site.recording("runs").state


GOOD = (State.STARTING, State.COMPLETED, State.STARTING)


@pytest.mark.parametrize("name", [*FOLDERS, *ODD])
def test_everything_goes_on_beside_a_foreign_name(name: str) -> None:
    """Starts, looks, lists, raw callbacks, replay, deletion; the object stays where somebody put it."""
    site = Site()
    lived(site)
    site.store.put(name, b"")
    assert GOOD == done(site)
    asked = parse_query({}, site.clock())
    assert {"waits", "done", "runs"} == {one.recording_id for one in page(asked, reading(site)).recordings}
    assert 3 == replay(site.store, all_recordings(site.store), site.clock()).recordings
    assert 3 == len(events("done", "", reading(site))[0])
    remove("done", "test", reading(site), files=True)
    assert name in site.store.objects


def test_a_tick_counts_and_names_them_once() -> None:
    """Those among the markers; a tick that lists twice counts each once."""
    site = Site()
    for name in ("open/", "due/", "due/.keep", "recordings/"):
        site.store.put(name, b"")
    (report,) = site.minutes()
    assert (3, {"open/", "due/", "due/.keep"}) == (report.foreign.count, set(report.foreign.named))
    assert [] == report.errors


def test_the_log_is_bounded() -> None:
    """The first ten names, cut off; counting ends at ten thousand."""
    foreign = Foreign()
    names = (f"{number}{'x' * 500}" for number in range(MOST_COUNTED + 5))
    assert [] == list(foreign.skipped(names, is_marker))
    assert (MOST_COUNTED, 10) == (foreign.count, len(foreign.named))
    assert {200} == {len(name) for name in foreign.named}


def test_a_page_of_a_list_goes_on_behind_a_foreign_name() -> None:
    """Its cursor names an entry of ours, and nothing is left out."""
    site = Site()
    for number in range(4):
        site.start(f"k{number}")
    entries = site.listed("index/")
    for entry in entries:
        site.store.put(f"{entry}/", b"")
    found = list[str]()
    cursor: str | None = ""
    while cursor is not None:
        asked = parse_query({"limit": "1", **({"cursor": cursor} if cursor else {})}, site.clock())
        answer = page(asked, reading(site))
        found += [one.recording_id for one in answer.recordings]
        cursor = answer.next_cursor
    assert ["k3", "k2", "k1", "k0"] == found


def test_a_folder_among_the_films_is_no_film_and_names_no_task() -> None:
    """What a console makes beside or below a task's folder."""
    site = Site()
    task = site.begin()
    for name in (f"files/k1/{task}/", f"files/k1/{task}/sub/", "files/k1/", "files/k1/somebody/"):
        site.store.put(name, b"")
    site.receive(callback(801, {"Status": 1}, ms=site.clock.now, task=task))
    site.receive(callback(802, {"LeaveCode": 0}, ms=site.clock.now + 10_000, task=task))
    site.trtc.end(task)
    site.run_until_done()
    assert (State.LOST, [], 1) == (
        site.recording().state,
        site.recording().files,
        len(site.recording().evidence.tasks),
    )


def test_what_is_damaged_among_the_callbacks_is_shown_as_it_is() -> None:
    """As text; the folder beside it not at all."""
    site = Site()
    lived(site)
    prefix = next(key for key in site.listed("tasks/") if "/facts/" in key).rpartition("/")[0]
    site.store.put(f"{prefix}/", b"")
    site.store.put(f"{prefix}/1800000000000-801-0123456789abcdef.json", b"\xff{")
    foreign = Foreign()
    told, _ = events("done", "", reading(site), foreign)
    assert "\N{REPLACEMENT CHARACTER}{" in [one["body"] for one in told]
    assert (4, [f"{prefix}/"]) == (len(told), foreign.named)


def test_a_damaged_request_takes_only_its_own_recording_from_a_list() -> None:
    """The others are shown."""
    site = Site()
    site.start("good")
    site.start("bad")
    site.store.put("recordings/bad/request.json", b"{")
    site.store.put("recordings/bad/recording.json", b"[]")
    found = page(parse_query({}, site.clock()), reading(site))
    assert (["good"], ["bad"]) == ([one.recording_id for one in found.recordings], found.unshown)


@dataclass
class Sick(Bucket):
    """A bucket that holds of one recording what nobody has thought of."""

    error: Exception = field(default_factory=Exception)

    def get(self, key: str) -> StoredObject | None:
        if key.startswith("recordings/bad/"):
            raise self.error
        return super().get(key)


@pytest.mark.parametrize("limit", ["1", "2", "50"])
@pytest.mark.parametrize("error", [RecursionError(), OverflowError(), AttributeError(), UnicodeError()], ids=repr)
def test_a_recording_that_cant_be_shown_takes_only_itself_from_a_list(error: Exception, limit: str) -> None:
    """Whatever goes wrong with it: the others are shown on their pages, and it is named."""
    site = Site()
    for key in ("first", "bad", "last"):
        site.start(key)
    store = Sick(objects=site.store.objects, error=error)
    shown, unshown, query = list[str](), list[str](), {"limit": limit}
    while True:
        found = page(parse_query(query, site.clock()), replace(reading(site), store=store))
        shown += [one.recording_id for one in found.recordings]
        unshown += found.unshown
        if found.next_cursor is None:
            break
        query["cursor"] = found.next_cursor
    assert (["last", "first"], ["bad"]) == (shown, unshown)


def test_a_list_without_storage_is_an_error() -> None:
    """A bucket that does not answer is no damaged recording: nothing is left out in silence."""
    site = Site()
    site.start("bad")
    store = Sick(objects=site.store.objects, error=StoreError("no answer"))
    with pytest.raises(StoreError):
        page(parse_query({}, site.clock()), replace(reading(site), store=store))


@pytest.mark.parametrize("wanted", [["../k1", "", "k1/facts", "x" * 27, "k1"]])
def test_a_replay_takes_ids_only(wanted: list[str]) -> None:
    """What else is asked for is counted."""
    site = Site()
    site.start()
    result = replay(site.store, wanted, site.clock())
    assert (1, 4) == (result.recordings, result.foreign.count)


PLACES = st.sampled_from(
    [
        "open/",
        "due/",
        "days/",
        f"days/{TODAY}/",
        "index/",
        "tasks/",
        "recordings/",
        "recordings/done/",
        "recordings/x/",
        "files/done/",
    ]
)
NAMES = st.text(max_size=20) | st.from_regex(r"[0-9]{10,14}-[a-z./-]{0,5}", fullmatch=True)


@pytest.mark.long
@settings(max_examples=at_most(60), deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.tuples(PLACES, NAMES, st.binary(max_size=9)), max_size=8))
def test_no_name_whatever_stops_anything(others: list[tuple[str, str, bytes]]) -> None:
    """Whatever lies beside what we stored, every recording goes its way and nothing raises."""
    site = Site()
    lived(site)
    for place, name, body in others:
        if place + name not in site.store.objects:
            site.store.put(place + name, body)
    assert GOOD == done(site)
    page(parse_query({}, site.clock()), reading(site))
    events("done", "", reading(site))
    replay(site.store, all_recordings(site.store), site.clock())
    remove("done", "test", reading(site), files=True)
    assert [] == site.listed("recordings/done/facts/1")
    assert site.clock() > 10 * MINUTE_MS


@given(st.text(max_size=60))
def test_a_name_is_read_or_is_foreign(key: str) -> None:
    """No text raises."""
    assert is_marker(key) in (True, False)
    assert is_callback(key) in (True, False)
    assert indexed(key) is None or key.startswith(("index/", "days/"))
