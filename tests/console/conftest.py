"""A real Chromium with the console in it: against a server that a test scripts, and against the local cloud."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from local.config import LocalConfig
from local.recorder.browser import BrowserError, find_chromium
from tests.cloud import RunningCloud
from tests.console.fake import TOKEN, FakeApi

WAIT_S = 90
"""For what is expected of a page: several of its looks at the API, on a busy machine too."""


@dataclass
class Tab:
    """A page and what went wrong in it: exceptions, refused scripts and styles, and `window.hit`."""

    page: Page
    url: str
    token: str = TOKEN
    wrongs: list[str] = field(default_factory=list)

    def go(self, address: str) -> None:
        """Open a view by its address behind the #."""
        self.page.goto(f"{self.url}#{address}")

    def sign_in(self) -> None:
        """Enter with the token; leaves the list."""
        self.page.goto(self.url)
        self.page.get_by_label("API token").fill(self.token)
        self.page.keyboard.press("Enter")
        self.page.get_by_role("heading", name="Recordings").wait_for()

    def hit(self) -> str | None:
        """Return what a script from outside left behind."""
        found: str | None = self.page.evaluate("window.hit ?? null")
        return found


Open = Callable[..., Tab]


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """One for all: each test has a profile of its own in it. Elsewhere its event loop would be in the way.

    Imported by another package's module, this fixture would live, and be in the way, until the session's end.
    """
    with started_browser() as browser:
        yield browser


@contextmanager
def started_browser() -> Iterator[Browser]:
    """Run a browser for the time of the block; where there is none, the test is skipped."""
    try:
        path = find_chromium(None)
    except BrowserError as error:
        pytest.skip(f"NOT TESTED: {error}")
    expect.set_options(timeout=WAIT_S * 1_000)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=path, args=["--autoplay-policy=no-user-gesture-required"], chromium_sandbox=False
        )
        yield browser
        browser.close()


@pytest.fixture
def open_tab(browser: Browser) -> Iterator[Open]:
    """Give a tab of its own; when the test ends nothing may have gone wrong in it."""
    tabs: list[Tab] = []

    def open_tab(url: str, token: str = TOKEN, width: int = 1280, scheme: str = "light", locale: str = "en-GB") -> Tab:
        page = browser.new_page(
            viewport={"width": width, "height": 800},
            color_scheme="dark" if scheme == "dark" else "light",
            locale=locale,
            timezone_id="Asia/Shanghai",
            reduced_motion="reduce",
        )
        page.set_default_timeout(WAIT_S * 1_000)
        tab = Tab(page, url, token)
        page.on("pageerror", lambda error: tab.wrongs.append(str(error)))
        page.on("console", lambda said: tab.wrongs.append(said.text) if "violates" in said.text else None)
        page.add_init_script(
            "addEventListener('securitypolicyviolation', e => console.error('violates', e.blockedURI))"
        )
        tabs.append(tab)
        return tab

    yield open_tab
    found = [wrong for tab in tabs for wrong in tab.wrongs]
    for tab in tabs:
        tab.page.close()
    assert [] == found


@pytest.fixture
def api() -> Iterator[FakeApi]:
    """An API whose recordings the test writes."""
    with FakeApi() as api:
        yield api


@pytest.fixture
def tab(api: FakeApi, open_tab: Open) -> Tab:
    """The console of the scripted API, not signed in."""
    return open_tab(api.url)


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningCloud]:
    """The local cloud with the production functions; its recorder is a timer."""
    config = LocalConfig(tmp_path_factory.mktemp("console"), timer_recorder=True, gentle=True, speed=20, tick_s=0)
    with RunningCloud(config) as running:
        running.patient().cloud.trtc_settings.finish_timeout_s = 5
        yield running


@pytest.fixture
def cloud_tab(cloud: RunningCloud, open_tab: Open) -> Tab:
    """The console of the local cloud, behind an API Gateway's stage; signed in."""
    tab = open_tab(f"{cloud.cloud.address.gateway}/release/console", cloud.cloud.keys.api_token)
    tab.sign_in()
    return tab
