"""The doctor's run: settings → adapters → the checks that concern a function, each by itself.

Nothing here needs a complete configuration: what can't be looked at without a missing setting is said to be so. A check
that fails, or hangs, hides no other.
"""

from __future__ import annotations

import os
import queue
import secrets
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any

from pydantic import SecretStr

from shared import log
from shared.adapters.notify import WebhookNotifier
from shared.adapters.probe import CosProbe, RequestsProbe
from shared.adapters.trtc import TrtcRecorder
from shared.adapters.wire import Deadline
from shared.doctor import Finding, Level, answers, checks, explained, fail, ok, warn
from shared.doctor.environment import FUNCTIONS, each, variables
from shared.domain.errors import ConfigurationError, WebRecordError
from shared.settings import ANONYMOUS, load, role_credentials, variable

LIMIT_S = 10.0
"""For all checks: they run at once."""
WAKE_S = 6.0
"""Its event, and a cold start, are in it."""
STORE_CALL_S = 3.0
HTTP_S = 5.0
"""A cold start is in it."""
PYTHON = (3, 10)
BUCKET = ("bucket", "bucket_region", "prefix", "cos_endpoint")
Check = Callable[[], Finding]


@dataclass(frozen=True)
class Examination:
    """What to look at.

    Attributes:
        function: `recordings`, `callback`, `reconcile`, or `all`.
        api_url: address of the recordings function, where it is to be called.
        callback_url: address of the callback function, where it is to be called.
        wake_s: how long a wake may take to be handled.
    """

    function: str = "all"
    api_url: str | None = None
    callback_url: str | None = None
    wake_s: float = WAKE_S

    def run(self, limit_s: float = LIMIT_S) -> Iterator[Finding]:
        """Yield what was found, without a secret."""
        log.hide(_secrets(self._settings.values()))
        log.hide(os.environ.get(name, "") for name in ("TENCENTCLOUD_SECRETKEY", "TENCENTCLOUD_SESSIONTOKEN"))
        for finding in examine(self.checks(), limit_s):
            yield finding._replace(seen=log.redact_text(finding.seen))

    def report(self) -> dict[str, Any]:
        """Return the findings as JSON."""
        findings = list(self.run())
        log.note(outcome="examined", failed=[each.check for each in findings if each.level is Level.FAIL] or None)
        return report(findings)

    def checks(self) -> dict[str, Check]:
        """Return the checks that concern the function, in order."""
        functions = set(FUNCTIONS) if self.function == "all" else {self.function}
        found: dict[str, Check] = {f"settings-{name}": partial(_load, name) for name in FUNCTIONS if name in functions}
        found |= {
            "variables": lambda: variables(self._settings["trtc_endpoint"]),
            "python": _python,
        } | self._of_the_bucket()
        if functions & {"recordings", "reconcile"}:
            found |= self._of_trtc()
        if "callback" in functions:
            found["callback-keys"] = self._needs(
                ("callback_keys",), lambda: answers.callback_keys(self._callback_keys())
            )
            if self.callback_url:
                found["callback-url"] = self._needs((*BUCKET, "callback_keys", "sdk_app_id"), self._callback)
        if "recordings" in functions and self.api_url:
            found["api-url"] = self._needs(("api_tokens",), self._api)
        if "reconcile" in functions:
            found["wake"] = self._probe(
                lambda store: checks.woken(store, _name(), self.wake_s, time.monotonic, time.sleep)
            )
            found["notify"] = self._needs(("notify_url", "notify_hosts", "notify_secret"), self._notify)
        return found

    def _of_the_bucket(self) -> dict[str, Check]:
        probe, value, prefix = self._probe, self._settings, str(self._settings["prefix"])
        where = os.environ.get("TENCENTCLOUD_REGION")
        return {
            "credentials": self._credentials,
            "clock": probe(checks.clock),
            "region": self._needs(("bucket_region",), lambda: checks.region(value["bucket_region"], where)),
            "bucket": probe(lambda store: checks.reachable(store, _name())),
            "versioning": probe(checks.versioning),
            "forbid-overwrite": probe(lambda store: checks.forbid_overwrite(store, _name())),
            "role-list": probe(lambda _: checks.role_list(self._store(""), prefix)),
            "role-put": probe(
                lambda _: checks.role_put(self._store(""), prefix, _name(), temporary=role_credentials()[2] is not None)
            ),
        }

    def _of_trtc(self) -> dict[str, Check]:
        needed = ("sdk_app_id", "trtc_region", "trtc_endpoint")
        found = {"trtc": self._needs(needed, self._trtc, role_credentials)}
        secret_id, secret_key = (self._settings[f"storage_secret_{half}"] for half in ("id", "key"))
        if not secret_id or not secret_key:
            said = "WEBRECORD_STORAGE_SECRET_ID and -KEY are empty: only VOD and callers' own storage work"
            return {"upload-key": lambda: warn(said), **found}
        keys = (secret_id.get_secret_value(), secret_key.get_secret_value(), None)

        def uploads() -> CosProbe:
            return self._store(credentials=lambda: keys)

        return {
            "upload-key": self._probe(lambda store: checks.upload_key(uploads(), store)),
            "upload-key-limits": self._probe(lambda store: checks.upload_key_limits(uploads(), store, _name())),
            **found,
        }

    def _probe(self, check: Callable[[CosProbe], Finding]) -> Check:
        return self._needs(BUCKET, lambda: check(self._store()), role_credentials)

    def _needs(self, fields: tuple[str, ...], check: Check, *others: Callable[[], object]) -> Check:
        """Return the check, or one that says which setting it can't do without."""
        missing = [variable(field) for field in fields if field in self._wrong]
        try:
            for other in others:
                other()
        except ConfigurationError:
            missing.append("TENCENTCLOUD_SECRETID/-KEY")
        return (lambda: warn(f"not looked at: {', '.join(missing)} is wrong or missing")) if missing else check

    def _store(
        self, prefix: str | None = None, credentials: Callable[[], tuple[str, str, str | None]] = role_credentials
    ) -> CosProbe:
        bucket, region, own, endpoint = (self._settings[field] for field in BUCKET)
        return CosProbe(
            bucket, region, own if prefix is None else prefix, endpoint, credentials, Deadline(STORE_CALL_S)
        )

    def _credentials(self) -> Finding:
        role_credentials()
        return self._probe(checks.credentials)()

    def _trtc(self) -> Finding:
        recorder = TrtcRecorder(self._settings["trtc_region"], self._settings["trtc_endpoint"], role_credentials)
        return answers.trtc(recorder, self._settings["sdk_app_id"], _name())

    def _callback_keys(self) -> list[str]:
        return _secrets([self._settings["callback_keys"]])

    def _callback(self) -> Finding:
        http, keys, sdk_app_id = RequestsProbe(HTTP_S), self._callback_keys(), self._settings["sdk_app_id"][0]
        now_ms = time.time_ns() // 1_000_000
        return answers.callback_url(http, self.callback_url or "", keys, sdk_app_id, self._store(), now_ms, _name())

    def _api(self) -> Finding:
        tokens = self._settings["api_tokens"]
        token = next(iter(_secrets([tokens])), None)
        return answers.api_url(RequestsProbe(HTTP_S), self.api_url or "", token, _name(), anonymous=ANONYMOUS in tokens)

    def _notify(self) -> Finding:
        hosts, secret = self._settings["notify_hosts"], self._settings["notify_secret"]
        return answers.notify(self._settings["notify_url"], hosts, WebhookNotifier(secret, hosts).check_secret)

    @cached_property
    def _read(self) -> tuple[dict[str, Any], set[str]]:
        return each()

    @property
    def _settings(self) -> dict[str, Any]:
        return self._read[0]

    @property
    def _wrong(self) -> set[str]:
        return self._read[1]


def examine(wanted: Mapping[str, Check], limit_s: float) -> Iterator[Finding]:
    """Run all checks at once and yield what they found, in their order.

    Args:
        wanted: the checks by their names.
        limit_s: seconds after which a check is given up. It is said to have failed, and left to end by itself.
    """
    until = time.monotonic() + limit_s
    answers = {name: _started(check) for name, check in wanted.items()}
    for name, answer in answers.items():
        try:
            found = answer.get(timeout=max(0.0, until - time.monotonic()))
        except queue.Empty:
            found = fail(f"no answer within {limit_s:g} s: is the network open to it?")
        yield found._replace(check=name)


def report(findings: list[Finding]) -> dict[str, Any]:
    """Return findings as JSON: whether nothing failed, and each of them."""
    failed = any(finding.level is Level.FAIL for finding in findings)
    return {"ok": not failed, "findings": [finding.to_dict() for finding in findings]}


def _started(check: Check) -> queue.SimpleQueue[Finding]:
    answer: queue.SimpleQueue[Finding] = queue.SimpleQueue()

    def run() -> None:
        try:
            found = check()
        except WebRecordError as error:
            found = explained(error)
        except Exception as error:  # noqa: BLE001 (whatever it is, the other checks are told of)
            found = fail(f"the check itself failed: {type(error).__name__}")
        answer.put(found)

    threading.Thread(target=run, daemon=True).start()
    return answer


def _load(function: str) -> Finding:
    load(FUNCTIONS[function])
    return ok("all are right")


def _python() -> Finding:
    said = ".".join(map(str, sys.version_info[:3]))
    if sys.version_info[:2] != PYTHON:
        return warn(f"{said}; the functions run on {'.'.join(map(str, PYTHON))}")
    return ok(said)


def _secrets(values: Iterable[object]) -> list[str]:
    found: list[str] = []
    for value in values:
        several = value.values() if isinstance(value, dict) else value if isinstance(value, tuple) else [value]
        found += [one.get_secret_value() for one in several if isinstance(one, SecretStr)]
    return found


def _name() -> str:
    return secrets.token_hex(4)
