"""What a deployment is made from: what a person said, and serverless.yml."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

from webrecord import files
from webrecord.errors import BadUsage
from webrecord.words import t


@dataclass(frozen=True)
class Options:
    """What a person said.

    Attributes:
        root: the checkout: serverless.yml, .env and build/ are in it.
        env: the .env file.
        build: folder with NAME.zip of each function.
        deployment: the beginning of every name.
        version: for the functions' descriptions, where a package does not say its release.
        only_functions: leaves out what needs an administrator's rights.
        adopt: takes over what is there under our names.
        defaults: values of what .env does not set.
        alarms: makes the alarms of docs/operations.md, too.
        notice: name of a notification channel group that they tell.
    """

    root: Path
    env: Path
    build: Path
    deployment: str = "scf-webrecord"
    version: str = "0"
    only_functions: bool = False
    adopt: bool = False
    defaults: Mapping[str, str] = field(default_factory=dict)
    alarms: bool = False
    notice: str | None = None


def serverless(root: Path) -> Mapping[str, Any]:
    """Return what serverless.yml holds."""
    path = root / "serverless.yml"
    try:
        text = files.read(path).decode()
    except FileNotFoundError:
        raise BadUsage(t("{path} does not exist: deploy from a checkout, with .env in it", path=path)) from None
    except OSError as error:
        raise BadUsage(t("{path} can't be read: {strerror}", path=path, strerror=error.strerror)) from None
    except UnicodeDecodeError:
        raise BadUsage(t("{path} is not text in UTF-8: save it as UTF-8", path=path)) from None
    return _read(text)


@lru_cache(maxsize=4)
def _read(text: str) -> Mapping[str, Any]:
    import yaml  # no other command needs it

    try:
        read = yaml.safe_load(text)
    except yaml.YAMLError:
        read = None
    inputs = read.get("inputs") if isinstance(read, dict) else None
    if not isinstance(inputs, dict) or not {"region", "runtime", "functions", "triggers"} <= set(inputs):
        raise BadUsage(t("serverless.yml is broken: `git checkout serverless.yml` restores it"))
    whole: Mapping[str, Any] = read
    return whole
