"""A recording's own view: what it tells, what can be done, and that it stays text."""

from __future__ import annotations

import re
from enum import Enum
from urllib.parse import urljoin

import pytest
from playwright.sync_api import expect

from shared.domain.detail import timeline
from shared.domain.reasons import Code
from shared.domain.words import words_of
from tests.console.conftest import Open, Tab
from tests.console.examples import HOSTILE, HOSTILE_REASON, HOSTILE_URL, completed, every_state, recording
from tests.console.fake import FakeApi
from tests.shared.domain.test_detail import everything


class OfALaterRelease(str, Enum):
    """A reason whose code this page does not know."""

    NEW = "new"


def test_a_recording_tells_reason_advice_timeline_files_and_raw_events(api: FakeApi, tab: Tab) -> None:
    """Everything the API knows of it."""
    api.documents = every_state()
    api.events = [
        {"name": "x", "received_ms": 1_795_363_480_010, "body": {"EventType": 801, "EventInfo": {"TaskId": "t"}}}
    ]
    tab.sign_in()
    page = tab.page
    tab.go("/recordings/lesson-4708")
    expect(page.get_by_text("Goto url error net::ERR_NAME_NOT_RESOLVED")).to_be_visible()
    expect(page.get_by_text("must reach the page from the public internet")).to_be_visible()
    tab.go("/recordings/lesson-4707")
    expect(page.locator(".happenings li:not(.day)")).to_have_count(8)
    expect(page.locator(".timeline .bar.file")).to_have_count(2)
    expect(page.locator(".timeline .bar.gap")).to_have_count(1)
    expect(page.locator(".timeline .k-attempt")).to_have_count(2)
    widths = [box["width"] for bar in page.locator(".timeline .bar").all() if (box := bar.bounding_box())]
    assert all(width > 2 for width in widths)
    files = page.get_by_role("region", name="Files").get_by_role("row")
    expect(files.nth(1)).to_contain_text("21:00")
    expect(files.nth(1)).to_contain_text("187 MB")
    download = files.nth(2).get_by_role("link", name="Download lesson-4707_1.mp4")
    expect(download).to_have_attribute("href", "https://files.example.com/1.mp4")
    page.get_by_text("Raw events").click()
    page.get_by_text("801 RECORDER_START").click()
    expect(page.locator("pre")).to_contain_text('"TaskId": "t"')


def test_a_link_to_a_film_is_renewed_while_the_table_stands(api: FakeApi, tab: Tab) -> None:
    """Signed links end within minutes; whoever comes back to the tab has those of the last answer."""
    api.documents = every_state()
    tab.sign_in()
    page = tab.page
    tab.go("/recordings/lesson-4707")
    download = page.get_by_role("link", name="Download lesson-4707_1.mp4")
    expect(download).to_have_attribute("href", "https://files.example.com/1.mp4")
    for document in api.documents.values():
        for file in document.get("files", []):
            file["url"] += "?renewed"
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    expect(download).to_have_attribute("href", "https://files.example.com/1.mp4?renewed")


def test_all_raw_events_are_shown_whatever_their_times_are(api: FakeApi, tab: Tab) -> None:
    """Page by page; a time that no calendar has is shown as the number, and hides nothing."""
    api.documents = every_state()
    times = [1_795_363_480_010, 9e15, "soon", None, -1]
    api.events = [
        {"name": str(at), "received_ms": at, "body": {"EventType": 801, "EventInfo": {"EventMsTs": at}}} for at in times
    ]
    tab.sign_in()
    page = tab.page
    tab.go("/recordings/lesson-4707")
    page.get_by_text("Raw events").click()
    rows = page.locator("ol.raw > li")
    expect(rows).to_have_count(2)
    page.get_by_role("button", name="Show more").click()
    expect(rows).to_have_count(4)
    page.get_by_role("button", name="Show more").click()
    expect(rows).to_have_count(5)
    expect(page.get_by_role("button", name="Show more")).to_have_count(0)
    expect(rows.nth(1)).to_contain_text("9000000000000000")


def test_stop_cancel_and_delete_ask_first(api: FakeApi, tab: Tab) -> None:
    """Escape does nothing; the focus goes back; the call is the documented one."""
    api.documents = every_state()
    tab.sign_in()
    page = tab.page
    tab.go("/recordings/lesson-4703")
    stop = page.get_by_role("button", name="Stop", exact=True)
    stop.click()
    expect(page.get_by_role("dialog")).to_contain_text("Stop this recording?")
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(stop).to_be_focused()
    assert [] == [call for call in api.calls if call[0] != "GET"]
    stop.click()
    page.get_by_role("dialog").get_by_role("button", name="Stop").click()
    expect(page.get_by_role("heading", name="Stopping lesson-4703")).to_be_visible()
    tab.go("/recordings/lesson-4700")
    page.get_by_role("button", name="Cancel recording").click()
    page.get_by_role("dialog").get_by_role("button", name="Cancel it").click()
    expect(page.get_by_role("dialog")).to_have_count(0)
    tab.go("/recordings/lesson-4707")
    page.get_by_role("button", name="Delete", exact=True).click()
    page.get_by_label("Delete its files too").check()
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    expect(page.get_by_role("heading", name="Recordings")).to_be_visible()
    assert [
        ("POST", "/recordings/lesson-4703/stop"),
        ("DELETE", "/recordings/lesson-4700"),
        ("DELETE", "/recordings/lesson-4707?files=true"),
    ] == [call[:2] for call in api.calls if call[0] != "GET"]


def test_what_comes_from_outside_is_text(api: FakeApi, tab: Tab) -> None:
    """Labels, addresses, reasons, file names, events: shown as they are; no script runs, the policy is never hurt."""
    hostile = completed(
        1,
        state="failed",
        page_url="javascript:window.hit='link'",
        reason=HOSTILE_REASON,
        advice=HOSTILE,
        labels={"x": HOSTILE},
        source=HOSTILE,
        task_id=HOSTILE,
    )
    hostile["timeline"][1].update(kind='" onload="x', text=HOSTILE)
    hostile["files"][0].update(name=HOSTILE, url="javascript:window.hit='file'")
    other = recording(2, "failed", page_url=HOSTILE_URL, reason=HOSTILE_REASON)
    odd = recording(3, "<b>new</b>", labels={})
    api.documents = {each["recording_id"]: each for each in (hostile, other, odd)}
    api.events = [{"name": "x", "received_ms": 1, "body": {"EventType": HOSTILE}}]
    tab.sign_in()
    page = tab.page
    expect(page.get_by_text(HOSTILE_REASON)).to_have_count(2)
    expect(page.get_by_text("<b>new</b>")).to_be_visible()
    tab.go(f"/recordings/{hostile['recording_id']}")
    for where in (".callout", "dl", ".happenings", ".files"):
        expect(page.locator(where)).to_contain_text("onerror=")
    expect(page.get_by_text("javascript:window.hit='link'")).to_be_visible()
    assert [] == page.evaluate("[...document.links].map(a => a.protocol).filter(p => !p.startsWith('http'))")
    page.get_by_text("Raw events").click()
    page.locator(".raw summary").click()
    expect(page.locator("pre")).to_contain_text("onerror=")
    tab.go(f"/recordings/{other['recording_id']}")
    expect(page.get_by_role("link", name="example.com")).to_have_attribute("rel", "noopener noreferrer nofollow")
    assert tab.hit() is None


def test_many_segments_are_shown_when_somebody_wants_them(api: FakeApi, tab: Tab) -> None:
    """An hour of HLS has hundreds."""
    files = [{"name": f"a_{number:05}.ts", "size": 1, "url": "https://files.example.com/a"} for number in range(300)]
    api.documents = {"hls": recording(1, "completed", recording_id="hls", files=files)}
    tab.sign_in()
    tab.go("/recordings/hls")
    rows = tab.page.locator("table.files tbody tr")
    expect(rows).to_have_count(12)
    tab.page.get_by_role("button", name="Show all 300 files").click()
    expect(rows).to_have_count(300)


@pytest.mark.parametrize(
    ("line", "given"),
    [
        ("segment?file=a.m3u8&name=a_0.ts", True),
        ("/recordings/other/events", False),
        ("events", False),
        ("../other/playlist?file=a.m3u8", False),
        ("x/../stop", False),
    ],
)
def test_a_playlist_gets_the_token_for_nothing_else(api: FakeApi, tab: Tab, line: str, given: bool) -> None:
    """Whoever writes into the bucket may name any address of ours: only the recording's own segments get the token."""
    files = [{"name": "a.m3u8", "size": 9, "playlist_url": "recordings/hls/playlist?file=a.m3u8"}]
    api.documents = {"hls": recording(1, "completed", recording_id="hls", format="hls", files=files)}
    lines = f"#EXTM3U\n#EXT-X-TARGETDURATION:4\n#EXTINF:4.0,\n{line}\n#EXT-X-ENDLIST\n"
    tab.page.route(
        "**/recordings/hls/playlist?*",
        lambda route: route.fulfill(body=lines, content_type="application/vnd.apple.mpegurl"),
    )
    tab.sign_in()
    tab.page.evaluate("location.hash = '#/recordings/hls'")
    want = urljoin(f"{api.url.removesuffix('console')}recordings/hls/playlist", line)
    with tab.page.expect_request(lambda request: request.url == want and request.resource_type == "xhr") as sent:
        pass
    assert given == ("authorization" in sent.value.all_headers())


@pytest.mark.parametrize(
    ("locale", "mark", "words", "advice"),
    [
        ("en-GB", "bad film", "It is silent", "Was the room muted then?"),
        ("zh-CN", "录制文件有问题", "一段时间没有声音", "请确认当时是否已静音。"),
    ],
)
def test_what_is_wrong_with_a_film_is_told(
    api: FakeApi, open_tab: Open, locale: str, mark: str, words: str, advice: str
) -> None:
    """A mark in the list; findings in the reader's words, with from and to and what to do; others' words are text."""
    findings = [
        {"code": "silent_stretch", "words": "x", "file": "a.mp4", "from_ms": 62_000, "to_ms": 3_725_000},
        {"code": "upside_down", "words": HOSTILE, "file": HOSTILE},
        {"code": "gap", "words": "x", "from_ms": 1_795_363_480_010, "to_ms": 8_640_000_000_000_001},
    ]
    api.documents = {
        each["recording_id"]: each
        for each in (
            completed(1, film="bad", film_findings=findings, film_reason=HOSTILE_REASON),
            completed(2, film="good"),
            completed(3, film=HOSTILE),
            completed(4),
        )
    }
    tab = open_tab(api.url, locale=locale)
    page = tab.page
    page.goto(tab.url)
    page.locator("input").first.fill(tab.token)
    page.keyboard.press("Enter")
    expect(page.locator("tbody tr")).to_have_count(4)
    expect(page.locator("[data-film]")).to_have_text([mark])
    tab.go("/recordings/lesson-4701")
    told = page.locator(".part-findings")
    for said in (words, advice, "1:02 – 1:02:05", "a.mp4", HOSTILE, HOSTILE_REASON):
        expect(told).to_contain_text(said)
    tab.go("/recordings/lesson-4704")
    expect(page.locator(".part-files .card")).to_be_visible()
    expect(page.locator(".part-findings h2")).to_have_count(0)
    tab.go("/recordings/lesson-4703")
    expect(told).to_contain_text(HOSTILE)
    assert tab.hit() is None


LATIN = r"[A-Za-z][a-z']+(?:[ ,:]+[A-Za-z][a-z']*){2}"
"""Three words of English behind each other; names, ids, codes and addresses are none."""


def test_a_chinese_page_has_no_english_sentence(api: FakeApi, open_tab: Open) -> None:
    """With everything that can happen, every reason and advice: others' words are folded, and there when wanted."""
    events = [one.model_dump(mode="json", exclude_none=True) for one in timeline(everything())]
    finding = {"code": "of_a_later_release", "words": "words of a later release", "file": "a.mp4"}
    late = {"code": "of_a_later_release", "kind": "9", "at_ms": 1, "text": "words of a later release"}
    told = [{"webhook_id": "x", "state": "failed", "attempts": 2, "error": "hook.example.com did not answer in time"}]
    api.documents = {
        (name := f"r-{code.value}".replace("_", "-")[:26]): recording(
            number,
            "failed",
            recording_id=name,
            reason_code=code.value,
            reason="the page could not be recorded: words of the recorder",
            advice_code=code.value if code in words_of("advice") else None,
            advice=words_of("advice").get(code),
            film="unchecked",
            film_reason="the files lie in a place of the caller's",
            film_findings=[finding],
            notifications=told,
            timeline=[late, *events],
        )
        for number, code in enumerate([*Code, OfALaterRelease.NEW])
    }
    tab = open_tab(api.url, locale="zh-CN")
    page = tab.page
    page.goto(tab.url)
    page.locator("input").first.fill(tab.token)
    page.keyboard.press("Enter")
    expect(page.locator("tbody tr")).to_have_count(len(api.documents))
    assert [] == re.findall(LATIN, page.locator("main").inner_text())
    for code in ("page-name", "other", "new"):
        tab.go(f"/recordings/r-{code}")
        expect(page.locator(".happenings li:not(.day)")).to_have_count(len(events) + 1)
        assert [] == re.findall(LATIN, page.locator("main").inner_text())
    page.locator(".callout .original summary").first.click()
    expect(page.get_by_text("words of the recorder")).to_be_visible()
