"""Check the way from this machine to the API, step by step."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from email.utils import parsedate_to_datetime
from pathlib import Path

import httpx

from webrecord import errors
from webrecord.answer import whole
from webrecord.api import Api, Patience
from webrecord.proxies import proxy_for
from webrecord.replies import document
from webrecord.settings import Choices, Target, check_mode, config_path, home, read_config, read_token, resolve
from webrecord.waiting import Waits, silently
from webrecord.words import t

CLOCK_LIMIT_S = 60.0
"""Signed addresses and stored times suffer when this machine's clock is wrong by more."""


@dataclass(frozen=True)
class Finding:
    """One check: its name, whether all is well, and a line that says what was seen or what to do.

    `status` is the exit status of what is wrong; 0 where nothing is.
    """

    name: str
    line: str
    status: int = 0


def examine(choices: Choices, environ: Mapping[str, str], waits: Waits = silently) -> Iterator[Finding]:
    """Yield the findings; skip checks that need one that failed."""
    yield _checked("configuration", lambda: _configuration(config_path(environ)))
    try:
        target = resolve(choices, environ)
    except errors.CliError as error:
        yield Finding("settings", str(error), error.exit_status)
        return
    token = (
        t("with the token from {token_from}", token_from=target.token_from) if target.token else t("without a token")
    )
    yield Finding("settings", t(", ").join((str(target), token)))
    if not target.is_private:
        line = t("the endpoint is http, so the token can be read on the way; use https")
        yield Finding("transport", line, errors.BadUsage.exit_status)
    route = _checked("proxy", lambda: _proxy(target, environ))
    yield route
    if route.status:
        return
    with Api(target, Patience(1, 0), waits=waits) as api:
        yield from _remote(api)


def _remote(api: Api) -> Iterator[Finding]:
    try:
        reply = _healthz(api)
    except errors.Unreachable as error:
        yield Finding("endpoint", str(error), errors.Unreachable.exit_status)
        return
    except (errors.BadUsage, errors.NotTheApi, httpx.InvalidURL) as error:
        status = error.exit_status if isinstance(error, errors.CliError) else errors.BadUsage.exit_status
        yield Finding("endpoint", str(error), status)
        return
    yield Finding("endpoint", t("answers in {number:.0f} ms", number=reply.elapsed.total_seconds() * 1000))
    yield _clock(reply, datetime.now(timezone.utc))
    yield _checked("health", lambda: _health(api, reply))
    yield _checked("token", lambda: _token(api))


def _healthz(api: Api) -> httpx.Response:
    with api.waits(api.waited_for):
        try:
            return whole(api.http, api.http.build_request("GET", "/healthz"))
        except httpx.HTTPError as error:
            raise api.unreachable(error) from error


def _proxy(target: Target, environ: Mapping[str, str]) -> str:
    proxy = proxy_for(target.endpoint, environ)
    return t("{shown}, from {variable}", shown=proxy.shown, variable=proxy.variable) if proxy else t("none is used")


def _configuration(path: Path) -> str:
    if not os.path.lexists(path):
        return t("there is no {path}; options and the environment are enough", path=path)
    profiles = read_config(path).get("profiles", {})
    if any("token" in profile for profile in profiles.values()):
        check_mode(path)
    for profile in profiles.values():
        if "token_file" in profile:
            read_token(home(str(profile["token_file"])))
    return t("{path}, profiles: {names}", path=path, names=", ".join(profiles) or t("none"))


def _health(api: Api, reply: httpx.Response) -> str:
    if not reply.is_success:
        raise api.refusal(reply)
    told = document(reply, "status")
    return " ".join(str(told[name]) for name in ("status", "version") if name in told) or "ok"


def _token(api: Api) -> str:
    document(api.call("GET", "/recordings", query={"limit": 1}), "recordings")
    return t("accepted") if api.target.token else t("none is needed")


def _clock(reply: httpx.Response, now: datetime) -> Finding:
    try:
        theirs = parsedate_to_datetime(reply.headers.get("date", ""))
    except (ValueError, TypeError, IndexError):
        return Finding("clock", t("the endpoint does not say what time it is"))
    theirs = theirs if theirs.tzinfo else theirs.replace(tzinfo=timezone.utc)
    wrong_s = (now - theirs).total_seconds()
    if abs(wrong_s) > CLOCK_LIMIT_S:
        side = t("ahead of") if wrong_s > 0 else t("behind")
        return Finding(
            "clock",
            t("this machine is {number:.0f} s {side} the endpoint; set its clock", number=abs(wrong_s), side=side),
            1,
        )
    return Finding(
        "clock", t("right") if abs(wrong_s) < 2 else t("off by {number:.0f} s, which does no harm", number=abs(wrong_s))
    )


def _checked(name: str, look: Callable[[], str]) -> Finding:
    try:
        return Finding(name, look())
    except errors.CliError as error:
        return Finding(name, str(error), error.exit_status)
