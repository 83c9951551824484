"""The console as a whole: signing in and out, languages, trouble, any width."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.console.conftest import Open, Tab
from tests.console.examples import completed, every_state, recording
from tests.console.fake import TOKEN, FakeApi


def test_a_wrong_token_is_reported_and_a_right_one_is_kept_in_the_tab(tab: Tab) -> None:
    """It is kept over a reload, and gone after signing out."""
    page = tab.page
    page.goto(tab.url)
    page.get_by_label("API token").fill("wrong")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("alert")).to_contain_text("not accepted")
    expect(page.get_by_label("API token")).to_be_focused()
    tab.sign_in()
    page.reload()
    expect(page.get_by_role("heading", name="Recordings")).to_be_visible()
    assert TOKEN not in page.url + page.content()
    assert "{}" == page.evaluate("JSON.stringify(localStorage)")
    page.get_by_role("button", name="Sign out").click()
    page.reload()
    expect(page.get_by_label("API token")).to_be_visible()


def test_a_token_that_is_no_longer_good_leads_to_the_sign_in_and_back(api: FakeApi, tab: Tab) -> None:
    """The view that was asked for comes after signing in again."""
    api.documents = every_state()
    tab.sign_in()
    tab.page.evaluate("sessionStorage.setItem('webrecord.token', 'old')")
    tab.go("/recordings/lesson-4708")
    expect(tab.page.get_by_role("alert")).to_contain_text("no longer accepted")
    tab.page.get_by_label("API token").fill(TOKEN)
    tab.page.keyboard.press("Enter")
    expect(tab.page.get_by_role("heading", name="lesson-4708")).to_be_visible()


def test_the_page_speaks_chinese(api: FakeApi, open_tab: Open) -> None:
    """By the browser's language; the switch loads the page in the other, at the same view, and is remembered."""
    api.documents = every_state()
    tab = open_tab(api.url, locale="zh-CN")
    page = tab.page
    page.goto(tab.url)
    page.get_by_label("API 令牌").fill(TOKEN)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="录制", exact=True)).to_be_visible()
    expect(page.locator("table.list").get_by_text("排队中")).to_be_visible()
    assert "zh" == page.locator("html").get_attribute("lang")
    tab.go("/new")
    page.get_by_role("button", name="EN", exact=True).click()
    expect(page.get_by_role("heading", name="New recording")).to_be_visible()
    page.goto(tab.url)
    expect(page.get_by_role("heading", name="Recordings")).to_be_visible()
    expect(page.get_by_role("button", name="EN", exact=True)).to_have_attribute("aria-pressed", "true")


def test_the_address_names_the_language(api: FakeApi, open_tab: Open) -> None:
    """A link to the page in one language is followed, whatever the browser or an earlier visit says."""
    page = open_tab(api.url, locale="en-GB").page
    page.goto(f"{api.url}?lang=zh")
    expect(page.get_by_label("API 令牌")).to_be_visible()
    page.evaluate("localStorage.setItem('webrecord.language', 'of a later release')")
    page.goto(api.url)
    expect(page.get_by_label("API token")).to_be_visible()
    page.evaluate("localStorage.setItem('webrecord.language', 'en')")
    page.goto(f"{api.url}?lang=zh")
    expect(page.get_by_label("API 令牌")).to_be_visible()


def test_trouble_is_one_line_that_says_what_to_do(api: FakeApi, tab: Tab) -> None:
    """And goes by itself when it is over."""
    api.documents = every_state()
    tab.sign_in()
    api.refuse = {"status": 503, "title": "Storage did not answer as it should", "detail": "timeout"}
    line = "Storage did not answer as it should: timeout. Try again in a moment."
    tab.page.get_by_role("link", name="webrecord").click()
    tab.go("/?state=failed")
    expect(tab.page.get_by_text(line)).to_be_visible()
    api.refuse = None
    tab.page.get_by_role("button", name="Try again").click()
    expect(tab.page.get_by_text(line)).to_have_count(0)
    expect(tab.page.locator("table.list tbody tr")).to_have_count(1)


@pytest.mark.parametrize("width", [360, 1920])
@pytest.mark.parametrize("locale", ["en-GB", "zh-CN"])
def test_nothing_scrolls_sideways(api: FakeApi, open_tab: Open, width: int, locale: str) -> None:
    """In every view, with long names too."""
    api.documents = every_state()
    long = recording(20, "failed", recording_id="L" * 26, page_url=f"https://example.com/{'x' * 300}", reason="y" * 300)
    long["labels"] = {"n" * 64: "v" * 256}
    api.documents[long["recording_id"]] = long
    tab = open_tab(api.url, width=width, locale=locale)
    tab.page.goto(tab.url)
    tab.page.locator("#token").fill(TOKEN)
    tab.page.keyboard.press("Enter")
    tab.page.locator("table.list").wait_for()
    for address, there in VIEWS:
        tab.go(address)
        tab.page.locator(there).first.wait_for()
        assert width == tab.page.evaluate("document.documentElement.scrollWidth"), address


VIEWS = [("/", "table.list"), ("/recordings/lesson-4707", "dl"), (f"/recordings/{'L' * 26}", "dl"), ("/new", "#url")]


def test_reason_and_advice_are_in_the_readers_language(api: FakeApi, open_tab: Open) -> None:
    """By their codes, with TRTC's own words beside; a code that the page does not know leaves the API's words."""
    why, what = "only part was recorded: the page could not be recorded: Goto url timeout", "let the firewall admit"
    known = completed(1, reason=why, reason_code="page_slow", advice=what, advice_code="page_slow")
    other = recording(2, "failed", reason=why, reason_code="what_is_to_come", advice=what, advice_code="toString")
    api.documents = {each["recording_id"]: each for each in (known, other)}
    tab = open_tab(api.url, locale="zh-CN")
    tab.page.goto(tab.url)
    tab.page.get_by_label("API 令牌").fill(TOKEN)
    tab.page.keyboard.press("Enter")
    expect(tab.page.get_by_text("只录到一部分。网页打开超时")).to_be_visible()
    tab.go(f"/recordings/{known['recording_id']}")
    callout = tab.page.locator(".callout")
    expect(callout).to_contain_text("只录到一部分。网页打开超时")
    expect(callout).to_contain_text("Goto url timeout")
    expect(callout).to_contain_text("请让防火墙放行公网访问")
    expect(callout).not_to_contain_text(what)
    tab.go(f"/recordings/{other['recording_id']}")
    expect(callout).to_contain_text(why)
    expect(callout).to_contain_text(what)
