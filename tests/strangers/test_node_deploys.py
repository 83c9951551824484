"""Tencent Cloud's official client for Node deploys into an empty local account, over sockets."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.local.deploying.account import empty_account, function
from tests.strangers.test_node import modules, play

__all__ = ["modules"]
pytestmark = pytest.mark.whole


@pytest.fixture(scope="module")
def said(modules: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What the client met: SCF, CAM, CLS and STS on one port."""
    with empty_account(tmp_path_factory.mktemp("account")) as account:
        account.activated()
        secret_id, secret_key = account.key
        endpoint = urlsplit(account.running.cloud.address.trtc).netloc
        keys = {"secretId": secret_id, "secretKey": secret_key}
        return play(modules, "scf.js", {"endpoint": endpoint, **keys, "function": function("node")})


def test_a_function_is_created_called_and_deleted(said: dict[str, Any]) -> None:
    """It runs with its environment; each answer has its RequestId."""
    assert ("Active", "functions", 256) == tuple(said["made"][name] for name in ("Status", "Role", "MemorySize"))
    assert ["node"] == [row["FunctionName"] for row in said["listed"]["Functions"]]
    assert "42" == json.loads(said["invoke"]["Result"]["RetMsg"])["answer"]
    (row,) = said["triggers"]["Triggers"]
    assert ("http", 1) == (row["Type"], row["Enable"])
    assert json.loads(row["TriggerDesc"])["NetConfig"]["ExtranetUrl"].startswith("http://")
    assert all(said[step]["RequestId"] for step in ("create", "made", "listed", "invoke", "trigger", "delete"))


def test_every_service_answers(said: dict[str, Any]) -> None:
    """Told apart by their versions."""
    assert ("RootAccount", 1250000000, 0) == (said["who"]["Type"], said["appId"]["AppId"], said["logs"]["Status"])
    assert "functions" == said["role"]["RoleInfo"]["RoleName"]


@pytest.mark.parametrize(
    ("step", "code"),
    [
        ("again", "ResourceInUse.Function"),
        ("empty", "InvalidParameterValue.Environment"),
        ("unknownParameter", "UnknownParameter"),
        ("missing", "MissingParameter"),
        ("wrongType", "InvalidParameter"),
        ("gone", "ResourceNotFound.Function"),
        ("action", "InvalidAction"),
        ("region", "UnsupportedRegion"),
        ("unknownId", "AuthFailure.SecretIdNotFound"),
        ("wrongKey", "AuthFailure.SignatureFailure"),
        ("alarm", "MissingParameter"),
    ],
)
def test_each_refusal_is_understood(said: dict[str, Any], step: str, code: str) -> None:
    """The client raises its exception with the documented code and the RequestId."""
    assert (code, True) == (said[step]["code"], said[step]["identified"])
