"""The commands `init` and `deploy` in a checkout, with our packages and an empty account."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import httpx
import pytest

from local.client import FINAL, Client
from local.config import SDK_APP_ID
from tests.cli.calls import Cli
from tests.local.deploying.account import BUCKET, REGION, Account, empty_account
from tools.package import Package
from webrecord.deploy import envfile
from webrecord.deploy.description import describe
from webrecord.deploy.options import serverless
from webrecord.deploy.policies import of_removal, of_setup

pytestmark = [pytest.mark.process, pytest.mark.whole]
ROOT = Path(__file__).parents[2]


@dataclass
class Person:
    """Who types commands in a checkout, with keys of the account."""

    folder: Path
    account: Account

    def types(self, *words: str, status: int = 0) -> list[dict[str, Any]]:
        """Run a command; return what it printed as JSON, a line each."""
        secret_id, secret_key = self.account.key
        ran = Cli({"TENCENTCLOUD_SECRET_ID": secret_id, "TENCENTCLOUD_SECRET_KEY": secret_key})(*words)
        assert status == ran.status, ran.out + ran.err
        return [json.loads(line) for line in ran.out.splitlines() if line.startswith("{")]

    def deploys(self, *words: str, status: int = 0) -> list[dict[str, Any]]:
        """Run `webrecord deploy` against the local account."""
        address = self.account.running.cloud.address
        places = ("--endpoint", address.trtc, "--cos-endpoint", address.cos)
        return self.types("deploy", *words, *places, "--json", status=status)

    def has_only_the_printed_rights(self) -> None:
        """Go on as a sub-user that has what `webrecord deploy policies` prints for whoever sets up and takes away."""
        uin = self.account.call("sts", "GetCallerIdentity")["AccountId"]
        plan = describe(serverless(self.folder), envfile.read(self.folder / ".env"), "scf-webrecord")
        user = self.account.call("cam", "AddUser", Name="deployer")["Uin"]
        for name, policy in (("setup", of_setup(plan, uin)), ("removal", of_removal(plan, uin))):
            made = self.account.call("cam", "CreatePolicy", PolicyName=name, PolicyDocument=json.dumps(policy))
            self.account.call("cam", "AttachUserPolicy", AttachUin=user, PolicyId=made["PolicyId"])
        key = self.account.call("cam", "CreateAccessKey", TargetUin=user)["AccessKey"]
        self.account = self.account.as_user((key["AccessKeyId"], key["SecretAccessKey"]))


@contextmanager
def beginning(tmp_path: Path, packages: dict[str, Package], region: str, **unknowns: str) -> Iterator[Person]:
    """Give a checkout with packages and without .env, and an empty account."""
    folder = tmp_path / "checkout"
    (folder / "build").mkdir(parents=True)
    shutil.copy(ROOT / "serverless.yml", folder)
    for name, package in packages.items():
        shutil.copy(package.zip_path, folder / "build" / f"{name}.zip")
    with empty_account(tmp_path / "cloud", None, region=region, **unknowns) as account:
        account.running.cloud.callback_settings.timeout_s = 60.0  # a cold start on a busy machine
        yield Person(folder, account)


@pytest.fixture
def person(tmp_path: Path, packages: dict[str, Package], monkeypatch: pytest.MonkeyPatch) -> Iterator[Person]:
    """Who begins on the mainland site."""
    with beginning(tmp_path, packages, REGION) as person:
        monkeypatch.chdir(person.folder)
        yield person


@pytest.fixture
def abroad(tmp_path: Path, packages: dict[str, Package], monkeypatch: pytest.MonkeyPatch) -> Iterator[Person]:
    """Who begins on the international site, whose SCF may have no UpdateTrigger."""
    with beginning(tmp_path, packages, "ap-singapore", update_url="absent") as person:
        monkeypatch.chdir(person.folder)
        yield person


def urls(rows: list[dict[str, Any]]) -> dict[str, str]:
    """Return the addresses that a command printed."""
    return {row["output"]: row["url"] for row in rows if "output" in row}


def done(rows: list[dict[str, Any]]) -> list[str]:
    """Return the changes that a command made."""
    return [row["done"] for row in rows if "done" in row]


def record(person: Person, addresses: dict[str, str], name: str) -> dict[str, Any]:
    """Record a page by the deployed address."""
    cloud = person.account.running.cloud
    values = envfile.read(person.folder / ".env")
    with closing(Client(cloud.address.gateway, cloud.keys.api_token)) as console:
        console.callbacks_to(addresses["callback"], values["WEBRECORD_CALLBACK_KEYS"])
    with closing(Client(addresses["recordings"], values["WEBRECORD_API_TOKENS"].partition(":")[2])) as client:
        client.start({"RecordUrl": "https://example.com/", "RecordingId": name})
        client.wait(name, ("recording", *FINAL), 90)
        client.stop(name)
        return client.wait(name, FINAL, 90)


def test_from_an_empty_account_to_a_film_and_back(person: Person) -> None:
    """init, deploy, a film; again: nothing to do; new code: the same addresses; all goes but the film."""
    cloud = person.account.running.cloud
    address = cloud.address
    person.types("init", "--region", REGION, "--sdk-app-id", str(SDK_APP_ID), "--bucket", BUCKET)
    local = {
        "WEBRECORD_TRTC_ENDPOINT": address.trtc,
        "WEBRECORD_COS_ENDPOINT": address.cos,
        "WEBRECORD_ALLOWED_HOSTS": "*",
    }
    envfile.write(person.folder / ".env", local)

    person.has_only_the_printed_rights()
    first = person.deploys("--yes", "--alarms")
    assert [] == [row for row in first if row.get("ok") is False]
    assert 6 == sum(what.startswith("alarm ") for what in done(first))
    addresses = urls(first)
    result = record(person, addresses, "first")
    assert "completed" == result["state"], result
    (film,) = result["files"]
    assert film["size"] == len(httpx.get(film["url"], trust_env=False, timeout=60).raise_for_status().content)

    again = person.deploys("--yes", "--alarms")
    assert ([], addresses) == (done(again), urls(again))
    assert {"changes": 0} in again

    shutil.copytree(person.folder / "build", person.folder / "before")
    with ZipFile(person.folder / "build" / "recordings.zip", "a") as package:
        package.comment = b"another release"
    person.deploys("plan", "--detailed-exitcode", status=2)
    newer = person.deploys("--yes")
    assert ["function scf-webrecord-recordings: code and configuration"] == done(newer)
    assert addresses == urls(newer)

    back = person.deploys("rollback", "before", "--yes")
    assert ["function scf-webrecord-recordings: code and configuration"] == done(back)
    (live,) = (row for row in back if row.get("check") == "live version")
    assert (True, True) == (live["ok"], live["detail"].startswith("release 0.2.0, build ")), live
    turned = person.deploys("rotate-key", "--yes")
    assert 4 == len(done(turned))
    assert "it is disabled" in done(turned)[-1]
    shutil.copytree(person.folder / "before", person.folder / "build", dirs_exist_ok=True)

    person.deploys("destroy", status=2)
    person.deploys("destroy", "--yes", "another", status=2)
    assert [] == done(person.deploys("--yes"))
    gone = person.deploys("destroy", "--yes", "scf-webrecord")
    assert [row["what"] for row in gone if "change" in row] == done(gone)
    assert 6 == sum(what.startswith("alarm ") for what in done(gone))
    assert [] == done(person.deploys("destroy", "--yes", "scf-webrecord"))
    assert {} == urls(person.deploys("status"))
    assert not envfile.read(person.folder / ".env")["WEBRECORD_STORAGE_SECRET_KEY"]
    assert (cloud.state_dir / "cos" / film["bucket"] / film["key"]).is_file()


def test_the_international_site_from_a_plan_to_a_verified_deployment(abroad: Person) -> None:
    """init, plan, deploy, verified; what somebody changed is set right without another address; again: nothing."""
    address = abroad.account.running.cloud.address
    site = ("--site", "international")
    abroad.types("init", *site, "--region", "ap-singapore", "--sdk-app-id", str(SDK_APP_ID), "--bucket", BUCKET)
    local = {"WEBRECORD_TRTC_ENDPOINT": address.trtc, "WEBRECORD_COS_ENDPOINT": address.cos}
    assert "trtc.intl.tencentcloudapi.com" == envfile.read(abroad.folder / ".env")["WEBRECORD_TRTC_ENDPOINT"]
    envfile.write(abroad.folder / ".env", local)
    planned = abroad.deploys("plan", *site)
    assert ("international", "ap-singapore") == (planned[0]["site"], planned[0]["region"])

    first = abroad.deploys("--yes", *site)
    assert [row["what"] for row in planned if "change" in row] == done(first)
    assert [] == [row for row in first if row.get("ok") is False]
    assert any("console.trtc.io" in row.get("to_do", "") for row in first)

    name = "scf-webrecord-reconcile"
    timer = {"FunctionName": name, "TriggerName": "tick", "Type": "timer", "Qualifier": "$DEFAULT"}
    abroad.account.call("scf", "DeleteTrigger", **timer)
    abroad.account.call("scf", "CreateTrigger", **timer, TriggerDesc="0 0 * * * * *", Enable="OPEN")
    abroad.account.call("scf", "UpdateFunctionConfiguration", FunctionName=name, MemorySize=512)
    again = abroad.deploys("--yes", *site)
    assert [f"function {name}: configuration", "trigger timer tick of reconcile"] == done(again)
    assert urls(first) == urls(again)
    assert {"changes": 0} in abroad.deploys("--yes", *site)
