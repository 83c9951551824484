"""Rules about opening the page: its address, its server, who may see it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime, timezone

from local.check.address import expiries, is_private, site_of
from local.check.finding import Finding
from local.check.rules.common import Case, fail, note, some, warn
from local.check.text import tidy
from shared.domain.pages import check_page_url

_TRUST = re.compile(r"ERR_(CERT|SSL|BAD_SSL)_\w+")
_DOWNLOAD = re.compile(r"the address is a download(?: \((.*)\))?")
_CHALLENGE = re.compile(
    r"verify (that )?you are (a )?human|are you a robot|just a moment|人机验证|安全验证", re.IGNORECASE
)
_SIGN_IN = re.compile(r"(?:^|[/._-])(?:log-?in|sign-?in|sso|auth|oauth2?|account|passport|cas)(?:[/._?-]|$)")
_SOON_S, _LONG_S = 3_600, 86_400
_LITTLE = 200
_WHY = {
    "ERR_NAME_NOT_RESOLVED": "its host is not known",
    "ERR_CONNECTION_REFUSED": "nothing answers at its port",
    "ERR_CONNECTION_RESET": "its server ends the connection",
    "ERR_CONNECTION_TIMED_OUT": "its server does not answer",
    "ERR_EMPTY_RESPONSE": "its server answers nothing",
    "ERR_TOO_MANY_REDIRECTS": "it redirects without end",
    "ERR_INTERNET_DISCONNECTED": "this machine has no network",
    "ERR_PROXY_CONNECTION_FAILED": "this machine's proxy does not answer",
}
"""The browser's words in ours."""


def unreachable(case: Case) -> Iterator[Finding]:
    """The page does not come."""
    error = case.visit.error
    if not error or case.visit.login or _TRUST.search(error) or _DOWNLOAD.search(error):
        return
    if case.visit.status is not None and case.visit.status >= 400:
        return  # another rule tells the status
    advice = "TRTC must reach the page from the public internet, without a VPN"
    if "timeout" in error:
        yield fail("unreachable", "the page does not come within 30 s", advice)
        return
    why = next((words for name, words in _WHY.items() if name in error), "")
    said = tidy(error.removeprefix("Goto url error: "))
    yield fail("unreachable", f"the page can't be opened: {why + ' (' + said + ')' if why else said}", advice)


def private_address(case: Case) -> Iterator[Finding]:
    """TRTC can't reach this machine or its network."""
    if not case.asked.local and is_private(case.asked):
        advice = "put the page on a public host; --local checks a page for the local cloud"
        yield fail("private_address", "the host is not on the public internet", advice)


def http_error(case: Case) -> Iterator[Finding]:
    """The server answers with an error, and the browser shows that."""
    status, look = case.visit.status, case.look
    if status is None or status < 400 or case.visit.login:
        return
    if status in (403, 429, 503) and _CHALLENGE.search(f"{look.title} {look.text}"):
        seen = f"the server answers {status} and asks whether a human is there"
        yield fail("http_error", seen, "let the page's address pass the check for robots")
        return
    say = warn if case.visit.media or case.visit.audio or case.moves else fail
    yield say(
        "http_error", f"the server answers {status}", "the address must answer 200; is it complete and still valid?"
    )


def http_login(case: Case) -> Iterator[Finding]:
    """The browser would ask for a password."""
    if case.visit.login:
        seen = f"the server asks for a login (401, {tidy(case.visit.login, 20)})"
        yield fail("http_login", seen, "TRTC cannot type a password: put a short-lived token into the address")


def certificate(case: Case) -> Iterator[Finding]:
    """The browser does not trust the server."""
    if found := _TRUST.search(case.visit.error):
        yield fail(
            "certificate", f"the certificate is refused ({found[0]})", "use one that browsers trust, for this host"
        )


def not_a_page(case: Case) -> Iterator[Finding]:
    """The address is a file."""
    if found := _DOWNLOAD.search(case.visit.error):
        kind = tidy(found[1] or case.visit.mime, 60)
        say = warn if "pdf" in kind else fail  # a full Chromium shows one
        yield say(
            "not_a_page", f"the address is a file to download{f' ({kind})' if kind else ''}", "give a page's address"
        )


def redirect(case: Case) -> Iterator[Finding]:
    """The page leads to another site, which TRTC does not support."""
    if gone := _elsewhere(case):
        seen = f"the page leads to another site: {tidy(gone, 160)}"
        say = fail if _asks_to_sign_in(case) else warn
        yield say("redirect", seen, "TRTC does not follow a page to another site: give the address where it ends")


def login_wall(case: Case) -> Iterator[Finding]:
    """The page shows a form to sign in with."""
    if case.is_seen and (seen := _asks_to_sign_in(case)):
        advice = "TRTC cannot sign in: put a token into the address that outlives the recording"
        yield (fail if _elsewhere(case) else warn)("login_wall", seen, advice)


def expiring(case: Case) -> Iterator[Finding]:
    """The address stops working."""
    moment = min(expiries(case.asked.url), default=None)
    if moment is None or moment - case.asked.now_s >= _LONG_S:
        return
    when = datetime.fromtimestamp(moment, timezone.utc).strftime("%Y-%m-%d %H:%M:%S UTC")
    advice = "it must outlive the recording: a reload or a second try opens it again"
    if moment <= case.asked.now_s:
        yield warn("expiring", f"the address expired at {when}", advice)
    else:
        say = warn if moment - case.asked.now_s < _SOON_S else note
        yield say("expiring", f"the address expires at {when}", advice)


def mixed_content(case: Case) -> Iterator[Finding]:
    """An https page loads parts over http."""
    if case.visit.mixed:
        blocked = [one.url for one in case.visit.mixed if one.blocked]
        seen = f"the https page loads http parts: {some(blocked or [one.url for one in case.visit.mixed])}"
        say, what = (warn, "; the browser blocks them") if blocked else (note, "")
        yield say("mixed_content", seen + what, "load every part over https")


def _elsewhere(case: Case) -> str:
    """Return the address on another site that the page led to; "" where it stayed."""
    site = site_of(case.asked.url)
    for url in (*case.visit.hops, *(load.url for load in case.visit.loads)):
        try:
            other = site_of(check_page_url(url))
        except ValueError:  # about:blank, an error page of the browser
            continue
        if other and other != site:
            return url
    return ""


def _asks_to_sign_in(case: Case) -> str:
    look, loads = case.look, case.visit.loads
    if look.passwords and (look.login_share > 0.2 or look.letters < _LITTLE):
        return "the page asks for a password"
    last = loads[-1].url if loads else ""
    moved = last and last.partition("#")[0] != case.asked.url.partition("#")[0]
    if moved and _SIGN_IN.search(re.split("[?#]", last, maxsplit=1)[0].partition("://")[2].lower()):
        return f"the page leads to a sign-in: {tidy(last, 160)}"
    if look.fields == 1 and look.identity and look.buttons and look.letters < _LITTLE:
        return "the page asks to sign in"
    return ""


RULES = (unreachable, private_address, http_error, http_login, certificate, not_a_page, redirect, login_wall, expiring,
         mixed_content)  # fmt: skip
