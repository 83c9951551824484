"""What `up` begins with: our deployment, made by the calls that `webrecord deploy` makes.

What a person would do in the console, and what keys.json has from earlier runs, is put in directly.
"""

from __future__ import annotations

import base64
import io
import os
import zipfile
from collections.abc import Mapping
from pathlib import Path

from local import described, guide
from local.account import Accounts
from local.api3 import Inside
from local.cls import Logs
from local.config import REGION, Keys, LocalConfig
from local.kindness import Clock
from local.role import RoleKey
from local.scf.packages import Packages

__all__ = [
    "BEGAN_S",
    "activate",
    "checkout_zip",
    "functions",
    "identities",
    "is_ticked_here",
    "keep_keys",
    "package_zip",
]

ROOT = Path(__file__).parent.parent
SERVICE_ROLE, SERVICE_POLICY = "SCF_QcsRole", "QcloudAccessForScfRole"
EVERYTHING = 1
"""The number of AdministratorAccess."""
PASSES_S = 3600.0
"""Between two steps: nobody waits for the account's delays at the start."""
MINUTE_S = 60.0
"""The timer's period in serverless.yml."""
BEGAN_S = 3 * PASSES_S
"""So long ago the deployment began."""
_STUB = """import os
import sys

sys.path.insert(0, os.fsdecode({root!r}))
from functions.{name} import main_handler
"""


def activate(accounts: Accounts, logs: Logs) -> None:
    """Activate SCF and CLS, as in their consoles."""
    role, policy = accounts.add_role(SERVICE_ROLE, guide.TRUST), accounts.policy_named(SERVICE_POLICY)
    if policy is not None:
        accounts.attach(role, policy)
    logs.open = True


async def identities(call: Inside, clock: Clock, *, enforced: bool) -> None:
    """Make the three roles and the upload user, each with its policy; or with all rights, where none is enforced."""
    numbers = {}
    for name, document in guide.documents().items():
        made = await call("cam", "CreatePolicy", PolicyName=name, PolicyDocument=document)
        numbers[name] = made["PolicyId"] if enforced else EVERYTHING
    for role in guide.ROLES.values():
        await call("cam", "CreateRole", RoleName=role, PolicyDocument=guide.TRUST)
        await call("cam", "AttachRolePolicy", AttachRoleName=role, PolicyId=numbers[role])
    user = await call("cam", "AddUser", Name=guide.UPLOADER, ConsoleLogin=0, UseApi=0)
    await call("cam", "AttachUserPolicy", AttachUin=user["Uin"], PolicyId=numbers[guide.UPLOADER])
    clock.skip(PASSES_S)


async def functions(
    call: Inside, clock: Clock, packages: Packages, config: LocalConfig, settings: Mapping[str, str]
) -> None:
    """Create the functions, then what calls them.

    Args:
        packages: learns which zips may run what is installed here.
        settings: what the functions' variables are filled with.
    """
    values = {**settings, "TENCENT_REGION": REGION, "WEBRECORD_ROLE": "scf-webrecord"}
    bodies = described.functions(values)
    for name, body in bodies.items():
        variables = {each["Key"]: each["Value"] for each in body["Environment"]["Variables"]} | config.environment
        rows = [{"Key": key, "Value": value} for key, value in variables.items() if value]
        code = package_zip(name, config.packages_dir.resolve()) if config.from_packages else checkout_zip(name)
        if not config.from_packages:
            packages.trust(code)
        sent = {**body, "Environment": {"Variables": rows}, "Code": {"ZipFile": base64.b64encode(code).decode()}}
        await call("scf", "CreateFunction", **sent)
    clock.skip(PASSES_S)
    for name, body in described.triggers(values):
        if config.wakes or body["Type"] != "cos" or "/wake/" not in body["TriggerDesc"]:
            off = {"Enable": "CLOSE"} if body["Type"] == "timer" and is_ticked_here(config) else {}
            await call("scf", "CreateTrigger", **{**body, **off}, FunctionName=bodies[name]["FunctionName"])
    clock.skip(PASSES_S)


def is_ticked_here(config: LocalConfig) -> bool:
    """Tell whether the timer's trigger stays off: a cron expression knows whole seconds, and ours a minute."""
    return config.tick_s * config.speed != MINUTE_S


def keep_keys(accounts: Accounts, keys: Keys) -> None:
    """Let the upload user and the role have the keys that this machine's local cloud has had before."""
    accounts.add_key(guide.UPLOADER, pair=(keys.upload_id, keys.upload_key))
    accounts.give_key(guide.ROLE, RoleKey(keys.role_id, keys.role_key, keys.role_token))


def checkout_zip(name: str) -> bytes:
    """Return a package that runs the checkout's own function: small, and new code needs no new one."""
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as package:
        package.writestr(zipfile.ZipInfo(f"{name}.py"), _STUB.format(root=os.fsencode(ROOT), name=name))
    return data.getvalue()


def package_zip(name: str, packages_dir: Path) -> bytes:
    """Return what `make package` built.

    Raises:
        SystemExit: it is not there, or nothing can run it.
    """
    from tools import package_python

    path = packages_dir / f"{name}.zip"
    if not path.is_file():
        raise SystemExit(f"there is no package {path}: run `make package` first")
    if package_python.find() is None:
        raise SystemExit(f"packages need it: {package_python.ABSENT}")
    return path.read_bytes()
