"""Places: where films lie, whose they are, and what our role does there; what is allowed is asked when it is used."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.domain.detail import detail
from shared.domain.errors import CallerMustRetry, RecorderBusy, StoreRefused
from shared.domain.evidence import Evidence
from shared.domain.reasons import Code
from shared.domain.refusals import refusal
from shared.domain.states import State
from shared.ports import ListedObject, StoredObject
from shared.store.stored import accepted_of
from shared.usecases.read import show
from shared.usecases.remove import remove
from shared.usecases.tasks import task_of_files
from tests.examples import at_most
from tests.fakes import MemoryFiles
from tests.shared.usecases.test_read import finished, reading
from tests.shared.usecases.ticking import HOOK, MINUTE_MS, Site
from tests.world import CALLER_STORAGE, POLICY, World

BUCKET = POLICY.bucket
FOLDER = st.lists(st.sampled_from(["victim", "attack", "files", "webrecord", "open", "a"]), max_size=4)


class RoleFiles(MemoryFiles):
    """The bucket as the documented role sees it: `webrecord/*`, nothing beside it."""

    def _check(self, key: str) -> None:
        if not key.startswith("webrecord/"):
            raise StoreRefused(f"of {key}", 403, "AccessDenied")

    def list(self, prefix: str, after: str = "", limit: int | None = None) -> Iterator[ListedObject]:
        self._check(prefix)
        return super().list(prefix, after, limit)

    def get(self, key: str) -> StoredObject | None:
        self._check(key)
        return super().get(key)

    def delete_many(self, keys: Any) -> None:
        for key in keys:
            self._check(key)
        super().delete_many(keys)


def begun(world: World, key: str, **fields: Any) -> tuple[str, str]:
    """Start a recording; return its TaskId and the folder that TRTC was given."""
    task_id = world.start(key, **fields).recording.task_id or ""
    return task_id, "/".join(world.trtc.started[-1]["StorageParams"]["CloudStorage"]["FileNamePrefix"])


@settings(max_examples=at_most(40), deadline=None)
@given(FOLDER)
def test_films_lie_below_our_films_with_the_recordings_own_id(prefix: list[str]) -> None:
    """Whatever a caller's prefix says: not among markers, jobs, documents, or in another's folder."""
    folder = begun(World(), "mine", **({"prefix": prefix} if prefix else {}))[1]
    assert "/".join(["webrecord", "files", *prefix, "mine"]) == folder


@pytest.mark.parametrize("prefix", ["classes/4711", "victim", "webrecord/files/victim"])
def test_the_documented_role_suffices(prefix: str) -> None:
    """A recording with a prefix is read, its film signed with its size, and deleted."""
    world, films = World(), RoleFiles()
    task_id = finished(world, prefix=prefix)
    films.put(f"webrecord/files/{prefix}/k1/{task_id}/film.mp4", b"picture")
    told = show("k1", reading(world, films))[0]
    assert [(f"webrecord/files/{prefix}/k1/{task_id}/film.mp4", 7, True)] == [
        (file.key, file.size, bool(file.url)) for file in told.files
    ]
    assert remove("k1", "asked", reading(world, films), files=True) is None
    assert {} == films.objects


def put_film(world: World, folder: str, task_id: str) -> str:
    """Put a film where TRTC would; return its key."""
    key = f"{folder.removeprefix('webrecord/')}/{task_id}/film.mp4"
    world.store.put(key, b"picture")
    return key


@pytest.mark.parametrize("prefix", ["victim", "victim/deeper"])
@pytest.mark.parametrize("after", ["accepted", "unanswered", "deleted"])
def test_anothers_film_is_never_adopted(prefix: str, after: str) -> None:
    """It lies below the folder of a recording whose own task is unknown."""
    world = World()
    if after == "unanswered":
        world.trtc.refusals = [RecorderBusy("ClientNetworkError", "timeout", answered=False)]
        world.start("attack", prefix=prefix)
    task_id = "T+a/b" if after == "unanswered" else finished(world, "attack", prefix=prefix)
    put_film(world, f"webrecord/files/{prefix}/attack", task_id)
    if after == "deleted":
        remove("attack", "asked", reading(world), files=False)
    world.start("victim")
    victim = accepted_of(world.store, "victim")
    assert victim is not None
    assert task_of_files(victim, Evidence(), world.store) is None
    put_film(world, "webrecord/files/victim", "T/with/slashes")
    assert "T/with/slashes" == task_of_files(victim, Evidence(), world.store)


@pytest.mark.parametrize("after", ["running", "deleted"])
def test_anothers_film_is_never_deleted(after: str) -> None:
    """DELETE with files takes every film of the recording, of tasks that nobody heard of too, and no other."""
    world = World()
    other = put_film(world, "webrecord/files/k1/attack", finished(world, "attack", prefix="k1"))
    if after == "deleted":
        remove("attack", "asked", reading(world), files=False)
    own = put_film(world, "webrecord/files/k1", finished(world)), put_film(world, "webrecord/files/k1", "unheard/of")
    assert set(own) | {other} == {key for key in world.store.objects if key.startswith("files/")}
    remove("k1", "asked", reading(world), files=True)
    assert [other] == [key for key in world.store.objects if key.startswith("files/")]


def test_a_release_before_put_films_where_its_callers_said() -> None:
    """They are still read, without what our role may not see, and are nobody else's."""
    world, films = World(), RoleFiles()
    task_id = finished(world)
    stored = json.loads(world.store.objects["recordings/k1/request.json"].body)
    stored["place"] = {"bucket": BUCKET, "region": "ap-guangzhou", "prefix": ["webrecord", "files", "victim"]}
    world.store.put("recordings/k1/request.json", json.dumps(stored).encode())
    film = put_film(world, "webrecord/files/victim", task_id)
    world.start("victim")
    victim = accepted_of(world.store, "victim")
    assert victim is not None
    assert task_of_files(victim, Evidence(), world.store) is None
    assert f"webrecord/{film}" == show("k1", reading(world, films))[0].files[0].key
    stored["place"]["prefix"] = ["classes", "4711"]
    world.store.put("recordings/k1/request.json", json.dumps(stored).encode())
    (told,) = show("k1", reading(world, films))[0].files
    assert (f"classes/4711/{task_id}/film.mp4", True) == (told.key, bool(told.url))


def test_what_a_callers_keys_put_is_not_ours_to_sign_or_delete() -> None:
    """Even in our bucket, in a folder like ours: those keys may reach where ours do."""
    own = {"CloudStorage": {**CALLER_STORAGE["CloudStorage"], "Bucket": BUCKET, "Region": "ap-guangzhou",
                            "FileNamePrefix": ["webrecord", "files", "victim"]}}  # fmt: skip
    world, films = World(), MemoryFiles()
    task_id = finished(world, StorageParams=own)
    films.put(f"webrecord/files/victim/{task_id}/film.mp4", b"picture")
    (told,) = show("k1", reading(world, films))[0].files
    assert (None, None) == (told.url, told.size)
    remove("k1", "asked", reading(world, films), files=True)
    assert [f"webrecord/files/victim/{task_id}/film.mp4"] == list(films.objects)


RELAY = [{"PublishCdnUrl": "rtmp://live.example.com/app/key", "IsTencentCdn": 0}]


@pytest.mark.parametrize(
    ("tightened", "why"),
    [
        ({"allowed_hosts": ("school.example.org",)}, "WEBRECORD_ALLOWED_HOSTS"),
        ({"sdk_app_ids": (7,)}, "WEBRECORD_SDK_APP_ID"),
        ({"relay_hosts": ("refuse",)}, "WEBRECORD_RELAY_HOSTS"),
        ({"relay_hosts": ("*.example.org",)}, "WEBRECORD_RELAY_HOSTS"),
    ],
)
@pytest.mark.parametrize("waits", ["scheduled", "queued"])
def test_what_was_taken_away_is_not_started(tightened: dict[str, Any], why: str, waits: str) -> None:
    """A start that was accepted before is given up at its time, with the reason; nobody is asked to record it."""
    site = Site()
    if waits == "queued":
        site.trtc.refusals = [refusal("LimitExceeded", "full", "r")]
    later: dict[str, Any] = {"StartAt": site.clock.now / 1000 + 600} if waits == "scheduled" else {}
    site.start(PublishCdnParams=RELAY, notify_url=HOOK, **later)
    asked = len(site.trtc.started)
    site.policy = site.policy._replace(**tightened)
    site.minutes(15)
    told = site.recording()
    assert (State.FAILED, asked) == (told.state, len(site.trtc.started))
    assert why in (told.reason or "")
    assert "start it under another key" in (detail(told).advice or "")
    assert ["recording.failed"] == site.inbox.types
    site.run_until_done()


def test_a_repeat_does_not_start_a_page_that_is_no_longer_allowed() -> None:
    """Nor where callers' storage was switched off; the caller is told what became of it."""
    world = World()
    world.trtc.refusals = [refusal("LimitExceeded", "full", "r")]
    with pytest.raises(CallerMustRetry):
        world.start(StorageParams=CALLER_STORAGE)
    asked = len(world.trtc.started)
    world.policy = world.policy._replace(caller_storage=False)
    world.clock.now += MINUTE_MS
    told = world.start(StorageParams=CALLER_STORAGE).recording
    assert (State.FAILED, asked) == (told.state, len(world.trtc.started))
    assert "WEBRECORD_CALLER_STORAGE" in (told.reason or "")


def test_a_longer_limit_is_cut_and_not_given_up() -> None:
    """A ceiling is filled in, as for who says nothing."""
    site = Site()
    site.start(StartAt=site.clock.now / 1000 + 600)
    site.policy = site.policy._replace(max_duration_ceiling_s=1_800)
    site.minutes(12)
    assert [1_800] == [parameters["MaxDurationLimit"] for parameters in site.trtc.started]


@pytest.mark.parametrize("back", [True, False])
def test_a_start_waits_for_upload_keys_that_were_taken_away(back: bool) -> None:
    """It is queued and says what is missing, leaves few facts, and starts when they are back; or fails for that."""
    site = Site()
    site.start(StartAt=site.clock.now / 1000 + 600, notify_url=HOOK)
    site.policy = POLICY._replace(upload_keys=None)
    site.minutes(30)
    told, before = site.recording(), len(site.listed("recordings/k1/facts/"))
    assert (State.QUEUED, Code.UPLOAD_KEYS, []) == (told.state, told.reason_code, site.trtc.started)
    assert before < 20
    if back:
        site.policy = POLICY._replace(notify_hosts=("*.example.com",))
        site.minutes(11)
        assert (State.STARTING, 1) == (site.recording().state, len(site.trtc.started))
    else:
        site.minutes(60)
        told = site.recording()
        assert (State.FAILED, Code.UPLOAD_KEYS) == (told.state, told.reason_code)
        assert "WEBRECORD_STORAGE_SECRET_ID" in (detail(told).advice or "")
