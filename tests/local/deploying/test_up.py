"""`python -m local up --empty`, as its user sees it."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import httpx
import pytest
from tencentcloud.common.credential import Credential
from tencentcloud.common.profile.client_profile import ClientProfile
from tencentcloud.common.profile.http_profile import HttpProfile
from tencentcloud.sts.v20180813.sts_client import StsClient
from typer.testing import CliRunner

from local.__main__ import app

PORTS = ["--gateway-port", "0", "--trtc-port", "0", "--cos-port", "0"]


@pytest.mark.process
def test_what_it_prints_is_enough_to_begin(tmp_path: Path) -> None:
    """Addresses, and the account's own key as the SDKs read it; nothing answers at the gateway's root."""
    command = [sys.executable, "-m", "local", "up", "--empty", "--no-browser", "--state-dir", str(tmp_path), *PORTS]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        said = ""
        while "Ctrl-C" not in said:
            line = process.stdout.readline()
            assert line, said
            said += line
        found = dict(re.findall(r"export (\w+)=(\S+)", said))
        address, gateway = re.findall(r"http://(127\.0\.0\.1:\d+)\s.*SCF|begin with (\S+)/_url/", said)
        profile = ClientProfile(httpProfile=HttpProfile(protocol="http", endpoint=address[0]))
        key = Credential(found["TENCENTCLOUD_SECRET_ID"], found["TENCENTCLOUD_SECRET_KEY"])
        answer = StsClient(key, "ap-guangzhou", profile).call_json("GetCallerIdentity", {})
        nothing = httpx.post(f"{gateway[1]}/recordings", trust_env=False, timeout=60)
        process.terminate()
        process.wait(300)
    assert "RootAccount" == answer["Response"]["Type"]
    assert (404, True) == (nothing.status_code, "empty account" in nothing.text)


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["--empty", "--unknown", "colour=red"], "colour=red is not one of"),
        (["--empty", "--unknown", "empty_environment"], "empty_environment= is not one of"),
        (["--region", "ap-singapore"], "--region goes with --empty"),
        (["--empty", "--region", "nowhere"], "there is no region nowhere"),
    ],
)
def test_a_mistake_is_one_line(tmp_path: Path, arguments: list[str], line: str) -> None:
    """And nothing is started."""
    result = CliRunner().invoke(app, ["up", "--no-browser", "--state-dir", str(tmp_path), *PORTS, *arguments])
    assert (2, True, 1) == (result.exit_code, line in result.output, len(result.output.splitlines()))
    assert [] == list(tmp_path.iterdir())
