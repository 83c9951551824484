"""The list: alive, filtered, page by page, and a recording found by its id."""

from __future__ import annotations

import re
import time

from playwright.sync_api import expect

from tests.console.conftest import Tab
from tests.console.examples import every_state, recording
from tests.console.fake import FakeApi


def test_the_list_shows_every_state_and_follows_it(api: FakeApi, tab: Tab) -> None:
    """In a word beside the colour; a change comes without a reload and is told to screen readers."""
    api.documents = every_state()
    tab.sign_in()
    rows = tab.page.locator("table.list tbody tr")
    expect(rows).to_have_count(11)
    for word in ("Scheduled", "Queued", "Starting", "Recording", "Paused", "Stopping", "Uploading", "Failed", "Lost"):
        expect(rows.get_by_text(word, exact=True)).to_have_count(1)
    api.documents["lesson-4703"]["state"] = "uploading"
    row = rows.filter(has_text="lesson-4703")
    expect(row.get_by_text("Uploading", exact=True)).to_be_visible()
    expect(tab.page.get_by_role("status")).to_have_text("lesson-4703: Uploading.")
    asked = [headers for method, target, _, headers in api.calls if target.startswith("/recordings?")]
    assert "if-none-match" in asked[-1]


UNDER_WAY = """(asked => {
  window.underWay = 0;
  window.fetch = async (...what) => {
    window.underWay++;
    try {
      const answer = await asked(...what);
      await answer.clone().arrayBuffer();
      return answer;
    } finally {
      window.underWay--;
    }
  };
})(window.fetch)"""
"""Counts the calls that are not answered yet: the page itself knows, at once."""


def test_an_unseen_tab_asks_hardly_ever(api: FakeApi, tab: Tab) -> None:
    """And at once when it is looked at again."""
    api.documents = every_state()
    page = tab.page
    page.add_init_script("Object.defineProperty(document, 'hidden', {get: () => window.away ?? false})")
    page.add_init_script(UNDER_WAY)
    page.clock.install()
    tab.sign_in()

    def asked_in(seconds: int) -> int:
        before = len(api.calls)
        for _ in range(seconds):
            page.clock.run_for(1_000)
            page.wait_for_timeout(20)
            while page.evaluate("window.underWay"):  # the clock stands still for an answer, however long that takes
                page.wait_for_timeout(20)
        return len(api.calls) - before

    assert 4 <= asked_in(20) <= 6
    page.evaluate("window.away = true")
    asked_in(10)  # the one that was due
    assert asked_in(40) <= 1
    before = len(api.calls)
    page.evaluate("window.away = false; document.dispatchEvent(new Event('visibilitychange'))")
    asked_in(2)
    assert before + 1 == len(api.calls)


def test_filters_are_in_the_address_and_pages_go_on(api: FakeApi, tab: Tab) -> None:
    """States, days and labels; a filter keeps the keyboard's place; a link brings them back."""
    api.documents = {
        f"r{number}": {**recording(number, "completed"), "recording_id": f"r{number}"} for number in range(5)
    }
    api.documents["r9"] = {**recording(9, "failed", labels={"room": "a b:c"}), "recording_id": "r9"}
    api.page_size = 2
    tab.sign_in()
    page = tab.page
    rows = page.locator("table.list tbody tr")
    expect(rows).to_have_count(2)
    page.get_by_role("link", name="Older").click()
    expect(rows.nth(0)).to_contain_text("r2")
    page.get_by_role("link", name="Older").click()
    expect(rows.nth(1)).to_contain_text("r9")
    page.get_by_role("link", name="Newest").click()
    expect(rows.nth(0)).to_contain_text("r0")
    page.get_by_label("Failed").check()
    expect(rows).to_have_count(1)
    expect(page.get_by_label("Failed")).to_be_focused()
    page.get_by_label("From").fill("2026-01-31")
    expect(page).to_have_url(re.compile(r"#/\?state=failed&from=2026-01-31$"))
    rows.get_by_role("link", name="room a b:c").click()
    page.reload()
    expect(rows).to_have_count(1)
    assert "label=room%3Aa+b%3Ac" in api.calls[-1][1]
    page.get_by_label("Completed").check()
    expect(page.get_by_text("No recording matches these filters.")).to_be_visible()


def test_a_recording_is_found_by_its_id(api: FakeApi, tab: Tab) -> None:
    """One that is not there is said to be so."""
    api.documents = every_state()
    tab.sign_in()
    search = tab.page.get_by_role("search").get_by_label("Recording id")
    search.fill("lesson-4709")
    search.press("Enter")
    expect(tab.page.get_by_role("heading", name="Lost lesson-4709")).to_be_visible()
    expect(tab.page.get_by_text("no file was found")).to_be_visible()
    tab.go("/recordings/no-such/thing")
    tab.go("/recordings/no-such")
    expect(tab.page.get_by_role("heading", name="There is no such recording")).to_be_visible()


def test_the_length_of_what_is_being_recorded_grows(api: FakeApi, tab: Tab) -> None:
    """Second by second, without asking."""
    began = time.time()
    api.documents = every_state()
    tab.sign_in()
    cell = tab.page.locator("tr", has_text="lesson-4703").locator(".c-length")
    first = cell.inner_text()
    took_s = time.time() - began
    expect(cell).not_to_have_text(first)
    minutes, seconds = first.split(":")
    assert 38 * 60 <= 60 * int(minutes) + int(seconds) <= 38 * 60 + took_s + 1
