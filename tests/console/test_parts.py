"""The parts of a recording as one film: a line with gaps and findings, part after part; the verdicts' filter."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from testing.films import pictures as see
from testing.films import sounds as hear
from testing.films.make import FAST, Film, write
from tests.console.conftest import WAIT_S, Open, Tab
from tests.console.examples import HOSTILE, completed, recording
from tests.console.fake import FILES, FakeApi

FILM = Film(see.clock, hear.beep, seconds=2, fps=10, size=(320, 180), options=FAST, mux={"movflags": "faststart"})
BEGAN = 1_795_363_480_010
FIRST_MS, SECOND_MS = 2_000, 4_000
"""How long the parts are; a gap of 4 s lies between them, so that the film has 10 s."""


@pytest.fixture(scope="module")
def parts(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    folder = tmp_path_factory.mktemp("films")
    return [write(replace(FILM, seconds=each / 1000, name=f"{each}.mp4"), folder) for each in (FIRST_MS, SECOND_MS)]


@pytest.fixture
def shown(api: FakeApi, tab: Tab, parts: list[Path]) -> Iterator[Page]:
    """A recording of two parts with a gap and a finding, opened."""
    begins = (BEGAN, BEGAN + 6_000)
    files = [
        {
            "name": path.name,
            "start_ms": begin,
            "end_ms": begin + long,
            "duration_ms": long,
            "url": f"{FILES}/{path.name}",
        }
        for path, begin, long in zip(parts, begins, (FIRST_MS, SECOND_MS), strict=True)
    ]
    api.documents["x"] = recording(
        1,
        "completed",
        recording_id="x",
        files=files,
        gaps=[{"start_ms": BEGAN + FIRST_MS, "end_ms": BEGAN + 6_000}],
        film="suspect",
        film_findings=[
            {"code": "silent_stretch", "words": "x", "file": "4000.mp4", "from_ms": 1_000, "to_ms": 3_000},
            {"code": "upside_down", "words": HOSTILE, "file": "4000.mp4", "from_ms": 0, "to_ms": 1_000},
            {"code": "still", "words": "of no file that is here", "file": "gone.mp4", "from_ms": 0, "to_ms": 1_000},
        ],
    )
    for path in parts:
        tab.page.route(f"{FILES}/{path.name}", serve(path.read_bytes()))
    tab.sign_in()
    tab.go("/recordings/x")
    yield tab.page
    assert tab.hit() is None


def serve(film: bytes) -> Any:
    """Answer with the bytes that are asked for, as the bucket does."""

    def answer(route: Any) -> None:
        found = re.match(r"bytes=(\d+)-(\d*)", route.request.headers.get("range", "bytes=0-"))
        assert found is not None
        first, last = int(found[1]), int(found[2] or len(film) - 1)
        route.fulfill(
            status=206,
            body=film[first : last + 1],
            content_type="video/mp4",
            headers={"Accept-Ranges": "bytes", "Content-Range": f"bytes {first}-{last}/{len(film)}"},
        )

    return answer


def slider(page: Page) -> Locator:
    return page.get_by_role("slider", name="The whole film")


def playing(page: Page) -> Locator:
    return page.locator(".player figcaption")


def seconds(page: Page) -> float:
    """Return where the slider stands, from the beginning of the first part."""
    found: float = slider(page).evaluate("input => (Number(input.value) - Number(input.min)) / 1000")
    return found


def until(page: Page, holds: str) -> None:
    """Wait until something holds for the video; the page's policy lets no script of its own be evaluated."""
    for _ in range(WAIT_S * 10):
        if page.locator("video").evaluate(holds):
            return
        page.wait_for_timeout(100)
    raise AssertionError(f"{holds}: not within {WAIT_S} s")


def seek(page: Page, second: float) -> None:
    """Move the slider, as a hand does."""
    slider(page).evaluate(
        "(input, at) => { input.value = Number(input.min) + at * 1000;"
        " for (const name of ['input', 'change']) input.dispatchEvent(new Event(name, {bubbles: true})); }",
        second,
    )


def place(page: Page, bar: str) -> list[tuple[float, float]]:
    """Return from where to where, in seconds of the film, bars are drawn on the line."""
    spans: list[tuple[float, float]] = page.locator(f".whole-line .bar.{bar}").evaluate_all(
        "bars => bars.map(({style}) => [parseFloat(style.left), parseFloat(style.left) + parseFloat(style.width)])"
    )
    return [(round(begin / 10, 1), round(end / 10, 1)) for begin, end in spans]


def test_one_line_shows_parts_gaps_and_findings_at_their_time(shown: Page) -> None:
    """On the film's line and on the timeline; a later release's finding has its own words, as text."""
    expect(slider(shown)).to_be_visible()
    assert [(0, 2), (6, 10)] == place(shown, "file")
    assert [(2, 6)] == place(shown, "gap")
    assert [(7, 9), (6, 7)] == place(shown, "found")
    lane = shown.locator(".timeline .lane", has_text="Findings")
    expect(lane.locator(".bar.found")).to_have_count(2)
    expect(lane.locator(".bar.found").first).to_have_attribute("title", "It is silent 0:01 – 0:03")
    expect(lane.locator(".bar.found").nth(1)).to_have_attribute("title", f"{HOSTILE} 0:00 – 0:01")


def test_the_parts_play_one_after_the_other(shown: Page) -> None:
    """The second follows by itself, the slider goes over the gap, and the last one is the end."""
    expect(playing(shown)).to_have_text("2000.mp4")
    shown.locator("video").evaluate("video => video.play()")
    expect(playing(shown)).to_have_text("4000.mp4")
    until(shown, "video => video.currentTime > 0.2")
    expect(slider(shown)).to_have_attribute("aria-valuetext", re.compile("^0:(0[6-9]|10) / 0:10$"))
    assert seconds(shown) >= 6
    until(shown, "video => video.ended")
    expect(playing(shown)).to_have_text("4000.mp4")
    expect(slider(shown)).to_have_attribute("aria-valuetext", "0:10 / 0:10")
    assert 10 == pytest.approx(seconds(shown), abs=0.3)


@pytest.mark.parametrize(
    ("to", "part", "within"), [(8.0, "4000.mp4", 2.0), (1.0, "2000.mp4", 1.0), (4.0, "4000.mp4", 0.0)]
)
def test_the_slider_goes_anywhere(shown: Page, to: float, part: str, within: float) -> None:
    """Into another part, within one, and out of a gap to what comes after it; what did not play does not begin to."""
    expect(slider(shown)).to_be_visible()
    seek(shown, to)
    expect(playing(shown)).to_have_text(part)
    until(shown, f"video => video.readyState >= 2 && Math.abs(video.currentTime - {within}) < 0.2")
    assert shown.locator("video").evaluate("video => video.paused")


def test_the_keyboard_moves_it(shown: Page) -> None:
    """A slider as any other."""
    expect(slider(shown)).to_be_visible()
    slider(shown).press("End")
    expect(playing(shown)).to_have_text("4000.mp4")


def test_parts_without_times_have_no_line_and_play_all_the_same(api: FakeApi, tab: Tab, parts: list[Path]) -> None:
    """An older recording's files may have none."""
    api.documents["x"] = recording(
        1, "completed", recording_id="x", files=[{"name": path.name, "url": f"{FILES}/{path.name}"} for path in parts]
    )
    for path in parts:
        tab.page.route(f"{FILES}/{path.name}", serve(path.read_bytes()))
    tab.sign_in()
    tab.go("/recordings/x")
    expect(playing(tab.page)).to_have_text("2000.mp4")
    expect(slider(tab.page)).to_have_count(0)
    tab.page.locator("video").evaluate("video => video.play()")
    expect(playing(tab.page)).to_have_text("4000.mp4")


@pytest.mark.parametrize(("locale", "bad", "suspect"), [("en-GB", "bad film", "check the film"), ("zh-CN", "", "")])
def test_the_list_is_filtered_by_verdict(api: FakeApi, open_tab: Open, locale: str, bad: str, suspect: str) -> None:
    """Any of those that are ticked; they stand in the address, and go to the API in one parameter."""
    api.documents = {
        each["recording_id"]: each
        for each in (completed(1, film="bad"), completed(2, film="suspect"), completed(3, film="good"), completed(4))
    }
    tab = open_tab(api.url, locale=locale)
    page = tab.page
    page.goto(tab.url)
    page.locator("input").first.fill(tab.token)
    page.keyboard.press("Enter")
    rows = page.locator("table.list tbody tr")
    expect(rows).to_have_count(4)
    group = page.get_by_role("group", name="录制文件" if locale == "zh-CN" else "The film")
    boxes = group.get_by_role("checkbox")
    expect(boxes).to_have_count(4)
    if bad:
        expect(group).to_contain_text(bad)
        expect(group).to_contain_text(suspect)
    boxes.nth(0).check()
    expect(rows).to_have_count(1)
    expect(boxes.nth(0)).to_be_focused()
    boxes.nth(1).check()
    expect(rows).to_have_count(2)
    expect(page).to_have_url(re.compile(r"#/\?film=bad&film=suspect$"))
    assert "film=bad%2Csuspect" in api.calls[-1][1]
    page.reload()
    expect(rows).to_have_count(2)
