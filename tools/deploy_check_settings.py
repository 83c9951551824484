"""Checks of the functions' environment: every setting, no secret, and `.env.example`."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from shared.domain.errors import ConfigurationError
from shared.settings import (
    ENV_PREFIX,
    CallbackSettings,
    ReconcileSettings,
    RecordingsSettings,
    StoreSettings,
    load,
    variable,
)
from tools.deploy_payloads import Deployment, Problems
from tools.deploy_values import UNDEFINED, VARIABLE, parse_env

SETTINGS: dict[str, type[StoreSettings]] = {
    "recordings": RecordingsSettings,
    "callback": CallbackSettings,
    "reconcile": ReconcileSettings,
}
SECRET_NAME = re.compile(r"SECRET|TOKEN|KEY|PASSWORD")
SECRET_VALUE = re.compile(r"\bAKID[A-Za-z0-9]{8,}|\bwhsec_\w+|\b[A-Za-z0-9+/]{32,}")
RESERVED = ("SCF_", "QCLOUD_", "TENCENTCLOUD_")
MAX_ENVIRONMENT = 4096


def check_environment(deployment: Deployment) -> Problems:
    """Every function can get all settings it reads, gets the required ones, and uses no name of the platform."""
    for key in deployment.functions.keys() & SETTINGS.keys():
        given = set(deployment.environment(key))
        fields = SETTINGS[key].model_fields
        described = {entry["key"] for entry in deployment.inputs["functions"][key].get("environments", [])}
        for name in sorted({variable(field) for field in fields} - described):
            yield f"{key}: {name} is not in serverless.yml"
        for name in sorted({variable(field) for field, info in fields.items() if info.is_required()} - given):
            yield f"{key}: {name} is missing"
        for name in sorted(given - {variable(field) for field in fields}):
            why = "is the platform's" if name.startswith(RESERVED) else "is not read"
            yield f"{key}: {name} {why}"


def check_size(deployment: Deployment) -> Problems:
    """A function's variables take 4 KB at most."""
    for key in deployment.functions:
        size = sum(len(f"{name}={value}".encode()) + 1 for name, value in deployment.environment(key).items())
        if size > MAX_ENVIRONMENT:
            yield f"{key}: {size} bytes"


def check_settings(deployment: Deployment) -> Problems:
    """The functions accept their environment, in which no variable is empty or left undefined."""
    for key in deployment.functions.keys() & SETTINGS.keys():
        for name, value in deployment.environment(key).items():
            if not value.strip():
                yield f"{key}: {name} is empty: SCF takes no empty value, leave it out"
            if UNDEFINED in re.split(r"[\s,]+", value) or "${" in value:
                yield f"{key}: {name} is undefined: its variable is not in .env"
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
