"""Everything of SCF in one local cloud: what is deployed, what runs, and by which addresses it is reached."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from local.account import Accounts
from local.api3 import ApiService
from local.cls import Logs
from local.cos import ObjectCreated
from local.kindness import Unknowns
from local.scf.calls import Calls
from local.scf.functions import Functions, has_service_role
from local.scf.packages import Packages
from local.scf.running import Running
from local.scf.service import Parts, service
from local.scf.table import Table
from local.scf.triggers import Triggers
from local.scf.versions import Versions
from local.scf.views import Views
from local.scf_config import InvocationError
from local.scf_function import Function

__all__ = ["Buckets", "Site"]


class Buckets(Protocol):
    """What SCF asks COS."""

    def has(self, bucket: str, region: str) -> bool:
        """Tell whether a bucket is there, in this region."""
        ...

    def read(self, bucket: str, key: str) -> bytes | None:
        """Return an object, if it is there."""
        ...


class Site:
    """SCF.

    Args:
        folder: code and logs are kept in it.
        gateway: its address; Function URLs begin with it.
    """

    def __init__(
        self, folder: Path, gateway: str, accounts: Accounts, logs: Logs, buckets: Buckets, unknowns: Unknowns,
        *, speed: float = 1.0, max_instances: int = 300, wait_s: float = 0.0, late: tuple[float, int] = (0.0, 0),
    ) -> None:  # fmt: skip
        # The account of an earlier run is forgotten: its code would only grow, and may be damaged by a crash.
        shutil.rmtree(folder / "code", ignore_errors=True)
        (folder / "logs").mkdir(parents=True, exist_ok=True)
        self.table = Table(accounts.delays, now=accounts.now, clock=accounts.clock)
        self.running = Running(
            folder / "logs", accounts, speed=speed, max_instances=max_instances, wait_s=wait_s, late=late
        )
        self.packages = Packages(folder / "code", buckets.read, accounts.app_id)
        self._accounts = accounts
        code_url: Callable[[str], str] = lambda digest: f"{gateway}/_code/{digest}.zip"  # noqa: E731
        functions = Functions(self.table, accounts, logs, self.packages, self.running, unknowns, code_url)
        triggers = Triggers(
            self.table, accounts, unknowns, lambda label: f"{gateway}/_url/{label}", buckets.has,
            lambda: has_service_role(accounts),
        )  # fmt: skip
        self._calls = Calls(self.table, self.running)
        self._parts = Parts(Views(self.table), functions, triggers, Versions(self.table), self._calls)

    def service(self, regions: set[str]) -> ApiService:
        """Return SCF's API."""
        return service(self._accounts, self._parts, regions)

    def at(self, label: str) -> Function | None:
        """Return the function behind a Function URL; None where there is no such address.

        Raises:
            InvocationError: the address wants signed callers, or its function can't run.
        """
        name = label.removeprefix(f"{self._accounts.app_id}-")
        for deployed in self.table:
            for trigger in deployed.triggers:
                if trigger.kind == "http" and trigger.name == name and trigger.enabled:
                    if not trigger.sent["NetConfig"]["EnableExtranet"]:
                        return None
                    if trigger.sent["AuthType"] != "NONE":
                        raise InvocationError("the Function URL takes signed callers only", 403)
                    return self.running.of(deployed, trigger.qualifier)
        return None

    def named(self, name: str) -> Function | None:
        """Return the function of a name, as its triggers call it; None where there is none."""
        deployed = next((each for each in self.table if each.name == name), None)
        return self.running.of(deployed, "$DEFAULT") if deployed else None

    def code(self, digest: str) -> Path | None:
        """Return an uploaded zip, if it is known."""
        path = self.packages.path(digest)
        return path if digest.isalnum() and path.is_file() else None

    def created(self, created: ObjectCreated) -> None:
        """Call the functions whose COS trigger an object fits."""
        self.running.created(self.table, created)
