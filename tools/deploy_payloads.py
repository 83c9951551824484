"""What the platform would be sent: serverless.yml, rendered by tencent-component-toolkit as the platform does it."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from tools.deploy_file import without_empty
from tools.deploy_values import resolve

ROOT = Path(__file__).parent.parent
TOOLKIT = Path(__file__).with_name("deploy_check")


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


def render(text: str, example: str, environment: Mapping[str, str], modules: Path) -> Deployment:
    """Return what the platform would be sent.

    Args:
        text: serverless.yml.
        example: .env.example.
        environment: what .env would hold.
        modules: the folder of the installed toolkit.

    Raises:
        ValueError: the toolkit does not take it; one line says why.
    """
    command = ["node", str(TOOLKIT / "render.js")]
    done = subprocess.run(  # noqa: S603 (our own script)
        command,
        input=json.dumps(resolve(without_empty(yaml.safe_load(text), environment), environment)),
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
