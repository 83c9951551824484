"""The doctor's checks of others: the bucket and its two keys, TRTC, the functions' addresses, receivers.

Each deletes what it puts, and returns its finding; what it raises becomes one, too: see `explained`."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress

from shared.doctor import NOT_ACCEPTED, POLICY, TRTC_ADVICE, Finding, explained, fail, ok, warn
from shared.domain import keys
from shared.domain.callbacks import parse_callback
from shared.domain.errors import (
    ConfigurationError,
    RecorderBusy,
    RecorderError,
    StoreError,
    StoreRefused,
    TaskNotFound,
)
from shared.domain.notify_hosts import check_notify_url
from shared.domain.signature import sign, verify
from shared.ports import HttpProbe, ObjectStore, ProbedStore, Recorder

CLOCK_WARN_S, CLOCK_FAIL_S = 60, 300  # TRTC's signatures expire after the second (API 3.0, "Signature v3")
UPLOAD_KEY = "check the upload key's policy, and WEBRECORD_STORAGE_SECRET_ID and -KEY"
BODY = b"written by the doctor; may be deleted\n"
UNKNOWN_TYPE = 899  # TRTC documents none such: it is kept, and changes nothing


def credentials(store: ObjectStore) -> Finding:
    """COS accepts the credentials; other checks say what they may do."""
    try:
        next(store.list("doctor/", limit=1), None)
    except StoreRefused as error:
        if error.code in NOT_ACCEPTED:
            raise
        return ok(f"COS knows them ({error.code})")
    return ok("COS accepts them")


def clock(store: ProbedStore) -> Finding:
    """Our clock is the bucket's, or signatures expire before they arrive."""
    ahead = store.clock_ahead_s()
    if ahead is None:
        return warn("not known: COS's answer named no time")
    said = f"{abs(ahead):.0f} s {'ahead of' if ahead > 0 else 'behind'} COS's"
    if abs(ahead) <= CLOCK_WARN_S:
        return ok(f"within {CLOCK_WARN_S} s of COS's")
    if abs(ahead) <= CLOCK_FAIL_S:
        return warn(f"{said}: set it by NTP; from {CLOCK_FAIL_S} s on calls are refused")
    return fail(f"{said}: calls are refused as expired; set it by NTP")


def region(bucket_region: str, function_region: str | None) -> Finding:
    """The COS trigger works in the functions' region alone, and traffic within it costs nothing."""
    if not function_region:
        return warn(f"the bucket's is {bucket_region}; the functions' is not known outside of them")
    if function_region != bucket_region:
        return fail(f"the function is in {function_region}, the bucket in {bucket_region}: deploy into the bucket's")
    return ok(bucket_region)


def reachable(store: ObjectStore, name: str) -> Finding:
    """An object can be put, read, listed and deleted under the prefix."""
    key = f"doctor/{name}"
    with _gone_afterwards(store, key):
        store.put(key, BODY)
        if (stored := store.get(key)) is None or stored.body != BODY:
            return fail("an object that was just put is not what is read: does something else write here?")
        next(store.list("doctor/", limit=1), None)  # it may be missing from the listing: eventual
    return ok("put, read, listed and deleted an object under the prefix")


def versioning(store: ProbedStore) -> Finding:
    """The bucket never had versioning."""
    try:
        status = store.versioning()
    except StoreRefused as error:
        if error.code != "AccessDenied":
            raise
        return warn("may not be asked: give the role name/cos:GetBucketVersioning; forbid-overwrite was tried")
    if status:
        return fail(f"{status}: create-only writes are ignored for ever; use a bucket that never had versioning")
    return ok("never switched on")


def forbid_overwrite(store: ObjectStore, name: str) -> Finding:
    """A second create of one key is refused."""
    key = f"doctor/{name}"
    with _gone_afterwards(store, key):
        store.create(key, BODY)
        second = store.create(key, BODY)
    if second:
        return fail("a second create replaced the first: did the bucket ever have versioning? Use one that never had")
    return ok("a second create was refused")


def woken(
    store: ObjectStore, name: str, patience_s: float, clock: Callable[[], float], sleep: Callable[[float], None]
) -> Finding:
    """Reconcile is invoked for a wake, and deletes it."""
    key = f"wake/doctor-{name}"
    with _gone_afterwards(store, key):
        store.put(key, b"")
        until = clock() + patience_s
        while clock() < until:
            sleep(0.5)
            if store.get(key) is None:
                return ok("a wake was handled")
    return warn(
        f"a wake was not handled within {patience_s:g} s, so what is due at once waits for the timer: is reconcile "
        "deployed, with a COS trigger whose prefix is <WEBRECORD_PREFIX>/wake/ (docs/deploy.md)?"
    )


def role_list(whole: ObjectStore, prefix: str) -> Finding:
    """The role sees nothing beside the prefix."""
    if _denied(lambda: next(whole.list("", limit=1), None)):
        return ok(f"listing outside {prefix}/ is denied")
    return warn(f"may list all of the bucket: name/cos:GetBucket needs {prefix}/* alone, unless listing fails with it")


def role_put(whole: ObjectStore, prefix: str, name: str, *, temporary: bool) -> Finding:
    """The role writes nothing beside the prefix; only a role's credentials are `temporary`, others may be anybody's."""
    key = f"scf-webrecord-doctor-{name}"
    if _denied(lambda: whole.put(key, BODY)):
        return ok(f"writing outside {prefix}/ is denied")
    left = "" if _deleted(whole, key) else f"; delete {key} by hand"
    if temporary:
        return fail(f"may write outside {prefix}/: {POLICY}{left}")
    return warn(f"these credentials may write outside {prefix}/: fine if they are yours and not the role's{left}")


def upload_key(uploads: ObjectStore, store: ObjectStore) -> Finding:
    """The key that TRTC uploads with can add a film, which the role's credentials (`store`) delete again."""
    # No recording's: theirs are a folder deeper. One name, for the role may be denied deletion.
    key = "files/doctor.txt"
    try:
        _denied(lambda: store.delete(key))  # nothing is put where a deletion could not even be tried
    except StoreError as error:
        return warn(f"not tried, for the role could not take a film away again: {error}")
    try:
        uploads.put(key, BODY)
    except StoreError as error:
        return explained(error, UPLOAD_KEY)
    if not _deleted(store, key):
        return ok(f"may put under files/; {key} is left there, for the role may not delete it")
    return ok("may put under files/")


def upload_key_limits(uploads: ObjectStore, store: ObjectStore, name: str) -> Finding:
    """The key that TRTC uploads with can do nothing else: TRTC gets it with every start."""
    film, other = f"files/doctor-{name}.txt", f"doctor/{name}"
    tries: dict[str, Callable[[], object]] = {
        "read": lambda: uploads.get(film),
        "list": lambda: next(uploads.list("files/", limit=1), None),
        "delete": lambda: uploads.delete(film),
        "put outside files/": lambda: uploads.put(other, BODY),
    }
    try:
        allowed = [what for what, attempt in tries.items() if not _denied(attempt)]
    except StoreError as error:
        return explained(error, UPLOAD_KEY)
    finally:
        _deleted(store, other)
    if allowed:
        return fail(f"may {', '.join(allowed)}: TRTC gets this key with every start; {POLICY}")
    return ok("may not read, list, delete, or put outside files/")


def trtc(recorder: Recorder, sdk_app_ids: Sequence[int], name: str) -> Finding:
    """TRTC knows our credentials and SdkAppIds: it answers that a task which can't exist does not."""
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
            advice = next(advice for begins, advice in TRTC_ADVICE if error.code.startswith(begins))
            return fail(f"SdkAppId {sdk_app_id}: {error}: {advice}")
        return warn(f"SdkAppId {sdk_app_id}: knows a task that was never started: is WEBRECORD_TRTC_ENDPOINT TRTC's?")
    return ok(f"answers for {', '.join(map(str, sdk_app_ids))}")


def callback_keys(keys: Sequence[str]) -> Finding:
    """Each key verifies what it signs, and nothing else."""
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
    status, _ = http.send("POST", url, {**sent, "Sign": sign(f"not-{keys[0]}", body)}, body)
    if status != 401:
        return fail(f"a callback that is signed wrongly is answered {status}, not 401: is it the callback function?")
    try:
        _taken_away(store, body)  # nothing is sent where it could not be deleted
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
    """The API refuses a call without a token, and answers one with ours."""
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
    """Receivers are allowed, and `check_secret` does not raise NotificationError: notifications can be signed."""
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
    """Delete what the callback function stored of this callback; return True if there was something."""
    callback = parse_callback(body)
    key = f"{keys.task_facts(callback.task_key)}{callback.name}.json"
    there = store.get(key) is not None
    store.delete(key)
    return there


def _is_code_0(said: str) -> bool:
    with suppress(ValueError):
        return bool(json.loads(said) == {"code": 0})
    return False


def _denied(attempt: Callable[[], object]) -> bool:
    try:
        attempt()
    except StoreRefused as error:
        if error.code == "AccessDenied":
            return True
        raise
    return False


def _deleted(store: ObjectStore, key: str) -> bool:
    with suppress(StoreError):
        store.delete(key)
        return True
    return False


@contextmanager
def _gone_afterwards(store: ObjectStore, key: str) -> Iterator[None]:
    try:
        yield
    except BaseException:
        with suppress(StoreError):  # the first error says more
            store.delete(key)
        raise
    store.delete(key)
