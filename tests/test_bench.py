"""The bench measures what it says, and writes it down; no number is judged here."""

from __future__ import annotations

import ast
import re
import sys
from importlib.metadata import files

import pytest

from bench import __main__ as bench
from bench import callbacks, film, latency, machine, report, tick, warm
from bench.folders import HANDLERS, MissingError, packages
from bench.result import Section, Table, Target
from bench.share import share
from bench.stats import Sample, paired
from tools.package import ROOT
from tools.package_lock import read_lock

pytestmark = pytest.mark.process
QUOTAS = ("cpu.cfs_quota_us", "cpu.max")


@pytest.fixture
def _packages() -> None:
    """What `make package` built, and a Python to run it."""
    try:
        packages()
    except MissingError as error:
        pytest.skip(f"NOT TESTED: {error}")


def quiet(_what: str) -> None:
    """Show no progress."""


def whole(section: Section) -> None:
    """Every row fits its table, and every target has a verdict."""
    assert section.tables
    for table in section.tables:
        assert {len(table.columns)} == {len(row) for row in table.rows}
    assert {"met", "NOT MET"} >= {target.verdict for target in section.targets}


@pytest.mark.usefixtures("_packages")
def test_warm_measures_every_handler_and_its_calls() -> None:
    """Each handler answers from its package; the calls it makes are counted and made bare."""
    section = warm.measure(2, quiet)
    whole(section)
    calls = {row[0]: row[1] for row in section.tables[0].rows}
    assert set(warm.KINDS) == set(calls)
    assert "2 GET" == calls["get"]
    assert "1 StartWebRecord" in calls["start"]
    assert "PUT" not in calls["tick, nothing to do"]
    assert len(warm.KINDS) == len(section.targets)


@pytest.mark.usefixtures("_packages")
def test_film_looks_into_each_and_finds_nothing_wrong() -> None:
    """By the deployed code; CPU, memory and reads are held against what was aimed at."""
    hour = {name: one for name, one in film.FILMS.items() if one[0] == 1}
    section = film.measure(1, quiet, hour)
    whole(section)
    assert [(name, "good") for name in hour] == [(row[0], row[-1]) for row in section.tables[0].rows]
    assert 3 * len(hour) == len(section.targets)


@pytest.mark.usefixtures("_packages")
def test_latency_stands_beside_its_floor() -> None:
    """Each kind of call takes longer than the delays that are its floor."""
    section = latency.measure(1, quiet)
    whole(section)
    floors = {row[0]: float(row[2]) for row in section.tables[0].rows}
    assert set(latency.FLOORS) == set(floors)
    assert floors["start"] >= 2 * latency.STORE_S * 1e3 + latency.TRTC_S * 1e3
    assert set(latency.TARGETS) == {target.what.partition(":")[0] for target in section.targets}


@pytest.mark.usefixtures("_packages")
def test_callbacks_are_measured_with_the_facts_a_recording_has() -> None:
    """A row for each event and size; the calls of one in the middle do not grow with the facts."""
    section = callbacks.measure(2, quiet, sizes=(3, 30))
    whole(section)
    rows = section.tables[0].rows
    assert [("middle", "3"), ("middle", "30"), ("end", "3"), ("end", "30")] == [row[:2] for row in rows]
    assert rows[0][-1] == rows[1][-1]


def test_a_tick_is_measured_without_changing_what_it_is_measured_with() -> None:
    """The same calls at each round; finished recordings add none."""
    section = tick.measure(2, quiet, sizes=(0, 3), finished=(0, 20))
    whole(section)
    calls = {row[:3]: row[3:5] for row in section.tables[0].rows}
    assert calls["3", "0", "all"] == calls["3", "20", "all"]
    assert calls["0", "0", "all"] == calls["3", "0", "none"]
    assert "3" == calls["3", "0", "all"][1], "each is asked for once"
    assert section.targets[0].met


def test_the_document_says_all_that_was_measured() -> None:
    """Tables, verdicts, what was skipped, the notes and the machine; nothing that names its owner."""
    table = Table("one table", ("variant", "ms"), [("a|b", "1 (1 to 2)")])
    target = Target("at most 2", "3", met=False)
    section = Section("cold", "So it was measured.", [table], [target], ["ffmpeg is not installed"])
    text = report.document([section], machine.describe(), "2030-01-02", "make bench", "Before.\n\n## cold\nAfter.\n")
    for expected in (
        "Before.",
        "`make bench` on 2030-01-02",
        "0 of 1 targets were met",
        "\n## cold: the first call",
        "**one table**",
    ):
        assert expected in text
    for expected in ("| a\\|b | 1 (1 to 2) |", "| at most 2 | 3 | NOT MET |", "ffmpeg is not installed", "After."):
        assert expected in text
    assert not re.search(r"/(home|root|tmp|work)\b", text)


def test_every_section_has_a_note() -> None:
    """What remains and why is said for each section that can be asked for."""
    for name in bench.SECTIONS:
        section = Section(name, "how", [])
        assert "how\n\n" in report.document([section], {}, "d", "c"), name
    assert {*bench.SECTIONS, "all"} == {choice.value for choice in bench.Choice}


def test_ratios_are_of_the_same_round() -> None:
    """A round in which everything took ten times as long changes no ratio."""
    one, other = Sample([2.0, 20.0, 2.0]), Sample([1.0, 10.0, 1.0])
    assert 2.0 == paired(one, other)
    assert 3.0 == paired(one, other, Sample([0.5, 5.0, 0.5]))
    assert "2000 (2000 to 20000)" == one.ms()


def test_what_is_missing_is_said_and_breaks_nothing() -> None:
    """A section that can't be measured here is skipped loudly."""

    def nothing(_rounds: int, _step: object) -> Section:
        raise MissingError("there is no python3.10")

    assert ["there is no python3.10"] == bench.measure("cold", nothing, 1, quiet).skipped


def test_a_share_of_a_core_is_given_back() -> None:
    """Where a quota may be set, its group has it and is gone afterwards; else there is none."""
    with share(1 / 6) as group:
        if group is None:
            pytest.skip("NOT TESTED: no control group's quota may be set here")
        limits = [path.read_text().split() for path in group.parent.glob("cpu.*") if path.name in QUOTAS]
    assert [["16667"]] == limits or [["16667", "100000"]] == limits
    assert not group.parent.exists()


def test_what_is_compared_with_imports_what_is_deployed() -> None:
    """A dependency that we drop leaves the functions that cold starts are compared with, too: else none is measured."""
    locked = [pin.name for pin in read_lock((ROOT / "requirements.txt").read_text())]
    deployed = {path.parts[0].removesuffix(".py") for name in locked for path in files(name) or ()}
    for path in HANDLERS.glob("*.py"):
        tree = ast.walk(ast.parse(path.read_text()))
        names = {name.name.split(".")[0] for node in tree if isinstance(node, ast.Import) for name in node.names}
        assert path.name == "powertools.py" or set() == names - sys.stdlib_module_names - deployed
