"""`doctor`: each thing that may be wrong is found and named."""

from __future__ import annotations

from email.utils import formatdate
from pathlib import Path
from time import time
from typing import Any

from tests.cli.calls import Cli
from tests.cli.scripted import Answer, Call, scripted


def checks(ran: Any) -> dict[str, bool]:
    return {one["check"]: one["ok"] for one in ran.document["checks"]}


def test_all_is_well_with_the_local_cloud(cli: Cli) -> None:
    """0, a line for each check."""
    ran = cli("doctor", "--json")
    assert 0 == ran.status, ran.out
    names = ["configuration", "settings", "proxy", "endpoint", "clock", "health", "token"]
    assert dict.fromkeys(names, True) == checks(ran)
    lines = cli("doctor").out.splitlines()
    assert len(names) == len([line for line in lines if line.startswith("ok ")])


def test_a_wrong_token(cli: Cli) -> None:
    """4; the rest is well."""
    cli.env["WEBRECORD_TOKEN"] = "wrong-wrong-wrong-wrong"
    ran = cli("doctor", "--json")
    assert 4 == ran.status
    assert ["token"] == [name for name, ok in checks(ran).items() if not ok]


def test_nobody_there(home: Path) -> None:
    """3, and no look at what needs an answer."""
    ran = Cli({"WEBRECORD_ENDPOINT": "http://127.0.0.1:9"})("doctor", "--json")
    assert 3 == ran.status
    assert {"configuration": True, "settings": True, "proxy": True, "endpoint": False} == checks(ran)
    assert 2 == Cli({})("doctor").status
    assert home.exists()


def test_a_clock_that_is_wrong_and_a_deployment_that_is(home: Path) -> None:
    """Both are found; the configuration that others may read, too."""
    config = home / "config" / "webrecord" / "config.toml"
    config.parent.mkdir(parents=True)
    config.write_text('[profiles.other]\nendpoint = "https://x.example"\ntoken = "0123456789abcdef"\n')
    config.chmod(0o644)

    def answer(call: Call) -> Answer:
        headers = {"Date": formatdate(time() - 3600, usegmt=True)}
        if call.path == "/healthz":
            return Answer(500, {"title": "The deployment is not configured", "detail": "WEBRECORD_BUCKET"}, headers)
        return Answer(200, {"recordings": []}, headers)

    with scripted(answer) as server:
        ran = Cli({"WEBRECORD_ENDPOINT": server.url})("doctor", "--json")
    assert ["configuration", "clock", "health"] == [name for name, ok in checks(ran).items() if not ok]
    details = {one["check"]: one["detail"] for one in ran.document["checks"]}
    assert f"chmod 600 {config}" in details["configuration"]
    assert "s ahead of the endpoint" in details["clock"]
    assert "WEBRECORD_BUCKET" in details["health"]
    assert 8 == ran.status
