"""The doctor's composition: settings → adapters → the checks that concern a function.

Nothing here needs a complete configuration: what can't be looked at without a missing setting is said to be so.
"""

from __future__ import annotations

import os
import secrets as chance
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from shared import log
from shared.adapters.notify import WebhookNotifier
from shared.adapters.probe import CosProbe, RequestsProbe
from shared.adapters.trtc import TrtcRecorder
from shared.adapters.wire import Deadline
from shared.doctor import bucket as doctor_bucket
from shared.doctor import calls as doctor_calls
from shared.doctor import settings_alone
from shared.doctor.run import Check, examine, report
from shared.doctor.settings_alone import FUNCTIONS, alone, unknown, usable
from shared.doctor.shell import unusable_proxies
from shared.domain.errors import ConfigurationError
from shared.domain.finding import Finding, Level, Seen, fail, ok, warn
from shared.settings import ANONYMOUS, ENV_PREFIX, load, role_credentials, variable

LIMIT_S = 10.0
"""For all checks: they run at once."""
WAKE_S = 6.0
"""Its event, and a cold start, are in it."""
STORE_CALL_S = 3.0
HTTP_S = 5.0
"""A cold start is in it."""
PYTHON = (3, 10)
BUCKET = ("bucket", "bucket_region", "prefix", "cos_endpoint")


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
        log.hide(settings_alone.secrets())
        log.hide(os.environ.get(name, "") for name in ("TENCENTCLOUD_SECRETKEY", "TENCENTCLOUD_SESSIONTOKEN"))
        for finding in examine(self.checks(), limit_s):
            yield replace(finding, seen=log.redact_text(finding.seen))

    def report(self) -> dict[str, Any]:
        """Return the findings as JSON."""
        findings = list(self.run())
        log.note(outcome="examined", failed=[each.check for each in findings if each.level is Level.FAIL] or None)
        return report(findings)

    def checks(self) -> dict[str, Check]:
        """Return the checks that concern the function, in order."""
        functions = tuple(FUNCTIONS) if self.function == "all" else (self.function,)
        found: dict[str, Check] = {f"settings-{name}": _settings(name) for name in functions}
        found.update({"variables": self._variables, "python": _python})
        found.update(self._of_the_bucket())
        if set(functions) & {"recordings", "reconcile"}:
            found.update(self._of_trtc())
        if "callback" in functions:
            found.update(self._of_callbacks())
        if "recordings" in functions and self.api_url:
            found["api-url"] = self._needs(("api_tokens",), self._api)
        if "reconcile" in functions:
            found["wake"] = self._probe(self._wake)
            found["notify"] = self._needs(("notify_url", "notify_hosts", "notify_secret"), self._notify)
        return found

    def _of_the_bucket(self) -> dict[str, Check]:
        probe = self._probe
        prefix = str(alone("prefix"))
        where = os.environ.get("TENCENTCLOUD_REGION")
        return {
            "credentials": self._credentials,
            "clock": probe(doctor_bucket.clock),
            "region": self._needs(("bucket_region",), lambda: doctor_bucket.region(alone("bucket_region"), where)),
            "bucket": probe(lambda store: doctor_bucket.reachable(store, _name())),
            "versioning": probe(doctor_bucket.versioning),
            "forbid-overwrite": probe(lambda store: doctor_bucket.forbid_overwrite(store, _name())),
            "role-list": probe(lambda _: doctor_bucket.role_list(self._store(""), prefix)),
            "role-put": probe(lambda _: self._role_put(prefix)),
        }

    def _of_trtc(self) -> dict[str, Check]:
        found: dict[str, Check] = {}
        secret_id, secret_key = (alone(f"storage_secret_{half}") for half in ("id", "key"))
        if secret_id and secret_key:
            keys = (secret_id.get_secret_value(), secret_key.get_secret_value(), None)

            def uploads() -> CosProbe:
                return self._store(credentials=lambda: keys)

            found["upload-key"] = self._probe(lambda store: doctor_bucket.upload_key(uploads(), store))
            found["upload-key-limits"] = self._probe(
                lambda store: doctor_bucket.upload_key_limits(uploads(), store, _name())
            )
        else:
            found["upload-key"] = lambda: warn(
                "WEBRECORD_STORAGE_SECRET_ID and -KEY are empty: only VOD and callers' own storage work"
            )
        found["trtc"] = self._needs(("sdk_app_id", "trtc_region", "trtc_endpoint"), self._trtc, role_credentials)
        return found

    def _of_callbacks(self) -> dict[str, Check]:
        def keys() -> list[str]:
            return [key.get_secret_value() for key in alone("callback_keys")]

        found: dict[str, Check] = {
            "callback-keys": self._needs(("callback_keys",), lambda: doctor_calls.callback_keys(keys()))
        }
        if url := self.callback_url:
            found["callback-url"] = self._needs(
                (*BUCKET, "callback_keys", "sdk_app_id"),
                lambda: doctor_calls.callback_url(
                    RequestsProbe(HTTP_S), url, keys(), alone("sdk_app_id")[0],
                    self._store(), time.time_ns() // 1_000_000, _name(),
                ),
            )  # fmt: skip
        return found

    def _probe(self, check: Callable[[CosProbe], Seen]) -> Check:
        return self._needs(BUCKET, lambda: check(self._store()), role_credentials)

    def _needs(self, fields: tuple[str, ...], check: Check, *others: Callable[[], object]) -> Check:
        """Return the check, or one that says which setting it can't do without."""
        missing = [variable(field) for field in fields if not usable(field)]
        try:
            for other in others:
                other()
        except ConfigurationError:
            missing.append("TENCENTCLOUD_SECRETID/-KEY")
        return (lambda: warn(f"not looked at: {', '.join(missing)} is wrong or missing")) if missing else check

    def _store(
        self, prefix: str | None = None, credentials: Callable[[], tuple[str, str, str | None]] | None = None
    ) -> CosProbe:
        bucket, region, own, endpoint = (alone(field) for field in BUCKET)
        return CosProbe(
            bucket, region, own if prefix is None else prefix, endpoint,
            credentials or role_credentials, Deadline(STORE_CALL_S),
        )  # fmt: skip

    def _credentials(self) -> Seen:
        try:
            role_credentials()
        except ConfigurationError as error:
            return fail(str(error))
        return self._needs(BUCKET, lambda: doctor_bucket.credentials(self._store()))()

    def _role_put(self, prefix: str) -> Seen:
        temporary = role_credentials()[2] is not None
        return doctor_bucket.role_put(self._store(""), prefix, _name(), temporary=temporary)

    def _trtc(self) -> Seen:
        region, endpoint = alone("trtc_region"), alone("trtc_endpoint")
        recorder = TrtcRecorder(region, endpoint, role_credentials)
        return doctor_calls.trtc(recorder, alone("sdk_app_id"), _name())

    def _api(self) -> Seen:
        tokens = alone("api_tokens")
        token = next((each.get_secret_value() for each in tokens.values()), None)
        return doctor_calls.api_url(
            RequestsProbe(HTTP_S), self.api_url or "", token, _name(), anonymous=ANONYMOUS in tokens
        )

    def _wake(self, store: CosProbe) -> Seen:
        return doctor_bucket.woken(store, _name(), self.wake_s, time.monotonic, time.sleep)

    def _notify(self) -> Seen:
        url, hosts = alone("notify_url"), alone("notify_hosts")
        notifier = WebhookNotifier(alone("notify_secret"), hosts)
        return doctor_calls.notify(url, hosts, notifier.check_secret)

    def _variables(self) -> Seen:
        strange = [f"{name}{f' (meant: {near}?)' if near else ''}" for name, near in unknown().items()]
        said = [f"read by nothing: {', '.join(strange)}"] if strange else []
        proxies = unusable_proxies()
        said += [f"{name} {wrong}: unset it, or name an http:// proxy" for name, wrong in proxies.items()]
        if not said:
            return ok(f"every {ENV_PREFIX}… is a setting")
        scheme = "http" if str(alone("trtc_endpoint")).startswith("http://") else "https"
        used = {f"{scheme}_proxy", "all_proxy"} & {name.lower() for name in proxies}
        return fail("; ".join(said)) if used else warn("; ".join(said))


def _settings(function: str) -> Check:
    def check() -> Seen:
        kind = FUNCTIONS[function]
        try:
            load(kind)
        except ConfigurationError as error:
            return fail(str(error))
        return ok("all are right")

    return check


def _python() -> Seen:
    said = ".".join(map(str, sys.version_info[:3]))
    if sys.version_info[:2] != PYTHON:
        return warn(f"{said}; the functions run on {'.'.join(map(str, PYTHON))}")
    return ok(said)


def _name() -> str:
    return chance.token_hex(4)
