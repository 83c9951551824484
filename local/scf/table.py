"""Every function of the account, and what becomes of its status in time."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

from local.api3 import ApiCall, ApiError
from local.kindness import Delays
from local.scf.model import Deployed, Version

__all__ = ["NAMESPACE", "Table", "when"]

NAMESPACE = "default"


class Table:
    """Functions by region and name; every look at one first lets its status go on."""

    def __init__(
        self, delays: Delays, *, now: Callable[[], float] = time.time, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.delays, self.now, self.clock = delays, now, clock
        self._all: dict[tuple[str, str, str], Deployed] = {}

    def __iter__(self) -> Iterator[Deployed]:
        for deployed in list(self._all.values()):
            self._settle(deployed)
        return iter(list(self._all.values()))

    def find(self, call: ApiCall) -> Deployed | None:
        """Return the function that a call names, if it is there."""
        deployed = self._all.get(_place(call))
        if deployed is not None:
            self._settle(deployed)
        return self._all.get(_place(call))

    def get(self, call: ApiCall) -> Deployed:
        """Return the function that a call names.

        Raises:
            ApiError: `ResourceNotFound.Function`.
        """
        if call.body.get("Namespace", NAMESPACE) != NAMESPACE:
            raise ApiError("ResourceNotFound.Namespace", f"There is no namespace {call.body['Namespace']}.")
        deployed = self.find(call)
        if deployed is None:
            raise ApiError("ResourceNotFound.Function", f"There is no function {call.body['FunctionName']}.")
        return deployed

    def version(self, deployed: Deployed, qualifier: str) -> Version:
        """Return the version behind a qualifier.

        Raises:
            ApiError: `ResourceNotFound.Version`.
        """
        version = deployed.version(qualifier)
        if version is None:
            raise ApiError("ResourceNotFound.Version", f"{deployed.name} has no version {qualifier}.")
        return version

    def active(self, call: ApiCall, code: str) -> Deployed:
        """Return the function that a call names, if nothing else goes on with it.

        Raises:
            ApiError: with this code; the message names the status.
        """
        deployed = self.get(call)
        if deployed.status not in ("Active", "UpdateFailed", "PublishFailed"):
            raise ApiError(
                code,
                f"The function status does not allow {call.action}: {deployed.name} is {deployed.status}, retry later.",
            )
        return deployed

    def add(self, call: ApiCall, deployed: Deployed) -> None:
        """Put a new function in."""
        self._all[_place(call)] = deployed

    def drop(self, deployed: Deployed) -> None:
        """Take a function out."""
        self._all = {place: each for place, each in self._all.items() if each is not deployed}

    def begin(self, deployed: Deployed, status: str, finish: Callable[[], None]) -> None:
        """Let something take its time; `finish` says what is then."""
        deployed.status, deployed.finish = status, finish
        deployed.until = self.clock() + self.delays.status()

    def _settle(self, deployed: Deployed) -> None:
        if deployed.until is not None and self.clock() >= deployed.until and deployed.finish is not None:
            finish, deployed.until, deployed.finish = deployed.finish, None, None
            finish()


def _place(call: ApiCall) -> tuple[str, str, str]:
    body: dict[str, Any] = call.body
    return call.region, body.get("Namespace", NAMESPACE), body["FunctionName"]


def when(seconds: float) -> str:
    """Write a time as SCF does: Beijing's."""
    return time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(seconds + 8 * 3600))
