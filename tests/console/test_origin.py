"""The token stays with this origin, whatever path the page is opened under: a real Chromium, a stranger's server."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from shared.http.console import reply
from tests.cloud import RunningCloud
from tests.console.conftest import Tab
from tests.console.fake import TOKEN
from tests.serving import Server

CORS = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Allow-Headers": "authorization, content-type, if-none-match, idempotency-key",
    "Access-Control-Allow-Methods": "*",
}


class Recorded(Server):
    """A server that answers with `page`, or an empty list, and keeps (path, Authorization) of each call.

    Attributes:
        calls: what came.
        elsewhere: where it sends those who call the API, if anywhere.
    """

    def __init__(self, headers: dict[str, str], page: str | None = None, elsewhere: str | None = None) -> None:
        server = self
        self.calls: list[tuple[str, str | None]] = []

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                server.calls.append((self.path, self.headers.get("Authorization")))
                is_page = page is not None and "text/html" in self.headers.get("Accept", "")
                body = (page if is_page and page is not None else '{"recordings": []}').encode()
                content_type = "text/html; charset=utf-8" if is_page else "application/json"
                self.send_response(302 if elsewhere and not is_page else 200)
                if elsewhere and not is_page:
                    self.send_header("Location", elsewhere + self.path)
                for name, value in {"Content-Type": content_type, **headers, "Content-Length": str(len(body))}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body)

            do_POST = do_OPTIONS = do_HEAD = do_GET  # noqa: N815 (http.server's names)

            def log_message(self, *_: Any) -> None:
                """Say nothing."""

        super().__init__(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.serve_forever, args=(0.02,), daemon=True).start()

    @property
    def host(self) -> str:
        """Host and port."""
        return self.url.removeprefix("http://")

    def close(self) -> None:
        """End it."""
        self.shutdown()
        self.server_close()


@pytest.fixture
def stranger() -> Iterator[Recorded]:
    """A server of another origin, which every page may call."""
    server = Recorded(CORS)
    yield server
    server.close()


def hostile(host: str) -> list[str]:
    """Paths that are, or look like, the address of another host."""
    return [
        f"//{host}/console",
        f"/\\{host}/console",
        f"///{host}/console",
        f"//{host}/console/",
        f"//{host}/release/console",
        f"/.//{host}/console",
        f"/x/..//{host}/console",
        f"/%2F{host}/console",
        f"/%2F%2F{host}/console",
        f"/%5C{host}/console",
        f"/release//{host}/console",
        f"/http://{host}/console",
        f"/http:%2F%2F{host}/console",
        f"/@{host}/console",
        f"/:@{host}/console",
        f"/;@{host}/console",
        f"/\t/{host}/console",
        f"//{host}\\@x/console",
        f"//user@{host}/console",
        f"/{host}/console",
        f"/console//{host}/console",
    ]


def follow(page: Page, url: str) -> None:
    """Follow a link in the same tab, as from a mail."""
    with page.expect_navigation(wait_until="load"):
        page.evaluate("url => { setTimeout(() => { location.href = url; }); }", url)


def test_a_link_to_the_real_address_sends_the_token_nowhere_else(
    cloud: RunningCloud, cloud_tab: Tab, stranger: Recorded
) -> None:
    """The functions serve the page under no such path; the tab is signed in all the while."""
    gateway = cloud.cloud.address.gateway
    for path in hostile(stranger.host):
        follow(cloud_tab.page, gateway + path)
        assert [] == stranger.calls, path
        assert gateway == cloud_tab.page.evaluate("location.origin")
    cloud_tab.go("/")
    cloud_tab.page.get_by_role("heading", name="Recordings").wait_for()
    assert [] == stranger.calls


def ran(server: Recorded) -> bool:
    """Tell whether a page of a server called its API, whatever the browser itself asked for since."""
    return f"Bearer {TOKEN}" in [token for _, token in server.calls]


@pytest.mark.parametrize("with_policy", [True, False])
def test_the_page_calls_its_own_origin_under_any_path(
    browser: Browser, stranger: Recorded, *, with_policy: bool
) -> None:
    """Where a server does give the page out there: with its policy, and by its script alone."""
    sent = reply("")
    own = Recorded(dict(sent.headers) if with_policy else {"Content-Type": "text/html; charset=utf-8"}, sent.body)
    page = browser.new_page()
    try:
        page.add_init_script(f"sessionStorage.setItem('webrecord.token', '{TOKEN}')")
        page.goto(f"{own.url}/console")
        for path in hostile(stranger.host):
            own.calls.clear()
            follow(page, own.url + path)
            for _ in range(1_800):  # it runs a moment after it is there
                if ran(own) or stranger.calls:
                    break
                page.wait_for_timeout(50)
            assert [] == stranger.calls, path
            assert ran(own), f"{path}: the page did not run"
        page.wait_for_load_state("networkidle")
        assert [] == stranger.calls
    finally:
        page.close()
        own.close()


def test_a_reply_that_leads_elsewhere_is_not_followed(browser: Browser, stranger: Recorded) -> None:
    """A redirect of the API is none of ours: the page says that it was not answered."""
    own = Recorded({"Content-Type": "text/html; charset=utf-8"}, reply("").body, elsewhere=stranger.url)
    page = browser.new_page()
    try:
        page.goto(f"{own.url}/console")
        page.locator("#token").fill(TOKEN)
        page.keyboard.press("Enter")
        page.get_by_role("alert").wait_for()
        assert f"Bearer {TOKEN}" in [token for _, token in own.calls]
        assert [] == stranger.calls
    finally:
        page.close()
        own.close()


TRIES = {
    "fetch": "url => fetch(url, {headers: {Authorization: 'Bearer x'}}).then(() => 1, () => 0)",
    "image": "url => new Promise(done => { const i = new Image(); i.onload = i.onerror = done; i.src = url })",
    "video": "url => new Promise(done => { const v = new Audio(); v.onerror = done; v.src = url })",
}


@pytest.mark.parametrize("how", TRIES)
def test_the_policy_alone_keeps_others_out(browser: Browser, stranger: Recorded, how: str) -> None:
    """Nothing that runs in the page reaches another origin; the bucket it does reach."""
    bucket = Recorded(CORS)
    sent = reply("", files=bucket.url)
    own = Recorded(dict(sent.headers), sent.body)
    page = browser.new_page()
    try:
        page.goto(f"{own.url}/console")
        page.evaluate(TRIES[how], f"{stranger.url}/x")
        assert [] == stranger.calls
        page.evaluate(TRIES["fetch"], f"{bucket.url}/film.mp4")
        assert "/film.mp4" in [path for path, _ in bucket.calls]
    finally:
        page.close()
        for server in (bucket, own):
            server.close()
