"""Strangers judge the local account: the official command line, and the official samples."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from local.api3 import ApiError, Schema
from tests.local.deploying.account import Account, empty_account, function

pytestmark = pytest.mark.process
VERSIONS = {"scf": "2018-04-16", "cam": "2019-01-16", "cls": "2020-10-16", "sts": "2018-08-13"}
TCCLI = """
import json, os, sys, types
for name in ("tencentcloud.cvm", "tencentcloud.cvm.v20170312"):  # of its sample plugin; the product is not installed
    sys.modules[name] = types.ModuleType(name)
sys.modules["tencentcloud.cvm.v20170312"].cvm_client = sys.modules["tencentcloud.cvm.v20170312"].models = None
from tccli.main import main
for words in json.loads(sys.argv[1]):
    child = os.fork()
    if not child:
        sys.argv[1:] = words
        sys.exit(main())
    os.write(1, b"\\0%d\\0" % os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""
"""Each command is a process; it is loaded once for several of them, which takes longer than they do."""
FORMS = {"InvalidParameter", "UnknownParameter"}


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Account]:
    """An account that is activated."""
    with empty_account(tmp_path_factory.mktemp("account")) as account:
        yield account.activated()


def tccli(account: Account, home: Path, *commands: Sequence[str]) -> list[tuple[int, str]]:
    """Run the official command line's commands; return the status of each and what it says."""
    environment = {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")}
    environment |= {
        "HOME": str(home), "TENCENTCLOUD_SECRET_ID": account.key[0], "TENCENTCLOUD_SECRET_KEY": account.key[1],
    }  # fmt: skip
    where = ["--region", "ap-guangzhou", "--endpoint", account.running.cloud.address.trtc]
    words = json.dumps([[*command, *where] for command in commands])
    done = subprocess.run(
        [sys.executable, "-u", "-W", "ignore", "-c", TCCLI, words],
        env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=300,
    )  # fmt: skip
    parts = done.stdout.split("\0")
    assert (0, 2 * len(commands) + 1) == (done.returncode, len(parts)), done.stdout
    return [(int(status), said) for said, status in zip(parts[:-1:2], parts[1::2], strict=True)]


def test_the_official_command_line_deploys_and_calls_a_function(shared: Account, tmp_path: Path) -> None:
    """It signs Host with its scheme, checks answers by its own models, and reads errors."""
    body = tmp_path / "create.json"
    body.write_text(json.dumps(function("stranger")))
    ((status, said),) = tccli(shared, tmp_path, ["scf", "CreateFunction", "--cli-input-json", f"file://{body}"])
    assert 0 == status, said
    shared.settled("stranger")
    (_, described), (_, invoked), (status, said) = tccli(
        shared,
        tmp_path,
        ["scf", "GetFunction", "--FunctionName", "stranger"],
        ["scf", "InvokeFunction", "--FunctionName", "stranger"],
        ["scf", "GetFunction", "--FunctionName", "nobody"],
    )
    assert ("Active", "functions") == (json.loads(described)["Status"], json.loads(described)["Role"])
    assert "42" == json.loads(json.loads(invoked)["Result"]["RetMsg"])["answer"]
    assert (True, True) == (status != 0, "ResourceNotFound.Function" in said)


def test_the_official_command_line_reads_every_service(shared: Account, tmp_path: Path) -> None:
    """One call of each."""
    calls = {
        ("sts", "GetCallerIdentity"): "RootAccount",
        ("cam", "GetUserAppId"): "1250000000",
        ("cam", "GetRole", "--RoleName", "functions"): "roleName/functions",
        ("cls", "GetClsService"): '"Status": 0',
    }
    for (status, said), has in zip(tccli(shared, tmp_path, *calls), calls.values(), strict=True):
        assert (0, True) == (status, has in said), said


def samples(service: str) -> list[tuple[str, Any, Any]]:
    """Return (action, request, answer) of the official samples that are JSON."""
    spec = find_spec("tccli")
    assert spec is not None
    assert spec.submodule_search_locations
    folder = Path(spec.submodule_search_locations[0], "services", service, f"v{VERSIONS[service].replace('-', '')}")
    found = []
    for action, examples in json.loads((folder / "examples.json").read_text("utf-8"))["actions"].items():
        for example in examples:
            _, _, text = example["input"].partition("\n\n")
            try:
                found.append((action, json.loads(text or "{}"), json.loads(example["output"])["Response"]))
            except (ValueError, KeyError):
                continue
    return found


def _refused(schema: Schema, action: str, body: object) -> str:
    try:
        schema.check_request(action, body)
    except ApiError as error:
        return error.code
    return ""


@pytest.mark.parametrize("service", VERSIONS)
def test_the_official_samples_are_taken(shared: Account, service: str) -> None:
    """Those of the actions that are here, as their vendor wrote them; some of them say a number as a text."""
    actions = {each.name: each.actions for each in shared.running.cloud.services}[service]
    schema = Schema.of(service, VERSIONS[service])
    known = [(action, body) for action, body, _ in samples(service) if action in actions]
    refused = [(action, code) for action, body in known if (code := _refused(schema, action, body)) in FORMS]
    assert len(known) > 0
    assert len(refused) <= len(known) // 5, refused


@pytest.mark.parametrize("service", VERSIONS)
def test_every_action_is_one_of_the_schemas(shared: Account, service: str) -> None:
    """No action is invented, and one that is only not here says so."""
    (ours,) = [each for each in shared.running.cloud.services if each.name == service]
    schema = Schema.of(service, VERSIONS[service])
    assert set(ours.actions) <= schema.actions
    absent = sorted(schema.actions - set(ours.actions))
    code, said = shared.refusal(service, absent[0])
    assert ("InvalidAction", True) == (code, f"the real {service} has" in said)
    assert "InvalidAction" == shared.code(service, "MakeCoffee")
