"""Checks what `scf deploy` would create against what the functions need, without an account: `make deploy-check`.

serverless.yml is rendered by tencent-component-toolkit, as the platform's own component does it, with every variable
set and with the required ones alone, into the payloads of CreateFunction and CreateTrigger. One line per check.
"""

from __future__ import annotations

import argparse
import ast
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zipfile import BadZipFile, ZipFile

import yaml

from functions.callback import BUDGET_S as CALLBACK_BUDGET_S
from functions.reconcile import BUDGET_S as TICK_BUDGET_S
from shared.domain.errors import ConfigurationError
from shared.domain.steps import IN_FLIGHT_MS
from shared.settings import ENV_PREFIX, CallbackSettings, ReconcileSettings, RecordingsSettings, StoreSettings, load

ROOT = Path(__file__).parent.parent
TOOLKIT = Path(__file__).with_name("deploy_check")
INSTALLED = ROOT / ".local" / "deploy_check"
NPM_S = 240

SETTINGS: dict[str, type[StoreSettings]] = {
    "recordings": RecordingsSettings,
    "callback": CallbackSettings,
    "reconcile": ReconcileSettings,
}
TRIGGERS = Counter([("http", "recordings"), ("http", "callback"), ("cos", "recordings"), ("timer", "reconcile")])
REQUIRED = ("TENCENT_REGION", "WEBRECORD_ROLE", "WEBRECORD_SDK_APP_ID", "WEBRECORD_BUCKET", "WEBRECORD_CALLBACK_KEYS")
# Values of the right form and a generous length, none of them real.
EXAMPLE = {
    "TENCENT_REGION": "ap-guangzhou",
    "WEBRECORD_ROLE": "scf-webrecord",
    "WEBRECORD_SDK_APP_ID": "1400000001,1400000002,1400000003",
    "WEBRECORD_BUCKET": "example-recordings-of-a-department-1250000000",
    "WEBRECORD_CALLBACK_KEYS": f"{'k' * 32},{'K' * 32}",
    "WEBRECORD_API_TOKENS": ",".join(f"backend-{number}:{'t' * 43}" for number in range(4)),
    "WEBRECORD_STORAGE_SECRET_ID": "I" * 36,
    "WEBRECORD_STORAGE_SECRET_KEY": "S" * 32,
    "WEBRECORD_ALLOWED_HOSTS": ",".join(f"*.class-{number}.example.com" for number in range(8)),
    "WEBRECORD_NOTIFY_HOSTS": "hooks.example.com,*.hooks.example.com",
    "WEBRECORD_NOTIFY_URL": "https://hooks.example.com/recordings",
    "WEBRECORD_NOTIFY_SECRET": f"whsec_{'A' * 32}",
    "WEBRECORD_TRTC_REGION": "ap-singapore",
    "WEBRECORD_TRTC_ENDPOINT": "trtc.intl.tencentcloudapi.com",
    "WEBRECORD_COS_ENDPOINT": "cos.ap-guangzhou.myqcloud.com",
    "WEBRECORD_CALLER_STORAGE": "refuse",
    "WEBRECORD_MAX_DURATION_CEILING": "86400",
    "WEBRECORD_MAX_ATTEMPTS": "3",
    "WEBRECORD_START_WITHIN": "3600",
    "WEBRECORD_LOST_AFTER": "3600",
}

VARIABLE = re.compile(r"\$\{env:(\w+)\}")
SECRET_NAME = re.compile(r"SECRET|TOKEN|KEY|PASSWORD")
SECRET_VALUE = re.compile(r"\bAKID[A-Za-z0-9]{8,}|\bwhsec_\w+|\b[A-Za-z0-9+/]{32,}")
RESERVED = ("SCF_", "QCLOUD_", "TENCENTCLOUD_")
UNDEFINED = "undefined"
MAX_ENVIRONMENT = 4096
MAX_NAME = 60
EVERY_MINUTE = ("0 */1 * * * * *", "0 * * * * * *")


class ToolkitMissingError(Exception):
    """The toolkit can't be installed or run here; one line says why."""


@dataclass(frozen=True)
class Deployment:
    """What is checked.

    Attributes:
        text: serverless.yml, as written.
        example: .env.example, as written.
        functions: payloads of CreateFunction, by the function's key in serverless.yml.
        triggers: payloads of CreateTrigger.
        root: the checkout.
    """

    text: str
    example: str
    functions: Mapping[str, Any]
    triggers: Sequence[Mapping[str, Any]]
    root: Path = ROOT

    @property
    def inputs(self) -> dict[str, Any]:
        """The `inputs` of serverless.yml, variables as they are written."""
        inputs: dict[str, Any] = yaml.safe_load(self.text)["inputs"]
        return inputs

    def environment(self, function: str) -> dict[str, str]:
        """Return a function's environment, as the platform would set it."""
        variables = self.functions[function].get("Environment", {}).get("Variables", [])
        return {variable["Key"]: variable["Value"] for variable in variables}

    def owner(self, trigger: Mapping[str, Any]) -> str:
        """Return the key of the function that a trigger is of."""
        keys = {payload["FunctionName"]: key for key, payload in self.functions.items()}
        return keys.get(trigger["FunctionName"], "")

    def described(self, kind: str) -> Iterator[tuple[str, dict[str, Any]]]:
        """Yield function and description of every trigger of a kind that has a JSON description."""
        for trigger in self.triggers:
            if trigger["Type"] == kind:
                yield self.owner(trigger), json.loads(trigger["TriggerDesc"])


Problems = Iterator[str]
Check = Callable[[Deployment], Problems]


def check_functions(deployment: Deployment) -> Problems:
    """There are the three functions, each under a name of its own that SCF takes (60 characters at most)."""
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
        if not payload.get("Role"):
            yield f"{key}: no role"
        if payload["PublicNetConfig"]["PublicNetStatus"] != "ENABLE":
            yield f"{key}: no public network"


def check_memory(deployment: Deployment) -> Problems:
    """Memory is 64 MB, or 128 to 3072 in steps of 128."""
    for key, payload in deployment.functions.items():
        size = payload["MemorySize"]
        if size != 64 and not (128 <= size <= 3072 and size % 128 == 0):
            yield f"{key}: {size} MB"


def check_timeouts(deployment: Deployment) -> Problems:
    """Timeouts are 1 to 900 s, and what the code takes for granted: its budgets, TRTC's 5 s, a start's 30 s."""
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


def check_environment(deployment: Deployment) -> Problems:
    """Every function gets exactly the settings that it reads, none under a name of the platform's."""
    for key in deployment.functions.keys() & SETTINGS.keys():
        given = set(deployment.environment(key))
        read = {f"{ENV_PREFIX}{field.upper()}" for field in SETTINGS[key].model_fields}
        for name in sorted(read - given):
            yield f"{key}: {name} is missing"
        for name in sorted(given - read):
            why = "is the platform's" if name.startswith(RESERVED) else "is not read"
            yield f"{key}: {name} {why}"


def check_size(deployment: Deployment) -> Problems:
    """A function's variables take 4 KB at most."""
    for key in deployment.functions:
        size = sum(len(f"{name}={value}".encode()) + 1 for name, value in deployment.environment(key).items())
        if size > MAX_ENVIRONMENT:
            yield f"{key}: {size} bytes"


def check_settings(deployment: Deployment) -> Problems:
    """The functions accept their environment, in which no variable is left undefined."""
    for key in deployment.functions.keys() & SETTINGS.keys():
        for name, value in deployment.environment(key).items():
            if UNDEFINED in value:
                yield f"{key}: {name} is undefined: its line is missing in .env"
        with _only(deployment.environment(key)):
            try:
                load(SETTINGS[key])
            except ConfigurationError as error:
                yield f"{key}: {error}"


@contextmanager
def _only(environment: Mapping[str, str]) -> Iterator[None]:
    before = {name: value for name, value in os.environ.items() if name.startswith(ENV_PREFIX)}
    for name in before:
        del os.environ[name]
    os.environ.update(environment)
    try:
        yield
    finally:
        for name in environment:
            os.environ.pop(name, None)
        os.environ.update(before)


def check_secrets(deployment: Deployment) -> Problems:
    """No secret is in serverless.yml or .env.example: they come from .env."""
    for key, function in deployment.inputs["functions"].items():
        for entry in function.get("environments", []):
            if SECRET_NAME.search(entry["key"]) and not VARIABLE.fullmatch(str(entry["value"])):
                yield f"{key}: {entry['key']} is written out"
    for name, text in (("serverless.yml", deployment.text), (".env.example", deployment.example)):
        for line, content in enumerate(text.splitlines(), 1):
            if SECRET_VALUE.search(VARIABLE.sub("", content)):
                yield f"{name}:{line} looks like a secret"


def check_example(deployment: Deployment) -> Problems:
    """.env.example has exactly the variables of serverless.yml, all empty, each with a comment above."""
    used = set(VARIABLE.findall(deployment.text))
    offered = parse_env(deployment.example)
    for name in sorted(used - offered.keys()):
        yield f"{name} is not in .env.example"
    for name in sorted(offered.keys() - used):
        yield f"{name} is not in serverless.yml"
    for name, value in offered.items():
        if value:
            yield f"{name} has a value"
    explained = False
    for line in deployment.example.splitlines():
        if line.startswith("#"):
            explained = True
        elif not line.strip():
            explained = False
        elif not explained:
            yield f"{line.partition('=')[0]} has no comment"


def check_triggers(deployment: Deployment) -> Problems:
    """Every function has its triggers, on the default version, and all are open."""
    found = Counter((trigger["Type"], deployment.owner(trigger)) for trigger in deployment.triggers)
    for kind, function in list(TRIGGERS - found):
        yield f"{function} has no {kind} trigger"
    for kind, function in list(found - TRIGGERS):
        yield f"{function or 'an unknown function'} has a {kind} trigger too many"
    for trigger in deployment.triggers:
        if trigger["Enable"] != "OPEN":
            yield f"the {trigger['Type']} trigger of {trigger['FunctionName']} is closed"
        if trigger["Qualifier"] != "$DEFAULT":
            yield f"the {trigger['Type']} trigger of {trigger['FunctionName']} is bound to {trigger['Qualifier']}"


def check_http(deployment: Deployment) -> Problems:
    """Function URLs are public and without CAM: TRTC can't sign, the functions authenticate themselves."""
    for function, described in deployment.described("http"):
        if described["AuthType"] != "NONE":
            yield f"{function}: AuthType is {described['AuthType']}"
        if described["NetConfig"]["EnableExtranet"] is not True:
            yield f"{function}: not reachable from the internet"


def check_cos(deployment: Deployment) -> Problems:
    """Job objects trigger recordings, results do not: the prefix is WEBRECORD_JOBS_PREFIX, apart from the results'."""
    for function, described in deployment.described("cos"):
        environment = deployment.environment(function) if function else {}
        jobs, results = environment.get("WEBRECORD_JOBS_PREFIX", ""), f"{environment.get('WEBRECORD_PREFIX', '')}/"
        prefix = described["filter"]["Prefix"]
        if described["event"] != "cos:ObjectCreated:*":
            yield f"its event is {described['event']}"
        if prefix != jobs:
            yield f"its prefix is {prefix or 'empty'}, WEBRECORD_JOBS_PREFIX is {jobs or 'empty'}"
        if not prefix or prefix.startswith(results) or results.startswith(prefix):
            yield f"its prefix {prefix or '(empty)'} overlaps {results}: results would start jobs for ever"


def check_region(deployment: Deployment) -> Problems:
    """Bucket, trigger and functions are in one region."""
    region = deployment.inputs["region"]
    for key, function in deployment.inputs["functions"].items():
        given = {entry["key"]: entry["value"] for entry in function.get("environments", [])}
        if given.get("WEBRECORD_BUCKET_REGION") != region:
            yield f"{key}: WEBRECORD_BUCKET_REGION is not the functions' region"
    for trigger in deployment.triggers:
        function = deployment.owner(trigger)
        if trigger["Type"] == "cos" and function:
            environment = deployment.environment(function)
            bucket, where = environment.get("WEBRECORD_BUCKET"), environment.get("WEBRECORD_BUCKET_REGION")
            if trigger["TriggerName"] != f"{bucket}.cos.{where}.myqcloud.com":
                yield f"the cos trigger is of {trigger['TriggerName']}"


def check_timer(deployment: Deployment) -> Problems:
    """The timer ticks every minute."""
    for trigger in deployment.triggers:
        if trigger["Type"] == "timer" and trigger["TriggerDesc"] not in EVERY_MINUTE:
            yield f"it is {trigger['TriggerDesc']}"


CHECKS: tuple[Check, ...] = (
    check_functions,
    check_handlers,
    check_code,
    check_runtime,
    check_role,
    check_memory,
    check_timeouts,
    check_environment,
    check_size,
    check_settings,
    check_secrets,
    check_example,
    check_triggers,
    check_http,
    check_cos,
    check_region,
    check_timer,
)


def parse_env(text: str) -> dict[str, str]:
    """Return the variables of a .env file; no inline comments, quotes around a whole value are dropped."""
    found = {}
    for line in text.splitlines():
        name, equals, value = line.partition("=")
        if equals and not line.lstrip().startswith("#"):
            found[name.strip()] = re.sub(r"""^(['"])(.*)\1$""", r"\2", value.strip())
    return found


def resolve(value: Any, environment: Mapping[str, str]) -> Any:  # noqa: ANN401 (what YAML holds)
    """Return the value with `${env:…}` replaced as the CLI does: one that is missing gives that word."""
    if isinstance(value, dict):
        return {key: resolve(inner, environment) for key, inner in value.items()}
    if isinstance(value, list):
        return [resolve(inner, environment) for inner in value]
    if isinstance(value, str):
        return VARIABLE.sub(lambda match: environment.get(match[1], UNDEFINED), value)
    return value


def install() -> Path:
    """Return the folder of node_modules with the locked toolkit, installing it at first use.

    Raises:
        ToolkitMissingError: there is no Node.js, no npm, or no registry.
    """
    npm = shutil.which("npm")
    if npm is None or shutil.which("node") is None:
        raise ToolkitMissingError("Node.js and npm are needed: install Node.js 18 or newer")
    manifests = [TOOLKIT / "package.json", TOOLKIT / "package-lock.json"]
    digest = hashlib.sha256(b"".join(path.read_bytes() for path in manifests)).hexdigest()[:16]
    ready = INSTALLED / digest
    if ready.is_dir():
        return ready / "node_modules"
    INSTALLED.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=INSTALLED) as made:
        draft = Path(made) / "toolkit"
        draft.mkdir()
        for path in manifests:
            shutil.copy(path, draft)
        command = [npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
        try:
            done = subprocess.run(  # noqa: S603 (npm, with our own lock)
                command, cwd=draft, capture_output=True, text=True, timeout=NPM_S, check=False
            )
        except subprocess.TimeoutExpired as error:
            raise ToolkitMissingError(f"npm did not install the toolkit in {NPM_S} s") from error
        if done.returncode:
            codes = re.findall(r"npm err(?:or|!) code (\w+)", done.stderr, re.IGNORECASE)
            raise ToolkitMissingError(f"npm could not install the toolkit: {', '.join(codes) or done.returncode}")
        if not ready.is_dir():  # another run may have been faster
            draft.rename(ready)
    return ready / "node_modules"


def render(text: str, example: str, environment: Mapping[str, str], modules: Path) -> Deployment:
    """Return what the platform would be sent.

    Args:
        text: serverless.yml.
        example: .env.example.
        environment: what .env would hold.
        modules: the folder that `install` returned.

    Raises:
        ValueError: the toolkit does not take it; one line says why.
    """
    command = ["node", str(TOOLKIT / "render.js")]
    done = subprocess.run(  # noqa: S603 (our own script)
        command,
        input=json.dumps(resolve(yaml.safe_load(text), environment)),
        capture_output=True,
        text=True,
        env={**os.environ, "NODE_PATH": str(modules), "NODE_NO_WARNINGS": "1"},
        check=False,
    )
    if done.returncode:
        said = next((line for line in done.stderr.splitlines() if "Error" in line), "no reason given")
        raise ValueError(f"the toolkit does not take serverless.yml: {said.strip()}")
    rendered = json.loads(done.stdout)
    return Deployment(text, example, rendered["functions"], rendered["triggers"])


def examples() -> dict[str, dict[str, str]]:
    """Return the environments that are rendered when nobody gives one: everything set, and what is required."""
    least = {name: value if name in REQUIRED else "" for name, value in EXAMPLE.items()}
    return {"everything set": EXAMPLE, "the least set": least}


def problems(deployment: Deployment, check: Check) -> list[str]:
    """Return what a check finds; a payload that lacks what it needs is a finding too."""
    try:
        return list(check(deployment))
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        return [f"not as expected: {type(error).__name__} {error}"]


def run(deployments: Mapping[str, Deployment]) -> int:
    """Print one line per check over all renderings; return the exit status."""
    failed = 0
    for check in CHECKS:
        title = (check.__doc__ or "").splitlines()[0]
        found = dict.fromkeys(line for each in deployments.values() for line in problems(each, check))
        failed += bool(found)
        print(f"{'FAIL' if found else 'ok'}\t{title}", *(f"\t- {line}" for line in found), sep="\n")  # noqa: T201
    return 1 if failed else 0


def main(arguments: Sequence[str] | None = None) -> int:
    """Check, and return the exit status: 0 all is well, 1 something is wrong, 2 it could not be rendered."""
    parser = argparse.ArgumentParser(prog="python -m tools.deploy_check", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--env", type=Path, help="check with the values of this .env file; secrets are not printed")
    given = parser.parse_args(arguments)
    text, example = (ROOT / "serverless.yml").read_text(), (ROOT / ".env.example").read_text()
    try:
        environments = {str(given.env): parse_env(given.env.read_text())} if given.env else examples()
        modules = install()
        rendered = {name: render(text, example, values, modules) for name, values in environments.items()}
    except (ToolkitMissingError, ValueError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)  # noqa: T201
        return 2
    return run(rendered)


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
