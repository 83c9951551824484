"""Rules about what the page does and how it is made."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlsplit

from local.check.address import site_of
from local.check.finding import Finding
from local.check.rules.common import Case, fail, note, on_idle, quoted, some, spoils, warn
from local.check.seen import Failure
from local.check.words import t
from shared.domain.redaction import redact

_PARTS = {
    "Document": "frame",
    "Script": "script",
    "Stylesheet": "style",
    "Font": "font",
    "Image": "picture",
    "XHR": "call",
    "Fetch": "call",
}
"""What may be missing, in the browser's word and in ours; what matters most is told first."""
_OWN = ("XHR", "Fetch")
"""Of other sites they are often counters."""
_EMPTY = 20
"""Letters of a page that shows nothing."""
_OVER = 0.05
_FRAME = 0.05
_COVER = 0.3
_CORE = 0.8
_SLOW_S = 2.0


def crash(case: Case) -> Iterator[Finding]:
    """The browser's process for the page ends, or answers nothing."""
    if case.visit.crashed:
        yield fail("crash", t("the page crashes the browser"), t("check its memory, and what it does while it loads"))
    elif case.visit.stuck:
        advice = t("a script runs endlessly, or the machine is too slow: try again on an idle machine")
        yield fail("crash", t("the page stops answering"), advice)


def not_ready(case: Case) -> Iterator[Finding]:
    """`notifyReady()` and ReadyTimeout."""
    wait_s, ready_s, visit = case.asked.ready_timeout_s, case.visit.ready_s, case.visit
    if visit.error:
        return
    if not wait_s:
        if ready_s is not None:
            yield note(
                "not_ready", t("the page calls notifyReady()"), t("set ReadyTimeout, and check with --ready-timeout 20")
            )
    elif visit.ready_again:
        seen = t("notifyReady() came only after a reload: not within {wait_s} s", wait_s=wait_s)
        yield warn("not_ready", seen, on_idle(case, t("set ReadyTimeout to twice the slowest load, at most 60")))
    elif ready_s is None:
        if not visit.crashed and not visit.stuck and not visit.slow:
            advice = t("call window.notifyReady() when the picture is complete, or leave ReadyTimeout out")
            yield spoils(case)(
                "not_ready",
                t("notifyReady() was not called within {wait_s} s, nor after a reload", wait_s=wait_s),
                on_idle(case, advice),
            )
    elif ready_s > wait_s / 2:
        seen = t("notifyReady() came after {ready_s:.1f} of {wait_s} s", ready_s=ready_s, wait_s=wait_s)
        yield warn("not_ready", seen, on_idle(case, t("set ReadyTimeout to twice the slowest load, at most 60")))


def dialog(case: Case) -> Iterator[Finding]:
    """A dialog freezes the page."""
    if case.visit.dialogs:
        yield warn(
            "dialog",
            t("the page opens a dialog: {told}", told=some(case.visit.dialogs)),
            t("TRTC does not answer dialogs: leave it out"),
        )


def popup(case: Case) -> Iterator[Finding]:
    """A second window."""
    if case.visit.popups:
        seen = t("the page opens another window: {told}", told=some(case.visit.popups))
        yield warn("popup", seen, t("TRTC does not record it: show it in the page"))


def frame_refused(case: Case) -> Iterator[Finding]:
    """A frame's site does not let itself be shown."""
    refused = [one for one in case.visit.failed if one.kind == "Document" and _refuses(one.why, one.blocked)]
    shares = _shares(case)
    large = [one.url for one in refused if shares.get(_whole(one.url), 1.0) >= _FRAME]
    if large and not case.visit.error:
        seen = t("a site forbids its frame in this page: {told}", told=some(large))
        yield warn("frame_refused", seen, t("that site must allow it: X-Frame-Options, frame-ancestors"))


def script_error(case: Case) -> Iterator[Finding]:
    """A script fails."""
    if case.visit.errors:
        shows = case.look.letters >= _EMPTY or case.plays or case.moves
        say = warn if case.is_blank or (case.is_seen and not shows) else note
        yield say(
            "script_error",
            t("a script fails: {told}", told=some(case.visit.errors)),
            t("fix it; the browser's console shows where"),
        )


def resources(case: Case) -> Iterator[Finding]:
    """Frames, scripts, styles, fonts, pictures or calls of the page do not come."""
    site, shares = site_of(case.asked.url), _shares(case)
    lost = [one for one in case.visit.failed if one.kind in _PARTS]
    lost = [one for one in lost if one.kind != "Document" or not _refuses(one.why, one.blocked)]
    lost = [one for one in lost if one.kind not in _OWN or site_of(one.url) == site]
    if lost:
        lost.sort(key=lambda one: list(_PARTS).index(one.kind))
        own = any(one.kind == "Script" and site_of(one.url) == site for one in lost)
        large = any(one.kind == "Document" and shares.get(_whole(one.url), 0.0) >= _FRAME for one in lost)
        told = some(f"{t(_PARTS[one.kind])} {_short(one.url)} ({_why(one)})" for one in lost)
        advice = t("correct their addresses; TRTC must reach them from the public internet, too")
        yield (warn if own or large else note)(
            "resources", t("parts of the page do not load: {told}", told=told), advice
        )


def connection(case: Case) -> Iterator[Finding]:
    """A WebSocket or WebRTC connection fails."""
    if case.visit.connections:
        seen = t("a live connection fails: {told}", told=some(case.visit.connections))
        yield warn("connection", seen, t("it must be open to the public internet and reconnect automatically"))


def reloads(case: Case) -> Iterator[Finding]:
    """The page reloads itself or navigates elsewhere."""
    loads = case.visit.loads
    own = [load.url for number, load in enumerate(loads) if number and not load.asked]
    again = sum(url == loads[number].url for number, url in enumerate(load.url for load in loads[1:]))
    again -= sum(load.asked for load in loads[1:])
    if again > 0 or len(own) > 1:
        seen = (
            t("the page reloads itself")
            if again > 0
            else t("the page goes from one address to the next: {told}", told=some(own))
        )
        yield warn("reloads", seen, t("each load is a jump in the film and an event 803: change the page in place"))


def overflow(case: Case) -> Iterator[Finding]:
    """The page is larger than the picture."""
    look, (width, height) = case.look, case.asked.size
    if look.over_y > _OVER * height or look.over_x > _OVER * width:
        below, beside = t("{pixels} px below", pixels=look.over_y), t("{pixels} px to the right", pixels=look.over_x)
        more = [said for over, said in ((look.over_y, below), (look.over_x, beside)) if over > 0]
        advice = t("only the first screen is recorded, without scrolling: fit the page into it, or record larger")
        say = warn if look.below and look.over_y > _OVER * height else note
        yield say("overflow", t("the page is larger than the picture: {over}", over=t(" and ").join(more)), advice)


def fullscreen(case: Case) -> Iterator[Finding]:
    """The page wants the whole screen."""
    if case.visit.fullscreen:
        yield note(
            "fullscreen",
            t("the page asks for full screen, which is refused"),
            t("leave it out: the page fills the picture already"),
        )


def fonts(case: Case) -> Iterator[Finding]:
    """Characters that the recorder may have no font for."""
    if case.look.scripts and not case.look.web_fonts:
        seen = t("the page relies on the machine's fonts for {scripts}", scripts=some(case.look.scripts))
        yield note("fonts", seen, t("which fonts TRTC has is not documented: bring one along as a web font"))


def heavy(case: Case) -> Iterator[Finding]:
    """The page needs much of a processor, or more than this machine has."""
    if case.visit.slow or (case.is_seen and not case.visit.pictures):
        seen = (
            t("the page got too little of a processor to answer")
            if case.visit.slow
            else t("no picture of the page came in time")
        )
        yield warn("heavy", seen, t("this machine is too busy for the page: check again on an idle one"))
    elif case.visit.picture_s > _SLOW_S:
        seen = t("a picture of the page takes {seconds:.1f} s", seconds=case.visit.picture_s)
        yield warn("heavy", seen, t("let it draw less; on a busy machine, check again"))
    elif case.visit.cores >= _CORE:
        yield note(
            "heavy",
            t("the page uses {cores:.1f} processors", cores=case.visit.cores),
            t("let it draw less, or less often"),
        )


def overlay(case: Case) -> Iterator[Finding]:
    """A banner or dialog in the page covers it."""
    if case.look.cover >= _COVER:
        seen = t("something covers the page: {text}", text=quoted(case.look.cover_text))
        yield note("overlay", seen, t("TRTC does not close it: leave it out of the recorded view"))


def _shares(case: Case) -> dict[str, float]:
    """Return how much of the page each frame takes, by its address."""
    return {_whole(frame.url): frame.share for frame in case.look.frames}


def _whole(url: str) -> str:
    return url.partition("#")[0]


def _refuses(why: str, blocked: str) -> bool:
    return "BLOCKED_BY_RESPONSE" in why or "BLOCKED_BY_CSP" in why or blocked in ("csp", "corp-not-same-origin")


def _why(one: Failure) -> str:
    if one.blocked == "csp":
        return t("the page's own Content-Security-Policy forbids it")
    return one.why or one.blocked or t("Chromium gives no reason")


def _short(url: str) -> str:
    try:
        parts = urlsplit(url)
        return f"{parts.hostname}{parts.path}" if parts.hostname else redact(url)
    except ValueError:
        return redact(url)


RULES = (crash, not_ready, dialog, popup, frame_refused, connection, reloads, script_error, resources, overlay,
         overflow, heavy, fonts, fullscreen)  # fmt: skip
