"""A deployed console plays HLS from the bucket's own address: the bucket's CORS rule lets it, and nothing else does."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from local.client import FINAL, Client
from local.config import SDK_APP_ID
from testing.films import pictures as see
from testing.films import sounds as hear
from testing.films.make import FAST, Film, write
from tests.console.conftest import Open, open_tab, started_browser
from tests.local.deploying.account import BUCKET, REGION
from tests.package.test_by_command import Person, beginning, done, urls
from tools.package import Package
from webrecord.deploy import envfile

__all__ = ["open_tab"]
pytestmark = [pytest.mark.process, pytest.mark.whole]
RULE = f"CORS rule of bucket {BUCKET}"
LENGTH_S = 4


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One for this module."""
    with started_browser() as browser:
        yield browser


@pytest.fixture
def person(tmp_path: Path, packages: dict[str, Package], monkeypatch: pytest.MonkeyPatch) -> Iterator[Person]:
    """Who has deployed."""
    with beginning(tmp_path, packages, REGION) as person:
        monkeypatch.chdir(person.folder)
        address = person.account.running.cloud.address
        person.types("init", "--region", REGION, "--sdk-app-id", str(SDK_APP_ID), "--bucket", BUCKET)
        local = {"WEBRECORD_TRTC_ENDPOINT": address.trtc, "WEBRECORD_COS_ENDPOINT": address.cos}
        envfile.write(person.folder / ".env", {**local, "WEBRECORD_ALLOWED_HOSTS": "*"})
        yield person


def recorded(person: Person, address: str, callback: str, folder: Path) -> None:
    """Record as HLS, and put a film that can be seen where the pretended one lies."""
    cloud, values = person.account.running.cloud, envfile.read(person.folder / ".env")
    with closing(Client(cloud.address.gateway, cloud.keys.api_token)) as control:
        control.callbacks_to(callback, values["WEBRECORD_CALLBACK_KEYS"])
    with closing(Client(address, values["WEBRECORD_API_TOKENS"].partition(":")[2])) as client:
        client.start({"RecordUrl": "https://example.com/", "RecordingId": "hls", "format": "hls"})
        client.wait("hls", ("recording", *FINAL), 90)
        client.stop("hls")
        result = client.wait("hls", FINAL, 90)
    assert "completed" == result["state"], result
    (playlist,) = [each["key"] for each in result["files"] if each["key"].endswith(".m3u8")]
    film = write(Film(see.clock, hear.beep, LENGTH_S, (320, 180), 10, options=FAST, name="film.ts"), folder)
    cos = person.account.cos()
    place, _, _ = playlist.rpartition("/")
    cos.put_object(Bucket=BUCKET, Key=f"{place}/film.ts", Body=film.read_bytes())
    lines = ["#EXTM3U", "#EXT-X-VERSION:3", f"#EXT-X-TARGETDURATION:{LENGTH_S}", f"#EXTINF:{LENGTH_S},", "film.ts"]
    cos.put_object(Bucket=BUCKET, Key=playlist, Body="\n".join([*lines, "#EXT-X-ENDLIST", ""]).encode())


def played(page: Page, blocked: list[str]) -> bool:
    """Open the recording, play its film; tell whether it plays, or the browser refuses what it needs."""
    page.reload()
    blocked.clear()  # the page before it tries again until it is left
    page.get_by_role("button", name="Play ").first.click()
    for _ in range(300):
        if page.evaluate("document.querySelector('video').currentTime") > 1:
            return True
        if blocked:
            return False
        page.wait_for_timeout(200)
    raise AssertionError("nothing plays, and nothing is refused")


def test_the_console_of_a_deployed_function_plays_hls_from_another_origin(
    person: Person, open_tab: Open, tmp_path: Path
) -> None:
    """Not without the rule: the browser refuses then. The next deployment shows what is missing, and it plays."""
    addresses = urls(person.deploys("--yes"))
    recorded(person, addresses["recordings"], addresses["callback"], tmp_path / "film")
    values = envfile.read(person.folder / ".env")
    tab = open_tab(f"{addresses['recordings']}/console", values["WEBRECORD_API_TOKENS"].partition(":")[2])
    tab.sign_in()
    tab.go("/recordings/hls")
    blocked: list[str] = []
    tab.page.on("console", lambda said: blocked.append(said.text) if "CORS policy" in said.text else None)
    assert played(tab.page, blocked), blocked

    cos = person.account.cos()
    theirs = {"ID": "theirs", "AllowedOrigin": ["https://a.example"], "AllowedMethod": ["GET"]}
    cos.put_bucket_cors(BUCKET, {"CORSRule": [theirs]})
    assert not played(tab.page, blocked)

    assert [RULE] == done(person.deploys("--yes"))
    assert played(tab.page, blocked), blocked
    person.deploys("destroy", "--yes", "scf-webrecord")
    assert ["theirs"] == [rule["ID"] for rule in cos.get_bucket_cors(BUCKET)["CORSRule"]]
