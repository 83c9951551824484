"""build/serverless.yml, which `scf deploy` reads: serverless.yml without the variables that `.env` leaves empty.

SCF's API takes no empty value, and the CLI knows no defaults: it sends an empty variable as it is, and one that is
missing as the text `undefined`. So what is not set is left out here. Values stay in `.env`: the file names them.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from tools.deploy_values import VARIABLE

COMPONENT = "multi-scf"
"""serverless.yml names none, so that the CLI deploys nothing from there."""
HEAD = "# Written by `make deploy-check DOTENV=…` from serverless.yml: edit that, and run it again when .env changes.\n"


def without_empty(description: dict[str, Any], environment: Mapping[str, str]) -> dict[str, Any]:
    """Return the content of serverless.yml without the entries of functions' environments that would be empty.

    Args:
        description: what serverless.yml holds, variables as they are written.
        environment: what .env holds.
    """
    inputs = description["inputs"]
    functions = {
        key: {**function, "environments": [each for each in function["environments"] if _is_set(each, environment)]}
        if "environments" in function
        else function
        for key, function in inputs["functions"].items()
    }
    return {**description, "inputs": {**inputs, "functions": functions}}


def _is_set(entry: Mapping[str, Any], environment: Mapping[str, str]) -> bool:
    value = str(entry.get("value", ""))
    return bool(value.strip()) and all(environment.get(name, "").strip() for name in VARIABLE.findall(value))


def write(text: str, environment: Mapping[str, str], path: Path) -> int:
    """Write the file beside the packages, and return how many variables the functions get together."""
    description = without_empty(yaml.safe_load(text), environment)
    inputs = description["inputs"]
    src = {**inputs["src"], "src": "./", "exclude": [*inputs["src"]["exclude"], path.name]}
    whole = {**description, "component": COMPONENT, "inputs": {**inputs, "src": src}}
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(HEAD + yaml.safe_dump(whole, sort_keys=False, allow_unicode=True), encoding="utf-8")
    return sum(len(function.get("environments", [])) for function in inputs["functions"].values())
