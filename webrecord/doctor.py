"""What may be wrong between here and the API, looked at one after the other."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from email.utils import parsedate_to_datetime
from pathlib import Path

import httpx

from webrecord import errors
from webrecord.api import Api, Patience, document, problem
from webrecord.settings import Choices, Target, check_mode, config_path, read_config, read_token, resolve

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


def examine(choices: Choices, environ: Mapping[str, str]) -> Iterator[Finding]:
    """Yield the findings; what can't be looked at since something before it is wrong is left out."""
    yield _checked("configuration", lambda: _configuration(config_path(environ)))
    try:
        target = resolve(choices, environ)
    except errors.CliError as error:
        yield Finding("settings", str(error), error.exit_status)
        return
    token = "with a token" if target.token else "without a token"
    yield Finding("settings", f"{target.endpoint}, {token}")
    if not target.is_private:
        line = "the endpoint is http, so the token can be read on the way; use https"
        yield Finding("transport", line, errors.BadUsage.exit_status)
    with Api(target, Patience(1, 0)) as api:
        yield from _remote(api, target)


def _remote(api: Api, target: Target) -> Iterator[Finding]:
    try:
        reply = api.http.get("/healthz")
    except httpx.HTTPError as error:
        why = str(error) or type(error).__name__
        line = f"no answer from {target.endpoint}: {why}; is the address right, is a proxy needed?"
        yield Finding("endpoint", line, errors.Unreachable.exit_status)
        return
    yield Finding("endpoint", f"answers in {reply.elapsed.total_seconds() * 1000:.0f} ms")
    yield _clock(reply, datetime.now(timezone.utc))
    yield _checked("health", lambda: _health(reply))
    yield _checked("token", lambda: _token(api))


def _configuration(path: Path) -> str:
    if not path.exists():
        return f"there is no {path}; options and the environment are enough"
    profiles = read_config(path).get("profiles", {})
    if any("token" in profile for profile in profiles.values()):
        check_mode(path)
    for profile in profiles.values():
        if "token_file" in profile:
            read_token(Path(str(profile["token_file"])).expanduser())
    return f"{path}, profiles: {', '.join(profiles) or 'none'}"


def _health(reply: httpx.Response) -> str:
    if not reply.is_success:
        raise errors.of_reply(reply.status_code, problem(reply))
    told = document(reply)
    return " ".join(str(told[name]) for name in ("status", "version") if name in told) or "ok"


def _token(api: Api) -> str:
    page = document(api.call("GET", "/recordings", query={"limit": 1}))
    if "recordings" not in page:
        raise errors.ServiceFailed("the list of recordings is none; is the endpoint right?")
    return "accepted" if api.target.token else "none is needed"


def _clock(reply: httpx.Response, now: datetime) -> Finding:
    try:
        theirs = parsedate_to_datetime(reply.headers.get("date", ""))
    except (ValueError, TypeError, IndexError):
        return Finding("clock", "the endpoint does not say what time it is")
    theirs = theirs if theirs.tzinfo else theirs.replace(tzinfo=timezone.utc)
    wrong_s = (now - theirs).total_seconds()
    if abs(wrong_s) > CLOCK_LIMIT_S:
        side = "ahead of" if wrong_s > 0 else "behind"
        return Finding("clock", f"this machine is {abs(wrong_s):.0f} s {side} the endpoint; set its clock", 1)
    return Finding("clock", "right" if abs(wrong_s) < 2 else f"off by {abs(wrong_s):.0f} s, which does no harm")


def _checked(name: str, look: Callable[[], str]) -> Finding:
    try:
        return Finding(name, look())
    except errors.CliError as error:
        return Finding(name, str(error), error.exit_status)
