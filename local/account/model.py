"""What an account consists of."""

from __future__ import annotations

from dataclasses import dataclass, field

from local.account.policy import Statement
from local.kindness import Lagging
from local.role import Role

__all__ = ["APP_ID", "UIN", "AccessKey", "AccountRole", "Policy", "User"]

APP_ID = 1250000000
UIN = 100000000001


@dataclass
class Policy:
    """A policy; `statements` take effect with a delay."""

    number: int
    name: str
    text: str
    description: str
    created: float
    updated: float
    statements: Lagging[tuple[Statement, ...]]
    preset: bool = False


@dataclass
class AccessKey:
    """A long-lived key; `owner` is a sub-user's name, empty for the account itself."""

    secret_id: str
    secret_key: str = field(repr=False)
    owner: str
    description: str
    created: float
    active: bool = True
    used: float | None = None


@dataclass
class User:
    """A sub-user."""

    name: str
    uin: int
    uid: int
    remark: str
    console: bool
    created: float
    policies: Lagging[dict[int, float]]


@dataclass
class AccountRole:
    """A role; `keys` are the temporary ones that whoever has it gets."""

    number: str
    name: str
    trust: str
    services: frozenset[str]
    description: str
    session_s: int
    tags: list[dict[str, str]]
    created: float
    updated: float
    since: float
    policies: Lagging[dict[int, float]]
    keys: Role = field(repr=False)
