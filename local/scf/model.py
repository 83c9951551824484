"""A function as it is deployed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

__all__ = ["LATEST", "Code", "Deployed", "Settings", "Trigger", "Version"]

LATEST = "$LATEST"


@dataclass(frozen=True)
class Code:
    """An uploaded package, unpacked; `ours` runs the checkout's own functions, with what is installed for them."""

    sha256: str
    size: int
    folder: Path
    ours: bool = False


@dataclass(frozen=True)
class Settings:
    """A function's configuration; times in seconds."""

    handler: str
    runtime: str
    memory_mb: int
    timeout_s: int
    init_timeout_s: int
    environment: tuple[tuple[str, str], ...] = field(repr=False)
    role: str
    logset: str
    topic: str
    description: str
    public: str
    quiet: bool = False


@dataclass(frozen=True)
class Version:
    """Code and configuration that belong together; frozen once it is published."""

    number: str
    code: Code
    settings: Settings
    created: float
    description: str = ""


@dataclass
class Trigger:
    """What calls a function. `sent` is its description, read; `name` is what it is found by."""

    kind: str
    name: str
    sent: dict[str, Any]
    qualifier: str
    enabled: bool
    argument: str
    description: str
    created: float
    updated: float
    since: float


@dataclass
class Deployed:
    """A function, its versions, aliases and triggers.

    Attributes:
        status: of now; `until` it stays, then `finish` changes it.
        reasons: of CreateFailed and UpdateFailed.
    """

    region: str
    namespace: str
    name: str
    number: str
    latest: Version
    created: float
    updated: float
    status: str = "Creating"
    until: float | None = None
    finish: Callable[[], None] | None = None
    reasons: list[dict[str, str]] = field(default_factory=list)
    versions: dict[str, Version] = field(default_factory=dict)
    aliases: dict[str, str] = field(default_factory=lambda: {"$DEFAULT": LATEST})
    triggers: list[Trigger] = field(default_factory=list)
    tags: list[dict[str, str]] = field(default_factory=list)
    reserved_mb: int | None = None
    published: int = 0

    def version(self, qualifier: str) -> Version | None:
        """Return the version that a qualifier means: an alias, a number, or `$LATEST`."""
        number = self.aliases.get(qualifier, qualifier)
        return self.latest if number == LATEST else self.versions.get(number)
