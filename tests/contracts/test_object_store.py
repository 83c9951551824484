"""What every ObjectStore promises: proved on the fake and, through the official SDK, on the local COS."""

from __future__ import annotations

import json
import uuid
from random import Random

import pytest

from local import guide
from local.config import BUCKET, REGION
from shared.adapters.cos import CosStore
from shared.adapters.wire import Deadline
from shared.domain.errors import StoreError
from shared.ports import ListedObject, ObjectStore
from testing.bucket import Bucket
from testing.ports import Calls, TimedStore
from testing.strikes import Strikes
from testing.timeline import Process, Timeline
from tests.cloud import RunningCloud


def cos_store(running: RunningCloud, prefix: str, **replaced: object) -> CosStore:
    """Return the real adapter against the local COS, under a prefix of its own."""
    keys = running.cloud.keys
    arguments = {
        "bucket": BUCKET,
        "region": REGION,
        "prefix": prefix,
        "endpoint": running.cloud.address.cos,
        "credentials": lambda: (keys.role_id, keys.role_key, keys.role_token),
        **replaced,
    }
    return CosStore(**arguments)  # type: ignore[arg-type]  # replaced by tests at will


def timed_store() -> TimedStore:
    """Return the model behind what the simulation puts before it."""
    timeline = Timeline(0)
    calls = Calls(timeline, Process("contract"), Random(1), {}, Strikes(1), lambda: None)
    return TimedStore(Bucket(), calls, Deadline(clock=lambda: timeline.now / 1000))


@pytest.fixture
def folder() -> str:
    """The prefix of a test's own in the bucket of the local cloud."""
    return f"contract/{uuid.uuid4().hex}"


@pytest.fixture(params=["memory", "paged", "timed", "cos"])
def store(request: pytest.FixtureRequest, folder: str) -> ObjectStore:
    if request.param == "timed":
        return timed_store()
    if request.param != "cos":
        return Bucket(page_size=1_000 if request.param == "memory" else 3)
    return cos_store(request.getfixturevalue("running"), folder)


def test_what_was_put_is_read_back_byte_for_byte(store: ObjectStore) -> None:
    """Bytes and metadata survive as they are, whatever the bytes."""
    body = bytes(range(256)) * 4
    store.put("a/b.bin", body, {"received-ms": "17", "sign": "a+b/c="})
    stored = store.get("a/b.bin")
    assert stored is not None
    assert (body, {"received-ms": "17", "sign": "a+b/c="}) == (stored.body, dict(stored.metadata))


def test_a_range_is_read_of_the_object_that_was_meant(store: ObjectStore) -> None:
    """Bytes from an offset on, fewer at the end; an error where it is not there or another one by now."""
    assert isinstance(store, Bucket | TimedStore | CosStore)
    store.put("film.mp4", bytes(range(100)))
    first = store.part("film.mp4", 10, 5, None)
    assert (bytes(range(10, 15)), True) == (first.body, bool(first.etag))
    assert bytes(range(90, 100)) == store.part("film.mp4", 90, 50, first.etag).body
    store.put("film.mp4", bytes(100))
    with pytest.raises(StoreError):
        store.part("film.mp4", 10, 5, first.etag)
    with pytest.raises(StoreError):
        store.part("gone.mp4", 0, 5, None)


def test_an_absent_object_is_none(store: ObjectStore) -> None:
    """A missing key is an answer, not an error."""
    assert store.get("nothing/here") is None


def test_an_empty_object_is_an_object(store: ObjectStore) -> None:
    """Markers have no content and are there all the same."""
    store.put("open/x", b"")
    stored = store.get("open/x")
    assert stored is not None
    assert stored.body == b""


def test_put_replaces(store: ObjectStore) -> None:
    """The last write is what is read."""
    store.put("doc", b"1")
    store.put("doc", b"22")
    assert b"22" == (store.get("doc") or pytest.fail("gone")).body


def test_create_only_succeeds_once(store: ObjectStore) -> None:
    """The second create says so and changes nothing."""
    assert store.create("once", b"first") is True
    assert store.create("once", b"second") is False
    assert b"first" == (store.get("once") or pytest.fail("gone")).body


def test_delete_is_idempotent(store: ObjectStore) -> None:
    """Deleting what is not there is fine."""
    store.put("gone", b"x")
    store.delete("gone")
    store.delete("gone")
    assert store.get("gone") is None


def test_create_keeps_metadata(store: ObjectStore) -> None:
    """What is written once may say when it came."""
    assert store.create("once", b"x", {"received-ms": "17"})
    assert {"received-ms": "17"} == dict((store.get("once") or pytest.fail("gone")).metadata)


def test_many_are_deleted_at_once(store: ObjectStore) -> None:
    """Those that are there; none that was not named; nothing to delete is fine, too."""
    names = [f"d/{n}" for n in range(1000)]
    for name in ("d/0", "d/1 二+.json", "d/999", "e/0"):
        store.put(name, b"x")
    store.delete_many([])
    store.delete_many([*names[1:], "d/1 二+.json"])
    assert ["d/0", "e/0"] == [item.key for prefix in ("d/", "e/") for item in store.list(prefix)]


def test_list_is_in_key_order_within_its_prefix(store: ObjectStore) -> None:
    """Keys ascend, other prefixes are left out, sizes are bytes."""
    for key in ("p/c", "p/a", "q/z", "p/b", "p"):
        store.put(key, key.encode())
    assert [ListedObject(f"p/{c}", 3) for c in "abc"] == list(store.list("p/"))


def test_list_goes_on_behind_a_key(store: ObjectStore) -> None:
    """`after` and `limit` page through."""
    for n in range(7):
        store.put(f"n/{n}", b"")
    assert ["n/3", "n/4"] == [item.key for item in store.list("n/", after="n/2", limit=2)]


@pytest.mark.long
def test_list_pages_through_more_than_one_answer_holds(
    store: ObjectStore, folder: str, request: pytest.FixtureRequest
) -> None:
    """COS gives at most 1,000 keys a page; the caller sees all of them once."""
    keys = [f"many/{n:05d}" for n in range(1003)]
    if isinstance(store, CosStore):  # a thousand signed requests would say nothing about lists
        running: RunningCloud = request.getfixturevalue("running")
        running.call(lambda: [running.cloud.store.put(BUCKET, f"{folder}/{key}", b"") for key in keys])
    else:
        for key in keys:
            store.put(key, b"")
    assert keys == [item.key for item in store.list("many/")]


@pytest.mark.parametrize(
    "key", ["tasks/Vfn~2BFlM/facts/1-2.json", "a/课程 一.json", "a/b=c*d+e&f?g#h%41.json", "a/x./y", "a/~none"]
)
def test_any_key_is_itself(store: ObjectStore, key: str) -> None:
    """Keys with the characters that TaskIds and job names hold come back from GET and LIST as they are."""
    store.put(key, key.encode())
    assert key.encode() == (store.get(key) or pytest.fail("gone")).body
    assert key in [item.key for item in store.list(key[:2])]


class TestCosStore:
    """What only the real adapter can show."""

    def test_wrong_keys_are_a_store_error(self, running: RunningCloud) -> None:
        """A signature that COS refuses is an error with COS's code, never 'absent'."""
        store = cos_store(running, "x", credentials=lambda: ("AKIDnobody", "wrong", None))
        with pytest.raises(StoreError, match="403 InvalidAccessKeyId"):
            store.get("a")

    def test_keys_are_asked_for_at_every_call(self, running: RunningCloud) -> None:
        """Rotated role keys work from the next call on."""
        keys = running.cloud.keys
        current: list[tuple[str, str, str | None]] = [("AKIDold", "old", "old")]
        store = cos_store(running, "rotation", credentials=lambda: current[0])
        with pytest.raises(StoreError):
            store.put("a", b"1")
        current[0] = (keys.role_id, keys.role_key, keys.role_token)
        store.put("a", b"1")
        assert store.get("a") is not None

    def test_a_role_that_may_not_delete_many_deletes_one_by_one(self, running: RunningCloud) -> None:
        """A policy of an older guide allows DeleteObject alone."""
        store, accounts = cos_store(running, "one-by-one"), running.cloud.accounts
        for name in ("a", "b", "c"):
            store.put(name, b"x")
        role, before = accounts.roles[guide.ROLE], accounts.roles[guide.ROLE].policies.now
        role.policies.settled({})
        actions, resource = ["cos:DeleteObject", "cos:GetBucket"], f"qcs::cos:::{BUCKET}/one-by-one/*"
        statement = {"effect": "allow", "action": actions, "resource": resource}
        policy = accounts.add_policy("one-by-one", json.dumps({"version": "2.0", "statement": statement}), settled=True)
        accounts.attach(role, policy, settled=True)
        try:
            store.delete_many(["a", "b"])
            assert ["c"] == [item.key for item in store.list("")]
        finally:
            role.policies.settled(before)

    def test_nobody_there_is_a_store_error(self, running: RunningCloud) -> None:
        """A refused connection is the same error as any other failure of storage."""
        with pytest.raises(StoreError, match="COS GET a"):
            cos_store(running, "x", endpoint="http://127.0.0.1:9").get("a")

    def test_no_call_begins_when_no_time_is_left(self, running: RunningCloud) -> None:
        """The deadline counts over all calls of an invocation."""
        now = [100.0]
        deadline = Deadline(per_call_s=2.0, clock=lambda: now[0])
        store = cos_store(running, "deadline", deadline=deadline)
        deadline.start(3.0)
        store.put("a", b"1")
        now[0] += 2.99
        with pytest.raises(StoreError, match="no time is left"):
            store.put("b", b"1")

    def test_a_missing_bucket_is_not_a_missing_object(self, running: RunningCloud) -> None:
        """A deployment with a wrong bucket name fails loudly instead of finding nothing for ever."""
        running.call(lambda: setattr(running.cloud.cos_settings, "create_buckets", False))
        try:
            with pytest.raises(StoreError, match="NoSuchBucket"):
                cos_store(running, "x", bucket="absent-1250000000").get("a")
        finally:
            running.call(lambda: setattr(running.cloud.cos_settings, "create_buckets", True))
