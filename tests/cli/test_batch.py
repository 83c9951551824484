"""`batch`: every line once, whatever happens in between."""

from __future__ import annotations

import csv
import io
import json
import os
import signal
import threading
import time
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.cli.calls import PAGE, Cli, patient
from tests.cli.scripted import Answer, Call, scripted
from webrecord.batch import Line, line_key, read, request
from webrecord.commands.batch import start_all
from webrecord.errors import BadUsage, CliError, Interrupted, Unreachable
from webrecord.journal import Journal


class Service:
    """An API that keeps what was started, by key; `answer_first` is asked before."""

    def __init__(self) -> None:
        self.started: dict[str, Any] = {}
        self.lock = threading.Lock()
        self.first: dict[str, list[Answer]] = {}
        self.pause_s = 0.0

    def __call__(self, call: Call) -> Answer:
        key, body = call.headers["idempotency-key"], json.loads(call.body)
        time.sleep(self.pause_s)
        with self.lock:
            if self.first.get(body["RecordUrl"]):
                return self.first[body["RecordUrl"]].pop(0)
            known = key in self.started
            if known and self.started[key] != body:
                return Answer(409, {"title": "The id is in use"})
            self.started[key] = body
            return Answer(200 if known else 201, {"recording_id": key, "state": "starting"})


def jsonl(path: Path, count: int) -> Path:
    path.write_text("".join(json.dumps({"url": f"https://example.com/{n}"}) + "\n" for n in range(count)))
    return path


def results(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.with_name(f"{path.name}.results.jsonl").read_text().splitlines()]


def test_a_csv_starts_real_recordings(cli: Cli, tmp_path: Path) -> None:
    """Short forms, numbers, labels and the API's own names; the second run starts nothing."""
    file = tmp_path / "课程.csv"
    file.write_text(
        "\ufeffurl,key,width,height,label.room,MaxDurationLimit,format\r\n"
        f'"{PAGE},1",batch-1,640,360,"4711, left",3600,mp4\r\n'
        "\r\n"
        f"{PAGE},,,,,,hls\r\n",
        encoding="utf-8",
    )
    told = cli.ok("batch", file)
    assert (2, 2, 0) == (told["lines"], told["accepted"], told["refused"])
    assert [2, 4] == sorted(one["line"] for one in results(file))
    first = cli.ok("show", "batch-1")
    assert (f"{PAGE},1", {"room": "4711, left"}) == (first["page_url"], first["labels"])
    again = cli.ok("batch", file)
    assert (0, 2) == (again["accepted"], again["accepted_before"])
    assert 2 == len(results(file))
    for one in results(file):
        assert one["key"] == one["recording_id"]
        cli.ok("stop", one["recording_id"])


def test_a_bad_line_does_not_stop_the_others(cli: Cli, tmp_path: Path) -> None:
    """1; each is told with its line number and what the API said; mended, only it is started."""
    file = tmp_path / "batch.jsonl"
    lines = [{"url": PAGE}, {"url": "ftp://x"}, "not JSON", {"page": PAGE}, {"url": PAGE, "at": "+10m"}, {"url": PAGE}]
    file.write_text("\n".join(line if isinstance(line, str) else json.dumps(line) for line in lines))
    ran = cli("batch", file, "--json")
    assert 1 == ran.status
    assert "4 of 6 lines failed for good" in ran.err
    failed = {one["line"]: one["error"] for one in ran.document["failed"]}
    assert [2, 3, 4, 5] == sorted(failed)
    assert "RecordUrl" in failed[2]
    assert "JSON" in failed[3]
    assert "url" in failed[4]
    assert "another time" in failed[5]
    assert 2 == ran.document["accepted"]
    keys = {one["key"] for one in results(file) if one["outcome"] == "accepted"}
    assert 2 == len(keys), "the same line twice is two recordings"
    file.write_text("\n".join(json.dumps(line) for line in [{"url": PAGE, "label.a": "b"}, lines[0], lines[5]]))
    mended = cli.ok("batch", file)
    assert (1, 2) == (mended["accepted"], mended["accepted_before"])
    for one in results(file):
        if one["outcome"] == "accepted":
            cli.ok("stop", one["recording_id"])


@pytest.mark.process
def test_killed_in_the_middle_it_goes_on_and_starts_nothing_twice(home: Path) -> None:
    """SIGKILL at any moment: what runs again makes one recording a line in all."""
    service, file = Service(), jsonl(home / "many.jsonl", 60)
    service.pause_s = 0.02
    with scripted(service) as server:
        cli = Cli({"WEBRECORD_ENDPOINT": server.url})
        for so_many in (10, 30):
            with cli.process("batch", file, "-j", "3") as process:
                while len(service.started) < so_many:
                    assert process.poll() is None
                    time.sleep(0.005)
                process.send_signal(signal.SIGKILL)
        with file.with_name("many.jsonl.results.jsonl").open("a") as torn:
            torn.write('{"line": 3, "key": "x')
        ran = cli("batch", file, "--json")
        calls = len(server.calls)
    assert (0, 60) == (ran.status, ran.document["accepted"] + ran.document["accepted_before"])
    assert 60 == len(service.started)
    assert {f"https://example.com/{n}" for n in range(60)} == {body["RecordUrl"] for body in service.started.values()}
    assert calls <= 60 + 2 * 6, "what is known to be started is not asked for again"


@pytest.mark.process
def test_ctrl_c_keeps_what_was_started(home: Path) -> None:
    """130 at once, also while waiting for a busy service; no traceback."""
    service, file = Service(), jsonl(home / "busy.jsonl", 8)
    service.first = {f"https://example.com/{n}": [Answer(503, {}, {"Retry-After": "600"})] for n in range(2, 8)}
    with scripted(service) as server:
        with Cli({"WEBRECORD_ENDPOINT": server.url}).process("batch", file) as process:
            while len(server.calls) < 6:
                time.sleep(0.01)
            process.send_signal(signal.SIGINT)
            _, err = process.communicate(timeout=300)
        assert 130 == process.returncode, err
        service.first.clear()
        assert "interrupted: started recordings continue; the same command starts the rest" == err.splitlines()[-1]
        ran = Cli({"WEBRECORD_ENDPOINT": server.url})("batch", file, "--json")
    assert (0, 8) == (ran.status, ran.document["accepted"] + ran.document["accepted_before"])


def test_a_busy_service_is_asked_again_and_then_left(home: Path) -> None:
    """Retry-After is honoured; after --retries the line is for the next run, and the exit status says so."""
    service, file = Service(), jsonl(home / "busy.jsonl", 2)
    service.first = {"https://example.com/1": [Answer(429, {}, {"Retry-After": "0"}) for _ in range(3)]}
    with scripted(service) as server:
        cli = Cli({"WEBRECORD_ENDPOINT": server.url})
        ran = cli("batch", file, "--retries", "1", "--json")
        assert (8, 1, 1) == (ran.status, ran.document["accepted"], ran.document["unavailable"])
        assert 0 == cli("batch", file, "--retries", "1").status
    assert Counter({1: 4, 0: 1}) == Counter(int(json.loads(call.body)["RecordUrl"][-1]) for call in server.calls)


@pytest.mark.parametrize(("answer", "status"), [(Answer(401, {"title": "no"}), 4), (Answer(404, {"title": "?"}), 5)])
def test_what_fails_every_line_ends_it(home: Path, answer: Answer, status: int) -> None:
    """A wrong token or address: no more than a few calls are made."""
    file = jsonl(home / "all.jsonl", 100)
    with scripted(lambda _: answer) as server:
        ran = Cli({"WEBRECORD_ENDPOINT": server.url})("batch", file, "-j", "2", "--json")
        assert len(server.calls) < 10
    assert (status, 100) == (ran.status, ran.document["not_tried"])


def test_the_same_lines_once_more(home: Path) -> None:
    """--run gives other keys."""
    service, file = Service(), jsonl(home / "daily.jsonl", 3)
    with scripted(service) as server:
        cli = Cli({"WEBRECORD_ENDPOINT": server.url})
        for run in ((), ("--run", "monday"), ("--run", "monday"), ("--run", "tuesday")):
            assert 0 == cli("batch", file, *run).status
    assert 9 == len(service.started)


def test_a_file_that_is_no_batch(home: Path) -> None:
    """2, before anything is started."""
    cli = Cli({"WEBRECORD_ENDPOINT": "http://127.0.0.1:9"})
    texts = {
        "a.csv": "page\nx\n",
        "b.csv": "url,url\nx,y\n",
        "c.jsonl": '{"url":"x","key":"k"}\n' * 2,
        "d.csv": 'url\n"x',
    }
    for name, text in texts.items():
        (home / name).write_text(text)
        assert 2 == cli("batch", home / name).status, name
    assert 2 == cli("batch", home / "nowhere.csv").status
    for text in ('[{"url": "https://example.com"}]', '{\n "url": "https://example.com"\n}\n'):
        (home / "whole.json").write_text(text)
        said = cli("batch", home / "whole.json", "--dry-run")
        assert (2, True) == (said.status, "is one JSON document" in said.err), said.err


@pytest.mark.parametrize("name", ["lessons", "lessons.csv.bak", "lessons.txt", "lessons.CSV"])
def test_the_content_decides_the_format_if_the_name_does_not(home: Path, name: str) -> None:
    """Columns or JSON Lines: a name that is neither's does not decide."""
    cli = Cli({"WEBRECORD_ENDPOINT": "http://127.0.0.1:9"})
    for text in ("url,key\nhttps://example.com,k\n", '{"url": "https://example.com", "key": "k"}\n'):
        if text.startswith("{") and name.endswith(".CSV"):
            continue
        (home / name).write_text(text)
        said = cli("batch", home / name, "--dry-run", "--json")
        assert (0, True) == (said.status, '"https://example.com"' in said.out), said.err
    if os.geteuid():
        (home / "closed").mkdir()
        file = jsonl(home / "closed" / "x.jsonl", 1)
        file.parent.chmod(0o500)
        assert 2 == cli("batch", file).status


cells = st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=12)


@patient
@given(st.lists(cells, min_size=1, max_size=6), st.integers(0, 6), cells)
def test_a_line_keeps_its_key_when_others_come_and_go(
    tmp_path_factory: pytest.TempPathFactory, urls: list[str], at: int, new: str
) -> None:
    """Keys come from content and occurrence: a line put in anywhere renames no other one."""
    path = tmp_path_factory.mktemp("keys") / "x.jsonl"

    def keys(lines: list[str]) -> list[str]:
        path.write_text("\n".join(json.dumps({"url": url}) for url in lines), "utf-8")
        return [line.key for line in read(path)[0]]

    before, after = keys(urls), keys([*urls[:at], new, *urls[at:]])
    assert set(before) < set(after)
    assert len(set(after)) == len(urls) + 1
    assert all(26 == len(key) and key.isalnum() for key in after)


@patient
@given(st.lists(st.tuples(cells, cells), max_size=5))
def test_any_csv_that_a_writer_makes_is_read(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[str, str]]
) -> None:
    """Quotes, commas and line breaks inside of cells; what is blank is left out."""
    path = tmp_path_factory.mktemp("csv") / "x.csv"
    text = io.StringIO(newline="")
    csv.writer(text).writerows([("url", "label.a"), *rows])
    path.write_text(text.getvalue(), "utf-8", newline="")
    lines = {line.number: line.body for line in read(path)[0] if line.problem is None}
    wanted = [(url.strip(), label.strip()) for url, label in rows if url.strip() and url[0] not in "[{"]
    found = [(body["RecordUrl"], body.get("Labels", {}).get("a", "")) for body in lines.values()]
    assert [pair for pair in wanted if pair[0][0] not in "[{"] == [pair for pair in found if pair[0]]


json_values = st.recursive(
    st.none() | st.integers() | st.text(), lambda inner: st.lists(inner, max_size=2), max_leaves=4
)


@patient
@given(
    st.dictionaries(st.sampled_from(["url", "key", "at", "width", "label.a", "A.B", "A", "Labels", "x"]), json_values)
)
def test_any_fields_make_a_request_or_a_reason(fields: dict[str, Any]) -> None:
    """No other error, whatever a line holds; what is no short form goes to the API as it is."""
    try:
        key, body = request(fields)
    except BadUsage:
        return
    assert body["RecordUrl"] == fields["url"]
    assert key is None or key.isascii()
    assert fields.get("x") == body.get("x")


@pytest.mark.parametrize("column", ["key", "RecordingId", "record_id"])
@pytest.mark.parametrize("cell", ["4.71101E+12", "4,71E+15", "5E+11", "4.7e+12"])
def test_a_key_that_a_spreadsheet_rounded_is_refused(tmp_path: Path, column: str, cell: str) -> None:
    """Another lesson's would be the same, and never be recorded; the other lines go on."""
    path = tmp_path / "lessons.csv"
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([["url", column], [PAGE, cell], [f"{PAGE}2", cell], [PAGE, "4711000000001"]])
    first, second, third = read(path)[0]
    assert "rounded" in (first.problem or "")
    assert "rounded" in (second.problem or "")
    assert (None, "4711000000001") == (third.problem, third.key)


def test_cells_are_what_a_spreadsheet_means(tmp_path: Path) -> None:
    """TRUE and FALSE are no text where the API wants neither; a cell of a column without a name is not lost."""
    path = tmp_path / "lessons.csv"
    header = ["url", "", "Expect.Sound", "expect.motion", "label.x"]
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([header, [PAGE, "", "FALSE", "true", "TRUE"], [f"{PAGE}2", "lost", "", "", ""]])
    first, second = read(path)[0]
    assert ({"Sound": False, "motion": True}, {"x": "TRUE"}) == (first.body["expect"], first.body["Labels"])
    assert "its cell 'lost' is in a column without a name" == second.problem


def test_keys_of_other_files_differ() -> None:
    """File name, run, content and occurrence all count."""
    keys = {line_key(*parts) for parts in [("a", "", "x", 1), ("b", "", "x", 1), ("a", "r", "x", 1), ("a", "", "x", 2)]}
    assert 4 == len(keys)


@patient
@given(st.integers(1, 30), st.integers(1, 6), st.sets(st.integers(0, 30)), st.integers(0, 40))
def test_start_all_starts_each_once_and_no_more_at_once(count: int, parallel: int, bad: set[int], fatal: int) -> None:
    """Never more than `parallel` at once; every result is kept, and what was fatal is told."""
    lock, running, most, ran = threading.Lock(), 0, 0, Counter[int]()
    kept: list[int] = []

    def start(line: Line) -> dict[str, Any]:
        nonlocal running, most
        with lock:
            running, ran[line.number] = running + 1, ran[line.number] + 1
            most = max(most, running)
        try:
            if line.number == fatal:
                raise Unreachable("gone")
            if line.number in bad:
                raise Interrupted("stopped while it waited")
            return {"line": line.number}
        finally:
            with lock:
                running -= 1

    lines = [Line(number, str(number)) for number in range(count)]
    error: CliError | None = start_all(lines, parallel, start, lambda one: kept.append(one["line"]), threading.Event())
    assert most <= parallel
    assert set(ran.values()) == {1}
    assert isinstance(error, Unreachable) == (fatal < count)
    assert sorted(kept) == sorted(set(ran) - bad - {fatal})
    assert fatal < count or len(ran) == count


def test_a_results_file_that_was_torn(tmp_path: Path) -> None:
    """A half line is passed over, and what follows begins on its own line."""
    path = tmp_path / "r.jsonl"
    path.write_text('{"key": "a", "outcome": "accepted"}\n[1]\n{"key": "b", "outc')
    with Journal(path) as journal:
        assert (True, False) == (journal.is_done("a"), journal.is_done("b"))
        journal.add({"key": "b", "outcome": "accepted"})
    with Journal(path) as journal:
        assert journal.is_done("b")
