"""Rules about picture and sound."""

from __future__ import annotations

import re
from collections.abc import Iterator

from local.check.finding import Finding
from local.check.rules.common import Case, fail, note, on_idle, quoted, some, spoils, warn
from local.check.text import tidy
from local.check.words import t
from local.recorder.scripts import LARGEST

_GO = re.compile(
    r"\b(start|join|tap|click|play|enter|begin|continue|watch)\b|开始|点击|播放|进入|加入|观看|继续", re.IGNORECASE
)
_LITTLE = 200
_GL_SHARE = 0.1


def waits_for_click(case: Case) -> Iterator[Finding]:
    """Playback waits for a click."""
    look, media = case.look, case.visit.media
    waiting = [one for one in media if one.paused and not one.time_s and not one.error and not one.played]
    words = next((text for text in (*look.buttons, look.text, *case.visit.frame_texts) if _GO.search(text)), "")
    if not case.is_seen or not words or case.visit.peak:
        return
    advice = t("TRTC does not click: begin when the page has loaded, at least in the recorded view")
    nothing_else = len(waiting) == len(media)
    if waiting and nothing_else:
        yield warn(
            "waits_for_click", t("a video or sound waits for a click: {words}", words=quoted(_near(words))), advice
        )
    elif not case.plays and not look.fields and look.letters < _LITTLE and any(map(_GO.search, look.buttons)):
        yield warn("waits_for_click", t("the page waits for a click: {words}", words=quoted(_near(words))), advice)


def _near(text: str) -> str:
    """Return the text from a little before the word that asks for a click."""
    found = _GO.search(text)
    return text[max(0, found.start() - 20) :] if found else text


def autoplay(case: Case) -> Iterator[Finding]:
    """What plays here would not play for a visitor."""
    second = case.second
    if second is None or second.woken or not (second.refused or second.audio_refused):
        return
    advice = t("TRTC allows it; for visitors, offer a click that starts it")
    yield note("autoplay", t("plays only where autoplay is allowed, and stays silent elsewhere"), advice)


def silent(case: Case) -> Iterator[Finding]:
    """The page made no sound."""
    if case.visit.deaf:
        yield note(
            "silent",
            t("this machine can't hear the page: {why}", why=tidy(case.visit.deaf)),
            t("listen to a first recording"),
        )
    elif case.is_seen and not case.visit.peak:
        if case.plays:
            advice = t("is it muted? does it begin without a click? if it begins later, check for longer: --seconds 20")
            yield warn(
                "silent",
                t("no sound in {seconds:g} s, though the page has a player", seconds=case.asked.seconds),
                on_idle(case, advice),
            )
        else:
            yield note("silent", t("the page has no sound"), t("fine for a page without sound on purpose"))


def muted(case: Case) -> Iterator[Finding]:
    """Everything that plays is muted."""
    playing = [one for one in case.visit.media if not one.paused and not one.error]
    if playing and all(one.muted for one in playing):
        seen = t("everything that plays is muted") if case.visit.peak == 0 else t("a video plays muted")
        yield note("muted", seen, t("recorders allow autoplay with sound: leave out `muted` when recorded"))


def blank(case: Case) -> Iterator[Finding]:
    """The picture is one colour."""
    if case.is_blank and not case.visit.crashed:
        advice = t("does the page need longer (--seconds), a sign-in, or a newer browser?")
        seen = t("the page is one colour after {seconds:g} s", seconds=case.asked.seconds)
        yield spoils(case)("blank", seen, on_idle(case, advice))


def still(case: Case) -> Iterator[Finding]:
    """The picture does not change."""
    if case.is_seen and case.visit.moved and not case.moves and not case.is_blank:
        say = warn if case.plays and not case.visit.peak and not case.visit.deaf else note
        yield say(
            "still",
            t("nothing moves for {seconds:g} s", seconds=case.asked.seconds),
            on_idle(case, t("fine for slides; otherwise check that the page begins")),
        )


def video_too_large(case: Case) -> Iterator[Finding]:
    """A video above the largest size ends the recording: event 804, status 2."""
    large = [size for size in case.visit.sizes if max(size) > LARGEST[0] or min(size) > LARGEST[1]]
    if large:
        width, height = max(large)
        advice = t("deliver at most 1920x1080; of WebRTC, take a smaller layer")
        yield fail(
            "video_too_large",
            t("a video of {width}x{height} ends the recording (event 804)", width=width, height=height),
            advice,
        )


def media_error(case: Case) -> Iterator[Finding]:
    """A video or sound can't be played."""
    errors = sorted({one.error for one in case.visit.media if one.error})
    if errors:
        why = {
            2: t("the network fails"),
            3: t("it can't be decoded"),
            4: t("the file is missing, or its format is unknown"),
        }
        said = "; ".join(why.get(code) or t("error {code}", code=code) for code in errors)
        advice = t("offer H.264 or VP9 with AAC or Opus; TRTC's browser probably can't play it either")
        yield warn("media_error", t("this Chromium can't play a video or sound: {said}", said=said), advice)


def webgl(case: Case) -> Iterator[Finding]:
    """Part of the page is drawn in a way that TRTC does not support."""
    view = case.asked.size[0] * case.asked.size[1]
    kinds = sorted({one.kind for one in case.visit.gl if one.area >= _GL_SHARE * view})
    if kinds or case.visit.gl_worker:
        seen = t("the page draws with {how}", how=some(kinds) if kinds else t("WebGL, in a worker"))
        yield warn("webgl", seen, t("TRTC does not support it: offer a view with a 2D canvas, SVG or pictures"))


def devices(case: Case) -> Iterator[Finding]:
    """The page asks for a camera, a microphone or a screen."""
    if case.visit.devices:
        asks = {"getUserMedia": t("camera or microphone"), "getDisplayMedia": t("a screen")}
        seen = t("the page asks for {what}", what=some(asks.get(name, name) for name in case.visit.devices))
        yield warn("devices", seen, t("the recorder has none: join as a viewer who sends nothing"))


def protected(case: Case) -> Iterator[Finding]:
    """DRM."""
    if case.visit.protected:
        seen = t("protected video is refused: {told}", told=some(case.visit.protected))
        yield warn("protected", seen, t("it stays black: deliver the video without DRM to the recorder"))


def speech(case: Case) -> Iterator[Finding]:
    """The page uses speech synthesis."""
    if case.visit.speech:
        yield note(
            "speech", t("the page uses speech synthesis"), t("the recorder's browser has no voices: play sound files")
        )


RULES = (blank, video_too_large, waits_for_click, silent, media_error, webgl, devices, protected, still, muted,
         autoplay, speech)  # fmt: skip
