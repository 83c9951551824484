"""Job objects through the recordings function, in memory: an event in, recordings, reports and a log line out."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from functions import recordings
from local import scf_events
from shared.bootstrap import RecordingsApp
from shared.domain.errors import StoreError, StoreRefused
from shared.entrypoint import entrypoint
from shared.ports import StoredObject
from shared.settings import ANONYMOUS, RecordingsSettings
from shared.usecases.ports import QueryPorts
from testing.callbacks import SDK_APP_ID
from tests.events import load
from tests.fakes import MemoryFiles, MemoryStore
from tests.world import World

APPID = "1250000000"
LINE = b'{"RecordUrl": "https://example.com/"}'
REPORT = "jobs/a.jsonl.error.json"


@dataclass
class Jobs(MemoryStore):
    """A bucket in which only `jobs/` may be read, as the guide's policy has it; `failing` keys fail."""

    failing: set[str] = field(default_factory=set)
    asked: list[str] = field(default_factory=list)

    def get(self, key: str) -> StoredObject | None:
        self.asked.append(key)
        if key in self.failing:
            raise StoreError(f"COS GET {key}: timed out")
        if not key.startswith("jobs/"):
            raise StoreRefused(f"GET {key}", 403, "AccessDenied")
        return super().get(key)


@dataclass
class Deployment:
    """The function, its bucket and the one that jobs are put into."""

    world: World = field(default_factory=World)
    jobs: Jobs = field(default_factory=Jobs)

    def invoke(self, *records: dict[str, Any]) -> None:
        """Hand over one event."""
        ports = QueryPorts(**vars(self.world.ports), files=MemoryFiles(), many=map, sleep=lambda _: None)
        settings = RecordingsSettings(
            bucket=f"webrecord-{APPID}", bucket_region="ap-guangzhou", sdk_app_id=(SDK_APP_ID,),
            api_tokens={ANONYMOUS: SecretStr("")},
        )  # fmt: skip
        app = RecordingsApp(settings, ports, lambda _bucket, _region: self.jobs)
        context = scf_events.context("recordings", "request-1", 256, 30, "ap-guangzhou")
        entrypoint(recordings.handle, lambda: app)({"Records": list(records)}, context)

    def put(self, key: str, body: bytes) -> None:
        """Put an object and hand over its event."""
        self.jobs.put(key, body)
        self.invoke(record(key, len(body)))

    @property
    def pages(self) -> list[str]:
        """What TRTC was asked to record, in order."""
        return [str(sent["RecordUrl"]) for sent in self.world.trtc.started]

    def report(self, key: str = REPORT) -> list[int]:
        """The lines that the report is about."""
        return [error["line"] for error in json.loads(self.world.store.objects[key].body)["errors"]]


def record(key: str, size: int | None = None, bucket: str = "jobs") -> dict[str, Any]:
    """Return a record of an event, its key as given."""
    one: dict[str, Any] = load("cos_object_created")["Records"][0]
    one["cos"]["cosBucket"].update({"name": bucket, "appid": APPID})
    one["cos"]["cosObject"].update({"key": key, "size": size})
    return one


@pytest.fixture
def site() -> Deployment:
    return Deployment()


@pytest.fixture
def line(capsys: pytest.CaptureFixture[str]) -> Any:
    return lambda: json.loads(capsys.readouterr().out.splitlines()[-1])


@pytest.mark.parametrize(
    "came",
    [
        f"/{APPID}/jobs/jobs/lesson one.json", f"/{APPID}/jobs/jobs/lesson+one.json", "jobs/lesson%20one.json",
        f"%2F{APPID}%2Fjobs%2Fjobs%2Flesson%20one.json", f"/{APPID}/jobs/jobs%2Flesson%2520one.json",
        "/jobs/lesson+one.json", f"{APPID}/jobs/jobs/lesson one.json", f"%2F{APPID}%2Fjobs%2Fjobs%2Flesson%2Bone.json",
    ],
)  # fmt: skip
def test_the_object_is_found_however_its_key_is_spelled(site: Deployment, line: Any, came: str) -> None:
    """Also where the role may not read what another spelling names; once, whatever the spelling."""
    site.jobs.put("jobs/lesson one.json", LINE)
    site.invoke(record(came, 60))
    assert ("job_started", 1) == (line()["outcome"], len(site.pages))
    site.invoke(record(f"/{APPID}/jobs/jobs/lesson one.json", 60))
    assert 1 == len(site.pages)


def test_of_two_spellings_the_size_tells(site: Deployment) -> None:
    """`a+b.json` and `a b.json` both lie there: the event's size is that of one."""
    site.jobs.put("jobs/a+b.json", LINE)
    site.jobs.put("jobs/a b.json", LINE.replace(b"example.com", b"blank.example.com"))
    site.invoke(record("jobs/a+b.json", len(site.jobs.objects["jobs/a b.json"].body)))
    assert ["https://blank.example.com/"] == site.pages


@pytest.mark.parametrize("key", ["jobs/gone.json", "jobs/../../open/1"])
def test_what_is_not_there_did_not_start(site: Deployment, line: Any, key: str) -> None:
    """The line says that the object is missing, and what was tried; nothing is stored, nothing invoked again."""
    site.invoke(record(key, 60))
    told = line()
    assert ("job_missing", 0, "info") == (told["outcome"], told["recordings"], told["level"])
    assert [] == site.world.listed()
    assert not [asked for asked in site.jobs.asked if ".." in asked]


@pytest.mark.parametrize("came", ["jobs/", "jobs/2026/", f"/{APPID}/jobs/jobs%2F2026%2F"])
def test_a_folder_is_no_job(site: Deployment, line: Any, came: str) -> None:
    """ "Create folder" in a console makes an empty object: no report about it, no recording."""
    for key in ("jobs/", "jobs/2026/"):
        site.jobs.put(key, b"")
    site.invoke(record(came, 0))
    assert ("ignored", []) == (line()["outcome"], site.world.listed())


def test_results_are_no_jobs_however_their_keys_are_spelled(site: Deployment, line: Any) -> None:
    """Else what is written would start what is written."""
    site.invoke(record(f"%2F{APPID}%2Fwebrecord%2Fwebrecord%2Fjobs%2Fa.json", 9, bucket="webrecord"))
    assert ("ignored", []) == (line()["outcome"], site.jobs.asked)


@pytest.mark.parametrize("came", [
    "wake/k1", "wake%2Fk1.place", "wake/doctor-1", "%2F1250000000%2Fwebrecord%2Fwebrecord%2Fwake%2Fk1",
])  # fmt: skip
def test_wakes_are_no_jobs(site: Deployment, line: Any, came: str) -> None:
    """A job trigger that covers the results' prefix, too, reads none of them and writes no report."""
    key = came if came.startswith("%") else f"webrecord/{came}"
    site.invoke(record(key, 0, bucket="webrecord"))
    assert ("ignored", [], []) == (line()["outcome"], site.jobs.asked, site.world.listed())


def test_a_broken_first_line_does_not_stop_the_others(site: Deployment, line: Any) -> None:
    """It is reported with its number."""
    site.put(
        "jobs/a.jsonl", b"{bad\r\n" + LINE.replace(b".com/", b".com/2") + b"\r\n" + LINE.replace(b".com/", b".com/3")
    )
    assert (["https://example.com/2", "https://example.com/3"], [1]) == (site.pages, site.report())
    assert "job_refused" == line()["outcome"]


@pytest.mark.parametrize("deep", [b"[" * 100_000, b'{"RecordUrl":' * 100_000, b'{"Labels":' + b"[" * 100_000])
def test_nesting_is_reported(site: Deployment, deep: bytes) -> None:
    """A hundred thousand levels: a line of the report, whether alone, first or last."""
    site.put("jobs/a.jsonl", deep)
    assert [0] == site.report()
    site.put("jobs/a.jsonl", deep + b"\n" + LINE)
    assert ([1], 1) == (site.report(), len(site.pages))
    site.put("jobs/a.jsonl", LINE + b"\n" + deep)
    assert [2] == site.report()


def test_a_report_goes_when_its_job_has_run(site: Deployment) -> None:
    """The object is mended and put again: what was said about it is not true any more."""
    site.put("jobs/a.jsonl", LINE + b"\n{")
    assert [2] == site.report()
    site.put("jobs/a.jsonl", LINE + b"\n" + LINE)
    assert REPORT not in site.world.listed()


def test_a_report_stays_while_the_job_could_not_run(site: Deployment) -> None:
    """Storage fails on the way: what was said is still what is known."""
    site.put("jobs/a.jsonl", b"{")
    site.jobs.put("jobs/a.jsonl", LINE)
    site.jobs.failing = {"jobs/a.jsonl"}
    with pytest.raises(StoreError):
        site.invoke(record("jobs/a.jsonl", len(LINE)))
    assert [0] == site.report()


@pytest.mark.long
def test_a_report_is_bounded(site: Deployment) -> None:
    """Hundreds of bad lines with many wrong fields each: a report that can be read, and says how many more."""
    bad = json.dumps({f"f{n}": 1 for n in range(30)}).encode()
    site.put("jobs/a.jsonl", b"\n".join([bad] * 600))
    told = json.loads(site.world.store.objects[REPORT].body)
    assert (500, 100) == (len(told["errors"]), told["more"])
    assert len(site.world.store.objects[REPORT].body) < 5_000_000


def test_one_object_of_an_event_costs_only_itself(site: Deployment, line: Any) -> None:
    """One can't be read now, one is a record of another shape: the others start, and the event is invoked again."""
    for key in ("jobs/a", "jobs/b", "jobs/c"):
        site.jobs.put(key, LINE)
    site.jobs.failing = {"jobs/b"}
    odd = record("jobs/x")
    odd["cos"]["cosBucket"] = None
    with pytest.raises(StoreError):
        site.invoke(record("jobs/a"), record("jobs/b"), odd, record("jobs/c"))
    assert (2, 2, 1) == (len(site.pages), (told := line())["starts"], told["unread"])
    site.jobs.failing = set()
    site.invoke(record("jobs/a"), record("jobs/b"), record("jobs/c"))
    assert (3, "job_started") == (len(site.pages), line()["outcome"])


def test_a_line_whose_time_is_over_is_reported_however_late_its_event_comes(site: Deployment) -> None:
    """This morning's lesson, its event held up for hours: told, not recorded; what had started before is no error."""
    now_ms = site.world.clock.now
    early, late = (
        json.dumps({"RecordUrl": "https://example.com/", "StartAt": (now_ms + ms) / 1000}) for ms in (5_000, 9_000)
    )
    site.put("jobs/a.jsonl", f"{early}\n{late}".encode())
    assert REPORT not in site.world.listed()
    site.world.clock.now += 5 * 3_600_000
    site.invoke(record("jobs/a.jsonl"))
    assert REPORT not in site.world.listed()
    site.put("jobs/b.jsonl", f"{early}\n".encode() + LINE)
    ((problem,),) = [json.loads(site.world.store.objects["jobs/b.jsonl.error.json"].body)["errors"]]
    assert (1, "StartAt") == (problem["line"], problem["fields"][0]["path"])
    assert "is in the past" in problem["message"]


def test_the_job_in_the_documents_is_reported_as_they_say(site: Deployment) -> None:
    """docs/api.md: one line is scheduled, the other is in the report, word for word."""
    text = (Path(__file__).parents[2] / "docs" / "api.md").read_text(encoding="utf-8")
    section = text.partition("## Start by bucket\n")[2].partition("\n## ")[0]
    blocks = re.findall(r"^```(?:json)?\n(.*?)^```", section, re.MULTILINE | re.DOTALL)
    job, report = blocks[0], json.loads(blocks[1])
    site.world.clock.now = 1_796_050_000_000
    site.put("jobs/monday.jsonl", job.encode())
    told = json.loads(site.world.store.objects["jobs/monday.jsonl.error.json"].body)
    assert report["errors"] == told["errors"]
    assert report.keys() == told.keys()
    stored = [json.loads(one.body) for key, one in site.world.store.objects.items() if key.endswith("recording.json")]
    assert [("monday-1", "scheduled")] == [(one["recording_id"], one["state"]) for one in stored]
