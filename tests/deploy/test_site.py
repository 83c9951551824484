"""An account of tencentcloud.com: its hosts, its regions, and what its SCF may lack."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from tests.deploy.account import Account, Died
from tests.deploy.test_deployment import FRESH, checkout, deploy
from tests.serving import serving
from webrecord.commands.account import Given
from webrecord.deploy.cloud import Tencent
from webrecord.deploy.deployment import Deployment
from webrecord.deploy.errors import ApiError
from webrecord.deploy.options import Options
from webrecord.deploy.verify import left_to_do
from webrecord.errors import BadUsage
from webrecord.main import app

ADDRESS = "https://callback.example"


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """The hosts that are asked for: a proxy notes them, and lets nobody through."""
    hosts = list[str]()

    class Proxy(BaseHTTPRequestHandler):
        def do_CONNECT(self) -> None:
            hosts.append(self.path)
            self.send_error(403)

        def log_message(self, *_: Any) -> None:
            pass

    with serving(Proxy) as server:
        for name in ("HTTPS_PROXY", "https_proxy"):
            monkeypatch.setenv(name, server.url)
        for name in ("NO_PROXY", "no_proxy", "ALL_PROXY", "all_proxy"):
            monkeypatch.delenv(name, raising=False)
        yield hosts


@pytest.mark.parametrize(("site", "middle"), [("china", ""), ("international", "intl.")])
def test_each_site_has_its_own_api_hosts_and_the_same_buckets(asked: list[str], site: str, middle: str) -> None:
    """scf, cam, cls, sts; COS is one for both."""
    cloud = Tencent("AKIDx", "secret", "ap-singapore", site=site, sleep=lambda _: None)
    for service in ("scf", "cam", "cls", "sts"):
        with pytest.raises(ApiError, match=r"(?i)proxy") as refused:
            cloud.call(service, "CreateNothing")
        assert "ClientNetworkError" == refused.value.code
    with pytest.raises(ApiError) as refused:
        cloud.buckets.create("films-1250000000")
    assert "ClientNetworkError" == refused.value.code
    hosts = list(dict.fromkeys(asked))
    assert [f"{one}.{middle}tencentcloudapi.com:443" for one in ("scf", "cam", "cls", "sts")] == hosts[:4]
    assert "films-1250000000.cos.ap-singapore.myqcloud.com:443" == hosts[4]


def given(options: Options, site: str, *, endpoint: str | None = None) -> Given:
    """Return what a command of that site is given; .env says no region."""
    options.env.write_text(
        re.sub(r"TENCENT_REGION=.*\n", "TENCENTCLOUD_SECRET_ID=a\nTENCENTCLOUD_SECRET_KEY=b\n", FRESH)
    )
    return Given(options.env, options.build, "scf-webrecord", site, endpoint, None)


@pytest.mark.parametrize(
    ("site", "region", "trtc"),
    [
        ("china", "ap-guangzhou", (None, None)),
        ("international", "ap-singapore", ("ap-singapore", "trtc.intl.tencentcloudapi.com")),
    ],
)
def test_without_a_region_the_sites_own_is_everywhere(
    tmp_path: Path, site: str, region: str, trtc: tuple[str | None, str | None]
) -> None:
    """Of functions, bucket, trigger and policies; functions call TRTC where the account is."""
    found = given(checkout(tmp_path), site)
    plan = found.deployment.description
    assert (region, region) == (found.cloud.region, plan.region)
    reads = plan.function("reconcile").environment
    assert trtc == (reads.get("WEBRECORD_TRTC_REGION"), reads.get("WEBRECORD_TRTC_ENDPOINT"))
    assert region == reads["WEBRECORD_BUCKET_REGION"]
    (bucket,) = {trigger.name for trigger in plan.triggers if trigger.type == "cos"}
    assert f"films-1250000000.cos.{region}.myqcloud.com" == bucket


def test_another_endpoint_is_the_functions_own_on_either_site(tmp_path: Path) -> None:
    """A local cloud's, before the site's."""
    found = given(checkout(tmp_path), "international", endpoint="http://127.0.0.1:1")
    reads = found.deployment.description.function("recordings").environment
    assert ("http://127.0.0.1:1", "ap-singapore") == (reads["WEBRECORD_TRTC_ENDPOINT"], reads["WEBRECORD_TRTC_REGION"])


def test_the_console_steps_name_the_sites_own_console() -> None:
    """console.trtc.io, not the mainland's."""
    assert "console.trtc.io" in left_to_do(ADDRESS, "international")[0]
    assert "console.cloud.tencent.com/trtc" in left_to_do(ADDRESS, "china")[0]


def test_init_for_the_international_site_sets_its_trtc(tmp_path: Path) -> None:
    """Endpoint and region; what .env has already stays."""
    env = tmp_path / ".env"
    words = ("init", "--env", str(env), "--site", "international", "--region", "ap-singapore")
    result = CliRunner().invoke(app, [*words, "--sdk-app-id", "1400000001", "--bucket", "films-1250000000"])
    assert 0 == result.exit_code, result.output
    text = env.read_text()
    assert "WEBRECORD_TRTC_ENDPOINT=trtc.intl.tencentcloudapi.com\n" in text
    assert "WEBRECORD_TRTC_REGION=ap-singapore\n" in text


def test_init_says_what_env_says_otherwise(tmp_path: Path) -> None:
    """What is there is not changed, and who asks for another is told; the same again is no question."""
    env = tmp_path / ".env"
    words = ["init", "--env", str(env), "--region", "ap-guangzhou", "--sdk-app-id", "1400000001", "--bucket"]
    assert 0 == CliRunner().invoke(app, [*words, "filmss-1250000000"]).exit_code
    before = env.read_text()
    assert 0 == CliRunner().invoke(app, [*words, "filmss-1250000000"]).exit_code
    result = CliRunner().invoke(app, [*words, "films-1250000000"])
    assert 2 == result.exit_code
    assert "says WEBRECORD_BUCKET=filmss-1250000000, not films-1250000000" in result.output
    assert before == env.read_text()


@pytest.mark.parametrize(
    ("app_id", "bucket"), [("１４００００００01", "films-1250000000"), ("1400000001", "films-１２５")]
)
def test_init_takes_digits_that_the_service_takes(tmp_path: Path, app_id: str, bucket: str) -> None:
    """Those of a Chinese input method are none."""
    env = tmp_path / ".env"
    words = ["init", "--env", str(env), "--region", "ap-guangzhou", "--sdk-app-id", app_id, "--bucket", bucket]
    result = CliRunner().invoke(app, words)
    assert 2 == result.exit_code
    assert " is not valid (" in result.output
    assert not env.exists()


class WithoutUpdate(Account):
    """An account whose SCF changes no trigger in place."""

    def _scf_update_trigger(self, given: dict[str, Any]) -> dict[str, Any]:
        raise self._refuse("UpdateTrigger", "InvalidAction")

    def _scf_delete_trigger(self, given: dict[str, Any]) -> dict[str, Any]:
        assert given["Type"] != "http", "an address would be lost"
        rows = self.triggers[given["FunctionName"]]
        rows[:] = [each for each in rows if each["TriggerName"] != given["TriggerName"]]
        return {}


def with_drift(options: Options) -> WithoutUpdate:
    """Return a deployment whose timer somebody changed."""
    account = WithoutUpdate()
    deploy(account, options)
    row = next(row for row in account.triggers["scf-webrecord-reconcile"] if row["Type"] == "timer")
    row["TriggerDesc"] = json.dumps({"cron": "0 0 * * * * *"})
    account.restarted()
    return account


@pytest.mark.parametrize("fault", ["die_after", "lose"])
def test_a_timer_is_made_anew_where_scf_updates_none(tmp_path: Path, fault: str) -> None:
    """The drift is gone after one run, also after a second one where the first was interrupted at any call of it."""
    options = checkout(tmp_path)
    clean = with_drift(options)
    deploy(clean, options)
    first = clean.calls.index("UpdateTrigger")
    for number in range(first, first + 6):
        options.env.write_text(FRESH)
        account = with_drift(options)
        setattr(account, fault, number)
        with suppress(ApiError, Died):
            deploy(account, options)
        account.restarted()
        deploy(account, options)
        assert [] == Deployment(account, options).plan()
        assert clean.picture() == account.picture(), number


def test_an_address_is_never_made_anew(tmp_path: Path) -> None:
    """Where SCF changes no Function URL the line says what to set in the console; the address stays."""
    options = checkout(tmp_path)
    account = WithoutUpdate()
    deploy(account, options)
    before = Deployment(account, options).addresses()
    row = next(row for row in account.triggers["scf-webrecord-callback"] if row["Type"] == "http")
    row["TriggerDesc"] = row["TriggerDesc"].replace('"NONE"', '"CAM"')
    with pytest.raises(BadUsage, match=r"SCF console \(auth CAM → NONE\)"):
        deploy(account, options)
    assert before == Deployment(account, options).addresses()
