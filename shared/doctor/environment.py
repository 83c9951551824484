"""What the doctor reads of its environment: each setting by itself, what looks like one and is none, proxies."""

from __future__ import annotations

import difflib
import os
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from pydantic import ValidationError, create_model

from shared.doctor import Finding, fail, ok, warn
from shared.settings import (
    ENV_PREFIX,
    CallbackSettings,
    ReconcileSettings,
    RecordingsSettings,
    StoreSettings,
    given,
    variable,
)

FUNCTIONS: dict[str, type[StoreSettings]] = {
    "recordings": RecordingsSettings,
    "callback": CallbackSettings,
    "reconcile": ReconcileSettings,
}
NOT_OURS = frozenset(f"WEBRECORD_{name}" for name in ("ROLE", "ENDPOINT", "TOKEN", "PROFILE", "LANG", "DEBUG"))
"""What serverless.yml uses, and what the command line reads: no function's settings."""
PROXIES = ("http_proxy", "https_proxy", "all_proxy")

_FIELDS = {name: info for kind in FUNCTIONS.values() for name, info in kind.model_fields.items()}
_EACH: Any = create_model(  # type: ignore[call-overload]  # the settings' own fields, of which none is required
    "Each",
    **{
        name: (info.rebuild_annotation(), None if info.is_required() else info.default)
        for name, info in _FIELDS.items()
    },
)


def each(environ: Mapping[str, str] = os.environ) -> tuple[dict[str, Any], set[str]]:
    """Return all functions' settings, and the names of those that are wrong or missing, which are None."""
    values = given(_FIELDS, environ)
    wrong = {name for name, info in _FIELDS.items() if info.is_required() and name not in values}
    try:
        _EACH.model_validate(values)
    except ValidationError as error:
        wrong |= {str(item["loc"][0]) for item in error.errors(include_url=False, include_input=False)}
    right = _EACH.model_validate({name: value for name, value in values.items() if name not in wrong})
    return {**vars(right), **dict.fromkeys(wrong)}, wrong


def unknown(environ: Mapping[str, str] = os.environ) -> dict[str, str | None]:
    """Return the variables that look like settings and are none, each with the one that was meant, perhaps."""
    known = {variable(field) for field in _FIELDS}
    strange = sorted(
        name for name in environ if name.upper().startswith(ENV_PREFIX) and name.upper() not in known | NOT_OURS
    )
    return {name: next(iter(difflib.get_close_matches(name.upper(), known, 1)), None) for name in strange}


def variables(trtc_endpoint: str | None, environ: Mapping[str, str] = os.environ) -> Finding:
    """Every variable that looks like a setting is one; no proxy breaks the calls to TRTC, which alone use them."""
    names = [f"{name}{f' (meant: {near}?)' if near else ''}" for name, near in unknown(environ).items()]
    said = [f"read by nothing: {', '.join(names)}"] if names else []
    proxies = unusable_proxies(environ)
    said += [f"{name} {wrong}: unset it, or name an http:// proxy" for name, wrong in proxies.items()]
    if not said:
        return ok("every WEBRECORD_… is a setting")
    scheme = "http" if str(trtc_endpoint).startswith("http://") else "https"
    used = {f"{scheme}_proxy", "all_proxy"} & {name.lower() for name in proxies}
    return fail("; ".join(said)) if used else warn("; ".join(said))


def unusable_proxies(environ: Mapping[str, str]) -> dict[str, str]:
    """Return the variables that name a proxy which can't be used, each with what is wrong, without its value."""
    found = {name: _wrong(value.strip()) for name, value in sorted(environ.items()) if name.lower() in PROXIES}
    return {name: wrong for name, wrong in found.items() if wrong}


def _wrong(value: str) -> str:
    if not value:
        return ""
    try:
        parts = urlsplit(value if "://" in value else f"http://{value}")
        fine = bool(parts.hostname) and parts.port != 0 and value.isprintable() and " " not in value
    except ValueError:
        fine = False
    if fine and parts.scheme.startswith("socks"):
        return "names a SOCKS proxy, which this command does not speak"
    return "" if fine and parts.scheme in ("http", "https") else "is not http://host:port"
