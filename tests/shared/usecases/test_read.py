"""Reading recordings: lists and their cursors, one in detail, waiting, raw callbacks, playlists."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, timezone
from typing import Any
from urllib.parse import parse_qsl

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from shared.domain.document import Overview
from shared.domain.errors import InvalidRequest, NotFound, ReplyTooLarge
from shared.domain.keys import document_key, former_index_key, index_key
from shared.domain.listing import parse_query
from shared.domain.refusals import refusal
from shared.domain.size import weight
from shared.domain.states import State
from shared.ports import ListedObject, StoredObject
from shared.usecases.ports import QueryPorts
from shared.usecases.read import EVENTS, LARGEST_EVENT, events, playlist, segment, show, wait
from shared.usecases.read_list import MOST_READ, page
from shared.usecases.remove import remove
from shared.usecases.replay import all_recordings, replay
from shared.usecases.stop import stop
from testing.callbacks import callback, mp4_stop
from tests.examples import at_most
from tests.fakes import MemoryFiles, MemoryStore
from tests.world import CALLER_STORAGE, World

DAY_MS = 86_400_000


VALID_S = 900


def reading(world: World, files: MemoryFiles | None = None, valid_s: int = VALID_S) -> QueryPorts:
    """What reads in this world; sleeping lets its time pass."""

    def sleep(seconds: float) -> None:
        world.clock.now += round(seconds * 1000)

    files = files or MemoryFiles()
    return QueryPorts(**vars(world.ports), files=files, many=map, sleep=sleep, url_valid_s=valid_s)


def pages(world: World, **query: str) -> list[list[Overview]]:
    """Every page of a list, by its cursors."""
    found, cursor = [], ""
    while True:
        asked = parse_query({**query, **({"cursor": cursor} if cursor else {})}, world.clock())
        answer = page(asked, reading(world))
        found.append(answer.recordings)
        if answer.next_cursor is None:
            return found
        cursor = answer.next_cursor


def ids(recordings: list[Overview]) -> list[str]:
    return [recording.recording_id for recording in recordings]


def day(ms: int) -> str:
    return datetime.fromtimestamp(ms / 1000, tz=timezone.utc).date().isoformat()


class Counting(MemoryStore):
    """A bucket that counts its listings."""

    def __init__(self, store: MemoryStore) -> None:
        super().__init__()
        self.objects, self.lists = store.objects, 0

    def list(self, prefix: str, after: str = "", limit: int | None = None) -> Iterator[ListedObject]:
        self.lists += 1
        return super().list(prefix, after, limit)


def finish(world: World, key: str) -> None:
    """End a recording that nothing was recorded of."""
    task_id = json.loads((world.store.get(document_key(key)) or StoredObject(b"{}", "")).body)["task_id"]
    world.receive(callback(801, {"Status": 2, "EventMessage": "no page"}, world.clock.now, task_id))


class TestList:
    """`GET /recordings`."""

    @settings(max_examples=at_most(30), deadline=None)
    @given(st.lists(st.sampled_from([1_000, 3_600_000, DAY_MS, 3 * DAY_MS]), max_size=9), st.integers(1, 4))
    def test_every_recording_is_on_one_page_the_newest_first(self, steps: list[int], limit: int) -> None:
        """Whatever the days and the size of a page."""
        world = World()
        for number, step in enumerate(steps):
            world.clock.now += step
            world.start(f"r{number}")
        listed = pages(world, limit=str(limit), **{"from": day(world.clock.now - 40 * DAY_MS)})
        assert [f"r{number}" for number in reversed(range(len(steps)))] == [i for one in listed for i in ids(one)]
        assert all(len(one) == limit for one in listed[:-1])

    def test_a_month_without_more_words(self) -> None:
        """31 days up to today."""
        world = World()
        world.start("old")
        world.clock.now += 31 * DAY_MS
        world.start("new")
        assert [["new"]] == [ids(one) for one in pages(world)]
        assert [["new", "old"]] == [ids(one) for one in pages(world, **{"from": day(world.clock.now - 32 * DAY_MS)})]
        assert [["old"]] == [ids(one) for one in pages(world, to=day(world.clock.now - 30 * DAY_MS))]

    def test_filters(self) -> None:
        """Any of the states, all of the labels."""
        world = World()
        world.start("a", Labels={"room": "1", "team": "x"})
        world.start("b", Labels={"room": "2", "team": "x"})
        world.trtc.refusals = [refusal("LimitExceeded", "full", "r")]
        world.start("c", Labels={"room": "1"})
        assert [["c", "a"]] == [ids(one) for one in pages(world, label="room:1")]
        assert [["a"]] == [ids(one) for one in pages(world, label="room:1,team")]
        assert [["c"]] == [ids(one) for one in pages(world, state="queued")]
        assert [["c", "b", "a"]] == [ids(one) for one in pages(world, state="queued, starting")]
        assert [[]] == [ids(one) for one in pages(world, label="nobody")]

    @pytest.mark.long
    def test_a_filter_reads_so_much_and_goes_on(self) -> None:
        """A page may be empty and have a next one."""
        world = World()
        for number in range(MOST_READ + 3):
            fields: dict[str, Any] = {"Labels": {"needle": ""}} if number == 1 else {}
            world.start(f"r{number}", **fields)
        listed = pages(world, label="needle")
        assert [[], ["r1"]] == [ids(one) for one in listed]

    @settings(max_examples=at_most(30), deadline=None)
    @given(
        st.lists(
            st.tuples(
                st.sampled_from([1_000, 3_600_000, DAY_MS, 9 * DAY_MS]), st.sampled_from(["now", "then", "both"])
            ),
            max_size=9,
        ),
        st.integers(1, 4),
    )
    def test_what_the_release_before_listed_by_days_is_listed_still(
        self, steps: list[tuple[int, str]], limit: int
    ) -> None:
        """Each once and in order, whichever index has it; deleting one leaves nothing of it in either."""
        world = World()
        for number, (step, where) in enumerate(steps):
            world.clock.now += step
            world.start(f"r{number}")
            if where != "now":
                world.store.put(former_index_key(world.clock.now, f"r{number}"), b"")
            if where == "then":
                world.store.delete(index_key(world.clock.now, f"r{number}"))
        ids_of_all = [f"r{number}" for number in reversed(range(len(steps)))]
        wide = {"from": day(world.clock.now - 100 * DAY_MS)}
        assert ids_of_all == [one for listed in pages(world, limit=str(limit), **wide) for one in ids(listed)]
        assert set(ids_of_all) == set(all_recordings(world.store))
        assert len(ids_of_all) == replay(world.store, all_recordings(world.store), world.clock()).recordings
        for name in ids_of_all:
            finish(world, name)
            remove(name, "test", reading(world), files=False)
        assert ([], []) == (world.listed("index/"), world.listed("days/"))

    def test_a_list_is_one_listing(self) -> None:
        """However many days it covers, besides the one that finds no index of the release before."""
        world = World()
        world.start("a")
        world.clock.now += 300 * DAY_MS
        world.start("b")
        store = Counting(world.store)
        asked = parse_query({"from": day(world.clock.now - 350 * DAY_MS)}, world.clock())
        ports = QueryPorts(**{**vars(reading(world)), "store": store})
        assert ["b", "a"] == ids(page(asked, ports).recordings)
        assert 2 == store.lists

    @pytest.mark.parametrize("limit", ["1", "100"])
    def test_a_filter_reads_in_batches_that_grow(self, limit: str) -> None:
        """Few batches whatever the limit: what one of them reads is read at once."""
        world = World()
        for number in range(MOST_READ):
            world.start(f"r{number}")
        batches = list[int]()

        def many(read: Callable[[str], Any], names: Iterable[str]) -> list[Any]:
            batches.append(len(asked := list(names)))
            return list(map(read, asked))

        ports = QueryPorts(**{**vars(reading(world)), "many": many})
        assert [] == page(parse_query({"limit": limit, "label": "none"}, world.clock()), ports).recordings
        assert (MOST_READ, True) == (sum(batches), len(batches) <= 7)

    def test_a_page_that_takes_too_long_ends_where_it_is(self) -> None:
        """With a cursor; nothing is left out."""
        world = World()
        for number in range(100):
            fields: dict[str, Any] = {"Labels": {"needle": ""}} if number % 40 == 0 else {}
            world.start(f"r{number}", **fields)

        def many(read: Callable[[str], Any], names: Iterable[str]) -> list[Any]:
            world.clock.now += 11_000
            return list(map(read, names))

        found, cursor, pages_read = list[str](), "", 0
        while True:
            asked = parse_query({"label": "needle", **({"cursor": cursor} if cursor else {})}, world.clock())
            answer = page(asked, QueryPorts(**{**vars(reading(world)), "many": many}))
            found, pages_read = found + ids(answer.recordings), pages_read + 1
            if answer.next_cursor is None:
                break
            cursor = answer.next_cursor
        assert (["r80", "r40", "r0"], True) == (found, pages_read > 1)

    @pytest.mark.parametrize(
        "extreme", ["0001-01-01", "0001-01-02", "1969-12-31", "1970-01-01", "9998-12-31", "9999-12-31"]
    )
    @pytest.mark.parametrize("name", ["from", "to"])
    def test_days_at_the_ends_of_the_calendar(self, name: str, extreme: str) -> None:
        """An empty list, or what is wrong in words."""
        world = World()
        world.start("a")
        try:
            listed = pages(world, **{name: extreme})
        except InvalidRequest as refused:
            assert "from" == refused.errors[0].path  # noqa: PT017 (both ends are fine)
        else:
            assert [[]] == [ids(one) for one in listed]

    @pytest.mark.long
    def test_a_page_ends_before_it_is_too_large(self) -> None:
        """However long addresses, labels and lists of files are; the next page goes on there."""
        world = World()
        names = [f"{number:04d}_{'f' * 800}.mp4" for number in range(500)]
        for number in range(12):
            task_id = world.start(f"k{number}", url=f"https://example.com/{'x' * 4_000}").recording.task_id or ""
            world.receive(callback(304, {"FileList": names}, world.clock.now, task_id))
        found = pages(world)
        assert [f"k{number}" for number in reversed(range(12))] == [one for page in found for one in ids(page)]
        sizes = [sum(len(json.dumps(one.model_dump_json(exclude_none=True))) for one in page) for page in found]
        assert max(sizes) < 6_000_000
        assert len(found) > 1

    def test_a_cursor_is_good_for_its_own_filters(self) -> None:
        """Another list's cursor is an error, not another list."""
        world = World()
        for number in range(3):
            world.start(f"r{number}")
        cursor = page(parse_query({"limit": "1"}, world.clock()), reading(world)).next_cursor or ""
        for query in ({"cursor": cursor, "state": "queued"}, {"cursor": cursor[:-4]}, {"cursor": "%"}, {"cursor": "é"}):
            with pytest.raises(InvalidRequest) as refused:
                parse_query(query, world.clock())
            assert ["cursor"] == [error.path for error in refused.value.errors]

    @pytest.mark.parametrize(
        ("query", "path"),
        [
            ({"state": "done"}, "state"),
            ({"limit": "0"}, "limit"),
            ({"limit": "101"}, "limit"),
            ({"limit": "ten"}, "limit"),
            ({"from": "2026-1-1"}, "from"),
            ({"from": "2026-02-30"}, "from"),
            ({"from": "2026-02-02", "to": "2026-02-01"}, "from"),
            ({"from": "2024-01-01", "to": "2026-02-01"}, "from"),
            ({"label": "a b"}, "label"),
            ({"label": ""}, "label"),
            ({"label": " , "}, "label"),
            ({"label": ",".join(f"a{number}" for number in range(101))}, "label"),
            ({"state": ",".join(["queued"] * 101)}, "state"),
            ({"sate": "queued"}, "sate"),
        ],
    )
    def test_what_is_wrong_is_said(self, query: dict[str, str], path: str) -> None:
        """By the parameter's name."""
        with pytest.raises(InvalidRequest) as refused:
            parse_query(query, World().clock())
        assert path in [error.path for error in refused.value.errors]

    @example({"label": "a:\ud800"})
    @example({"state": "\udfff"})
    @example({"cursor": "\ud800", "limit": "\ud800", "from": "\ud800", "\ud800": ""})
    @given(
        st.dictionaries(
            st.sampled_from(["state", "from", "to", "label", "limit", "cursor", "x"]), st.text(st.characters())
        )
    )
    def test_any_query_is_read_or_refused(self, query: dict[str, str]) -> None:
        """Never anything else."""
        try:
            parse_query(query, World().clock())
        except InvalidRequest as refused:
            assert refused.errors  # noqa: PT017 (both ends are fine)

    def test_a_start_that_died_before_its_document(self) -> None:
        """Decided afresh; an index entry without a request is nothing; a broken document is no matter."""
        world = World()
        world.start("whole")
        world.start("bare")
        world.store.delete(document_key("bare"))
        world.start("broken")
        world.store.put(document_key("broken"), b"{")
        world.start("never")
        for key in world.listed("recordings/never/"):
            world.store.delete(key)
        assert [["broken", "bare", "whole"]] == [ids(one) for one in pages(world)]


def finished(world: World, key: str = "k1", **fields: Any) -> str:
    """A recording of a minute, with its film."""
    task_id = world.start(key, **fields).recording.task_id or ""
    now = world.clock.now + 5_000
    world.receive(callback(801, {"Status": 1}, now, task_id))
    world.clock.now = now + 60_000
    world.receive(callback(802, {"Status": 0}, world.clock.now, task_id))
    world.receive(mp4_stop(0, world.clock.now + 1, "film.mp4", now, world.clock.now, task_id))
    return task_id


class TestShow:
    """`GET /recordings/{id}`."""

    def test_everything_there_is_to_tell(self) -> None:
        """Timeline in words, minutes, a film with its URL."""
        world = World()
        task_id = finished(world)
        told, _ = show("k1", reading(world))
        assert ["attempt", "accepted", "801.1", "802.0", "310.0"] == [one.kind for one in told.timeline]
        assert "TRTC was asked to start, attempt 1" == told.timeline[0].text
        assert (State.COMPLETED, 1) == (told.state, told.billed_minutes)
        (film,) = told.files
        assert f"https://bucket.example.com/webrecord/files/k1/{task_id}/film.mp4?for={VALID_S}" == film.url
        assert world.clock.now + VALID_S * 1000 >= (film.url_expires_ms or 0) > world.clock.now

    def test_what_to_do_about_a_refusal(self) -> None:
        """The reason is TRTC's, the advice ours."""
        world = World()
        world.trtc.refusals = [refusal("ResourceInsufficient.RequestRejection", "quota", "r")]
        world.start()
        told, _ = show("k1", reading(world))
        assert "starts when another recording ends" in (told.advice or "")
        assert "TRTC refused: ResourceInsufficient.RequestRejection: quota" in [one.text for one in told.timeline]

    def test_the_etag_changes_with_the_recording_and_before_urls_end(self) -> None:
        """The same for the same; another after a fact, and after half an URL's time where there are URLs."""
        world = World()
        first, again = show("k1", ports := _started(world))[1], show("k1", ports)[1]
        assert first == again
        finished(world, "k2")
        done = show("k2", reading(world))[1]
        world.clock.now += VALID_S * 500
        assert done != show("k2", reading(world))[1]
        assert first == show("k1", reading(world))[1], "nothing in it ends"

    @pytest.mark.long
    @given(st.integers(60, 43_200), st.integers(0, 10**6))
    def test_signed_links_stay_good_while_their_etag_matches(self, valid_s: int, later_ms: int) -> None:
        """After a 304 the links of the earlier reply are still valid for half of their time."""
        world = World()
        finished(world)
        told, etag = show("k1", reading(world, valid_s=valid_s))
        expires = told.files[0].url_expires_ms or 0
        assert f"for={valid_s}" in (told.files[0].url or "")
        world.clock.now += later_ms
        if etag == show("k1", reading(world, valid_s=valid_s))[1]:
            assert expires - world.clock.now >= valid_s * 500

    def test_files_in_a_callers_bucket_have_no_url(self) -> None:
        """It is not ours to sign for."""
        world = World()
        finished(world, StorageParams=CALLER_STORAGE)
        (film,) = show("k1", reading(world))[0].files
        assert (None, "own-1234567") == (film.url, film.bucket)

    def test_the_etag_changes_when_a_size_is_known(self) -> None:
        """A file may lie there later than its event: two bodies have two ETags."""
        world, files = World(), MemoryFiles()
        task_id = finished(world)
        before, etag = show("k1", reading(world, files))
        files.put(f"webrecord/files/k1/{task_id}/film.mp4", b"film")
        after, later = show("k1", reading(world, files))
        assert ([None], [4]) == ([file.size for file in before.files], [file.size for file in after.files])
        assert etag != later
        assert later == show("k1", reading(world, files))[1]

    def test_what_is_recorded_twice_counts_once(self) -> None:
        """HLS and MP4 of the same minute (MediaType 3) are a minute."""
        world = World()
        world.start(StorageParams={"CloudVod": {"TencentVod": {"MediaType": 3}}})
        task_id = show("k1", reading(world))[0].task_id or ""
        now = world.clock.now
        world.clock.now += 60_001
        for number, name in enumerate(("a.m3u8", "a.mp4")):
            file = {"CacheFile": name, "FileId": name, "StartTimeStamp": now, "EndTimeStamp": now + 60_000}
            world.receive(callback(311, {"Status": 0, "TencentVod": file}, now + 60_000 + number, task_id))
        told, _ = show("k1", reading(world))
        assert ([60_000, 60_000], 60_000) == ([file.duration_ms for file in told.files], told.duration_ms)

    def test_nobody(self) -> None:
        """404."""
        with pytest.raises(NotFound):
            show("nobody", reading(World()))


def _started(world: World) -> QueryPorts:
    world.start()
    return reading(world)


class TestWait:
    """`GET /recordings/{id}/wait`."""

    def test_it_returns_in_time(self) -> None:
        """Nothing happens: after so many seconds, with what there is."""
        world = World()
        ports = _started(world)
        began = world.clock.now
        told, etag = wait("k1", None, 20, ports)
        assert (State.STARTING, show("k1", ports)[1]) == (told.state, etag)
        assert 20_000 == world.clock.now - began

    def test_it_returns_at_a_change(self) -> None:
        """Somebody stops it meanwhile."""
        world = World()
        ports = _started(world)
        began = world.clock.now

        def sleep(seconds: float) -> None:
            world.clock.now += round(seconds * 1000)
            if world.clock.now - began == 3_000:
                stop("k1", "enough", world.ports)

        told, _ = wait("k1", None, 20, QueryPorts(**{**vars(ports), "sleep": sleep}))
        assert (State.STOPPING, 3_000) == (told.state, world.clock.now - began)

    def test_who_waits_has_the_files_listed_twice(self) -> None:
        """And not at every look: hours of HLS are many pages."""

        class Counting(MemoryFiles):
            listings = 0

            def list(self, prefix: str, after: str = "", limit: int | None = None) -> Iterator[ListedObject]:
                self.listings += 1
                return super().list(prefix, after, limit)

        world, files = World(), Counting()
        task_id, now = world.start().recording.task_id or "", world.clock.now
        world.receive(callback(801, {"Status": 1}, now, task_id))
        world.receive(mp4_stop(0, now + 9_000, "a.mp4", now, now + 9_000, task_id))
        ports = reading(world, files)
        told, _ = wait("k1", None, 20, ports)
        assert (State.RECORDING, ["a.mp4"]) == (told.state, [file.name for file in told.files])
        assert 2 == files.listings

    def test_wait_returns_at_once_for_a_final_or_changed_recording(self) -> None:
        """Final, or newer than what the caller knows."""
        world = World()
        ports = _started(world)
        _, known = show("k1", ports)
        stop("k1", "enough", world.ports)
        finished(world, "k2")
        began = world.clock.now
        assert State.STOPPING is wait("k1", known, 20, ports)[0].state
        assert State.COMPLETED is wait("k2", None, 20, ports)[0].state
        assert began == world.clock.now

    @pytest.mark.parametrize("known", ["{}", "W/{}", '"other", W/{}', '"a,b",{}', "*"])
    def test_who_knows_it_waits(self, known: str) -> None:
        """Tags are compared weakly, in a list of them too; `*` is whatever there is."""
        world = World()
        ports = _started(world)
        began = world.clock.now
        wait("k1", known.format(show("k1", ports)[1]), 5, ports)
        assert 5_000 == world.clock.now - began

    @pytest.mark.parametrize("known", ["", '"other"', 'W/"other", "x"', "garbage", '"'])
    def test_who_knows_another_does_not_wait(self, known: str) -> None:
        """At once."""
        world = World()
        ports = _started(world)
        began = world.clock.now
        wait("k1", known, 5, ports)
        assert began == world.clock.now


def test_raw_callbacks_in_order_of_their_time() -> None:
    """As they came, with the time of receipt; one that overtook another is in its place."""
    world = World()
    task_id = world.start().recording.task_id or ""
    now = world.clock.now
    late = callback(801, {"Status": 1}, now + 1_000, task_id)
    world.receive(callback(802, {"Status": 0}, now + 2_000, task_id))
    world.clock.now += 9_000
    world.receive(late)
    told, more = events("k1", "", reading(world))
    assert more is None
    assert [json.loads(late)["EventType"], 802] == [event["body"]["EventType"] for event in told]
    assert [now + 9_000, now] == [event["received_ms"] for event in told]


@pytest.mark.long
def test_very_many_callbacks_come_in_pages() -> None:
    """Each once; a reply of SCF holds 6 MB."""
    world = World()
    task_id = world.start().recording.task_id or ""
    for number in range(EVENTS + 3):
        world.receive(callback(803, {"Status": 1}, world.clock.now + number, task_id))
    first, after = events("k1", "", reading(world))
    rest, more = events("k1", after or "", reading(world))
    assert (EVENTS, 3, None) == (len(first), len(rest), more)
    assert EVENTS + 3 == len({event["name"] for event in first + rest})


def test_large_callbacks_come_in_smaller_pages() -> None:
    """No page exceeds what the platform lets through; of one that is too large the size is said."""
    world = World()
    task_id = world.start().recording.task_id or ""
    for number in range(12):
        world.receive(callback(804, {"EventMessage": "录" * 70_000}, world.clock.now + number, task_id))
    world.receive(callback(804, {"EventMessage": "x" * LARGEST_EVENT}, world.clock.now + 99, task_id))
    first, more = events("k1", "", reading(world))
    rest, end = events("k1", more or "", reading(world))
    assert (13, None) == (len({event["name"] for event in first + rest}), end)
    assert max(len(json.dumps(json.dumps(told))) for told in (first, rest)) < 6_000_000
    assert rest[-1]["body"].endswith(" bytes")


class TestPlaylist:
    """`GET /recordings/{id}/playlist`."""

    @pytest.mark.parametrize("name", ["a_s_YWJj+ZA__main.m3u8", "a_s_YWJj ZA__main.m3u8", "a_s_YWJj%2BZA__main.m3u8"])
    def test_a_name_with_a_plus_is_found_however_it_comes(self, name: str) -> None:
        """The link quotes it; by hand, a form's decoding or a gateway changes it."""
        world, files = World(), MemoryFiles()
        task_id = world.start(format="hls").recording.task_id or ""
        real = "a_s_YWJj+ZA__main.m3u8"
        world.receive(callback(304, {"FileList": real}, world.clock.now, task_id))
        files.put(f"webrecord/files/k1/{task_id}/{real}", self.PLAYLIST)
        assert playlist("k1", name, reading(world, files)).startswith("#EXTM3U")
        (film,) = show("k1", reading(world, files))[0].files
        assert "recordings/k1/playlist?file=a_s_YWJj%2BZA__main.m3u8" == film.playlist_url

    PLAYLIST = b"#EXTM3U\n#EXTINF:2.0,\nfilm_0.ts\nhttps://elsewhere.example.com/x.ts\n../other.ts\n#EXT-X-ENDLIST\n"

    def _world(self) -> tuple[World, MemoryFiles, str]:
        world, files = World(), MemoryFiles()
        task_id = world.start(format="hls").recording.task_id or ""
        world.receive(callback(304, {"FileList": "film.m3u8"}, world.clock.now, task_id))
        folder = f"webrecord/files/k1/{task_id}"
        files.put(f"{folder}/film.m3u8", self.PLAYLIST)
        return world, files, folder

    def test_its_segments_have_urls(self) -> None:
        """Those beside it; nothing else that it may name is signed for."""
        world, files, folder = self._world()
        lines = playlist("k1", "film.m3u8", reading(world, files)).splitlines()
        assert f"https://bucket.example.com/{folder}/film_0.ts?for={VALID_S}" == lines[2]
        assert ["https://elsewhere.example.com/x.ts", "../other.ts", "#EXT-X-ENDLIST"] == lines[3:]
        (film,) = show("k1", reading(world, files))[0].files
        assert "recordings/k1/playlist?file=film.m3u8" == film.playlist_url

    def test_one_of_names_without_end_is_signed_no_further_than_a_reply_goes(self) -> None:
        """413, by the first of them: millions of short lines are megabytes in the bucket and minutes of signing."""
        signed = list[str]()

        class Counting(MemoryFiles):
            def presign(self, key: str, seconds: int) -> str:
                signed.append(key)
                return super().presign(key, seconds)

        world, _, folder = self._world()
        files = Counting()
        files.put(f"{folder}/film.m3u8", b"#EXTM3U\n" + b"a\n" * 300_000)
        with pytest.raises(ReplyTooLarge):
            playlist("k1", "film.m3u8", reading(world, files))
        assert len(signed) < 100_000

    def test_ten_hours_of_segments_are_named_by_addresses_of_ours(self) -> None:
        """Signed links as a role's key makes them do not fit into a reply; each of ours leads to the same link."""

        class Role(MemoryFiles):
            def presign(self, key: str, seconds: int) -> str:
                return f"{super().presign(key, seconds)}&x-cos-security-token={'t' * 900}"

        world, _, folder = self._world()
        files, names = Role(), [f"a b+%_{number}.ts" for number in range(9_000)]
        lines = "".join(f"#EXTINF:4.0,\n{name}\n" for name in names)
        files.put(f"{folder}/film.m3u8", f"#EXTM3U\n{lines}stop\n#EXT-X-ENDLIST\n".encode())
        told = playlist("k1", "film.m3u8", reading(world, files))
        assert weight(told) < 2_000_000
        addresses = [line for line in told.splitlines() if not line.startswith("#")]
        assert {"segment"} == {address.partition("?")[0] for address in addresses}
        asked = [dict(parse_qsl(address.partition("?")[2])) for address in addresses]
        assert [{"file": "film.m3u8", "name": name} for name in [*names, "stop"]] == asked
        signed = segment("k1", "film.m3u8", names[7], reading(world, files))
        assert files.presign(f"{folder}/{names[7]}", VALID_S) == signed

    @pytest.mark.parametrize("line", ["", "../other.ts", "/x.ts", "a/b.ts", "#EXTINF"])
    def test_a_segment_lies_beside_its_playlist(self, line: str) -> None:
        """404 for everything else: nothing of another folder is ever signed."""
        world, files, _ = self._world()
        with pytest.raises(NotFound):
            segment("k1", "film.m3u8", line, reading(world, files))
        with pytest.raises(NotFound):
            segment("k1", "other.m3u8", "film_0.ts", reading(world, files))

    @pytest.mark.parametrize("name", ["other.m3u8", "film_0.ts", "../../request.json", ""])
    def test_no_other_object_is_read(self, name: str) -> None:
        """404."""
        world, files, _ = self._world()
        with pytest.raises(NotFound):
            playlist("k1", name, reading(world, files))
