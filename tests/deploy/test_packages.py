"""Nobody deploys packages blindly: a plan says which they are, and a command's end says which version is live."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest
from typer.testing import CliRunner

from tests.deploy.served import Served, checkout, packages, served
from tests.deploy.test_deployment import Clock, Examined, deploy
from webrecord.deploy.deployment import Deployment
from webrecord.deploy.options import Options
from webrecord.deploy.verify import verify
from webrecord.main import app

OLD, NEW = ("0.1.0", "aaaaaaaaaaaa"), ("0.2.0", "bbbbbbbbbbbb")


def rows(output: str) -> list[dict[str, Any]]:
    """Return the rows of JSON that a command printed."""
    return [json.loads(line) for line in output.splitlines() if line.startswith("{")]


def rolled_back(account: Served, env: Path, folder: Path) -> tuple[int, list[dict[str, Any]], str]:
    """Roll back by command; return its status, rows, and all that it printed."""
    with served(account) as url:
        words = ["deploy", "rollback", str(folder), "--env", str(env), "--endpoint", url, "--cos-endpoint", url]
        ran = CliRunner().invoke(app, [*words, "--yes", "--json"])
    return ran.exit_code, rows(ran.output), ran.output


def deployed(folder: Path) -> tuple[Served, Path]:
    """Return an account with the new release, and the checkout's .env."""
    env, account = checkout(folder), Served()
    packages(folder / "build", *NEW)
    deploy(account, Options(folder, env, folder / "build"))
    return account, env


@pytest.mark.long
def test_a_rollback_is_verified_and_says_what_is_live(tmp_path: Path) -> None:
    """The checks of a deployment, the version that answers, the addresses; no steps for the consoles."""
    account, env = deployed(tmp_path)
    account.live = {"release": OLD[0], "build": OLD[1]}
    status, found, said = rolled_back(account, env, packages(tmp_path / "before", *OLD, content="# old"))
    assert 0 == status, said
    checks = {row["check"]: (row["ok"], row["detail"]) for row in found if "check" in row}
    assert (True, "release 0.1.0, build aaaaaaaaaaaa") == checks["live version"]
    assert {"doctor, inside the function", "a signed callback", "API without a token"} < set(checks)
    assert {"recordings", "callback"} == {row["output"] for row in found if "output" in row}
    assert [] == [row for row in found if "to_do" in row]
    described = account.functions["scf-webrecord-reconcile"]["Description"]
    assert described.startswith("webrecord 0.1.0 code "), described


@pytest.mark.long
def test_a_rollback_that_does_not_work_is_said_with_its_status(tmp_path: Path) -> None:
    """What is found wrong ends the command with 1, after the changes."""
    account, env = deployed(tmp_path)
    account.triggers["scf-webrecord-recordings"].clear()
    status, found, said = rolled_back(account, env, packages(tmp_path / "before", *OLD, content="# old"))
    assert 1 == status, said
    assert "3 changes are made, but it does not work yet: address of recordings" in said
    assert 3 == sum("done" in row for row in found)
    # An older release does not say what it is: what SCF has of it is said.
    (live,) = (row for row in found if row.get("check") == "live version")
    assert live["detail"].startswith("webrecord 0.1.0 code "), live


@pytest.mark.parametrize(("answers", "ok"), [([OLD, OLD, NEW], True), ([OLD], False)])
def test_an_instance_of_the_old_code_is_waited_for(answers: list[tuple[str, str]], ok: bool) -> None:
    """SCF may answer from it for a moment; where it stays, the deployment does not work."""

    class Turning(Examined):
        def call(self, _service: str, action: str, **_given: object) -> dict[str, object]:
            said: Any = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
            body = {"release": said[0], "build": said[1], "findings": []}
            return {"Result": {"RetMsg": json.dumps(body)}, "RequestId": action}

    clock = Clock()
    found = verify(Turning(*answers), "d-reconcile", {}, {}, NEW[1], sleep=clock.sleep)  # type: ignore[arg-type]
    assert [ok] == [one.ok for one in found if one.name == "live version"]


@pytest.mark.parametrize("what", ["plan", "rollback"])
def test_the_packages_are_named_before_anything_is_changed(tmp_path: Path, what: str) -> None:
    """Folder, release, build and time; a rollback's own are named, too, without a warning."""
    account, env = deployed(tmp_path)
    (tmp_path / "shared").mkdir()
    folder = packages(tmp_path / "before", *OLD)
    with served(account) as url:
        place = ["--env", str(env), "--endpoint", url, "--cos-endpoint", url, "--json"]
        words = ["plan", "--only", "functions", "--build", str(folder)] if what == "plan" else ["rollback", str(folder)]
        ran = CliRunner().invoke(app, ["deploy", *words, *place])
    (said,) = (row for row in rows(ran.output) if "packages" in row)
    assert (str(folder), *OLD) == (said["packages"], said["release"], said["build"])
    assert said["written"][:2] == "20"
    assert (what == "plan") == bool(said["warnings"])


def built(folder: Path) -> Any:
    """Return what the packages of a checkout say."""
    return Deployment(Served(), Options(folder, folder / ".env", folder / "build")).built()


def test_sources_that_changed_since_the_build_are_one_line(tmp_path: Path) -> None:
    """By what they hold, not by their times: a file that is only touched is no change, one that is gone is."""
    checkout(tmp_path)
    packages(tmp_path / "build", *NEW)
    for key in ("recordings", "callback", "reconcile"):
        with ZipFile(tmp_path / "build" / f"{key}.zip", "a") as package:
            for name in ("shared/a.py", "shared/page.html", "shared/__pycache__/a.cpython-310.pyc", "six.py"):
                package.writestr(name, "1")
    assert [] == built(tmp_path).warnings(tmp_path), "no sources are here"
    with ZipFile(tmp_path / "build" / "callback.zip") as package:
        for name in package.namelist():
            path = tmp_path / name if name.startswith("shared/") else tmp_path / "functions" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(package.read(name))
    for key in ("recordings", "reconcile"):
        (tmp_path / "functions" / f"{key}.py").write_text("\n")
    (tmp_path / "shared" / "built.py").write_text('VERSION = "source"\n')
    assert [] == built(tmp_path).warnings(tmp_path)
    (tmp_path / "shared" / "page.html").write_text("2")
    (tmp_path / "shared" / "a.py").unlink()
    (line,) = built(tmp_path).warnings(tmp_path)
    assert "2 files: shared/a.py, shared/page.html" in line
    for folder in ("build", "."):
        (tmp_path / folder / "requirements.txt").write_text(f"wheel of {folder}")
    (line,) = built(tmp_path).warnings(tmp_path)
    assert "3 files: requirements.txt, shared/a.py" in line
    assert "make package" in line


def test_packages_of_two_builds_are_a_warning(tmp_path: Path) -> None:
    """A build that broke off, or files that somebody copied one by one."""
    checkout(tmp_path)
    packages(tmp_path / "build", *NEW)
    old = packages(tmp_path / "old", *OLD)
    (old / "callback.zip").replace(tmp_path / "build" / "callback.zip")
    (line,) = built(tmp_path).warnings(None)
    assert "callback: 0.1.0 aaaaaaaaaaaa" in line
    assert ("", "") == (built(tmp_path).release, built(tmp_path).build)
