"""The doctor's run: settings → adapters → the checks that concern a function, each by itself.

No complete configuration is needed: a check that lacks a setting says which. One that fails, or hangs, hides no other.
"""

from __future__ import annotations

import difflib
import os
import queue
import secrets
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from typing import Any
from urllib.parse import urlsplit

from pydantic import SecretStr, TypeAdapter, ValidationError

from shared import __version__, log
from shared.adapters.notify import WebhookNotifier
from shared.adapters.probe import CosProbe, RequestsProbe
from shared.adapters.trtc import TrtcRecorder
from shared.adapters.wire import Deadline, begun
from shared.built import VERSION
from shared.doctor import Finding, Level, checks, explained, fail, ok, warn
from shared.domain.errors import ConfigurationError, WebRecordError
from shared.settings import (
    ANONYMOUS,
    ENV_PREFIX,
    CallbackSettings,
    ReconcileSettings,
    RecordingsSettings,
    StoreSettings,
    given,
    load,
    role_credentials,
    variable,
)

FUNCTIONS: dict[str, type[StoreSettings]] = {
    "recordings": RecordingsSettings,
    "callback": CallbackSettings,
    "reconcile": ReconcileSettings,
}
NOT_OURS = frozenset(f"WEBRECORD_{name}" for name in ("ROLE", "ENDPOINT", "TOKEN", "PROFILE", "LANG", "DEBUG"))
"""What serverless.yml uses, and what the command line reads: no function's settings."""
LIMIT_S = 10.0  # for all checks: they run at once
WAKE_S, STORE_CALL_S, HTTP_S = 6.0, 3.0, 5.0  # a cold start is in the first, and in the last
PYTHON = "3.10"
BUCKET = ("bucket", "bucket_region", "prefix", "cos_endpoint")
Check = Callable[[], Finding]
_name = partial(secrets.token_hex, 4)
_FIELDS = {name: info for kind in FUNCTIONS.values() for name, info in kind.model_fields.items()}


class Examination:
    """The checks of a deployment."""

    def __init__(
        self, function: str = "all", api_url: str | None = None, callback_url: str | None = None, wake_s: float = WAKE_S
    ) -> None:
        """Read the settings.

        Args:
            function: `recordings`, `callback`, `reconcile`, or `all`.
            api_url, callback_url: addresses of the functions that are to be called.
            wake_s: how long a wake may take to be handled.
        """
        self._functions = set(FUNCTIONS) if function == "all" else {function}
        self._api_url, self._callback_url, self._wake_s = api_url, callback_url, wake_s
        self._settings, self._wrong = each()

    def run(self, limit_s: float = LIMIT_S) -> Iterator[Finding]:
        """Yield what was found, without a secret."""
        log.hide(_secrets(self._settings.values()))
        log.hide(os.environ.get(name, "") for name in ("TENCENTCLOUD_SECRETKEY", "TENCENTCLOUD_SESSIONTOKEN"))
        for finding in examine(self.checks(), limit_s):
            yield finding._replace(seen=log.redact_text(finding.seen))

    def report(self) -> dict[str, Any]:
        """Return the findings as JSON, and which version looked."""
        findings = list(self.run())
        log.note(outcome="examined", failed=[each.check for each in findings if each.level is Level.FAIL] or None)
        return {"release": __version__, "build": VERSION, **report(findings)}

    def checks(self) -> dict[str, Check]:
        """Return the checks that concern the function, in order."""
        functions, value = self._functions, self._settings
        found: dict[str, Check] = {f"settings-{name}": partial(_load, name) for name in FUNCTIONS if name in functions}
        found |= {"variables": lambda: variables(value["trtc_endpoint"]), "python": _python} | self._of_the_bucket()
        if functions & {"recordings", "reconcile"}:
            found |= self._of_trtc()
        if "callback" in functions:
            keys = _secrets([value["callback_keys"]])
            found["callback-keys"] = self._needs(("callback_keys",), lambda: checks.callback_keys(keys))
            if self._callback_url:
                found["callback-url"] = self._needs((*BUCKET, "callback_keys", "sdk_app_id"), self._callback)
        if "recordings" in functions and self._api_url:
            found["api-url"] = self._needs(("api_tokens",), self._api)
        if "reconcile" in functions:
            found["wake"] = self._probe(
                lambda store: checks.woken(store, _name(), self._wake_s, time.monotonic, time.sleep)
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
        found = {"trtc": self._needs(needed, self._trtc, role=True)}
        keys = _secrets(self._settings[f"storage_secret_{half}"] for half in ("id", "key"))
        if len(keys) < 2:
            said = "WEBRECORD_STORAGE_SECRET_ID and -KEY are empty: only VOD and callers' own storage work"
            return {"upload-key": lambda: warn(said), **found}

        def uploads() -> CosProbe:
            return self._store(credentials=lambda: (keys[0], keys[1], None))

        return {
            "upload-key": self._probe(lambda store: checks.upload_key(uploads(), store)),
            "upload-key-limits": self._probe(lambda store: checks.upload_key_limits(uploads(), store, _name())),
            **found,
        }

    def _probe(self, check: Callable[[CosProbe], Finding]) -> Check:
        return self._needs(BUCKET, lambda: check(self._store()), role=True)

    def _needs(self, fields: tuple[str, ...], check: Check, *, role: bool = False) -> Check:
        """Return the check, or one that says which setting it can't do without."""
        missing = [variable(field) for field in fields if field in self._wrong]
        try:
            role and role_credentials()
        except ConfigurationError:
            missing.append("TENCENTCLOUD_SECRETID/-KEY")
        return (lambda: warn(f"not looked at: {', '.join(missing)} is wrong or missing")) if missing else check

    def _store(
        self, prefix: str | None = None, credentials: Callable[[], tuple[str, str, str | None]] = role_credentials
    ) -> CosProbe:
        bucket, region, own, endpoint = (self._settings[field] for field in BUCKET)
        prefix = own if prefix is None else prefix
        return CosProbe(bucket, region, prefix, endpoint, credentials, Deadline(STORE_CALL_S))

    def _credentials(self) -> Finding:
        role_credentials()
        return self._probe(checks.credentials)()

    def _trtc(self) -> Finding:
        recorder = TrtcRecorder(self._settings["trtc_region"], self._settings["trtc_endpoint"], role_credentials)
        return checks.trtc(recorder, self._settings["sdk_app_id"], _name())

    def _callback(self) -> Finding:
        http, keys = RequestsProbe(HTTP_S), _secrets([self._settings["callback_keys"]])
        sdk_app_id, now_ms = self._settings["sdk_app_id"][0], time.time_ns() // 1_000_000
        return checks.callback_url(http, self._callback_url or "", keys, sdk_app_id, self._store(), now_ms, _name())

    def _api(self) -> Finding:
        tokens = self._settings["api_tokens"]
        token = next(iter(_secrets([tokens])), None)
        return checks.api_url(RequestsProbe(HTTP_S), self._api_url or "", token, _name(), anonymous=ANONYMOUS in tokens)

    def _notify(self) -> Finding:
        hosts, secret = self._settings["notify_hosts"], self._settings["notify_secret"]
        return checks.notify(self._settings["notify_url"], hosts, WebhookNotifier(secret, hosts).check_secret)


def examine(wanted: Mapping[str, Check], limit_s: float) -> Iterator[Finding]:
    """Run all checks (by name) at once and yield their findings in order; after `limit_s` seconds a check has failed.

    Such a check is left to end by itself.
    """
    until = time.monotonic() + limit_s
    answers = {name: begun(check) for name, check in wanted.items()}
    for name, answer in answers.items():
        try:
            found = answer.get(timeout=max(0.0, until - time.monotonic()))
        except queue.Empty:
            found = fail(f"no answer within {limit_s:g} s: is the network open to it?")
        if isinstance(found, WebRecordError):
            found = explained(found)
        elif isinstance(found, Exception):
            found = fail(f"the check itself failed: {type(found).__name__}")
        yield found._replace(check=name)


def report(findings: list[Finding]) -> dict[str, Any]:
    """Return findings as JSON: whether nothing failed, and each of them."""
    rows = [{"level": found.level.value, "check": found.check, "seen": found.seen} for found in findings]
    return {"ok": not any(found.level is Level.FAIL for found in findings), "findings": rows}


def _load(function: str) -> Finding:
    load(FUNCTIONS[function])
    return ok("all are right")


def _python() -> Finding:
    said = ".".join(map(str, sys.version_info[:3]))
    return ok(said) if said.startswith(f"{PYTHON}.") else warn(f"{said}; the functions run on {PYTHON}")


def _secrets(values: Iterable[object]) -> list[str]:
    found: list[str] = []
    for value in values:
        several = value.values() if isinstance(value, dict) else value if isinstance(value, tuple) else [value]
        found += [one.get_secret_value() for one in several if isinstance(one, SecretStr)]
    return found


def each(environ: Mapping[str, str] = os.environ) -> tuple[dict[str, Any], set[str]]:
    """Return all functions' settings, and the names of those that are wrong or missing, which are None."""
    values, found, wrong = given(_FIELDS, environ), dict[str, Any](), set[str]()
    for name, info in _FIELDS.items():
        found[name] = None if info.is_required() else info.default
        if name in values:
            try:
                found[name] = TypeAdapter(info.rebuild_annotation()).validate_python(values[name])
            except ValidationError:
                found[name] = None
                wrong.add(name)
        elif info.is_required():
            wrong.add(name)
    return found, wrong


def unknown(environ: Mapping[str, str] = os.environ) -> dict[str, str | None]:
    """Return the variables that look like settings and are none, each with the setting that it resembles, if any."""
    known = {variable(field) for field in _FIELDS}
    named = {name: name.upper() for name in sorted(environ) if name.upper().startswith(ENV_PREFIX)}
    strange = {name: upper for name, upper in named.items() if upper not in known | NOT_OURS}
    return {name: next(iter(difflib.get_close_matches(upper, known, 1)), None) for name, upper in strange.items()}


def variables(trtc_endpoint: str | None, environ: Mapping[str, str] = os.environ) -> Finding:
    """Every variable that looks like a setting is one; no proxy breaks the calls to TRTC, which alone use them."""
    names = [f"{name}{f' (meant: {near}?)' if near else ''}" for name, near in unknown(environ).items()]
    said = [f"read by nothing: {', '.join(names)}"] if names else []
    proxies = unusable_proxies(environ)
    said += [f"{name} {wrong}: unset it, or name an http:// proxy" for name, wrong in proxies.items()]
    scheme = "http" if str(trtc_endpoint).startswith("http://") else "https"
    if {f"{scheme}_proxy", "all_proxy"} & {name.lower() for name in proxies}:
        return fail("; ".join(said))
    return warn("; ".join(said)) if said else ok("every WEBRECORD_… is a setting")


def unusable_proxies(environ: Mapping[str, str]) -> dict[str, str]:
    """Return the variables that name a proxy which can't be used, each with what is wrong, without its value."""
    proxies = ("http_proxy", "https_proxy", "all_proxy")
    found = {name: _wrong(value.strip()) for name, value in sorted(environ.items()) if name.lower() in proxies}
    return {name: wrong for name, wrong in found.items() if wrong}


def _wrong(value: str) -> str:
    if not value:
        return ""
    scheme = scheme_of(value if "://" in value else f"http://{value}")
    if scheme.startswith("socks"):
        return "names a SOCKS proxy, which this command does not speak"
    return "" if scheme in ("http", "https") else "is not http://host:port"


def scheme_of(address: str) -> str:
    """Return the scheme of an address that can be called, "" for any other."""
    try:
        parts = urlsplit(address)
        fine = parts.hostname and parts.port != 0 and address.isprintable() and " " not in address
    except ValueError:
        return ""
    return parts.scheme if fine else ""
