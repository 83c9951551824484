"""Rules about opening the page: its address, its server, who may see it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime, timezone

from pydantic import AnyUrl

from local.check.address import expiries, is_private, site_of
from local.check.finding import Finding
from local.check.rules.common import Case, fail, note, on_idle, quoted, some, spoils, warn
from local.check.seen import Visit
from local.check.text import tidy
from local.check.words import t
from shared.domain.pages import check_page_url

_TRUST = re.compile(r"ERR_(CERT|SSL|BAD_SSL)_\w+")
_DOWNLOAD = re.compile(r"the address is a download(?: \((.*)\))?")
_CHALLENGE = re.compile(
    r"verify (that )?you are (a )?human|are you a robot|just a moment|人机验证|安全验证", re.IGNORECASE
)
_SIGN_IN = re.compile(r"(?:^|[/._-])(?:log-?in|sign-?in|sso|auth|oauth2?|account|passport|cas)(?:[/._?-]|$)")
_OTHER = re.compile(
    r"(?:browser|浏览器).{0,60}?"
    r"(?:(?:not|n't) (?:be )?supported|unsupported|too old|out of date|outdated|版本[过太]低|不支持)"
    r"|(?:unsupported|(?:not|n't) support your|upgrade (?:your|to a)|(?:use|try) (?:another|a (?:different|newer)))"
    r".{0,30}?browser"
    r"|(?:不支持|请更换|请升级|请使用).{0,20}?浏览器",
    re.IGNORECASE | re.DOTALL,
)
_SOON_S, _LONG_S = 3_600, 86_400
_LITTLE, _SHORT = 200, 600
_DATA = ("application/json", "text/json", "text/plain", "text/csv", "application/xml", "text/xml")
_NO_CONTENT = (204, 205)
_REACH = "TRTC must reach the page from the public internet, without a VPN"
_GO_TO = "give the address of the page itself, as it ends up in a browser"
_SEND = "its server, or what stands before it, must send a whole page by HTTP"
_WHY = {
    "ERR_NAME_NOT_RESOLVED": ("its host is not known", _REACH),
    "ERR_CONNECTION_REFUSED": ("nothing answers at its port", _REACH),
    "ERR_CONNECTION_RESET": ("its server ends the connection", _REACH),
    "ERR_CONNECTION_CLOSED": ("its server ends the connection", _REACH),
    "ERR_CONNECTION_TIMED_OUT": ("its server does not answer", _REACH),
    "ERR_TIMED_OUT": ("its server does not answer", _REACH),
    "ERR_ADDRESS_UNREACHABLE": ("its server can't be reached", _REACH),
    "ERR_ADDRESS_INVALID": ("its host or port is invalid", _REACH),
    "ERR_UNSAFE_PORT": ("browsers refuse its port", "use port 443 or 80, or another above 1023"),
    "ERR_EMPTY_RESPONSE": ("its server answers nothing", _SEND),
    "ERR_INVALID_HTTP_RESPONSE": ("its server does not speak HTTP", _SEND),
    "ERR_HTTP2": ("its server breaks the rules of HTTP/2", _SEND),
    "ERR_RESPONSE_HEADERS": ("the headers of its answer are wrong or too long", _SEND),
    "ERR_CONTENT_DECODING_FAILED": ("its answer can't be unpacked", _SEND),
    "ERR_CONTENT_LENGTH_MISMATCH": ("its answer breaks off", _SEND),
    "ERR_INCOMPLETE_CHUNKED_ENCODING": ("its answer breaks off", _SEND),
    "ERR_INVALID_CHUNKED_ENCODING": ("its answer breaks off", _SEND),
    "ERR_TOO_MANY_REDIRECTS": ("it redirects without end", _GO_TO),
    "ERR_UNSAFE_REDIRECT": ("it redirects to an address that is not http or https", _GO_TO),
    "ERR_INVALID_REDIRECT": ("it redirects to an invalid address", _GO_TO),
    "ERR_UNKNOWN_URL_SCHEME": ("it redirects to an address that is not http or https", _GO_TO),
    "ERR_ABORTED": ("it is no page, or leads to an address that browsers don't open", _GO_TO),
    "ERR_INTERNET_DISCONNECTED": ("this machine has no network", "check again when it has"),
    "ERR_PROXY_CONNECTION_FAILED": ("this machine's proxy does not answer", "correct the proxy, or check without it"),
    "ERR_TUNNEL_CONNECTION_FAILED": ("this machine's proxy refuses it", "correct the proxy, or check without it"),
}
"""The browser's words in ours, and what to do."""


def unreachable(case: Case) -> Iterator[Finding]:
    """The page does not come, or leads to what does not come."""
    visit, error = case.visit, case.visit.error
    if visit.crashed or (visit.status is not None and visit.status >= 400):
        return  # another rule tells it
    if not error:
        yield from _led_nowhere(visit)
        return
    if visit.login or _TRUST.search(error) or _DOWNLOAD.search(error):
        return
    if "timeout" in error:
        yield _late(case)
    elif visit.status in _NO_CONTENT:
        yield fail(
            "unreachable",
            t("the page can't be opened: its server answers {status}, no content", status=visit.status),
            t(_GO_TO),
        )
    else:
        said, advice = _in_words(error)
        yield fail("unreachable", t("the page can't be opened: {said}", said=said), advice)


def _led_nowhere(visit: Visit) -> Iterator[Finding]:
    if visit.lost:
        said, advice = _in_words(visit.lost.why)
        seen = t(
            "the page leads to an address that can't be opened: {address}: {said}",
            address=tidy(visit.lost.url, 160),
            said=said,
        )
        yield fail("unreachable", seen, advice)
    elif visit.awaited:
        seen = t("the page leads to an address that does not answer: {address}", address=tidy(visit.awaited, 160))
        yield warn("unreachable", seen, t(_REACH))


def _late(case: Case) -> Finding:
    visit = case.visit
    if visit.broken:
        said, advice = _in_words(visit.broken)
        return fail("unreachable", t("the page breaks off: {said}", said=said), advice)
    if visit.status is None:
        return spoils(case)("unreachable", t("the page does not load within 30 s"), on_idle(case, t(_REACH)))
    advice = t("an endless script, or a part that does not load, delays it: load it later (`async`)")
    seen = t("the page answers, and is not complete within 30 s")
    return spoils(case)("unreachable", seen, on_idle(case, advice))


def _in_words(error: str) -> tuple[str, str]:
    """Return what the browser says of an address, in our words and in its own, and what to do."""
    said = tidy(error.removeprefix("Goto url error: ").removeprefix("net::"))
    why, advice = next((words for name, words in _WHY.items() if name in error), ("", _REACH))
    return (f"{t(why)} ({said})" if why else said or t("Chromium gives no reason")), t(advice)


def private_address(case: Case) -> Iterator[Finding]:
    """TRTC can't reach this machine or its network."""
    if not case.asked.local and is_private(case.asked):
        advice = t("put the page on a public host; --local checks a page for the local cloud")
        yield fail("private_address", t("the host is not on the public internet"), advice)


def http_error(case: Case) -> Iterator[Finding]:
    """The server answers with an error, and the browser shows that."""
    status, look = case.visit.status, case.look
    if status is None or status < 400 or case.visit.login:
        return
    if status in (403, 429, 503) and _CHALLENGE.search(f"{look.title} {look.text}"):
        seen = t("the server answers {status} with a check for robots", status=status)
        yield fail("http_error", seen, t("let the page's address pass the check for robots"))
        return
    say = warn if case.visit.media or case.visit.audio or case.moves else fail
    yield say(
        "http_error",
        t("the server answers {status}", status=status),
        t("the address must answer 200; is it complete and still valid?"),
    )


def http_login(case: Case) -> Iterator[Finding]:
    """The browser would ask for a password."""
    if case.visit.login:
        seen = t("the server asks for a login (401, {scheme})", scheme=tidy(case.visit.login, 20))
        yield fail(
            "http_login",
            seen,
            t("TRTC cannot type a password: put a token into the address that outlives the recording"),
        )


def certificate(case: Case) -> Iterator[Finding]:
    """The browser does not trust the server."""
    if found := _TRUST.search(case.visit.error):
        yield fail(
            "certificate",
            t("the certificate is refused ({error})", error=found[0]),
            t("use one that browsers trust, for this host"),
        )


def not_a_page(case: Case) -> Iterator[Finding]:
    """The address is a file, or data for a program."""
    if not case.visit.error and case.visit.mime.lower() in _DATA and not case.plays:
        seen = t("the address gives data, not a page ({kind})", kind=case.visit.mime.lower())
        yield warn("not_a_page", seen, t("give the address of the page that shows it"))
    if found := _DOWNLOAD.search(case.visit.error):
        kind = tidy(found[1] or case.visit.mime, 60)
        say = warn if "pdf" in kind else fail  # a full Chromium shows one
        yield say(
            "not_a_page",
            t("the address is a file to download{kind}", kind=f" ({kind})" if kind else ""),
            t("give a page's address"),
        )


def redirect(case: Case) -> Iterator[Finding]:
    """The page leads to another site, which TRTC does not support."""
    if gone := _elsewhere(case):
        seen = t("the page leads to another site: {address}", address=tidy(gone, 160))
        say = fail if _asks_to_sign_in(case) else warn
        yield say("redirect", seen, t("TRTC does not follow a page to another site: give the address where it ends"))


def login_wall(case: Case) -> Iterator[Finding]:
    """The page shows a form to sign in with."""
    if case.is_seen and (seen := _asks_to_sign_in(case)):
        advice = t("TRTC cannot sign in: put a token into the address that outlives the recording")
        yield (fail if _elsewhere(case) else warn)("login_wall", seen, advice)


def other_browser(case: Case) -> Iterator[Finding]:
    """The page refuses this browser."""
    look = case.look
    if look.letters < _SHORT and not case.plays and (found := _OTHER.search(f"{look.title} {look.text}")):
        seen = t("the page asks for another browser: {words}", words=quoted(found[0]))
        yield warn("other_browser", seen, t("let TRTC's Chromium in, whatever its version and user agent are"))


def expiring(case: Case) -> Iterator[Finding]:
    """The address stops working."""
    moment = min(expiries(case.asked.url), default=None)
    if moment is None or moment - case.asked.now_s >= _LONG_S:
        return
    when = datetime.fromtimestamp(moment, timezone.utc).strftime("%Y-%m-%d %H:%M:%S UTC")
    advice = t("it must outlive the recording: a reload or a second try opens it again")
    if moment <= case.asked.now_s:
        yield warn("expiring", t("the address expired at {when}", when=when), advice)
    else:
        say = warn if moment - case.asked.now_s < _SOON_S else note
        yield say("expiring", t("the address expires at {when}", when=when), advice)


def mixed_content(case: Case) -> Iterator[Finding]:
    """An https page loads parts over http."""
    if case.visit.mixed:
        blocked = [one.url for one in case.visit.mixed if one.blocked]
        seen = t("the https page loads http parts: {told}", told=some(blocked or [one.url for one in case.visit.mixed]))
        say, what = (warn, t("; the browser blocks them")) if blocked else (note, "")
        yield say("mixed_content", seen + what, t("load every part over https"))


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
        return t("the page asks for a password")
    last = loads[-1].url if loads else ""
    moved = last and _as_opened(last) != _as_opened(case.asked.url)
    if moved and _SIGN_IN.search(re.split("[?#]", last, maxsplit=1)[0].partition("://")[2].lower()):
        return t("the page leads to a sign-in: {address}", address=tidy(last, 160))
    if look.fields == 1 and look.identity and look.buttons and look.letters < _LITTLE:
        return t("the page asks to sign in")
    return ""


def _as_opened(url: str) -> str:
    """Return an address as a browser writes it, without its fragment."""
    try:
        return str(AnyUrl(url)).partition("#")[0]
    except ValueError:
        return url.partition("#")[0]


RULES = (unreachable, private_address, http_error, http_login, certificate, not_a_page, redirect, login_wall,
         other_browser, expiring, mixed_content)  # fmt: skip
