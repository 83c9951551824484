"""Times and days as people mean them: in their own zone, never one that does not exist, never last term's."""

from __future__ import annotations

import contextlib
import json
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.cli.calls import PAGE, Cli, patient
from tests.cli.scripted import Answer, Call, scripted
from webrecord.errors import BadUsage
from webrecord.instants import Span, day, instant
from webrecord.zones import zone_of

pytestmark = pytest.mark.usefixtures("home")
NOW = datetime(2026, 1, 31, 1, 30, tzinfo=timezone.utc)


def started(call: Call) -> Answer:
    """Start whatever is asked for."""
    return Answer(201, {"recording_id": "x", "state": "scheduled", "asked": json.loads(call.body)})


@pytest.mark.parametrize(
    ("text", "zone", "wanted"),
    [
        ("2026-12-01 09:00", "Asia/Shanghai", "2026-12-01T09:00:00+08:00"),
        ("2026/12/1 9:00", "+08:00", "2026-12-01T09:00:00+08:00"),
        ("2026-07-01 09:00", "America/New_York", "2026-07-01T09:00:00-04:00"),
        ("2028-02-29 09:00", "utc", "2028-02-29T09:00:00+00:00"),
        ("2026-12-01T09:00:00Z", "Asia/Shanghai", "2026-12-01T09:00:00Z"),
        ("2026-12-01 09:00+0530", None, "2026-12-01T09:00:00+05:30"),
    ],
)
def test_a_time_of_a_zone(text: str, zone: str | None, wanted: str) -> None:
    """The zone that was named counts where the time itself says nothing."""
    assert wanted == instant(text, None, zone_of(zone))


@pytest.mark.parametrize(
    ("text", "zone", "says"),
    [
        ("2026-12-01 09:00", None, "has no offset, so its meaning depends on the zone; write 2026-01-31T09"),
        ("2026-03-08 02:30", "America/New_York", "does not exist in America/New_York: the clocks skip it"),
        ("2026-11-01 01:30", "America/New_York", "comes twice in America/New_York: write it with an offset, as 2026-"),
        ("2026-02-29 09:00", "utc", "does not exist"),
        ("2026-12-01 24:00", "utc", "a day ends at 23:59:59, and midnight is 00:00 of the next day"),
        ("2026-12-01 09:00+99:99", None, "does not exist"),
        ("0001-01-01 00:00", "Asia/Shanghai", ""),
        ("09:00", "utc", "means another time at each run"),
        ("tomorrow", "utc", "is not a time; write 2026-01-31T09"),
    ],
)
def test_a_time_that_is_none(text: str, zone: str | None, says: str) -> None:
    """What it is not, and what to write."""
    if says:
        with pytest.raises(BadUsage) as refused:
            instant(text, None, zone_of(zone))
        assert says in str(refused.value)
    else:
        assert instant(text, None, zone_of(zone))


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("shanghai", "did you mean Asia/Shanghai?"),
        ("asia/shanghai ", ""),
        ("Asia/Shangai", "did you mean Asia/Shanghai?"),
        ("new york", "did you mean America/New_York?"),
        ("Asia", "there is no zone 'Asia'"),
        ("../../etc/passwd", "there is no zone"),
        ("", "there is no zone"),
        ("+25:00", "there is no zone"),
        ("北京", "did you mean Asia/Shanghai?"),
        ("Beijing", "did you mean Asia/Shanghai?"),
        ("CST", "did you mean Asia/Shanghai?"),
        ("伦敦", "write one such as Asia/Shanghai"),
    ],
)
def test_a_zone_that_is_none(name: str, says: str) -> None:
    """The nearest one is told."""
    if says:
        with pytest.raises(BadUsage, match=r"there is no zone") as refused:
            zone_of(name)
        assert says in str(refused.value)


@patient
@given(st.text(max_size=30), st.text(max_size=20))
def test_any_zone_and_any_day_is_one_or_refused(zone: str, text: str) -> None:
    """Never another error."""
    for call in (lambda: zone_of(zone), lambda: day(text, NOW, timezone.utc), lambda: instant(text, NOW, timezone.utc)):
        with contextlib.suppress(BadUsage):
            call()


@pytest.mark.parametrize(
    ("first", "last", "zone", "query", "inside", "outside"),
    [
        ("yesterday", "yesterday", "Asia/Shanghai", {"from": "2026-01-29", "to": "2026-01-30"},
         ["2026-01-29T16:00:00+00:00", "2026-01-30T15:59:59.999+00:00"],
         ["2026-01-29T15:59:59.999+00:00", "2026-01-30T16:00:00+00:00"]),
        ("today", None, "Asia/Shanghai", {"from": "2026-01-30"}, ["2026-01-30T16:00:00+00:00"],
         ["2026-01-30T15:59:59+00:00"]),
        ("today", None, "America/New_York", {"from": "2026-01-30"}, ["2026-01-30T05:00:00+00:00"],
         ["2026-01-30T04:59:59+00:00"]),
        ("2026-01-01", "2026/1/2", "utc", {"from": "2026-01-01", "to": "2026-01-02"}, ["2026-01-02T23:59:59+00:00"],
         ["2026-01-03T00:00:00+00:00"]),
        ("friday", "friday", "utc", {"from": "2026-01-30", "to": "2026-01-30"}, ["2026-01-30T00:00:00+00:00"], []),
        ("saturday", None, "utc", {"from": "2026-01-31"}, ["2026-01-31T00:00:00+00:00"], []),
    ],
)  # fmt: skip
def test_days_are_the_readers_own(
    first: str, last: str | None, zone: str, query: dict[str, str], inside: list[str], outside: list[str]
) -> None:
    """A day of the zone, to the millisecond, whatever days the API counts in."""
    span = Span.of(first, last, NOW, zone_of(zone))
    assert query == dict(span.utc_days())
    for times, wanted in ((inside, True), (outside, False)):
        for text in times:
            assert wanted == span.holds({"created_ms": datetime.fromisoformat(text).timestamp() * 1000}), text


def test_a_list_of_a_day_of_ones_own() -> None:
    """What the API's days hold besides is left out, and --limit counts what is left."""
    ms = [int(datetime(2026, 1, 30, hour, tzinfo=timezone.utc).timestamp() * 1000) for hour in (20, 10, 2, 1)]

    def answer(call: Call) -> Answer:
        assert ("2026-01-29", "2026-01-30") == (call.query["from"], call.query["to"])
        at = int(call.query.get("cursor", 0))
        page: dict[str, Any] = {"recordings": [{"recording_id": f"r{at}", "created_ms": ms[at], "state": "completed"}]}
        return Answer(200, {**page, **({"next_cursor": str(at + 1)} if at < 3 else {})})

    with scripted(answer) as server:
        cli = Cli({"WEBRECORD_ENDPOINT": server.url})
        day = ("--from", "2026-01-30", "--to", "2026-01-30", "--zone", "Asia/Shanghai")
        assert ["r1", "r2"] == [one["recording_id"] for one in cli.ok("list", *day, "-n", "2")["recordings"]]
        for wrong, says in (
            ("last week", "is not a day"),
            ("2026-02-30", "there is no day"),
            ("2999-01-01", "is in the future"),
        ):
            ran = cli("list", "--from", wrong)
            assert (2, True) == (ran.status, says in ran.err)
        ran = cli("list", "--from", "2026-01-02", "--to", "2026-01-01")
        assert (2, "error: --from 2026-01-02 is after --to 2026-01-01\n") == (ran.status, ran.err)


def test_a_start_in_a_zone() -> None:
    """--zone is of --at and --until alike; an hour alone is the next one after the beginning."""
    with scripted(started) as server:
        cli = Cli({"WEBRECORD_ENDPOINT": server.url})
        times = ("--at", "2026-12-01 23:30", "--until", "00:30", "--zone", "Asia/Shanghai")
        asked = cli.ok("start", PAGE, *times)["asked"]
        assert ("2026-12-01T23:30:00+08:00", "2026-12-02T00:30:00+08:00") == (asked["StartAt"], asked["StopAt"])
        assert 2 == cli("schedule", PAGE, "--at", "2026-12-01 09:00", "--zone", "Asia/Peking").status


SHEETS = {
    "excel.csv": "\ufeffURL,Key,At,Label.教室\r\nhttps://e.com/1,k1,2099-12-01T09:00:00+08:00,一\r\n".encode(),
    "gbk.csv": "url,key,at,label.教室\r\nhttps://e.com/1,k1,2099-12-01T09:00:00+08:00,一\r\n".encode("gbk"),
    "unicode.txt": "url\tkey\tat\tlabel.教室\r\nhttps://e.com/1\tk1\t2099-12-01T09:00:00+08:00\t一\r\n".encode(
        "utf-16"
    ),
    "bare.csv": "url,key,at,label.教室\r\nhttps://e.com/1,k1,2099-12-01T09:00:00+08:00,一\r\n".encode("utf-16-le"),
    "europe.csv": "url;key;at;label.教室\r\n\r\nhttps://e.com/1;k1;2099-12-01T09:00:00+08:00;一\r\n".encode(),
    "sep.csv": "sep=;\r\nurl;key;at;label.教室\r\nhttps://e.com/1;k1;2099-12-01T09:00:00+08:00;一;;\r\n".encode(),
    "tabs.tsv": "url\tkey\tat\tlabel.教室\t\nhttps://e.com/1\tk1\t2099-12-01T09:00:00+08:00\t一\t\n".encode(),
    "quoted.csv": '"URL","KEY","aT","label.教室"\n"https://e.com/1","k1","2099-12-01T09:00:00+08:00","一"\n'.encode(),
}


@pytest.mark.parametrize("name", SHEETS)
def test_a_sheet_as_spreadsheets_save_it(name: str, home: Path) -> None:
    """Each encoding, separator and case of the columns asks for the same; what was guessed is told."""
    (home / name).write_bytes(SHEETS[name])
    with scripted(started) as server:
        ran = Cli({"WEBRECORD_ENDPOINT": server.url})("batch", home / name, "--json")
    assert 0 == ran.status, ran.err
    (call,) = server.calls
    wanted = {"RecordUrl": "https://e.com/1", "StartAt": "2099-12-01T09:00:00+08:00", "Labels": {"教室": "一"}}
    assert ("k1", wanted) == (call.headers["idempotency-key"], json.loads(call.body))
    told = (
        "gbk.csv is not UTF-8, so it is read as GB 18030 (GBK); if letters are wrong, in Excel, save it as 'CSV UTF-8'"
    )
    assert (f"{told}\n" if name == "gbk.csv" else "") == ran.err


@pytest.mark.parametrize(
    ("name", "data", "says"),
    [
        ("a.csv", b"link,key\nx,y\n", "none is url; found: link, key"),
        ("a.csv", "网址\nx\n".encode(), "none is url; found: 网址"),
        ("a.csv", b"url,URL\nx,y\n", "the column url comes twice"),
        ("a.csv", b"url,RecordUrl\nx,y\n", "the column url comes twice; found: url, RecordUrl"),
        ("a.csv", b"url,at,start_at\nx,1,2\n", "the column at comes twice"),
        ("a.csv", b"url,width,WebRecordVideoParams.Width\nx,1,2\n", "the column width comes twice"),
        ("a.csv", b"", "is empty; its first line names the columns, one of them url"),
        ("a.csv", b'url\nhttps://e.com\n"https://e', "line 3: a quote opens there and never closes"),
        ("a.csv", b"url,key\nhttps://a,k\nhttps://b,\nhttps://c,k\n", "lines 2, 4 have the same key 'k'"),
        ("a.xlsx", b"PK\x03\x04rest", "is a workbook, not a CSV: in Excel, save it as 'CSV UTF-8'"),
        ("a.csv", b"url\n\xff\x81\x00\x30", "is neither UTF-8 nor GB 18030 (GBK): in Excel"),
        ("a.csv", b"url,at\nhttps://a,2001-09-01T09:00:00Z\nhttps://b,2099-01-01T00:00:00Z\nhttps://c,1000000000\n",
         "nothing was started: the times of lines 2, 4 are past (line 2: 2001-09-01T09:00:00Z)"),
        ("a.csv", b"url,until\nhttps://a,2001-09-01T09:00:00Z\n", "the times of lines 2 are past"),
        ("a.jsonl", b'{"url": "https://a", "at": "2001-09-01T09:00:00Z"}', "the times of lines 1 are past"),
    ],
)  # fmt: skip
def test_a_file_that_is_refused_whole(name: str, data: bytes, says: str, home: Path) -> None:
    """2, one line, before anything is started."""
    (home / name).write_bytes(data)
    with scripted(started) as server:
        ran = Cli({"WEBRECORD_ENDPOINT": server.url})("batch", home / name)
        assert [] == server.calls
    assert (2, "") == (ran.status, ran.out)
    (line,) = ran.err.splitlines()
    assert says in line


def test_times_without_an_offset_need_a_zone(home: Path) -> None:
    """Such a line is refused, and read where the zone of the file is named; --late sends what is past."""
    file = home / "a.csv"
    file.write_text("url,at\nhttps://a,2099/12/1 9:00\n")
    with scripted(started) as server:
        cli = Cli({"WEBRECORD_ENDPOINT": server.url})
        ran = cli("batch", file, "--json")
        assert 1 == ran.status
        assert "has no offset" in ran.document["failed"][0]["error"]
        assert "--zone Asia/Shanghai" in ran.document["failed"][0]["error"]
        assert 0 == cli("batch", file, "--zone", "Asia/Shanghai").status
        assert "2099-12-01T09:00:00+08:00" == json.loads(server.calls[-1].body)["StartAt"]
        file.write_text("url,at\nhttps://a,2001-12-01T09:00:00Z\n")
        assert 0 == cli("batch", file, "--late").status


def test_a_dry_run_sends_nothing(home: Path) -> None:
    """It says what would start and what is wrong; a file with columns alone says that it is empty."""
    file = home / "a.csv"
    file.write_text("url,at\nhttps://a,2099-12-01T09:00:00Z\nhttps://b,soon\n")
    cli = Cli({"WEBRECORD_ENDPOINT": "http://127.0.0.1:9"})
    ran = cli("batch", file, "--dry-run", "--json")
    assert (1, [2], [3]) == (
        ran.status,
        [one["line"] for one in ran.document["would_start"]],
        [one["line"] for one in ran.document["failed"]],
    )
    assert "nothing was sent: 1 of 2 lines would start; 0 started before" in ran.err
    assert not file.with_name("a.csv.results.jsonl").exists()
    file.write_text("url,at\n\n , \n")
    ran = cli("batch", file)
    assert (0, f"{file} has no line with a recording\n") == (ran.status, ran.err)
