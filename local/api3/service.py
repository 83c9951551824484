"""A service of API 3.0: its actions, and what is asked before one of them runs."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from local.api3.caller import Principal
from local.api3.rate import Rate
from local.api3.schema import Schema

__all__ = ["Action", "Answer", "ApiCall", "ApiService"]

Answer = dict[str, Any]


@dataclass(frozen=True)
class ApiCall:
    """One request, signed and read. `body` is any JSON where the service has no schema, else an object that fits it."""

    service: str
    action: str
    region: str
    caller: Principal
    body: Any = field(repr=False)


Action = Callable[[ApiCall], "Answer | Awaitable[Answer]"]


def _anybody(_call: ApiCall) -> None:
    pass


@dataclass
class ApiService:
    """One service.

    Attributes:
        name: as in a signature's scope, and before the colon of a policy's action.
        version: X-TC-Version; it chooses the service.
        actions: X-TC-Action → what it does; raises ApiError for a refusal.
        regions: the values of X-TC-Region; None where the service has no regions.
        rate: how often each action may be called.
        allow: raises ApiError where the caller may not do this.
        schema: what its requests and answers are checked against.
        own_reading: its actions read requests themselves; the schema is for answers then.
    """

    name: str
    version: str
    actions: Mapping[str, Action]
    regions: Collection[str] | None
    rate: Rate
    allow: Callable[[ApiCall], None] = _anybody
    schema: Schema | None = None
    own_reading: bool = False
