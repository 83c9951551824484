"""Deployed functions that run: an instance pool a version, and the ways by which they are called."""

from __future__ import annotations

import asyncio
import logging
import sys
import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from local import regular, scf_events
from local.account import Accounts
from local.cos import ObjectCreated
from local.scf.cron import Cron
from local.scf.model import Deployed, Trigger, Version
from local.scf_config import FunctionConfig, InvocationError
from local.scf_forks import Forks
from local.scf_function import Function

__all__ = ["Running"]

log = logging.getLogger(__name__)
_CATCH_UP_S = 120


class Running:
    """Starts what is deployed when it is called, and ends what is deployed no more.

    Args:
        logs: a folder; a function's log is `<name>.log`.
        accounts: whose roles the functions have.
        speed: how many seconds go by for timers in one.
        wait_s: how long a call waits for an instance before it is refused.
        late: by how many seconds events of COS are late, and of how many one comes twice: the platform promises at
            least once.
    """

    def __init__(
        self, logs: Path, accounts: Accounts, *, speed: float = 1.0, max_instances: int = 300, wait_s: float = 0.0,
        late: tuple[float, int] = (0.0, 0),
    ) -> None:  # fmt: skip
        self._logs, self._accounts, self._speed, self._max = logs, accounts, speed, max_instances
        self._wait_s, self._late, self._events = wait_s, late, 0
        self._live: dict[tuple[str, str], tuple[Version, Function]] = {}
        self._ending: set[asyncio.Task[None]] = set()
        self._forks = Forks(logs.parent) if Forks.work_here() else None

    @property
    def functions(self) -> list[Function]:
        """Return those that have been called."""
        return [function for _, function in self._live.values()]

    def of(self, deployed: Deployed, qualifier: str) -> Function | None:
        """Return the function behind a qualifier; None where there is no such version."""
        version = deployed.version(qualifier)
        if version is None:
            return None
        key = deployed.number, version.number
        if key in self._live and self._live[key][0] is not version:
            self._end(key)
        if key not in self._live:
            forks = self._forks if version.code.ours else None
            self._live[key] = version, Function(self._config(deployed, version), self._log(deployed), forks)
        return self._live[key][1]

    def forget(self, deployed: Deployed) -> None:
        """End all of a function that was deleted."""
        for key in [each for each in self._live if each[0] == deployed.number]:
            self._end(key)

    def log_tail(self, deployed: Deployed, size: int = 4096) -> str:
        """Return the end of a function's log."""
        try:
            return regular.text(self._log(deployed))[-size:]
        except OSError:
            return ""

    def created(self, all_of_them: Iterable[Deployed], created: ObjectCreated) -> None:
        """Call the functions whose COS trigger an object fits."""
        for deployed in all_of_them:
            for trigger in deployed.triggers:
                if trigger.kind == "cos" and trigger.enabled and _fits(trigger, created):
                    event = scf_events.object_created_event(created, deployed.region)
                    self._tell(deployed, trigger, event)

    def _tell(self, deployed: Deployed, trigger: Trigger, event: Mapping[str, Any]) -> None:
        """Call at once, or as late and as often as the platform may."""
        seconds, twice_every = self._late
        self._events += 1
        twice = twice_every and self._events % twice_every == 0
        for again in range(1, 3 if twice else 2):
            if seconds:
                asyncio.get_running_loop().call_later(seconds * again, self._call, deployed, trigger, event)
            else:
                self._call(deployed, trigger, event)

    async def tick(self, all_of_them: Callable[[], Iterable[Deployed]]) -> None:
        """Call what timers say, and keep logs within their bound, until it is cancelled."""
        begun, start = time.time(), time.monotonic()
        done = int(begun)
        while True:
            now = int(begun + (time.monotonic() - start) * self._speed)
            for second in range(max(done + 1, now - _CATCH_UP_S), now + 1):
                for deployed in all_of_them():
                    for trigger in deployed.triggers:
                        if _rings(trigger, second):
                            self._call(deployed, trigger, scf_events.timer_event(trigger.name, trigger.argument))
            done = now
            for function in self.functions:
                function.trim_log()
            await asyncio.sleep(max(0.02, 0.5 / self._speed))

    async def aclose(self) -> None:
        """End everything."""
        for task in list(self._ending):
            task.cancel()
        live = [function.aclose() for function in self.functions]
        await asyncio.gather(*self._ending, *live, return_exceptions=True)
        self._live.clear()
        if self._forks is not None:
            self._forks.close()

    def _call(self, deployed: Deployed, trigger: Trigger, event: Mapping[str, Any]) -> None:
        try:
            function = self.of(deployed, trigger.qualifier)
        except InvocationError as error:  # it can't run on this machine; the others' triggers go on
            log.warning("%s: its trigger %s: %s", deployed.name, trigger.name, error)
            return
        if function is None:
            log.error("%s: its trigger %s names no version", deployed.name, trigger.name)
        else:
            function.invoke_async(event)

    def _end(self, key: tuple[str, str]) -> None:
        _, function = self._live.pop(key)
        task = asyncio.get_running_loop().create_task(function.retire())
        self._ending.add(task)
        task.add_done_callback(self._ending.discard)

    def _log(self, deployed: Deployed) -> Path:
        return self._logs / f"{deployed.name}.log"

    def _config(self, deployed: Deployed, version: Version) -> FunctionConfig:
        settings = version.settings
        module, _, handler = settings.handler.partition(".")
        return FunctionConfig(
            name=deployed.name,
            module=module,
            handler=handler,
            code_dir=version.code.folder,
            environment=dict(settings.environment),
            timeout_s=float(settings.timeout_s),
            init_timeout_s=float(settings.init_timeout_s),
            region=deployed.region,
            memory_mb=settings.memory_mb,
            speed=self._speed,
            max_instances=self._max,
            instance_wait_s=self._wait_s,
            python=sys.executable if version.code.ours else _python(settings.runtime),
            bare=not version.code.ours,
            credentials=lambda: self._role_keys(settings.role),
        )

    def _role_keys(self, name: str) -> Mapping[str, str]:
        role = self._accounts.roles.get(name)
        return role.keys.current().environment if role is not None else {}


def _python(runtime: str) -> str:
    if not runtime.startswith("Python3"):
        raise InvocationError(f"{runtime} does not run on this machine: only Python does")
    from tools import package_python

    # The packages are CPython 3.10's; a function of sources alone runs on any.
    return (package_python.find() if runtime == "Python3.10" else None) or sys.executable


def _rings(trigger: Trigger, second: int) -> bool:
    return trigger.kind == "timer" and trigger.enabled and Cron.parse(trigger.sent["cron"]).fires(second)


def _fits(trigger: Trigger, created: ObjectCreated) -> bool:
    sent = trigger.sent
    event = sent["event"].removesuffix("*")
    return (
        sent["bucketUrl"].partition(".")[0] == created.bucket
        and (created.event_name.startswith(event) if sent["event"].endswith("*") else created.event_name == event)
        and created.key.startswith(sent["filter"]["Prefix"])
        and created.key.endswith(sent["filter"]["Suffix"])
    )
