"""What the doctor looks at in the bucket: what the role, and the key that TRTC uploads with, may do there.

A check is a function over ports that returns what it found; what it puts for that, it takes away again. It need not
catch what is raised: whoever runs it makes a finding of that, see `explained`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from shared.doctor import NOT_ACCEPTED, POLICY, Finding, explained, fail, ok, warn
from shared.domain.errors import (
    StoreError,
    StoreRefused,
)
from shared.ports import ObjectStore, ProbedStore

CLOCK_WARN_S = 60
CLOCK_FAIL_S = 300
"""TRTC's signatures expire then (API 3.0, "Signature v3")."""
WOKEN_EVERY_S = 0.5
UPLOAD_KEY = "check the upload key's policy, and WEBRECORD_STORAGE_SECRET_ID and -KEY"
Clock = Callable[[], float]
BODY = b"written by the doctor; may be deleted\n"


def credentials(store: ObjectStore) -> Finding:
    """The credentials are COS's to accept; what they may do is another check's."""
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


def woken(store: ObjectStore, name: str, patience_s: float, clock: Clock, sleep: Callable[[float], None]) -> Finding:
    """A wake comes to reconcile: it deletes what it handled, and of a recording that nobody started does no more."""
    key = f"wake/doctor-{name}"
    with _gone_afterwards(store, key):
        store.put(key, b"")
        until = clock() + patience_s
        while clock() < until:
            sleep(WOKEN_EVERY_S)
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
    """The key that TRTC uploads with can add a film, which the role's credentials (`store`) take away again."""
    # No recording's: theirs are a folder deeper. One name, for the role may be denied deletion.
    key = "files/doctor.txt"
    try:
        _denied(lambda: store.delete(key))  # nothing is put by one who could not even try to take it away
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


def _denied(attempt: Callable[[], object]) -> bool:
    try:
        attempt()
    except StoreRefused as error:
        if error.code == "AccessDenied":
            return True
        raise
    return False


def _deleted(store: ObjectStore, key: str) -> bool:
    try:
        store.delete(key)
    except StoreError:
        return False
    return True


@contextmanager
def _gone_afterwards(store: ObjectStore, key: str) -> Iterator[None]:
    try:
        yield
    except BaseException:
        with suppress(StoreError):  # what went wrong before says more
            store.delete(key)
        raise
    store.delete(key)
