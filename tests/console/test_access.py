"""Everybody can use it: by keyboard alone, with a screen reader (axe-core's rules), in light and dark."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.console.conftest import Open, Tab
from tests.console.examples import every_state
from tests.console.fake import TOKEN, FakeApi

AXE = (Path(__file__).parent / "axe" / "axe.min.js").read_text()
GRAVE = ("serious", "critical", "moderate")


def grave(page: Page) -> list[str]:
    """Return what axe finds on the page as it is now, but for what is minor."""
    page.evaluate(AXE)
    found: dict[str, Any] = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
    return [
        f"{each['id']}: {node['html'][:160]} {node['failureSummary'][:200]}"
        for each in found["violations"]
        if each["impact"] in GRAVE
        for node in each["nodes"]
    ]


@pytest.mark.parametrize(("scheme", "width"), [("light", 1280), ("dark", 360)])
def test_axe_finds_nothing_grave_in_any_view(api: FakeApi, open_tab: Open, scheme: str, width: int) -> None:
    """Contrast, names, roles, order of headings, regions."""
    api.documents = every_state()
    api.events = [{"name": "x", "received_ms": 1, "body": {"EventType": 801}}]
    tab = open_tab(api.url, width=width, scheme=scheme)
    page = tab.page
    page.goto(tab.url)
    page.get_by_label("API token").wait_for()
    found = {"sign in": grave(page)}
    page.get_by_label("API token").fill("wrong")
    page.keyboard.press("Enter")
    page.get_by_role("alert").wait_for()
    found["refused"] = grave(page)
    tab.sign_in()
    page.locator("table.list").wait_for()
    if width < 768:
        page.get_by_text("Filters").click()
    page.get_by_label("Failed").check()
    page.get_by_label("Failed").uncheck()
    found["list"] = grave(page)
    for state, recording in (("completed", "lesson-4707"), ("failed", "lesson-4708"), ("recording", "lesson-4703")):
        tab.go(f"/recordings/{recording}")
        page.locator("dl").wait_for()
        found[state] = grave(page)
    page.get_by_text("Raw events").click()
    page.locator(".raw summary").click()
    found["events"] = grave(page)
    page.get_by_role("button", name="Stop").click()
    found["dialog"] = grave(page)
    page.keyboard.press("Escape")
    tab.go("/new")
    api.refuse = {
        "status": 422,
        "title": "The request is not valid",
        "errors": [{"path": "RecordUrl", "message": "no"}],
    }
    page.get_by_text("More settings").click()
    page.get_by_role("button", name="Record", exact=True).click()
    page.get_by_text("One field is wrong.").wait_for()
    found["form"] = grave(page)
    api.refuse = None
    tab.go("/?state=lost&label=none:1")
    page.locator(".empty").wait_for()
    found["nothing"] = grave(page)
    assert {} == {view: problems for view, problems in found.items() if problems}


def test_all_of_it_goes_by_keyboard(api: FakeApi, tab: Tab) -> None:
    """Sign in, open a recording from the list, stop it, come back: never a mouse, the focus always seen."""
    api.documents = {"lesson-4703": every_state()["lesson-4703"]}
    page = tab.page
    page.goto(tab.url)
    expect(page.get_by_label("API token")).to_be_focused()
    page.keyboard.type(TOKEN)
    page.keyboard.press("Enter")
    page.locator("table.list").wait_for()
    walk_to(page, "example.com/class?room=4703")
    page.keyboard.press("Enter")
    page.locator("dl").wait_for()
    expect(page.locator("#main"), "a new view begins at its beginning").to_be_focused()
    walk_to(page, "Stop")
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog")
    expect(dialog).to_be_visible()
    assert page.evaluate("document.querySelector('dialog').contains(document.activeElement)")
    walk_to(page, "Stop it")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Stopping lesson-4703")).to_be_visible()
    expect(page.get_by_role("status")).to_have_text("lesson-4703: Stopping.")
    page.keyboard.press("Alt+ArrowLeft")
    page.go_back()
    expect(page.get_by_role("heading", name="Recordings")).to_be_visible()


def walk_to(page: Page, text: str) -> None:
    """Press Tab until what has the text has the focus, which must show at every step."""
    for _ in range(60):
        page.keyboard.press("Tab")
        here = page.evaluate(SEEN)
        assert here["seen"], f"the focus can't be seen at {here}"
        if text == here["text"]:
            return
    raise AssertionError(f"Tab never came to {text}")


# Of a check box that is drawn by its label the label shows the focus; of a row's link the whole row.
SEEN = """() => {
  const e = document.activeElement, shown = x => x && getComputedStyle(x).outlineStyle !== 'none';
  const seen = e === document.body || shown(e) || shown(e.closest('label'))
    || getComputedStyle(e, '::after').outlineStyle !== 'none';
  return {seen, tag: e.tagName, text: e.textContent.trim()};
}"""


def test_there_is_a_way_past_the_header(tab: Tab) -> None:
    """The first Tab offers it; the address, which names the view, stays."""
    tab.sign_in()
    tab.page.reload()
    tab.page.get_by_role("heading", name="Recordings").wait_for()
    tab.page.keyboard.press("Tab")
    tab.page.keyboard.press("Enter")
    expect(tab.page.locator("#main")).to_be_focused()
    assert "#main" not in tab.page.url


def test_whoever_wants_no_motion_gets_none(api: FakeApi, tab: Tab) -> None:
    """The tests' browser asks for reduced motion."""
    api.documents = every_state()
    tab.sign_in()
    tab.page.locator("table.list").wait_for()
    assert 0 == tab.page.evaluate("document.getAnimations().length")
