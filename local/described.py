"""What serverless.yml says of our functions and triggers, as the calls that create them.

`webrecord deploy` reads the same file, by code of its own: neither side imports the other. A test compares them.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

__all__ = ["Body", "functions", "triggers"]

FILE = Path(__file__).parent.parent / "serverless.yml"
_VARIABLE = re.compile(r"\$\{env:(\w+)\}")
Body = dict[str, Any]


def functions(values: Mapping[str, str]) -> dict[str, Body]:
    """Return each function's CreateFunction, without its code, by its short name.

    Args:
        values: what .env would hold; a variable without a value is not sent.
    """
    inputs = _inputs()
    return {key: _function(given, inputs["runtime"], values) for key, given in inputs["functions"].items()}


def triggers(values: Mapping[str, str]) -> list[tuple[str, Body]]:
    """Return each trigger's CreateTrigger, without the function's name, with its function's short name."""
    return [(each["function"], _trigger(each["type"], each["parameters"], values)) for each in _inputs()["triggers"]]


def _function(given: Any, runtime: str, values: Mapping[str, str]) -> Body:  # noqa: ANN401 (what YAML holds)
    pairs = [(each["key"], _filled(each["value"], values)) for each in given["environments"]]
    return {
        "FunctionName": given["name"],
        "Handler": given["handler"],
        "Runtime": runtime,
        "MemorySize": given["memorySize"],
        "Timeout": given["timeout"],
        "Role": _filled(given["role"], values),
        "Environment": {"Variables": [{"Key": name, "Value": value} for name, value in pairs if value]},
        "Type": "Event",
    }


def _trigger(kind: str, given: Any, values: Mapping[str, str]) -> Body:  # noqa: ANN401 (what YAML holds)
    common = {"Type": kind, "Qualifier": "$DEFAULT", "Enable": "OPEN"}
    if kind == "timer":
        named = {"TriggerName": given["name"], "TriggerDesc": given["cronExpression"]}
        return {**common, **named, "CustomArgument": given["argument"]}
    if kind == "cos":
        chosen = {"Prefix": given["filter"]["prefix"], "Suffix": given["filter"].get("suffix", "")}
        text = json.dumps({"event": given["events"], "filter": chosen})
        return {**common, "TriggerName": _filled(given["bucket"], values), "TriggerDesc": text}
    net = {name[0].upper() + name[1:]: value for name, value in given["netConfig"].items()}
    text = json.dumps({"AuthType": given["authType"], "NetConfig": net})
    return {**common, "TriggerName": "url-trigger", "TriggerDesc": text}


def _filled(text: str, values: Mapping[str, str]) -> str:
    return _VARIABLE.sub(lambda found: values.get(found[1], ""), str(text))


def _inputs() -> Any:  # noqa: ANN401 (what YAML holds)
    return yaml.safe_load(FILE.read_text("utf-8"))["inputs"]
