"""The form: the same request under the same key, and a recording that is made again."""

from __future__ import annotations

from playwright.sync_api import expect

from tests.console.conftest import Tab
from tests.console.examples import every_state
from tests.console.fake import FakeApi


def test_a_request_that_is_sent_again_has_the_same_key(api: FakeApi, tab: Tab) -> None:
    """So a lost answer starts nothing twice; another request has another key."""
    tab.sign_in()
    tab.go("/new")
    api.refuse = {"status": 503, "title": "TRTC can't do it now", "detail": "busy"}
    page = tab.page
    record = page.get_by_role("button", name="Record", exact=True)
    for url in ("https://example.com/a", "https://example.com/a", "https://example.com/b"):
        before = len(api.calls)
        page.get_by_label("Page", exact=True).fill(url)
        record.click()
        expect(page.get_by_role("alert")).to_contain_text("Try again")
        expect(record).to_be_enabled()
        assert before < len(api.calls)
    keys = [headers["idempotency-key"] for method, _, _, headers in api.calls if method == "POST"]
    assert keys[0] == keys[1] != keys[2]


def test_what_was_recorded_once_is_recorded_again_alike(api: FakeApi, tab: Tab) -> None:
    """The form comes filled in, under a new key."""
    api.documents = every_state()
    tab.sign_in()
    tab.go("/recordings/lesson-4710")
    page = tab.page
    page.get_by_role("link", name="Record again").click()
    expect(page.get_by_label("Page", exact=True)).to_have_value("https://example.com/townhall/2026")
    expect(page.get_by_label("Format")).to_have_value("hls")
    page.get_by_text("More settings").click()
    expect(page.get_by_label("Recording id (Idempotency-Key)")).to_have_value("")
