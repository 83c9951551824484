"""The console with the production functions behind it, under an API Gateway's stage, in the local cloud."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator
from contextlib import closing

import pytest
from playwright.sync_api import Locator, Page, Route, expect

from local.client import Client
from local.config import LocalConfig
from tests.cloud import RunningCloud
from tests.console.conftest import Open, Tab
from tests.console.examples import HOSTILE, HOSTILE_URL
from tests.local.recorder.harness import FEW


def headed(page: Page, state: str) -> Locator:
    """The heading of a recording in a state, whose id the page chose."""
    return page.get_by_role("heading", name=re.compile(rf"^{state} [0-9A-Z]{{26}}$"))


def record(page: Page, url: str, **more: str) -> None:
    """Fill in the form and send it; `more` are other fields by their labels."""
    page.get_by_role("navigation", name="Main").get_by_role("link", name="New recording").click()
    page.get_by_label("Page", exact=True).fill(url)
    if set(more) & {"Prefix", "Notify", "Longest duration, seconds"}:
        page.get_by_text("More settings").click()
    for label, value in more.items():
        page.get_by_label(label, exact=True).fill(value)
    page.get_by_role("button", name="Record", exact=True).click()


def test_a_recording_is_started_by_the_form_stopped_and_seen_to_be_completed(
    cloud: RunningCloud, cloud_tab: Tab
) -> None:
    """The state turns by itself, and the list has it too."""
    page = cloud_tab.page
    record(page, "https://example.com/class", Name="room", Value="4711")
    headed(page, "Recording").wait_for(timeout=90_000)
    page.get_by_role("button", name="Stop", exact=True).click()
    page.get_by_role("dialog").get_by_role("button", name="Stop").click()
    headed(page, "Completed").wait_for(timeout=90_000)
    expect(page.get_by_text("a file is uploaded")).to_be_visible()
    cloud.heard()  # 802 may come after the file's event
    page.get_by_text("Raw events").click()
    page.get_by_text("802 RECORDER_STOP").wait_for()
    cloud_tab.go("/?label=room:4711")
    expect(page.locator("table.list tbody tr").get_by_text("Completed")).to_have_count(1)


def test_the_apis_own_words_are_at_the_fields(cloud_tab: Tab) -> None:
    """Each message at its field, the first of them focused; what the page says is what the API says."""
    page = cloud_tab.page
    record(
        page,
        "ftp://example.com/",
        **{"Name": "bad name", "Value": "x", "Prefix": "a b", "Notify": "nowhere", "Longest duration, seconds": "5"},
    )
    answers = page.expect_response(lambda reply: reply.request.method == "POST")
    with answers as answer:
        page.get_by_role("button", name="Record", exact=True).click()
    errors = answer.value.json()["errors"]
    assert {"RecordUrl", "Labels.bad name", "MaxDurationLimit"} <= {error["path"] for error in errors}
    for error in errors:
        expect(page.locator(".field .problem:not([hidden])", has_text=error["message"])).not_to_have_count(0)
    url = page.get_by_label("Page", exact=True)
    expect(url).to_be_focused()
    expect(url).to_have_attribute("aria-invalid", "true")
    described = (url.get_attribute("aria-describedby") or "").split()
    assert errors[0]["message"] == page.locator(f"#{described[-1]}").inner_text()
    expect(page.get_by_role("alert")).to_contain_text(f"{len(errors)} fields are wrong.")
    url.fill("https://example.com/")
    page.get_by_label("Stop", exact=True).fill("2020-01-31T09:00")
    page.get_by_label("Start", exact=True).fill("2020-01-31T10:00")
    page.get_by_role("button", name="Remove this label").click()
    for label in ("Prefix", "Notify", "Longest duration, seconds"):
        page.get_by_label(label, exact=True).fill("")
    page.get_by_role("button", name="Record", exact=True).click()
    expect(page.get_by_role("alert")).to_contain_text("One field is wrong.")
    expect(page.locator(".field .problem:not([hidden])")).to_have_text("must be after StartAt")


def test_a_recording_is_scheduled_and_cancelled(cloud_tab: Tab) -> None:
    """In the reader's own time zone."""
    page = cloud_tab.page
    day = time.strftime("%Y-%m-%d", time.gmtime(time.time() + 3 * 86_400))
    with page.expect_request(lambda request: request.method == "POST") as sent:
        record(page, "https://example.com/later", Start=f"{day}T09:30")
    assert f"{day}T09:30:00+08:00" == json.loads(sent.value.post_data or "")["StartAt"]
    expect(page.get_by_role("heading", name="Scheduled")).to_be_visible()
    page.get_by_role("button", name="Cancel recording").click()
    page.get_by_role("dialog").get_by_role("button", name="Cancel it").click()
    expect(page.get_by_role("heading", name="Cancelled")).to_be_visible()
    page.get_by_role("button", name="Delete", exact=True).click()
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    expect(page.get_by_role("heading", name="Recordings")).to_be_visible()
    expect(page.get_by_text("example.com/later")).to_have_count(0)


def test_the_same_key_with_another_page_is_a_conflict(cloud_tab: Tab) -> None:
    """One line says it."""
    page = cloud_tab.page
    for path in ("one", "two"):
        page.get_by_role("navigation", name="Main").get_by_role("link", name="New recording").click()
        page.get_by_label("Page", exact=True).fill(f"https://example.com/{path}")
        page.get_by_text("More settings").click()
        page.get_by_label("Recording id (Idempotency-Key)").fill("console-key")
        page.get_by_role("button", name="Record", exact=True).click()
        if path == "one":
            page.get_by_role("heading", name="console-key").wait_for()
    expect(page.get_by_role("alert")).to_contain_text("The id is in use")


def test_hostile_requests_are_shown_as_text(cloud: RunningCloud, cloud_tab: Tab) -> None:
    """Stored and told by the real API."""
    with closing(Client(cloud.cloud.address.gateway, cloud.cloud.keys.api_token)) as client:
        started = client.start({"RecordUrl": HOSTILE_URL, "Labels": {"x": HOSTILE}})
    page = cloud_tab.page
    cloud_tab.go("/?label=x")
    expect(page.locator("table.list").get_by_text("onerror=")).to_be_visible()
    cloud_tab.go(f"/recordings/{started['recording_id']}")
    expect(page.locator("dl").get_by_text("onerror=")).to_be_visible()
    assert cloud_tab.hit() is None


def origin(url: str) -> str:
    return "/".join(url.split("/")[:3])


def watched(page: Page, what: str, until: float) -> float:
    """Return a number of the film that grows, once it is above `until`, or as it is after 90 s."""
    for _ in range(450):
        at: float = page.evaluate(f"document.querySelector('video').{what}")
        if at > until:
            break
        page.wait_for_timeout(200)
    return at


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningCloud]:
    """A local cloud that records with a real browser."""
    with RunningCloud(LocalConfig(tmp_path_factory.mktemp("real"), gentle=True)) as running:
        running.cloud.trtc_settings.fps = FEW
        yield running


@pytest.mark.e2e
@pytest.mark.parametrize(("kind", "size"), [("mp4", "1280x720"), ("hls", "854x480")])
def test_a_page_is_recorded_and_watched(real: RunningCloud, open_tab: Open, kind: str, size: str) -> None:
    """From the form to a film that plays: MP4 from the bucket, HLS by its signed playlist."""
    gateway = real.cloud.address.gateway
    tab = open_tab(f"{gateway}/console", real.cloud.keys.api_token)
    page = tab.page
    tab.sign_in()
    page.get_by_role("link", name="New recording").first.click()
    page.get_by_label("Page", exact=True).fill(f"{gateway}/pages/clock.html")
    page.get_by_label("Format").select_option(kind)
    page.get_by_role("combobox", name="Size").select_option(size)
    page.get_by_role("button", name="Record", exact=True).click()
    headed(page, "Recording").wait_for(timeout=90_000)
    page.wait_for_timeout(6_000)
    # The first address of the film is no good, as one that has ended: another is asked for.
    broken: list[str] = []

    def refuse(route: Route) -> None:
        broken.append(route.request.url)
        route.abort()

    page.route("**/*.mp4?*", refuse, times=1)
    told: set[str] = set()
    page.on("request", lambda sent: told.add(origin(sent.url)) if "authorization" in sent.headers else None)
    page.get_by_role("button", name="Stop", exact=True).click()
    page.get_by_role("dialog").get_by_role("button", name="Stop").click()
    headed(page, "Completed").wait_for(timeout=90_000)
    if kind == "mp4":
        assert watched(page, "readyState", until=0) > 0
        assert 1 == len(broken)
    page.get_by_role("button", name="Play ").first.click()
    seconds = watched(page, "currentTime", until=1.5)
    assert seconds > 1.5
    video = page.evaluate("(v => ({width: v.videoWidth, length: v.duration}))(document.querySelector('video'))")
    assert str(video["width"]) == size.partition("x")[0]
    assert video["length"] > 4
    assert {gateway} == told, "the token is for the API alone"
    assert ("Hls" in page.evaluate("Object.keys(window)")) == (kind == "hls")
