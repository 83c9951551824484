"""What SCF accepts in a request, beyond the types of the schema: the ranges and letters of its reference."""

from __future__ import annotations

import re
from typing import Any

from local.api3 import ApiError
from local.kindness import Unknowns

__all__ = ["check_name", "check_settings", "environment"]

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,58}[A-Za-z0-9]")
_DESCRIPTION = re.compile(r"[A-Za-z0-9 ,\n.\u4e00-\u9fff\uff0c\u3002]{0,1000}")
_KEY = re.compile(r"[A-Za-z][A-Za-z0-9_]*")
_HANDLER = re.compile(r"[A-Za-z0-9_-]{2,60}\.[A-Za-z0-9_-]{2,60}")
_RESERVED = ("SCF_", "QCLOUD_", "TENCENTCLOUD_")
_RUNTIMES = {
    "Python2.7", "Python3.6", "Python3.7", "Python3.9", "Python3.10", "Nodejs12.16", "Nodejs14.18", "Nodejs16.13",
    "Nodejs18.15", "Nodejs20.19", "Php7.4", "Php8.0", "Go1", "Java8", "Java11", "CustomRuntime",
}  # fmt: skip
_ENVIRONMENT_BYTES = 4096
_MEMORY_MB = {64, *range(128, 3073, 128)}
_LONGEST_S = 900
_LONGEST_INIT_S = 300


def check_name(name: str) -> None:
    """Refuse a function's name.

    Raises:
        ApiError: `InvalidParameterValue.FunctionName`.
    """
    if _NAME.fullmatch(name) is None:
        raise _value(
            "FunctionName", "2 to 60 letters, digits, - and _, a letter first, a letter or digit last are wanted"
        )


def check_settings(body: dict[str, Any], unknowns: Unknowns) -> None:
    """Refuse what is out of its range.

    Raises:
        ApiError: `InvalidParameterValue.…`.
    """
    if body.get("Runtime", "Python3.10") not in _RUNTIMES:
        raise _value("Runtime", f"there is no {body['Runtime']}")
    if body.get("MemorySize", 128) not in _MEMORY_MB:
        raise _value("MemorySize", "64, or 128 to 3072 by 128, is wanted")
    if not 1 <= body.get("Timeout", 3) <= _LONGEST_S:
        raise _value("Timeout", f"1 to {_LONGEST_S} is wanted", "InvalidParameterValue")
    if not 3 <= body.get("InitTimeout", 65) <= _LONGEST_INIT_S:
        raise _value("InitTimeout", f"3 to {_LONGEST_INIT_S} is wanted", "InvalidParameterValue")
    if "Handler" in body and _HANDLER.fullmatch(body["Handler"]) is None:
        raise _value("Handler", "file.function is wanted")
    if unknowns.description == "listed letters" and _DESCRIPTION.fullmatch(body.get("Description", "")) is None:
        raise _value("Description", "1000 letters, digits, spaces, commas, full stops and line breaks are allowed")
    if len(body.get("Description", "")) > 1000:
        raise _value("Description", "it has at most 1000 characters")
    if body.get("Type", "Event") not in ("Event", "HTTP"):
        raise _value("Type", "Event or HTTP is wanted")
    for name in ("AutoCreateClsTopic", "AutoDeployClsTopicIndex", "Publish", "InstallDependency"):
        if body.get(name, "FALSE") not in ("TRUE", "FALSE"):
            raise _value("Param", f"{name} is TRUE or FALSE")
    if body.get("PublicNetConfig", {}).get("PublicNetStatus", "ENABLE") not in ("ENABLE", "DISABLE"):
        raise _value("PublicNetConfig", "ENABLE or DISABLE is wanted")


def environment(body: dict[str, Any], unknowns: Unknowns) -> tuple[tuple[str, str], ...] | None:
    """Return the variables that a request sets; None where it leaves them as they are.

    Raises:
        ApiError: one of them can't be.
    """
    if "Environment" not in body:
        return None
    pairs = [(each.get("Key", ""), each.get("Value", "")) for each in body["Environment"].get("Variables", [])]
    if pairs == [("", "")]:
        return ()  # how one clears them all
    for key, value in pairs:
        if _KEY.fullmatch(key) is None:
            raise _value("Environment", f"{key!r} is no name of a variable")
        if not value and unknowns.empty_environment == "refused":
            raise _value("Environment", f"the value of {key} is empty")
        if key.startswith(_RESERVED):
            raise _value("EnvironmentSystemProtect", f"{key} is the platform's")
    if len(dict(pairs)) < len(pairs):
        raise _value("Environment", "a variable is there twice")
    if sum(len(key.encode()) + len(value.encode()) for key, value in pairs) > _ENVIRONMENT_BYTES:
        raise _value("EnvironmentExceededLimit", f"the variables have more than {_ENVIRONMENT_BYTES} bytes")
    return tuple(pairs)


def _value(name: str, rule: str, code: str = "") -> ApiError:
    return ApiError(code or f"InvalidParameterValue.{name}", f"{name} is not valid: {rule}.")
