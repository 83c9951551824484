"""The bucket's CORS rule: pages of the console's origin, and those that may call the API, read films by signed links.

COS keeps all rules of a bucket as one configuration. Others' rules in it stay as they are.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import urlsplit

from webrecord.deploy.change import Change
from webrecord.deploy.cloud import Cloud
from webrecord.deploy.errors import DeployFailed
from webrecord.words import t

URL_TRIES = 15
REST: Mapping[str, Sequence[str]] = {
    "AllowedMethod": ("GET", "HEAD"),
    "AllowedHeader": ("Range",),
    "ExposeHeader": ("Content-Length", "Content-Range"),
    "MaxAgeSeconds": ("600",),
}
"""What the rule says besides its origins: what one reads films with, and no more."""
Rule = dict[str, Any]


@dataclass
class FilmReaders:
    """Our rule in the bucket.

    Attributes:
        pages: what WEBRECORD_CORS_ORIGINS holds.
        console: returns the address of the function that serves the console; None while it has none.
    """

    cloud: Cloud
    bucket: str
    deployment: str
    pages: str
    console: Callable[[], str | None]
    sleep: Callable[[float], None] = field(default=time.sleep, repr=False)

    @property
    def name(self) -> str:
        return t("CORS rule of bucket {bucket}", bucket=self.bucket)

    @property
    def rule_id(self) -> str:
        """Return the ID that says whose the rule is."""
        return f"scf-webrecord/{self.deployment}"

    def changes(self) -> Sequence[Change]:
        console = self.console()
        if console is None:
            return (Change("+", self.name, (t("for the console, whose address comes with its function"),), self._wait),)
        wanted, ours = self._wanted(console), self.ours()
        write = Change("~" if ours else "+", self.name, (), lambda: self.write(wanted))
        if not ours:
            return (replace(write, fields=tuple(wanted["AllowedOrigin"])),)
        fields = [t("{count} rules instead of one", count=len(ours))] if len(ours) > 1 else []
        for name, values in wanted.items():
            there = _many(ours[0].get(name))
            if sorted(there) != sorted(values):
                fields.append(f"{name} {', '.join(there) or '-'} → {', '.join(values)}")
        return (replace(write, fields=tuple(fields)),) if fields else ()

    def _wait(self) -> None:
        """Write it once the console has an address: that of a new function is empty for some seconds."""
        for _ in range(URL_TRIES):
            if (console := self.console()) is not None:
                self.write(self._wanted(console))
                return
            self.sleep(1)
        raise DeployFailed(t("{name}: the console has no Function URL yet; run the command again", name=self.name))

    def _wanted(self, console: str) -> Mapping[str, Sequence[str]]:
        at = urlsplit(console)
        origins = [f"{at.scheme}://{at.netloc}", *filter(None, (one.strip() for one in self.pages.split(",")))]
        return {"AllowedOrigin": ["*"] if "*" in origins else list(dict.fromkeys(origins)), **REST}

    def ours(self) -> list[Rule]:
        """Return the rules that are ours."""
        return [rule for rule in _rules(self.cloud.buckets.cors(self.bucket)) if rule.get("ID") == self.rule_id]

    def write(self, wanted: Mapping[str, Sequence[str]] | None) -> None:
        """Put our rule where it was, or behind the others; None takes it away."""
        whole = self.cloud.buckets.cors(self.bucket)
        rules = _rules(whole)
        at = next((number for number, rule in enumerate(rules) if rule.get("ID") == self.rule_id), len(rules))
        left = [rule for rule in rules if rule.get("ID") != self.rule_id]
        if wanted is not None:
            left.insert(at, {"ID": self.rule_id, **{name: list(values) for name, values in wanted.items()}})
        self.cloud.buckets.set_cors(self.bucket, {**whole, "CORSRule": left})


@dataclass
class FilmReadersGone:
    """Our rule, taken away."""

    readers: FilmReaders

    @property
    def name(self) -> str:
        return self.readers.name

    def changes(self) -> Sequence[Change]:
        return (Change("-", self.name, (), lambda: self.readers.write(None)),) if self.readers.ours() else ()

    def stays(self) -> str | None:
        return None


def _rules(whole: Mapping[str, Any]) -> list[Rule]:
    return [rule for rule in whole.get("CORSRule") or [] if isinstance(rule, dict)]


def _many(value: Any) -> list[str]:  # noqa: ANN401 (what the SDK makes of XML)
    return [str(one) for one in (value if isinstance(value, list) else [value]) if one is not None]
