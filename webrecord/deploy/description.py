"""What is to be deployed: serverless.yml with the values of .env. Pure."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from webrecord.errors import BadUsage
from webrecord.words import t

_VARIABLE = re.compile(r"\$\{env:(\w+)\}")
ENVIRONMENT_LIMIT = 4096
"""Bytes of a function's environment, names included."""
MARK = "webrecord"


@dataclass(frozen=True)
class Trigger:
    """One trigger. `description` is TriggerDesc as it is sent; `means` is what of it is compared.

    Attributes:
        function: key of the function.
        type: `http`, `cos` or `timer`.
        name: TriggerName as it is sent; a Function URL gets another from the service.
        argument: a timer's CustomArgument.
    """

    function: str
    type: str
    name: str
    description: str
    means: Mapping[str, Any]
    argument: str | None = None

    @property
    def title(self) -> str:
        what = {
            "http": t("Function URL"),
            "cos": f"COS {self.means.get('prefix', '')}",
            "timer": t("timer {name}", name=self.name),
        }
        return t("trigger {what} of {function}", what=what[self.type], function=self.function)


@dataclass(frozen=True)
class Function:
    """One function as it is to be.

    Attributes:
        key: `recordings`, `callback`, `reconcile`.
        name, handler, memory_mb, timeout_s, runtime, role: as the API has them.
        environment: what it reads; no value is empty.
    """

    key: str
    name: str
    handler: str
    memory_mb: int
    timeout_s: int
    runtime: str
    role: str
    environment: Mapping[str, str]

    def marked(self, version: str, code: bytes) -> str:
        """Return the Description that says what was deployed; its letters are those that SCF takes."""
        settings = [self.handler, self.memory_mb, self.timeout_s, self.role, sorted(self.environment.items())]
        config = hashlib.sha256(json.dumps(settings).encode()).hexdigest()[:16]
        return f"{MARK} {version} code {hashlib.sha256(code).hexdigest()[:16]} config {config}"


@dataclass(frozen=True)
class Description:
    """All of it."""

    deployment: str
    region: str
    bucket: str
    prefix: str
    jobs_prefix: str
    functions: tuple[Function, ...]
    triggers: tuple[Trigger, ...]

    def function(self, key: str) -> Function:
        """Return one of the functions."""
        return next(function for function in self.functions if function.key == key)


def describe(serverless: Mapping[str, Any], values: Mapping[str, str], deployment: str) -> Description:
    """Return what is to be deployed.

    Args:
        serverless: what serverless.yml holds.
        values: what .env holds.
        deployment: the beginning of every name.

    Raises:
        BadUsage: a value is missing, or a function's environment is too large.
    """
    if not re.fullmatch(r"[A-Za-z][A-Za-z0-9_-]{0,39}", deployment):
        raise BadUsage(
            t("--deployment {deployment!r}: 40 letters, digits, - and _ at most, a letter first", deployment=deployment)
        )
    inputs = serverless["inputs"]
    functions = tuple(_function(key, inputs, values, deployment) for key in inputs["functions"])
    own = functions[0].environment
    region = _filled(inputs["region"], values)
    bucket = own.get("WEBRECORD_BUCKET", "")
    for name, value in (("TENCENT_REGION", region), ("WEBRECORD_BUCKET", bucket)):
        if not value:
            raise BadUsage(t("{name} is missing in .env; `webrecord init` asks for it", name=name))
    if not re.fullmatch(r"[a-z0-9][a-z0-9-]*-[0-9]+", bucket):
        raise BadUsage(t("WEBRECORD_BUCKET {bucket!r}: write it as NAME-APPID", bucket=bucket))
    triggers = tuple(
        _trigger(entry, values) for entry in inputs["triggers"] if entry["type"] in ("http", "cos", "timer")
    )
    prefix, jobs = own.get("WEBRECORD_PREFIX", "webrecord"), own.get("WEBRECORD_JOBS_PREFIX", "jobs/")
    return Description(deployment, region, bucket, prefix, jobs, functions, triggers)


def role_of(deployment: str, key: str) -> str:
    """Return the name of a function's role, and of its policy."""
    return f"{deployment}-{key}"


def _function(key: str, inputs: Mapping[str, Any], values: Mapping[str, str], deployment: str) -> Function:
    given = inputs["functions"][key]
    environment = {}
    for entry in given["environments"]:
        value = _filled(str(entry["value"]), values)
        if value:  # SCF takes no empty one
            environment[entry["key"]] = value
    size = sum(len(f"{name}{value}".encode()) + 2 for name, value in environment.items())
    if size > ENVIRONMENT_LIMIT:
        raise BadUsage(
            t(
                "the environment of {key} takes {size} bytes, and SCF takes {environment_limit}: shorten .env",
                key=key,
                size=size,
                environment_limit=ENVIRONMENT_LIMIT,
            )
        )
    return Function(
        key=key,
        name=f"{deployment}-{key}",
        handler=given["handler"],
        memory_mb=given["memorySize"],
        timeout_s=given["timeout"],
        runtime=given.get("runtime", inputs["runtime"]),
        role=role_of(deployment, key),
        environment=environment,
    )


def _trigger(entry: Mapping[str, Any], values: Mapping[str, str]) -> Trigger:
    kind, function, given = entry["type"], entry["function"], entry["parameters"]
    if kind == "http":
        net = given["netConfig"]
        auth, config = given["authType"], {name[0].upper() + name[1:]: bool(value) for name, value in net.items()}
        text = json.dumps({"AuthType": auth, "NetConfig": config})
        return Trigger(function, kind, "url-trigger", text, {"auth": auth, **config})
    if kind == "cos":
        event, prefix, suffix = given["events"], given["filter"]["prefix"], given["filter"].get("suffix", "")
        name = _filled(given["bucket"], values)
        text = json.dumps({"event": event, "filter": {"Prefix": prefix, "Suffix": suffix}})
        means = {"bucket": name, "event": event, "prefix": prefix, "suffix": suffix}
        return Trigger(function, kind, name, text, means)
    cron = given["cronExpression"]
    return Trigger(function, kind, given["name"], cron, {"cron": cron}, given.get("argument"))


def meaning(kind: str, text: str, name: str) -> dict[str, Any]:
    """Return what a trigger of the account means, in the terms of `Trigger.means`; {} for what can't be read."""
    try:
        read = json.loads(text)
    except ValueError:
        return {"cron": text} if kind == "timer" else {}
    if not isinstance(read, dict):
        return {}
    if kind == "timer":
        return {"cron": read.get("cron")}
    if kind == "cos":
        rule = read.get("filter")
        rule = rule if isinstance(rule, dict) else {}
        return {
            "bucket": name,
            "event": read.get("event"),
            "prefix": rule.get("Prefix") or "",
            "suffix": rule.get("Suffix") or "",
        }
    net = read.get("NetConfig")
    net = net if isinstance(net, dict) else {}
    return {
        "auth": read.get("AuthType"),
        **{name: bool(net.get(name)) for name in ("EnableIntranet", "EnableExtranet")},
    }


def _filled(text: str, values: Mapping[str, str]) -> str:
    return _VARIABLE.sub(lambda found: values.get(found[1], "").strip(), text)
