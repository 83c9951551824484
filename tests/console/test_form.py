"""The form: the same request under the same key, and a recording that is made again."""

from __future__ import annotations

import json
import re

from playwright.sync_api import expect

from shared.domain.errors import Conflict, FieldError, InvalidRequest
from shared.domain.wrongs import Wrong
from shared.http.replies import problem
from tests.console.conftest import Open, Tab
from tests.console.examples import every_state
from tests.console.fake import FakeApi
from tests.console.test_recording import LATIN


def test_a_request_that_is_sent_again_has_the_same_key(api: FakeApi, tab: Tab) -> None:
    """So a lost answer starts nothing twice; another request has another key."""
    tab.sign_in()
    tab.go("/new")
    api.refuse = {"status": 503, "title": "TRTC can't do it now", "detail": "busy"}
    page = tab.page
    record = page.get_by_role("button", name="Record", exact=True)
    for url in ("https://example.com/a", "https://example.com/a", "https://example.com/b"):
        page.get_by_label("Page", exact=True).fill(url)
        with page.expect_response(lambda answered: answered.request.method == "POST"):
            record.click()
        expect(page.get_by_role("alert")).to_contain_text("Try again")
        expect(record).to_be_enabled()
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


def test_what_is_wrong_is_said_in_chinese(api: FakeApi, open_tab: Open) -> None:
    """At its field and above the form, by codes; the API's own words stand behind, and alone where no code is known."""
    wrong = [
        Wrong("no_http").at("RecordUrl", ", not 'example'"),
        Wrong("letters").at("Prefix.0"),
        Wrong("at_least", limit=1800).at("MaxDurationLimit"),
        FieldError("NotifyUrl", "words of a later release", "of_a_later_release"),
        Wrong("key_differs").at("Idempotency-Key"),
    ]
    tab = open_tab(api.url, locale="zh-CN")
    page = tab.page
    page.goto(tab.url)
    page.get_by_label("API 令牌").fill(tab.token)
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="录制", exact=True).wait_for()
    tab.go("/new")
    send, alert = page.get_by_role("button", name="提交"), page.get_by_role("alert")
    send.wait_for()
    api.refuse = json.loads(problem(InvalidRequest(wrong), "r-1").body)
    send.click()
    expect(alert).to_have_text("有 5 个字段有误。 Idempotency-Key：与请求体中的 ID 不一致")
    expect(page.locator("#url-problem")).to_have_text("须以 http:// 或 https:// 开头")
    expect(page.locator("#prefix-problem")).to_have_text("Prefix.0：只能包含英文字母、数字、_ 和 -")
    expect(page.locator("#limit-problem")).to_have_text("不能小于 1800")
    expect(page.locator("#notify-problem details")).to_contain_text("words of a later release")
    assert [] == re.findall(LATIN, page.locator("main").inner_text())
    api.refuse = json.loads(problem(Conflict("the id lesson-4711 was used for a different request"), "r-1").body)
    send.click()
    expect(alert).to_contain_text("ID 已被占用")
    assert [] == re.findall(LATIN, page.locator("main").inner_text())
    alert.locator("summary").click()
    expect(alert.get_by_text("was used for a different request")).to_be_visible()
