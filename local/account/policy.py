"""CAM's policy documents: reading one, writing it as CAM does, and asking it.

Source: CAM's documents "Syntax logic" and "Resource description". Conditions are not supported here, and refused.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

__all__ = ["PolicyError", "Statement", "parse_policy", "parse_trust", "permits", "written"]

LONGEST = 6144
_SEGMENTS = 6  # qcs : project : service : region : account : resource


class PolicyError(Exception):
    """A document that CAM refuses.

    Attributes:
        code: behind `InvalidParameter.`.
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True)
class Statement:
    """One statement.

    Attributes:
        allow: or else it denies.
        actions: `cos:PutObject`, `cos:*`, `*`.
        resources: `*`, or `qcs::cos:ap-guangzhou:uid/1250000000:bucket-1250000000/*`.
    """

    allow: bool
    actions: tuple[str, ...]
    resources: tuple[str, ...]

    def covers(self, action: str, resource: str) -> bool:
        """Return True if the statement covers this action and resource."""
        return any(_glob(action, each) for each in self.actions) and any(
            _resource(resource, each) for each in self.resources
        )


def permits(statements: Iterable[Statement], action: str, resource: str) -> bool:
    """Tell whether the action is allowed: by one statement, and denied by none.

    Args:
        statements: of all policies of one principal.
        action: `service:Name`.
        resource: a whole one of six segments; `*` for an action that knows none, which only `*` allows.
    """
    speaking = [statement for statement in statements if statement.covers(action, resource)]
    return bool(speaking) and all(statement.allow for statement in speaking)


def parse_policy(text: str) -> tuple[Statement, ...]:
    """Read a policy's document.

    Raises:
        PolicyError: it is none.
    """
    return tuple(
        Statement(
            _effect(each),
            tuple(map(_action, _texts(each, "action", "ActionMiss", "ActionError"))),
            tuple(map(_checked_resource, _texts(each, "resource", "ResourceError", "ResourceError"))),
        )
        for each in _statements(text, {"effect", "action", "resource"})
    )


def parse_trust(text: str) -> frozenset[str]:
    """Read a role's document; return the services that may assume it.

    Raises:
        PolicyError: it is none.
    """
    services: set[str] = set()
    for each in _statements(text, {"effect", "action", "principal"}):
        actions = _texts(each, "action", "ActionMiss", "ActionError")
        if not _effect(each) or "sts:AssumeRole" not in map(_action, actions):
            raise PolicyError("ActionError", "a role's document allows name/sts:AssumeRole")
        principal = each.get("principal")
        if not isinstance(principal, dict) or not principal or not principal.keys() <= {"service", "qcs"}:
            raise PolicyError("PrincipalError", "principal is an object with service or qcs")
        if "service" in principal:
            services.update(_texts(principal, "service", "PrincipalError", "PrincipalError"))
    for service in services:
        if re.fullmatch(r"[a-z0-9.-]+\.qcloud\.com|[a-z0-9.-]+\.tencentcloudapi\.com", service) is None:
            raise PolicyError("PrincipalServiceNotExist", f"there is no service {service}")
    return frozenset(services)


def written(text: str) -> str:
    r"""Return a valid document as CAM gives it back: resources as arrays, `\/` for `/`."""
    document = json.loads(text)
    statements = document["statement"] if isinstance(document["statement"], list) else [document["statement"]]
    for statement in statements:
        for name in ("resource", "action"):
            if isinstance(statement.get(name), str):
                statement[name] = [statement[name]]
    return json.dumps({**document, "statement": statements}, separators=(",", ":")).replace("/", "\\/")


def _statements(text: str, members: set[str]) -> list[Mapping[str, Any]]:
    if len(text) > LONGEST:
        raise PolicyError("PolicyDocumentLengthOverLimit", f"the document is longer than {LONGEST} characters")
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        raise PolicyError("PolicyDocumentError", "the document is no JSON") from None
    if not isinstance(document, dict) or not document.keys() <= {"version", "statement"}:
        raise PolicyError("PolicyDocumentError", "the document is an object of version and statement")
    if document.get("version") != "2.0":
        raise PolicyError("VersionError", 'version is "2.0"')
    statements = document.get("statement")
    statements = [statements] if isinstance(statements, dict) else statements
    if not isinstance(statements, list) or not statements or not all(isinstance(each, dict) for each in statements):
        raise PolicyError("StatementError", "statement is a list of objects")
    for statement in statements:
        if "condition" in statement:
            raise PolicyError("ConditionError", "the local cloud knows no conditions")
        if not statement.keys() <= members:
            raise PolicyError("StatementError", f"a statement has {', '.join(sorted(members))}, no more")
    return statements


def _effect(statement: Mapping[str, Any]) -> bool:
    effect = statement.get("effect")
    if effect not in ("allow", "deny"):
        raise PolicyError("EffectError", "effect is allow or deny")
    return bool(effect == "allow")


def _texts(statement: Mapping[str, Any], name: str, missing: str, wrong: str) -> list[str]:
    if name not in statement:
        raise PolicyError(missing, f"a statement has no {name}")
    value = statement[name]
    texts = [value] if isinstance(value, str) else value
    if not isinstance(texts, list) or not texts or not all(isinstance(each, str) and each for each in texts):
        raise PolicyError(wrong, f"{name} is a text, or a list of texts")
    return texts


def _action(text: str) -> str:
    action = text.removeprefix("name/")
    if action != "*" and re.fullmatch(r"[a-z0-9]+:[A-Za-z0-9*]+", action) is None:
        raise PolicyError("ActionError", f"{text} is no action")
    return action


def _checked_resource(text: str) -> str:
    if text != "*":
        parts = text.split(":", _SEGMENTS - 1)
        if len(parts) != _SEGMENTS or parts[0] != "qcs":
            raise PolicyError("ResourceError", f"{text} is no resource of six segments")
        if parts[4] and re.fullmatch(r"(uin|uid)/[0-9*]*|\*", parts[4]) is None:
            raise PolicyError("ResourceUinError", f"{parts[4]} is no account")
    return text


def _resource(asked: str, pattern: str) -> bool:
    if pattern == "*" or asked == "*":
        return pattern == "*"
    asked_parts, parts = asked.split(":", _SEGMENTS - 1), pattern.split(":", _SEGMENTS - 1)
    # An empty segment of a pattern is any: any project, any region, this account.
    return all(not part or _glob(one, part) for one, part in zip(asked_parts, parts, strict=True))


def _glob(text: str, pattern: str) -> bool:
    """Tell whether the text fits; a star stands for anything, slashes too. Linear in time, whatever the pattern."""
    first, *rest = pattern.split("*")
    if not rest:
        return text == pattern
    if not text.startswith(first) or len(text) < len(first) + len(rest[-1]) or not text.endswith(rest[-1]):
        return False
    at, end = len(first), len(text) - len(rest[-1])
    for part in rest[:-1]:
        found = text.find(part, at, end)
        if found < 0:
            return False
        at = found + len(part)
    return at <= end
