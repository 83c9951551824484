"""What the doctor asks of others: TRTC, the functions' addresses, receivers; and whether our own keys sign."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence

from shared.doctor import Finding, fail, ok, warn
from shared.domain import keys
from shared.domain.callbacks import parse_callback
from shared.domain.errors import (
    ConfigurationError,
    RecorderBusy,
    RecorderError,
    StoreError,
    TaskNotFound,
)
from shared.domain.notify_hosts import check_notify_url
from shared.domain.signature import sign, verify
from shared.ports import HttpProbe, ObjectStore, Recorder

UNKNOWN_TYPE = 899
"""An event type that TRTC does not document: it is kept, and changes nothing."""
_LACKS = "the role's policy lacks name/trtc:DescribeWebRecord: docs/deploy-by-hand.md, step 3"
_TRTC_ADVICE = (
    ("UnauthorizedOperation", _LACKS),
    ("AuthFailure.UnauthorizedOperation", _LACKS),
    ("AuthFailure.SignatureExpire", "the clock is wrong: set it by NTP"),
    ("AuthFailure", "the credentials are not accepted: are they current, and of this site's account?"),
    ("FailedOperation.SdkAppIdNotUnderAppId", "it is another account's: correct WEBRECORD_SDK_APP_ID"),
    ("", "docs/deploy-by-hand.md, step 1, has what TRTC wants"),
)


def trtc(recorder: Recorder, sdk_app_ids: Sequence[int], name: str) -> Finding:
    """TRTC knows our credentials and SdkAppIds: of a task that can't exist it says just that."""
    for sdk_app_id in sdk_app_ids:
        try:
            recorder.describe(sdk_app_id, f"doctor-{name}")
        except TaskNotFound:
            continue
        except RecorderBusy as error:
            if error.answered:
                return warn(f"is busy ({error.code}): ask again later")
            return fail(f"did not answer ({error.code}): is the network open, and WEBRECORD_TRTC_ENDPOINT right?")
        except RecorderError as error:
            advice = next(advice for begins, advice in _TRTC_ADVICE if error.code.startswith(begins))
            return fail(f"SdkAppId {sdk_app_id}: {error}: {advice}")
        return warn(f"SdkAppId {sdk_app_id}: knows a task that was never started: is WEBRECORD_TRTC_ENDPOINT TRTC's?")
    return ok(f"answers for {', '.join(map(str, sdk_app_ids))}")


def callback_keys(keys: Sequence[str]) -> Finding:
    """What each key signs is accepted, what another one signs is not."""
    body = b'{"EventGroupId":\t8}\n'
    for number, key in enumerate(keys, 1):
        if not verify(keys, body, sign(key, body)) or verify(keys, body + b" ", sign(key, body)):
            return fail(f"key {number} does not verify what it signs")
    return ok(f"{len(keys)} in use; each verifies what it signs")


def callback_url(
    http: HttpProbe, url: str, keys: Sequence[str], sdk_app_id: int, store: ObjectStore, now_ms: int, name: str
) -> Finding:
    """The callback function keeps a signed callback, in this bucket, and refuses one that is signed wrongly."""
    info = {"EventMsTs": now_ms, "TaskId": f"doctor-{name}", "Payload": {}}
    event = {"EventGroupId": 8, "EventType": UNKNOWN_TYPE, "CallbackTs": now_ms, "EventInfo": info}
    body = json.dumps(event).encode()
    sent = {"Content-Type": "application/json", "SdkAppId": str(sdk_app_id)}
    wrong = sign(f"not-{keys[0]}", body)
    status, _ = http.send("POST", url, {**sent, "Sign": wrong}, body)
    if status != 401:
        return fail(f"a callback that is signed wrongly is answered {status}, not 401: is it the callback function?")
    try:
        _taken_away(store, body)  # nothing is left by one who could not take it away
        try:
            status, said = http.send("POST", url, {**sent, "Sign": sign(keys[0], body)}, body)
        finally:
            kept = _taken_away(store, body)
    except (StoreError, ConfigurationError) as error:
        return warn(f"refuses a wrong callback; the signed test callback could not be deleted: {error}")
    if status == 401:
        return fail("a signed callback is answered 401: it has other WEBRECORD_CALLBACK_KEYS, or WEBRECORD_SDK_APP_ID")
    if status != 200 or not _is_code_0(said):
        return fail(f"a signed callback is answered {status}: the function's log says why")
    if not kept:
        return warn(f"answers 200, but the callback is not in this bucket: delete tasks/doctor-{name}/ where it is")
    return ok("keeps a signed callback, refuses a wrong one")


def api_url(http: HttpProbe, url: str, token: str | None, name: str, *, anonymous: bool) -> Finding:
    """The API turns away who has no token, and answers who has one."""
    target = f"{url.rstrip('/').removesuffix('/recordings')}/recordings/doctor-{name}"
    without, _ = http.send("GET", target, {})
    if anonymous:
        opened = without in (200, 404)
        return warn("is open to everyone (anonymous)") if opened else fail(f"answers {without} to everyone")
    if without != 401:
        return fail(f"answers {without} without a token, not 401: is it the recordings function?")
    if token is None:
        return warn("refuses every call: WEBRECORD_API_TOKENS is empty")
    status, _ = http.send("GET", target, {"Authorization": f"Bearer {token}"})
    if status == 401:
        return fail("answers 401 with our token: it has other WEBRECORD_API_TOKENS; deploy again")
    if status not in (200, 404):
        return fail(f"answers {status} with a token: the function's log says why")
    return ok("401 without a token, an answer with one")


def notify(url: str | None, hosts: Sequence[str], check_secret: Callable[[], None]) -> Finding:
    """Whoever is to be told may be told, signed; `check_secret` raises NotificationError where nothing can be."""
    if not hosts and not url:
        return ok("no notifications are sent (WEBRECORD_NOTIFY_HOSTS is empty)")
    try:
        if url:
            check_notify_url(url, hosts)
        check_secret()
    except ValueError as error:
        return fail(f"WEBRECORD_NOTIFY_URL: {error}")
    return ok("hosts are allowed, the secret signs")


def _taken_away(store: ObjectStore, body: bytes) -> bool:
    """Delete what the callback function stored of this callback; tell whether there was something."""
    callback = parse_callback(body)
    key = f"{keys.task_facts(callback.task_key)}{callback.name}.json"
    there = store.get(key) is not None
    store.delete(key)
    return there


def _is_code_0(said: str) -> bool:
    try:
        return bool(json.loads(said) == {"code": 0})
    except ValueError:
        return False
