"""`download`: whole files, whatever happens on the way."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import pytest

from tests.cli.calls import PAGE, Cli
from tests.cli.scripted import Answer, Call, Scripted, scripted
from webrecord.download import SPARE, Fetcher
from webrecord.errors import RecordingFailed
from webrecord.wire import Ways

DATA = bytes(range(256)) * 1200
NAME = "1400000000_lesson_0.mp4"


class Store:
    """The API and the bucket in one: `/recordings/x` names one file, whose address has a number that can expire."""

    def __init__(self, size: int | None = len(DATA)) -> None:
        self.size, self.number, self.expired = size, 0, set[int]()
        self.cuts: list[int] = []
        self.ranges = True
        self.statuses: list[int] = []
        self.name: str = NAME
        self.url = ""

    def __call__(self, call: Call) -> Answer:
        if call.path == "/recordings/x":
            self.number += 1
            file = {"name": self.name, "size": self.size, "url": f"{self.url}/file?sign={self.number}"}
            return Answer(200, {"recording_id": "x", "state": "completed", "files": [file]})
        assert "authorization" not in call.headers, "the token went to the bucket"
        if int(call.query["sign"]) in self.expired:
            return Answer(403, b"<Code>AccessDenied</Code>")
        if self.statuses:
            return Answer(self.statuses.pop(0), b"")
        cut = self.cuts.pop(0) if self.cuts else None
        asked = call.headers.get("range")
        if not asked or not self.ranges:
            return Answer(200, DATA, cut=cut)
        first = int(asked.removeprefix("bytes=").removesuffix("-"))
        if first >= len(DATA):
            return Answer(416, b"", {"Content-Range": f"bytes */{len(DATA)}"})
        return Answer(206, DATA[first:], {"Content-Range": f"bytes {first}-{len(DATA) - 1}/{len(DATA)}"}, cut)


def fetch(store: Store, to: Path, *more: str) -> tuple[Any, Scripted]:
    """Run `download x` against the store."""
    with scripted(store) as server:
        store.url = server.url
        cli = Cli({"WEBRECORD_ENDPOINT": server.url, "WEBRECORD_TOKEN": "t" * 16})
        return cli("download", "x", "-o", to, "--json", *more), server


def whole(ran: Any, to: Path) -> None:
    assert 0 == ran.status, ran.err
    assert DATA == (to / NAME).read_bytes()
    assert [NAME] == [path.name for path in to.iterdir()]
    assert {"name": NAME, "path": str(to / NAME), "size": len(DATA)} == ran.document["files"][0]


@pytest.fixture
def to(home: Path) -> Path:
    return home / "films"


def test_a_broken_transfer_goes_on_where_it_broke(to: Path) -> None:
    """Each try asks for the rest only."""
    store = Store()
    store.cuts = [100_000, 100_000]
    ran, server = fetch(store, to)
    whole(ran, to)
    asked = [call.headers.get("range") for call in server.calls if call.path == "/file"]
    assert [None, "bytes=100000-", "bytes=200000-"] == asked


def test_another_run_goes_on_with_the_part(to: Path) -> None:
    """What a killed command left is kept."""
    to.mkdir()
    (to / f"{NAME}.part").write_bytes(DATA[:5000])
    ran, server = fetch(Store(), to)
    whole(ran, to)
    assert ["bytes=5000-"] == [call.headers.get("range") for call in server.calls if call.path == "/file"]


def test_what_is_there_is_not_fetched_again(to: Path) -> None:
    """The second run makes no transfer; another file of the same name is not overwritten unless forced."""
    whole(fetch(Store(), to)[0], to)
    ran, server = fetch(Store(), to)
    whole(ran, to)
    assert ["/recordings/x"] == [call.path for call in server.calls]
    (to / NAME).write_bytes(b"mine")
    ran, _ = fetch(Store(), to)
    assert (1, b"mine") == (ran.status, (to / NAME).read_bytes())
    assert "--force" in ran.err
    whole(fetch(Store(), to, "--force")[0], to)


def test_an_expired_address_is_renewed(to: Path) -> None:
    """In the middle, too: the API is asked for a new one, and the transfer goes on."""
    store = Store()
    store.cuts = [100_000]
    with scripted(store) as server:
        store.url = server.url
        cli = Cli({"WEBRECORD_ENDPOINT": server.url})

        def answer(call: Call) -> Answer:
            reply = store(call)
            if call.path == "/file":
                store.expired.add(int(call.query["sign"]))  # each address serves once
            return reply

        with scripted(answer) as expiring:
            store.url = cli.env["WEBRECORD_ENDPOINT"] = expiring.url
            whole(cli("download", "x", "-o", to, "--json"), to)
    assert 2 == store.number


def test_a_refusal_that_a_new_link_does_not_fix_ends_the_download(to: Path) -> None:
    """1, after some tries; nothing is left that looks whole."""
    store = Store()
    store.expired = set(range(100))
    ran, _ = fetch(store, to)
    assert (1, True) == (ran.status, "403" in ran.err)
    assert store.number < 10
    assert not (to / NAME).exists()


def test_more_than_the_file_is_not_kept(tmp_path: Path) -> None:
    """A server that tells no length and sends without end is hung up on: it would fill the disk."""
    endless = httpx.MockTransport(lambda _: httpx.Response(200, content=itertools.repeat(b"x" * 1000)))
    with httpx.Client(transport=endless) as http, pytest.raises(RecordingFailed, match="more than its 5500 bytes"):
        Fetcher(http).fetch(lambda _: "http://bucket.test/film", tmp_path / NAME, 5_500)
    assert 5_000 == sum(path.stat().st_size for path in tmp_path.iterdir())


@pytest.mark.parametrize("size", [len(DATA) - 1, len(DATA) + 1])
def test_a_wrong_size_is_not_taken(to: Path, size: int) -> None:
    """What lies there is not what the API tells of."""
    ran, _ = fetch(Store(size), to)
    assert (1, True) == (ran.status, f"{size} according to the API" in ran.err)
    assert not (to / NAME).exists()


def test_an_unknown_size_is_the_servers(to: Path) -> None:
    """VOD files have none; a broken transfer is noticed all the same."""
    store = Store(None)
    store.cuts = [10]
    whole(fetch(store, to)[0], to)


def test_a_server_without_ranges_starts_again(to: Path) -> None:
    """200 instead of 206: from the beginning, not appended."""
    store = Store()
    store.cuts, store.ranges = [100_000], False
    ran, server = fetch(store, to)
    whole(ran, to)
    assert 2 == sum(call.path == "/file" for call in server.calls)


def test_a_part_of_something_else_is_dropped(to: Path) -> None:
    """Longer than the file: it can't be its beginning."""
    to.mkdir()
    (to / f"{NAME}.part").write_bytes(DATA * 2)
    whole(fetch(Store(), to)[0], to)
    (to / NAME).unlink()
    (to / f"{NAME}.part").write_bytes(DATA * 2)
    whole(fetch(Store(None), to)[0], to)


def test_a_busy_bucket_is_asked_again(to: Path) -> None:
    """503 passes."""
    store = Store()
    store.statuses = [503, 500]
    whole(fetch(store, to)[0], to)


@pytest.mark.parametrize(
    "name",
    ["../x.mp4", "/etc/x", "", ".bashrc", "a\x1b[2J.mp4", "a/b.mp4", "..", "x" * 300, "CON", "nul.mp4", "com1.x.ts",
     "a.mp4 ", "a."],
)  # fmt: skip
def test_a_name_leads_nowhere_else(to: Path, name: str) -> None:
    """A name that is a path is refused before anything is written."""
    store = Store()
    store.name = name
    ran, server = fetch(store, to)
    assert 1 == ran.status
    assert "is not a file name" in ran.err
    assert "\x1b" not in ran.err
    assert ["/recordings/x"] == [call.path for call in server.calls]


class Hls:
    """The API and the bucket of an HLS recording with two segments; the first addresses have expired."""

    def __init__(self, second: str = "two.ts") -> None:
        self.asked, self.second = 0, second

    def __call__(self, call: Call) -> Answer:
        if call.path == "/recordings/x":
            files = [
                {"name": "a.m3u8", "size": 99, "url": "http://127.0.0.1:9/", "playlist_url": "…"},
                {"name": "one.ts"},
            ]
            return Answer(200, {"recording_id": "x", "state": "recording", "files": files})
        if call.path == "/recordings/x/playlist":
            assert {"file": "a.m3u8"} == call.query
            self.asked += 1
            host = call.headers["host"]
            lines = ["#EXTM3U", "#EXTINF:10.0,", f"http://{host}/one.ts?n={self.asked}", "", "#EXTINF:2.0,"]
            return Answer(
                200, "\n".join([*lines, f"http://{host}/{self.second}?n={self.asked}", "#EXT-X-ENDLIST", ""]).encode()
            )
        assert "authorization" not in call.headers
        return Answer(403) if call.query["n"] == "1" else Answer(200, call.path.encode())


def test_segments_whose_addresses_expired(to: Path) -> None:
    """A new playlist is asked for; the one that is kept names the files beside it."""
    with scripted(Hls()) as server:
        ran = Cli({"WEBRECORD_ENDPOINT": server.url, "WEBRECORD_TOKEN": "t" * 16})("download", "x", "-o", to)
    assert 0 == ran.status, ran.err
    assert "more files may come" in ran.err
    assert {"a.m3u8", "one.ts", "two.ts"} == {path.name for path in to.iterdir()}
    assert b"/two.ts" == (to / "two.ts").read_bytes()
    kept = "#EXTM3U\n#EXTINF:10.0,\none.ts\n\n#EXTINF:2.0,\ntwo.ts\n#EXT-X-ENDLIST\n"
    assert kept == (to / "a.m3u8").read_text()


class LongHls(Hls):
    """A playlist too long for signed addresses: the API leads to each, with the token, and the bucket sees none."""

    def __call__(self, call: Call) -> Answer:
        host = call.headers["host"]
        if call.path == "/recordings/x/playlist":
            lines = "".join(f"#EXTINF:9.0,\nsegment?file=a.m3u8&name={name}\n" for name in ("one.ts", "a%20b%2B.ts"))
            return Answer(200, f"#EXTM3U\n{lines}#EXT-X-ENDLIST\n".encode())
        if call.path == "/recordings/x/segment":
            assert "a.m3u8" == call.query["file"]
            assert "authorization" in call.headers
            self.asked += 1
            return Answer(302, headers={"Location": f"http://{host}/lies/{quote(call.query['name'])}?n={self.asked}"})
        return super().__call__(call)


def test_segments_that_the_api_leads_to(to: Path) -> None:
    """Each is asked for by itself, anew where its address expired; the playlist that is kept names the files."""
    with scripted(LongHls()) as server:
        ran = Cli({"WEBRECORD_ENDPOINT": server.url, "WEBRECORD_TOKEN": "t" * 16})("download", "x", "-o", to)
    assert 0 == ran.status, ran.err
    assert {"a.m3u8", "one.ts", "a b+.ts"} == {path.name for path in to.iterdir()}
    assert "#EXTM3U\n#EXTINF:9.0,\none.ts\n#EXTINF:9.0,\na b+.ts\n#EXT-X-ENDLIST\n" == (to / "a.m3u8").read_text()


@pytest.mark.parametrize("second", ["..%2f..%2fx.ts", "%2e%2e", "", "a%0ab"])
def test_segments_lead_nowhere_else(to: Path, second: str) -> None:
    """A playlist with such a name is refused before anything is written."""
    with scripted(Hls(second)) as server:
        ran = Cli({"WEBRECORD_ENDPOINT": server.url})("download", "x", "-o", to)
    assert (1, True) == (ran.status, "is not a file name" in ran.err)
    assert [] == list(to.iterdir())


def test_an_mp4_of_the_local_cloud(cli: Cli, running: Any, to: Path) -> None:
    """By its signed address from the private bucket, byte for byte."""
    recording = cli.ok("start", PAGE, "--key", "cli-mp4", "--seconds", "1", "--wait")
    (file,) = cli.ok("download", "cli-mp4", "-o", to)["files"]
    told = recording["files"][0]
    lies = running.cloud.state_dir / "cos" / told["bucket"] / told["key"]
    assert lies.read_bytes() == Path(file["path"]).read_bytes()


def test_an_hls_recording_of_the_local_cloud(cli: Cli, to: Path) -> None:
    """The playlist names the segments that lie beside it."""
    cli.ok("start", PAGE, "--key", "cli-hls", "--format", "hls", "--seconds", "3", "--wait")
    ran = cli("download", "cli-hls", "-o", to)
    assert 0 == ran.status, ran.err
    (playlist,) = to.glob("*.m3u8")
    named = [line for line in playlist.read_text().splitlines() if line and not line.startswith("#")]
    assert named
    assert {*named, playlist.name} == {path.name for path in to.iterdir()}
    assert all((to / name).read_bytes().startswith(b"ts ") for name in named)


def test_two_at_once_do_not_mix(to: Path) -> None:
    """A second command for the same folder says that one is at work, and the first one's file is whole."""
    second: list[Any] = []

    class Meanwhile(Store):
        def __call__(self, call: Call) -> Answer:
            if call.path == "/file" and not second:
                second.append(None)
                second[:] = [fetch(Store(), to)[0]]
            return super().__call__(call)

    ran, _ = fetch(Meanwhile(), to)
    whole(ran, to)
    assert (True, True) == (second[0].status != 0, "another command is fetching it" in second[0].err), second[0].err


@pytest.mark.parametrize(
    ("address", "says"),
    [
        ("http://127.0.0.1:9/file?sign=sesame", "no answer from http://127.0.0.1:9: Connection refused"),
        ("http://[/file?sign=sesame", "the API gives an invalid address"),
        ("gopher://h/file?sign=sesame", "no answer from gopher://h"),
    ],
)
def test_an_address_without_an_answer_is_told_in_words(to: Path, address: str, says: str) -> None:
    """The host and why; no name of an exception, no signature."""
    to.mkdir(exist_ok=True)
    with httpx.Client(transport=Ways({}), trust_env=False) as http, pytest.raises(RecordingFailed) as failed:
        Fetcher(http, pause=lambda _: None).fetch(lambda _: address, to / NAME, 5)
    assert says in str(failed.value)
    for word in ("sesame", "Errno", "Error"):
        assert word not in str(failed.value)


def test_a_file_of_unknown_size_leaves_room_on_the_disk(to: Path) -> None:
    """It ends in words before the disk is full, keeps what came, and goes on when there is room."""
    to.mkdir()

    def endless(request: httpx.Request) -> httpx.Response:
        begin = int(request.headers.get("range", "bytes=0-")[6:-1])
        parts = [b"x" * 1_000] * 4
        return httpx.Response(
            206 if begin else 200, stream=Parts(parts), headers={"content-range": f"bytes {begin}-9999/*"}
        )

    with httpx.Client(transport=httpx.MockTransport(endless)) as http:
        fetcher = Fetcher(http, free=lambda _: SPARE + 2_500)
        with pytest.raises(RecordingFailed, match="its size is unknown, and after 2000 bytes"):
            fetcher.fetch(lambda _: "https://files.example.com/a.mp4", to / "a.mp4", None)
        assert 2_000 == (to / "a.mp4.part").stat().st_size
        fetcher.free = lambda _: SPARE + 10_000
        assert 6_000 == fetcher.fetch(lambda _: "https://files.example.com/a.mp4", to / "a.mp4", None)


class Parts(httpx.SyncByteStream):
    """A body in parts, of which no header tells the length."""

    def __init__(self, parts: list[bytes]) -> None:
        self.parts = parts

    def __iter__(self) -> Iterator[bytes]:
        yield from self.parts
