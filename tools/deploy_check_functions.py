"""Checks of the functions as they would be created: names, handlers, code, runtime, role, memory, timeouts."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from zipfile import BadZipFile, ZipFile

from functions.callback import BUDGET_S as CALLBACK_BUDGET_S
from functions.reconcile import BUDGET_S as TICK_BUDGET_S
from shared.domain.periods import IN_FLIGHT_MS
from tools.deploy_check_settings import SETTINGS
from tools.deploy_payloads import Deployment, Problems
from tools.deploy_values import UNDEFINED

MAX_NAME = 60


def check_functions(deployment: Deployment) -> Problems:
    """The three functions exist, each with a distinct valid name of at most 60 characters."""
    if set(deployment.functions) != set(SETTINGS):
        yield f"the functions are {', '.join(deployment.functions)}"
    names = [payload["FunctionName"] for payload in deployment.functions.values()]
    if len(set(names)) < len(names):
        yield "two functions have one name"
    for name in names:
        if not re.fullmatch(r"[A-Za-z][A-Za-z0-9_-]*[A-Za-z0-9]", name) or len(name) > MAX_NAME:
            yield f"{name} ({len(name)} characters)"


def _names(source: Path) -> set[str]:
    """Return the names that a module defines or assigns at its top level."""
    body = ast.parse(source.read_text()).body
    assigned = {
        target.id
        for node in body
        if isinstance(node, ast.Assign)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    return assigned | {node.name for node in body if isinstance(node, ast.FunctionDef)}


def check_handlers(deployment: Deployment) -> Problems:
    """Every handler is in functions/, and in the function's zip where that is built."""
    for key, payload in deployment.functions.items():
        module, _, handler = payload["Handler"].partition(".")
        source = deployment.root / "functions" / f"{module}.py"
        if not source.is_file() or handler not in _names(source):
            yield f"{key}: there is no {payload['Handler']} in functions/"
        package = deployment.root / "build" / f"{key}.zip"
        if not package.is_file():
            continue
        try:
            with ZipFile(package) as archive:
                found = f"{module}.py" in archive.namelist()
        except BadZipFile:
            found = False
        if not found:
            yield f"{key}: {package.name} has no {module}.py at its root"


def check_code(deployment: Deployment) -> Problems:
    """What is uploaded is build/ alone, each function's own folder of it."""
    src = deployment.inputs.get("src")
    folder = src.get("src") if isinstance(src, dict) else src
    if not folder or Path(folder) != Path("build"):
        yield f"inputs.src is {folder}: it must be ./build, everything else may hold credentials"
    for key, function in deployment.inputs["functions"].items():
        if Path(function.get("src", "")) != Path(key):
            yield f"{key}: its src is not ./{key}"


def check_runtime(deployment: Deployment) -> Problems:
    """Every function is an event function on Python3.10, without installing dependencies."""
    wanted = {"Type": "Event", "Runtime": "Python3.10", "InstallDependency": "FALSE", "DeployMode": "code"}
    for key, payload in deployment.functions.items():
        for field, value in wanted.items():
            if payload.get(field) != value:
                yield f"{key}: {field} is {payload.get(field)}, not {value}"


def check_role(deployment: Deployment) -> Problems:
    """Every function has an execution role, and the way to the internet that TRTC's API needs."""
    for key, payload in deployment.functions.items():
        role = str(payload.get("Role") or UNDEFINED)
        if role == UNDEFINED or not role.removesuffix(f"-{key}"):
            yield f"{key}: no role: write WEBRECORD_ROLE in .env"
        elif not role.endswith(f"-{key}"):
            yield f"{key}: {role} is not the role of {key} alone, whose name ends with its own"
        elif not re.fullmatch(r"[A-Za-z0-9_+=,.@-]{1,128}", role):
            yield f"{key}: its role is not the name of one: write WEBRECORD_ROLE as the CAM console shows it"
        if payload["PublicNetConfig"]["PublicNetStatus"] != "ENABLE":
            yield f"{key}: no public network"


def check_memory(deployment: Deployment) -> Problems:
    """Memory is 64 MB, or 128 to 3072 in steps of 128."""
    for key, payload in deployment.functions.items():
        size = payload["MemorySize"]
        if size != 64 and not (128 <= size <= 3072 and size % 128 == 0):
            yield f"{key}: {size} MB"


def check_timeouts(deployment: Deployment) -> Problems:
    """Timeouts are 1 to 900 s and fit the code's budgets, TRTC's 5 s and a start's 30 s."""
    limits = {
        "recordings": (1, IN_FLIGHT_MS / 1000),
        "callback": (CALLBACK_BUDGET_S + 1, 5),
        "reconcile": (TICK_BUDGET_S + 10, 900),
    }
    for key, payload in deployment.functions.items():
        low, high = limits.get(key, (1, 900))
        seconds = payload["Timeout"]
        if not isinstance(seconds, int) or not 1 <= seconds <= 900 or not low <= seconds <= high:
            yield f"{key}: {seconds} s, not {low:g} to {high:g}"
