"""An account in memory at an HTTP address, with the addresses of its functions: what commands are run against."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from zipfile import ZipFile

from tests.cli.scripted import Answer, Call, scripted
from tests.deploy.account import Account
from tests.deploy.test_deployment import FRESH, ROOT
from webrecord.deploy.deployment import ORDER
from webrecord.deploy.errors import ApiError

KEYS = "TENCENTCLOUD_SECRET_ID=AKIDx\nTENCENTCLOUD_SECRET_KEY=y\n"


class Served(Account):
    """An account whose functions answer; `live` is what reconcile says of itself, `found` what its doctor finds."""

    def __init__(self) -> None:
        super().__init__()
        self.live: dict[str, Any] = {}
        self.found: list[dict[str, str]] = [{"check": "python", "level": "ok", "seen": "3.10.13"}]

    def _scf_invoke_function(self, _: dict[str, Any]) -> dict[str, Any]:
        return {"Result": {"RetMsg": json.dumps({**self.live, "findings": self.found})}}

    def _sts_get_caller_identity(self, _: dict[str, Any]) -> dict[str, Any]:
        return {"Arn": "somebody"}

    def _cam_get_user_app_id(self, _: dict[str, Any]) -> dict[str, Any]:
        return {"OwnerUin": "1", "AppId": 1250000000}

    def answer(self, call: Call) -> Answer:
        """Answer an API's call, or a request to an address of ours."""
        action = call.headers.get("x-tc-action")
        if action is None:
            known = call.headers.get("authorization") or len(call.headers.get("sign", "")) > 9
            return Answer(200 if known else 401, {})
        service = call.headers["authorization"].partition("/tc3_request")[0].rpartition("/")[2]
        try:
            found = self.call(service, action, **json.loads(call.body))
        except ApiError as error:
            return Answer(200, {"Response": {"Error": {"Code": error.code, "Message": str(error)}, "RequestId": "r"}})
        return Answer(200, {"Response": {**found, "RequestId": "r"}})


@contextmanager
def served(account: Served) -> Iterator[str]:
    """Serve it; its Function URLs lead to the same address."""
    with scripted(account.answer) as server:
        for rows in account.triggers.values():
            for row in rows:
                if row["Type"] == "http":
                    described = json.loads(row["TriggerDesc"])
                    described["NetConfig"]["ExtranetUrl"] = server.url
                    row["TriggerDesc"] = json.dumps(described)
        yield server.url


def packages(folder: Path, release: str, build: str, content: str = "") -> Path:
    """Write three packages of a release; they say what they are as ours do."""
    folder.mkdir(exist_ok=True)
    for key in ORDER:
        with ZipFile(folder / f"{key}.zip", "w") as package:
            package.writestr(f"{key}.py", f"{content}\n")
            package.writestr("shared/__init__.py", f'"""What."""\n\n__version__ = "{release}"\n')
            package.writestr("shared/built.py", f'SERVICE = "scf-webrecord"\nVERSION = "{build}"\n')
    return folder


def checkout(folder: Path) -> Path:
    """Make a checkout without packages and sources; return its .env."""
    shutil.copy(ROOT / "serverless.yml", folder)
    (folder / ".env").write_text(FRESH + KEYS)
    return folder / ".env"
