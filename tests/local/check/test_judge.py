"""The judge: observations become findings."""

from __future__ import annotations

import base64
import json
import re
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from local.check.finding import VERDICTS, Finding, Level, verdict
from local.check.judge import CHECKS, judge, wants_second_visit
from local.check.rules.common import Case
from local.check.seen import Asked, Failure, Frame, Gl, Load, Look, Media, Mixed, Picture, Visit
from local.check.show import document, lines
from tests.examples import at_most
from tests.local.check.cases import LOOK, NOW_S, PAGE, PLAYING, WAITING, case, found, visit

STILL = [0, 0]
ONE_COLOUR = [Picture(0.0, 1)] * 3
MUTED = PLAYING._replace(muted=True)


def token(**claims: object) -> str:
    """Return a JSON Web Token with these claims."""
    payload = base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip("=")
    return f"eyJhbGciOiJIUzI1NiJ9.{payload}.c2lnbmF0dXJl"


def test_a_page_that_is_right_has_no_findings() -> None:
    """It plays, is heard, moves and is ready."""
    assert {} == found(case())
    assert {} == found(case(second=visit(refused=True, woken=True)))


EACH = [
    ("unreachable", "fail", case(error="Goto url error: net::ERR_NAME_NOT_RESOLVED", status=None, look=None)),
    ("unreachable", "fail", case(error="Goto url timeout", status=None, look=None)),
    ("unreachable", "fail", case(lost=Failure("Document", "https://example.com/x", "ERR_CONNECTION_RESET"))),
    ("unreachable", "warn", case(awaited="https://example.com/x")),
    ("not_a_page", "warn", case(mime="application/json", media=[])),
    ("other_browser", "warn", case(media=[], look=LOOK._replace(text="Please use another browser."))),
    (
        "resources",
        "warn",
        case(
            failed=[Failure("Document", "https://tv.cn/", "answers 404")],
            look=LOOK._replace(frames=(Frame("https://tv.cn/", 0.4),)),
        ),
    ),
    ("private_address", "fail", case("http://192.168.1.4/")),
    ("private_address", "fail", case(asked={"addresses": ("10.0.0.7", "fd00::1")})),
    ("http_error", "fail", case(status=404, media=[], moved=STILL)),
    ("http_error", "warn", case(status=404)),
    ("http_error", "fail", case(status=403, look=LOOK._replace(text="Verify you are human"))),
    ("http_login", "fail", case(status=401, login="Basic")),
    ("certificate", "fail", case(error="Goto url error: net::ERR_CERT_AUTHORITY_INVALID", status=None, look=None)),
    ("certificate", "fail", case(error="Goto url error: net::ERR_SSL_PROTOCOL_ERROR", status=None, look=None)),
    ("not_a_page", "fail", case(error="net::ERR_ABORTED, the address is a download (application/zip), not a page")),
    ("not_a_page", "warn", case(error="net::ERR_ABORTED, the address is a download (application/pdf), not a page")),
    ("redirect", "warn", case(hops=["https://cdn.example.net/x"])),
    ("redirect", "warn", case(loads=[Load(PAGE, True), Load("https://other.cn/", False)])),
    ("login_wall", "warn", case(look=LOOK._replace(passwords=1, login_share=0.9))),
    ("login_wall", "fail", case(hops=["https://sso.example.net/login"], look=LOOK._replace(passwords=1, letters=9))),
    ("login_wall", "warn", case(loads=[Load("https://example.com/login?next=%2Fclass", True)])),
    ("login_wall", "warn", case(look=Look(fields=1, identity=True, buttons=("Continue",), letters=60))),
    ("waits_for_click", "warn", case(peak=0, media=[WAITING], look=LOOK._replace(buttons=("开始上课",)))),
    ("waits_for_click", "warn", case(peak=0, media=[WAITING], frame_texts=["Start the lesson"])),
    ("waits_for_click", "warn", case(peak=0, media=[], look=LOOK._replace(buttons=("Join now",), letters=30))),
    ("autoplay", "note", case(second=visit(refused=True))),
    ("silent", "warn", case(peak=0)),
    ("silent", "note", case(peak=0, media=[])),
    ("silent", "note", case(deaf="no sound: its device can't be made")),
    ("muted", "note", case(media=[MUTED])),
    ("blank", "fail", case(pictures=ONE_COLOUR)),
    ("blank", "warn", case(pictures=ONE_COLOUR, starved=True)),
    ("still", "note", case(moved=STILL)),
    ("still", "warn", case(moved=STILL, peak=0)),
    ("video_too_large", "fail", case(sizes=[(640, 360), (2560, 1440)])),
    ("video_too_large", "fail", case(sizes=[(1200, 1921)])),
    ("media_error", "warn", case(media=[PLAYING, Media(error=4)])),
    ("webgl", "warn", case(gl=[Gl("webgl2", 1280 * 720 / 2)])),
    ("webgl", "warn", case(gl_worker=True)),
    ("devices", "warn", case(devices=["getUserMedia"])),
    ("protected", "warn", case(protected=["com.widevine.alpha"])),
    ("dialog", "warn", case(dialogs=["confirm: Leave?"])),
    ("popup", "warn", case(popups=["https://example.com/ad"])),
    ("frame_refused", "warn", case(failed=[Failure("Document", "https://x.org/", "ERR_BLOCKED_BY_RESPONSE")])),
    ("script_error", "note", case(errors=["TypeError: x is undefined"])),
    ("script_error", "warn", case(errors=["TypeError: x is undefined"], pictures=ONE_COLOUR)),
    ("resources", "warn", case(failed=[Failure("Script", "https://www.example.com/app.js", "answers 404")])),
    ("resources", "note", case(failed=[Failure("Font", "https://www.example.com/a.woff2", "ERR_FAILED")])),
    ("mixed_content", "note", case(mixed=[Mixed("http://example.com/a.png", False)])),
    ("mixed_content", "warn", case(mixed=[Mixed("http://example.com/a.js", True)])),
    ("connection", "warn", case(connections=["WebRTC failed"])),
    ("reloads", "warn", case(loads=[Load(PAGE, True), Load(PAGE, False)])),
    ("reloads", "warn", case(loads=[Load(PAGE, True), Load(PAGE + "2", False), Load(PAGE + "3", False)])),
    ("not_ready", "fail", case(ready_s=None)),
    ("not_ready", "warn", case(ready_s=11.0)),
    ("not_ready", "warn", case(ready_s=None, ready_again=True)),
    ("not_ready", "note", case(asked={"ready_timeout_s": 0})),
    ("overflow", "warn", case(look=LOOK._replace(over_y=3_360, below=True))),
    ("overflow", "note", case(look=LOOK._replace(over_x=400))),
    ("fullscreen", "note", case(fullscreen=True)),
    ("fonts", "note", case(look=LOOK._replace(scripts=("emoji",)))),
    ("heavy", "note", case(cores=1.3)),
    ("heavy", "warn", case(picture_s=3.0)),
    ("heavy", "warn", case(slow=True, look=None)),
    ("heavy", "warn", case(pictures=[], moved=[])),
    ("crash", "fail", case(crashed=True)),
    ("crash", "fail", case(stuck=True, look=None)),
    ("overlay", "note", case(look=LOOK._replace(cover=0.6, cover_text="We use cookies"))),
    ("expiring", "warn", case(f"{PAGE}?t={token(exp=NOW_S - 5)}")),
    ("expiring", "warn", case(f"{PAGE}?expires={int(NOW_S) + 600}")),
    ("expiring", "note", case(f"{PAGE}?q-sign-time={int(NOW_S)}%3B{int(NOW_S) + 20_000}")),
    ("expiring", "warn", case(f"{PAGE}?X-Amz-Date=20270115T080000Z&X-Amz-Expires=60")),
    ("speech", "note", case(speech=True)),
]
FOUND = [judged for _, _, judged in EACH]


@pytest.mark.parametrize(("check", "level", "judged"), EACH)
def test_each_finding(check: str, level: str, judged: Case) -> None:
    """What is seen is said under its code, as bad as it is."""
    assert level == found(judged).get(check)


@pytest.mark.parametrize(
    ("check", "judged"),
    [
        ("private_address", case("http://127.0.0.1:9470/", asked={"local": True})),
        ("private_address", case(asked={"addresses": ("198.18.0.9",)})),  # a proxy's stand-in for every name
        ("private_address", case(asked={"addresses": ()})),
        ("redirect", case("http://example.com/", hops=["https://www.example.com/"])),
        ("redirect", case("http://a.edu.cn/", hops=["https://www.a.edu.cn/x"])),
        ("redirect", case(loads=[Load(PAGE, True), Load("about:blank", False)])),
        ("login_wall", case(look=LOOK._replace(passwords=1, login_share=0.05, letters=9_000))),
        ("waits_for_click", case(media=[PLAYING, WAITING], look=LOOK._replace(buttons=("Play again",)))),
        ("autoplay", case(second=visit())),
        ("muted", case(media=[MUTED, PLAYING])),
        ("video_too_large", case(sizes=[(1920, 1080), (1080, 1920)])),
        ("webgl", case(gl=[Gl("webgl", 81.0)])),
        ("frame_refused", case(
            failed=[Failure("Document", "https://ad.example/", "ERR_BLOCKED_BY_RESPONSE")],
            look=LOOK._replace(frames=(Frame("https://ad.example/", 0.001),)),
        )),
        ("waits_for_click", case(media=[WAITING], look=LOOK._replace(buttons=("Start",)))),
        ("unreachable", case(error="Goto url error: the browser is gone", crashed=True, status=None, look=None)),
        ("reloads", case(loads=[Load(PAGE, True), Load(PAGE, True)])),
        ("login_wall", case("https://auth.example.com", loads=[Load("https://auth.example.com/", True)])),
        ("other_browser", case(media=[], look=LOOK._replace(text="Open the browser and join the class."))),
        ("other_browser", case(look=LOOK._replace(text="Please use another browser."))),
        ("resources", case(failed=[Failure("Fetch", "https://counter.example.org/", "answers 500")])),
        ("overflow", case(look=LOOK._replace(over_y=16))),
        ("fonts", case(look=LOOK._replace(scripts=("emoji",), web_fonts=1))),
        ("not_ready", case(asked={"ready_timeout_s": 0}, ready_s=None)),
        ("expiring", case(f"{PAGE}?expires={int(NOW_S) + 90_000}")),
        ("expiring", case(f"{PAGE}?expires=3600&exp=abc&t=a.b.c")),
    ],
)  # fmt: skip
def test_what_is_no_finding(check: str, judged: Case) -> None:
    """What looks like a fault and is none."""
    assert check not in found(judged)


@pytest.mark.parametrize(
    ("check", "seen"),
    [
        ("not_ready", {"ready_s": None}),
        ("blank", {"pictures": ONE_COLOUR}),
        ("unreachable", {"error": "Goto url timeout", "status": None, "look": None}),
        ("unreachable", {"error": "Goto url timeout", "look": None}),
        ("silent", {"peak": 0}),
        ("still", {"moved": STILL, "peak": 0}),
        ("not_ready", {"ready_s": 11.0}),
    ],
)
def test_a_busy_machine_is_told_from_a_bad_page(check: str, seen: dict[str, Any]) -> None:
    """What a page does not do in time is no failure of its own where others had the processors."""
    (finding,) = [one for one in judge(case(starved=True, **seen)) if one.check == check]
    assert (Level.WARN, True) == (finding.level, "machine is too busy" in finding.advice)


def test_a_page_without_a_processor_has_no_fault_but_that() -> None:
    """Nothing else is said of a page that could not be looked at."""
    assert {"heavy": "warn"} == found(case(slow=True, starved=True, look=None, ready_s=None, pictures=[], moved=[]))


def test_a_redirect_to_a_sign_in_fails() -> None:
    """TRTC follows no redirect to another site, and nobody signs in there."""
    judged = case(hops=["https://sso.corp.example.net/login"], look=LOOK._replace(passwords=1, login_share=1.0))
    assert {"redirect": "fail", "login_wall": "fail"} == found(judged)


def test_the_worst_comes_first_and_decides() -> None:
    """One failure outweighs all else; notes alone leave a page well."""
    judged = case(peak=0, pictures=ONE_COLOUR, fullscreen=True)
    levels = [finding.level for finding in judge(judged)]
    assert levels == sorted(levels, key=list(Level).index)
    assert "will_not" == verdict(judge(judged))
    assert "may_not" == verdict(judge(case(peak=0)))
    assert "well" == verdict(judge(case(fullscreen=True))) == verdict([])


TEXT = st.text(max_size=60)
URL = TEXT | st.sampled_from([PAGE, "http://[::1]/", "about:blank", "https://[", "chrome-error://chromewebdata/", "\\"])
NUMBER = st.floats() | st.integers(-(10**20), 10**20)
LOOKS = st.builds(
    Look, TEXT, TEXT, st.integers(), st.integers(), st.integers(), st.booleans(), st.integers(), NUMBER, st.integers(),
    st.booleans(), st.tuples(TEXT, TEXT), st.tuples(st.builds(Frame, URL, NUMBER)), NUMBER, TEXT, st.tuples(TEXT),
    st.integers(),
)  # fmt: skip
KINDS = st.sampled_from(["Script", "Font", "Document", ""])
MEDIA = st.builds(Media, st.booleans(), NUMBER, st.booleans(), st.integers(), st.booleans(), TEXT)
VISITS = st.builds(
    Visit,
    error=TEXT | st.sampled_from(["Goto url timeout", "net::ERR_CERT_X", "the address is a download (), not a page"]),
    status=st.none() | st.integers(0, 999), mime=TEXT, login=TEXT, hops=st.lists(URL, max_size=3),
    loads=st.lists(st.builds(Load, URL, st.booleans()), max_size=4), ready_s=st.none() | NUMBER,
    ready_again=st.booleans(), crashed=st.booleans(), stuck=st.booleans(),
    slow=st.booleans(), starved=st.booleans(), dialogs=st.lists(TEXT, max_size=5),
    popups=st.lists(URL, max_size=2), errors=st.lists(TEXT, max_size=5),
    failed=st.lists(st.builds(Failure, KINDS, URL, TEXT, TEXT), max_size=4),
    mixed=st.lists(st.builds(Mixed, URL, st.booleans()), max_size=2), connections=st.lists(TEXT, max_size=2),
    sizes=st.lists(st.tuples(st.integers(), st.integers()), max_size=3), devices=st.lists(TEXT, max_size=2),
    protected=st.lists(TEXT, max_size=2), gl=st.lists(st.builds(Gl, TEXT, NUMBER), max_size=2),
    media=st.lists(MEDIA, max_size=3),
    broken=TEXT, lost=st.none() | st.builds(Failure, KINDS, URL, TEXT, TEXT), awaited=URL,
    audio=st.lists(st.sampled_from(["running", "suspended"]), max_size=2), look=st.none() | LOOKS,
    pictures=st.lists(st.builds(Picture, NUMBER, st.integers()), max_size=3), moved=st.lists(st.integers(), max_size=2),
    picture_s=NUMBER, cores=st.floats(0, 100), peak=st.integers(0, 32_768), deaf=TEXT, refused=st.booleans(),
    woken=st.booleans(),
)  # fmt: skip
ASKED = st.builds(
    Asked, URL, st.floats(1, 600), st.integers(0, 60), st.tuples(st.integers(1, 4096), st.integers(1, 4096)),
    st.booleans(), st.tuples(TEXT), st.floats(0, 4e9),
)  # fmt: skip
CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


@settings(deadline=None, max_examples=at_most(100))
@given(asked=ASKED, first=VISITS, second=st.none() | VISITS)
def test_any_observation_is_judged(asked: Asked, first: Visit, second: Visit | None) -> None:
    """Whatever was seen: known codes, a finding once each, harmless lines, and JSON that can be written."""
    judged = Case(asked, first, second)
    findings = judge(judged)
    wants_second_visit(judged)
    assert len({finding.check for finding in findings}) == len(findings)
    assert {finding.check for finding in findings} <= set(CHECKS)
    printed = list(lines(judged, findings))
    assert not [line for line in printed if CONTROL.search(line)]
    assert printed[-1].startswith(VERDICTS[verdict(findings)])
    told: dict[str, Any] = json.loads(json.dumps(document(judged, findings, None)))
    assert [finding.to_dict() for finding in findings] == told["findings"]


@given(st.lists(st.builds(Finding, TEXT, st.sampled_from(Level), TEXT, TEXT), max_size=5))
def test_a_verdict_for_any_findings(findings: list[Finding]) -> None:
    """It fails exactly where a finding does."""
    assert (verdict(findings) == "will_not") == any(one.level is Level.FAIL for one in findings)
