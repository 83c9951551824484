"""The official schema of a service, as tccli carries it: which fields a request and an answer may have, of which type.

It is read from the installed package and never copied: a newer tccli is a newer schema.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from local.api3.errors import ApiError

__all__ = ["Schema", "SchemaError"]

_NAMES = {"string": "String", "int": "Integer", "float": "Float", "bool": "Boolean", "object": "Object"}
_MEMBER_TYPES = {
    "string": "string", "datetime": "string", "date": "string", "int64": "int", "uint64": "int", "float": "float",
    "bool": "bool",
}  # fmt: skip
_RANGES = {"int64": (-(2**63), 2**63 - 1), "uint64": (0, 2**64 - 1)}
_DEEPEST = 16


class SchemaError(Exception):
    """A reply of ours that does not fit the schema: a defect here, never the caller's fault."""


class Schema:
    """Checks against one service's `api.json`."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        self._actions: Mapping[str, Any] = document["actions"]
        self._objects: Mapping[str, Any] = document["objects"]

    @staticmethod
    @cache
    def of(service: str, version: str) -> Schema:
        """Return the schema of `scf`, `2018-04-16`.

        Raises:
            SchemaError: tccli, of the dependency group `local`, is not installed, or does not know the service.
        """
        spec = find_spec("tccli")
        places = spec.submodule_search_locations if spec is not None else None
        for place in places or ():
            path = Path(place, "services", service, f"v{version.replace('-', '')}", "api.json")
            if path.is_file():
                return Schema(json.loads(path.read_text("utf-8")))
        raise SchemaError(f"the schema of {service} {version} is not there: install the dependency group `local`")

    @property
    def actions(self) -> frozenset[str]:
        """Every action of the service."""
        return frozenset(self._actions)

    def check_request(self, action: str, body: object) -> None:
        """Check a request's body.

        Raises:
            ApiError: `UnknownParameter`, `MissingParameter` or `InvalidParameter`.
        """
        if not isinstance(body, dict):
            raise ApiError.wrong_type("body", "Object")
        self._object(self._actions[action]["input"], body, "", 0)

    def check_answer(self, action: str, answer: Mapping[str, Any]) -> None:
        """Check an answer of ours.

        Raises:
            SchemaError: it has a field, or a type, that the reference has not.
        """
        try:
            self._object(self._actions[action]["output"], answer, "", 0, ours=True)
        except ApiError as error:
            raise SchemaError(f"{action} would answer what it can't: {error.message}") from None

    def _object(self, name: str, value: Mapping[str, Any], path: str, depth: int, *, ours: bool = False) -> None:
        members = {member["name"]: member for member in self._objects[name]["members"]}
        for key in value:
            if key not in members:
                raise ApiError.unknown(f"{path}{key}")
        if depth > _DEEPEST:
            raise ApiError("InvalidParameter", f"The parameter `{path}` is nested too deep.")
        for key, member in members.items():
            if key in value:
                self._value(member, value[key], f"{path}{key}", depth, ours=ours)
            elif member.get("required") and not ours:
                raise ApiError.missing(f"{path}{key}")

    def _value(self, member: Mapping[str, Any], value: Any, path: str, depth: int, *, ours: bool) -> None:  # noqa: ANN401
        kind, of = member["type"], member["member"]
        if value is None and ours and member.get("value_allowed_null"):
            return
        if kind == "list":
            if not isinstance(value, list):
                raise ApiError.wrong_type(path, f"Array of {of}")
            for index, item in enumerate(value):
                each = {"type": _MEMBER_TYPES.get(of, "object"), "member": of}
                self._value(each, item, f"{path}.{index}", depth + 1, ours=ours)
        elif not _is(kind, value):
            raise ApiError.wrong_type(path, _NAMES.get(kind, kind))
        elif kind == "object" and of in self._objects:
            self._object(of, value, f"{path}.", depth + 1, ours=ours)
        elif of in _RANGES and not _RANGES[of][0] <= value <= _RANGES[of][1]:
            raise ApiError("InvalidParameter", f"The parameter `{path}` is no {of}.")


def _is(kind: str, value: object) -> bool:
    if kind == "int":
        return type(value) is int  # bool is an int in Python, not in JSON
    if kind == "float":
        return type(value) in (int, float)
    return isinstance(value, {"string": str, "bool": bool, "object": dict}.get(kind, object))
