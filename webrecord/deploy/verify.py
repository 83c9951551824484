"""Verify a deployment, and list the steps that only a person can do."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import ssl
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import httpx

from webrecord.deploy.cloud import Cloud
from webrecord.deploy.errors import ApiError
from webrecord.proxies import is_this_machine
from webrecord.seen import told
from webrecord.waiting import Change
from webrecord.words import t

TIMEOUT_S = 30
DOCTOR_PAUSES_S = (3, 5, 8, 12)
"""Before the doctor is asked again: rights, triggers and a first cold start take their time to be there."""
CHECK = {
    "EventGroupId": 8,
    "EventType": 803,
    "EventInfo": {"EventMsTs": 1700000000000, "TaskId": "deploy-check", "Payload": {"Status": 1}},
    "CallbackTs": 1700000000000,
}
"""The same bytes each time, so that checks leave one small object, however often they are made."""


Rest = Callable[[str, float], None]
"""Waits so many seconds before it is asked again; told why."""


class Finding(NamedTuple):
    """One check: its name, whether it is well, and what was seen or what to do."""

    name: str
    ok: bool
    line: str


def verify(
    cloud: Cloud,
    reconcile: str,
    addresses: Mapping[str, str | None],
    values: Mapping[str, str],
    build: str = "",
    *,
    sleep: Callable[[float], None] = time.sleep,
    tell: Change = lambda _line: None,
) -> Iterator[Finding]:
    """Yield what the doctor in the function finds wrong, which version is live, and what the two addresses answer.

    `build` is that of the packages; "" where they do not say it. `tell` is told what is asked again, and why.
    """

    def rest(why: str, pause_s: float) -> None:
        tell(t("{why}; trying again in {pause_s:g} s", why=why, pause_s=pause_s))
        sleep(pause_s)

    found = _doctor(cloud, reconcile, build)
    for pause in DOCTOR_PAUSES_S:
        if all(one.ok for one in found):
            break
        rest("; ".join(f"{one.name}{t(': ')}{one.line}" for one in found if not one.ok), pause)
        found = _doctor(cloud, reconcile, build)
    yield from found
    for key in ("recordings", "callback"):
        if not addresses.get(key):
            yield Finding(
                t("address of {key}", key=key),
                False,
                t("it has no Function URL yet; run `webrecord deploy status` later"),
            )
    if url := addresses.get("callback"):
        yield from _callback(url, values, rest)
    if url := addresses.get("recordings"):
        token = values.get("WEBRECORD_API_TOKENS", "").split(",")[0].partition(":")[2]
        yield _expected(t("API without a token"), 401, lambda: httpx.get(f"{url}/recordings", **_how(url)), rest)
        if token:
            headers = {"Authorization": f"Bearer {token}"}
            ask = lambda: httpx.get(f"{url}/recordings?limit=1", headers=headers, **_how(url))  # noqa: E731
            yield _expected(t("API with the first token"), 200, ask, rest)


def _doctor(cloud: Cloud, reconcile: str, build: str) -> list[Finding]:
    name = t("doctor, inside the function")
    try:
        answer = cloud.call(
            "scf", "InvokeFunction", FunctionName=reconcile, Event='{"doctor": true}', Qualifier="$DEFAULT"
        )
        report = json.loads(answer["Result"]["RetMsg"])
        if isinstance(report, dict) and "findings" not in report and report.get("errorMessage"):
            return [Finding(name, False, t("it failed: {error}", error=str(report["errorMessage"])[:300]))]
        findings = report["findings"] if isinstance(report, dict) else report
        wrong = [one for one in findings if one.get("level") == "fail"]
        live = _live(cloud, reconcile, report, build)
        if not wrong:
            return [Finding(name, True, t("{count} checks", count=len(findings))), live]
        found = [(t("doctor: {check}", check=one.get("check")), told(str(one.get("seen")))) for one in wrong]
        return [*(Finding(check, False, line) for check, line in found), live]
    except ApiError as error:
        return [Finding(name, False, f"{error.code}: {error}")]
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        return [
            Finding(name, False, t("its answer can't be read: {name}: {error}", name=type(error).__name__, error=error))
        ]


def _live(cloud: Cloud, reconcile: str, report: object, build: str) -> Finding:
    """Tell which version answers: what it says itself, else what SCF has written of its code."""
    name, said = t("live version"), report if isinstance(report, Mapping) else {}
    answers = said.get("build")
    if answers and build and answers != build:
        line = t("build {answers} answers, build {build} is deployed", answers=answers, build=build)
        return Finding(name, False, line)
    if answers:
        return Finding(name, True, t("release {release}, build {build}", release=said.get("release"), build=answers))
    try:
        found = cloud.call("scf", "GetFunction", FunctionName=reconcile, ShowCode="FALSE")
    except ApiError as error:
        return Finding(name, False, f"{error.code}: {error}")
    line = t("{described}, as SCF describes it: it does not say its build", described=found.get("Description"))
    return Finding(name, True, line)


def _callback(url: str, values: Mapping[str, str], rest: Rest) -> Iterator[Finding]:
    body = json.dumps(CHECK, separators=(",", ":")).encode()
    app = values.get("WEBRECORD_SDK_APP_ID", "").split(",")[0].strip()
    key = values.get("WEBRECORD_CALLBACK_KEYS", "").split(",")[0].strip()
    signature = base64.b64encode(hmac.new(key.encode(), body, hashlib.sha256).digest()).decode()
    headers = {"Content-Type": "application/json", "SdkAppId": app}
    for name, status, sign in (
        (t("a callback with a wrong signature"), 401, "wrong"),
        (t("a signed callback"), 200, signature),
    ):
        post = lambda sign=sign: httpx.post(  # noqa: E731
            url, content=body, headers={**headers, "Sign": sign}, **_how(url)
        )
        yield _expected(name, status, post, rest)


def _how(url: str) -> dict[str, Any]:
    """Return how an address is asked: what is on this machine through no proxy."""
    here = is_this_machine(urlsplit(url).hostname or "")
    return {"timeout": TIMEOUT_S, "trust_env": not here, "verify": _trusted() if here else True}


@cache
def _trusted() -> ssl.SSLContext:
    """Return whom a browser trusts; read once: it takes longer than most tries."""
    return httpx.create_ssl_context(trust_env=False)


def _expected(name: str, status: int, ask: Callable[[], httpx.Response], rest: Rest, tries: int = 4) -> Finding:
    """Ask, again while the address or the role is too new to work."""
    seen = ""
    for attempt in range(tries):
        try:
            answer = ask()
            if answer.status_code == status:
                return Finding(name, True, f"{status}")
            seen = t(
                "{status_code} instead of {status}: {value}",
                status_code=answer.status_code,
                status=status,
                value=answer.text[:200],
            )
        except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:  # an address or a token that can't be one
            seen = t("no answer: {error}", error=error)
        if attempt < tries - 1:
            rest(f"{name}{t(': ')}{seen}", 3)
    return Finding(name, False, seen)


def left_to_do(callback_url: str | None, site: str, silent_alarms: Sequence[str] = ()) -> list[str]:
    """Return the steps for the consoles, with the values to enter; the key is named by its place, not shown."""
    console = "console.trtc.io" if site == "international" else "console.cloud.tencent.com/trtc"
    callback = t(
        "In the TRTC console ({console}) → your application → callback configuration → recording callback:"
        " URL {callback_url}, key: the first of WEBRECORD_CALLBACK_KEYS in .env",
        console=console,
        callback_url=callback_url or t("(run `webrecord deploy outputs`)"),
    )
    package = t(
        "In the TRTC console: buy a package with web page recording for the application; without it TRTC refuses"
        " every start with FailedOperation.NotAbility"
    )
    alarms = t(
        "{count} alarms have no receiver: create a notification channel group with receivers in the CLS"
        " console, then add --alarm-notice <its name>",
        count=len(silent_alarms),
    )
    return [callback, package, *([alarms] if silent_alarms else [])]
