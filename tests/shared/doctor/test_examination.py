"""The doctor against a whole deployment, over sockets: it says ok of what is right, and of each thing what is wrong."""

from __future__ import annotations

import os
import re
import sys
import time
from collections.abc import Callable
from dataclasses import fields
from email.utils import formatdate

import pytest

from functions.reconcile import main_handler
from local import scf_events
from local.config import BUCKET, REGION
from shared import __version__
from shared.built import VERSION
from shared.doctor import Finding, Level
from tests.shared.site import Site, answering, nobody, silent, site

__all__ = ["site"]  # a fixture

CONTEXT = scf_events.context("reconcile", "scf-doctor", 256, 60, REGION)
NOT_LOOKED_AT = "not looked at: WEBRECORD_BUCKET is wrong or missing"


def test_what_is_right_is_ok(site: Site) -> None:
    """Every check says ok, and nothing that was put stays: no probe, no callback."""
    before = site.objects()
    found = site.examine()
    python = found["python"].level
    assert (Level.OK if sys.version_info[:2] == (3, 10) else Level.WARN) == python, "the functions run on 3.10"
    found["python"] = Finding(Level.OK, "", "python")
    assert Level.WARN is found.pop("wake").level, "this cloud has no trigger of wakes"
    assert {Level.OK} == {finding.level for finding in found.values()}, [str(each) for each in found.values()]
    assert 20 == len(found)
    assert before == site.objects()


Break = Callable[[Site], object]

BROKEN: list[tuple[Break, str, Level, str]] = [
    (lambda s: s.unset("WEBRECORD_BUCKET"), "settings-recordings", Level.FAIL, "WEBRECORD_BUCKET: is missing"),
    (lambda s: s.unset("WEBRECORD_BUCKET"), "bucket", Level.WARN, NOT_LOOKED_AT),
    (lambda s: s.unset("WEBRECORD_BUCKET"), "credentials", Level.WARN, NOT_LOOKED_AT),
    (lambda s: s.unset("WEBRECORD_BUCKET"), "trtc", Level.OK, "answers for"),
    (lambda s: s.setting(WEBRECORD_COS_ENDPOINT="?"), "bucket", Level.WARN, "WEBRECORD_COS_ENDPOINT is wrong"),
    (lambda s: s.setting(WEBRECORD_TRTC_ENDPOINT="?"), "trtc", Level.WARN, "WEBRECORD_TRTC_ENDPOINT is wrong"),
    (lambda s: s.setting(WEBRECORD_API_TOKENS="short"), "api-url", Level.WARN, "WEBRECORD_API_TOKENS is wrong"),
    (lambda s: s.unset("WEBRECORD_CALLBACK_KEYS"), "settings-callback", Level.FAIL, "WEBRECORD_CALLBACK_KEYS"),
    (lambda s: s.unset("WEBRECORD_CALLBACK_KEYS"), "callback-url", Level.WARN, "WEBRECORD_CALLBACK_KEYS is wrong"),
    (lambda s: s.setting(WEBRECORD_LOST_AFTER="soon"), "settings-reconcile", Level.FAIL, "WEBRECORD_LOST_AFTER"),
    (lambda s: s.setting(WEBRECORD_LOST_AFTER="soon"), "settings-recordings", Level.OK, "are right"),
    (lambda s: s.setting(WEBRECORD_BUKET="b"), "variables", Level.WARN, "WEBRECORD_BUKET (meant: WEBRECORD_BUCKET?)"),
    (lambda s: s.unset("TENCENTCLOUD_SECRETID"), "credentials", Level.FAIL, "elsewhere export both"),
    (
        lambda s: s.unset("TENCENTCLOUD_SECRETID"),
        "bucket",
        Level.WARN,
        "TENCENTCLOUD_SECRETID/-KEY is wrong or missing",
    ),
    (lambda s: s.setting(TENCENTCLOUD_SECRETKEY="k" * 32), "credentials", Level.FAIL, "SignatureDoesNotMatch"),
    (lambda s: s.setting(TENCENTCLOUD_SESSIONTOKEN="old"), "credentials", Level.FAIL, "InvalidAccessKeyId"),
    (lambda s: s.deny_role("GetBucket"), "credentials", Level.OK, "COS knows them (AccessDenied)"),
    (lambda s: s.setting(WEBRECORD_COS_ENDPOINT=nobody()), "credentials", Level.FAIL, "is the network open"),
    (lambda s: s.setting(WEBRECORD_COS_ENDPOINT=nobody()), "clock", Level.WARN, "named no time"),
    (
        lambda s: s.setting(TENCENTCLOUD_REGION="ap-beijing"),
        "region",
        Level.FAIL,
        "in ap-beijing, the bucket in ap-guangz",
    ),
    (lambda s: s.unset("TENCENTCLOUD_REGION"), "region", Level.WARN, "is not known outside"),
    (lambda s: s.deny_role("PutObject"), "bucket", Level.FAIL, "PUT doctor/"),
    (lambda s: s.deny_role("GetObject"), "bucket", Level.FAIL, "GET doctor/"),
    (lambda s: s.deny_role("GetBucket"), "bucket", Level.FAIL, "list doctor/: 403 AccessDenied: see the policies"),
    (lambda s: s.setting(WEBRECORD_COS_ENDPOINT=nobody()), "bucket", Level.FAIL, "is the network open"),
    (lambda s: setattr(s.running.cloud.cos_settings, "versioned", True), "versioning", Level.FAIL, "Suspended"),
    (lambda s: setattr(s.running.cloud.cos_settings, "versioned", True), "forbid-overwrite", Level.FAIL, "replaced"),
    (lambda s: s.deny_role("GetBucketVersioning"), "versioning", Level.WARN, "name/cos:GetBucketVersioning"),
    (lambda s: s.deny_role("PutObject"), "wake", Level.FAIL, "PUT wake/doctor-"),
    (lambda s: s.deny_role("PutObject"), "forbid-overwrite", Level.FAIL, "403 AccessDenied"),
    (lambda s: s.allow_role("GetBucket"), "role-list", Level.WARN, "may list all of the bucket"),
    (lambda s: s.allow_role("PutObject", "DeleteObject"), "role-put", Level.FAIL, "may write outside webrecord/"),
    (
        lambda s: s.setting(WEBRECORD_STORAGE_SECRET_KEY="k" * 32),
        "upload-key",
        Level.FAIL,
        "WEBRECORD_STORAGE_SECRET_ID",
    ),
    (
        lambda s: s.setting(WEBRECORD_STORAGE_SECRET_KEY="k" * 32),
        "upload-key-limits",
        Level.FAIL,
        "SignatureDoesNotMatch",
    ),
    (
        lambda s: s.deny_uploads("PutObject"),
        "upload-key",
        Level.FAIL,
        "403 AccessDenied: check the upload key's policy",
    ),
    (lambda s: s.allow_uploads("GetObject"), "upload-key-limits", Level.FAIL, "may read:"),
    (lambda s: s.allow_uploads("GetBucket"), "upload-key-limits", Level.FAIL, "may list:"),
    (lambda s: s.allow_uploads("DeleteObject"), "upload-key-limits", Level.FAIL, "may delete:"),
    (lambda s: s.allow_uploads("PutObject"), "upload-key-limits", Level.FAIL, "may put outside files/:"),
    (
        lambda s: s.unset("WEBRECORD_STORAGE_SECRET_ID", "WEBRECORD_STORAGE_SECRET_KEY"),
        "upload-key",
        Level.WARN,
        "only VOD and callers' own storage",
    ),
    (lambda s: s.setting(TENCENTCLOUD_SECRETKEY="k" * 32), "trtc", Level.FAIL, "AuthFailure.SignatureFailure"),
    (lambda s: s.setting(WEBRECORD_TRTC_ENDPOINT=nobody()), "trtc", Level.FAIL, "did not answer"),
    (lambda s: s.unset("WEBRECORD_SDK_APP_ID"), "trtc", Level.WARN, "WEBRECORD_SDK_APP_ID is wrong or missing"),
    (
        lambda s: s.setting(WEBRECORD_CALLBACK_KEYS="k" * 33),
        "settings-callback",
        Level.FAIL,
        "16 to 32 letters and digits",
    ),
    (lambda s: s.setting(WEBRECORD_CALLBACK_KEYS="k" * 33), "callback-keys", Level.WARN, "is wrong or missing"),
    (lambda s: s.setting(WEBRECORD_CALLBACK_KEYS="undefined"), "settings-callback", Level.FAIL, "CALLBACK_KEYS: is a"),
    (
        lambda s: s.setting(WEBRECORD_ALLOWED_HOSTS="a.example:80"),
        "settings-reconcile",
        Level.FAIL,
        "HOSTS: has a port",
    ),
    (
        lambda s: s.setting(WEBRECORD_API_TOKENS=f"a:{'t' * 16},b:{'t' * 16}"),
        "settings-recordings",
        Level.FAIL,
        "twice",
    ),
    (
        lambda s: s.setting(WEBRECORD_STORAGE_SECRET_KEY=" examplekey"),
        "settings-recordings",
        Level.FAIL,
        "WEBRECORD_STORAGE_SECRET_KEY: has a blank",
    ),
    (
        lambda s: s.setting(WEBRECORD_CALLBACK_KEYS="another123456789"),
        "callback-url",
        Level.FAIL,
        "other WEBRECORD_CALLBACK_KEYS",
    ),
    (lambda s: s.setting(WEBRECORD_SDK_APP_ID="1400000002"), "callback-url", Level.FAIL, "or WEBRECORD_SDK_APP_ID"),
    (
        lambda s: setattr(s, "callback_url", f"{s.api_url}/openapi.json"),
        "callback-url",
        Level.FAIL,
        "not 401: is it the callb",
    ),
    (lambda s: setattr(s, "callback_url", nobody()), "callback-url", Level.FAIL, "is the address right"),
    (lambda s: s.setting(WEBRECORD_API_TOKENS=f"x:{'t' * 16}"), "api-url", Level.FAIL, "other WEBRECORD_API_TOKENS"),
    (lambda s: s.unset("WEBRECORD_API_TOKENS"), "api-url", Level.WARN, "WEBRECORD_API_TOKENS is empty"),
    (lambda s: setattr(s, "api_url", nobody()), "api-url", Level.FAIL, "is the address right"),
    (lambda s: setattr(s, "api_url", f"{s.api_url}/recordings/"), "api-url", Level.OK, "an answer with one"),
    (
        lambda s: s.setting(WEBRECORD_NOTIFY_SECRET="whsec_?"),
        "settings-reconcile",
        Level.FAIL,
        "WEBRECORD_NOTIFY_SECRET: must be `whsec_` and base64",
    ),
    (lambda s: s.unset("WEBRECORD_NOTIFY_SECRET"), "notify", Level.FAIL, "WEBRECORD_NOTIFY_SECRET is not set"),
    (
        lambda s: s.setting(WEBRECORD_NOTIFY_URL="https://elsewhere.example.com/"),
        "notify",
        Level.FAIL,
        "elsewhere.example.co",
    ),
    (lambda s: s.unset("WEBRECORD_NOTIFY_HOSTS"), "notify", Level.OK, "no notifications are sent"),
]


@pytest.mark.parametrize(("spoil", "check", "level", "said"), BROKEN)
def test_what_is_wrong_is_said(site: Site, spoil: Break, check: str, level: Level, said: str) -> None:
    """Each thing that can be wrong is seen by its check, with what to do; nothing stays behind; no secret is said."""
    before = site.objects()
    spoil(site)
    found = site.examine()
    assert level is found[check].level, str(found[check])
    assert said in found[check].seen
    everything = "\n".join(str(each) for each in found.values())
    keys = site.running.cloud.keys
    secrets = {getattr(keys, field.name) for field in fields(keys) if not field.repr}
    secrets |= {value for name, value in os.environ.items() if re.search("WEBRECORD.*(SECRET|TOKEN|KEY)", name)}
    assert set() == {secret for secret in secrets if secret and secret in everything}
    assert before == site.objects()


def test_a_missing_bucket_is_said(site: Site) -> None:
    """COS knows no such bucket: name and region are asked for."""
    site.running.cloud.cos_settings.create_buckets = False
    site.unlimited()
    site.setting(WEBRECORD_BUCKET="nowhere-1250000000")
    found = site.examine("callback")
    assert "404 NoSuchBucket: are WEBRECORD_BUCKET and WEBRECORD_BUCKET_REGION right?" in found["bucket"].seen
    assert "could not be deleted: COS GET tasks/doctor-" in found["callback-url"].seen
    assert not any("/tasks/doctor-" in name for name in site.objects())


def test_a_callback_that_is_kept_elsewhere_is_said(site: Site) -> None:
    """The callback function answers, but stores in another bucket than the one looked at."""
    site.unlimited()
    site.setting(WEBRECORD_BUCKET="another-1250000000")
    found = site.examine("callback")["callback-url"]
    assert Level.WARN is found.level
    assert "not in this bucket: delete tasks/doctor-" in found.seen
    left = [name for name in site.objects() if "/tasks/doctor-" in name]
    assert 1 == len(left)
    site.forget(*left)


def test_an_object_that_may_not_be_deleted_is_named(site: Site) -> None:
    """The guide lets one deny the role the deletion of films: the one probe that stays is said, and is always one."""
    site.deny_role("DeleteObject")
    for _ in range(2):
        found = site.examine("reconcile")
        assert (Level.OK, True) == (found["upload-key"].level, "files/doctor.txt is left" in found["upload-key"].seen)
        assert (Level.FAIL, True) == (found["bucket"].level, "DELETE doctor/" in found["bucket"].seen)
    films = {name for name in site.objects() if "/files/doctor" in name}
    assert {f"{BUCKET}/webrecord/files/doctor.txt"} == films
    site.forget(*(name for name in site.objects() if "/doctor" in name))


def test_ones_own_keys_are_no_role(site: Site) -> None:
    """Long-lived credentials that may do everything are a warning: the functions have a role's, with a token."""
    keys = site.running.cloud.keys
    site.unlimited()
    site.setting(TENCENTCLOUD_SECRETID=keys.upload_id, TENCENTCLOUD_SECRETKEY=keys.upload_key)
    site.unset("TENCENTCLOUD_SESSIONTOKEN")
    found = site.examine("callback")
    assert (Level.WARN, Level.WARN) == (found["role-list"].level, found["role-put"].level)
    assert "fine if they are yours" in found["role-put"].seen


def test_an_open_api_is_a_warning(site: Site) -> None:
    """`anonymous` answers everyone."""
    site.setting(WEBRECORD_API_TOKENS="anonymous")
    with answering(404, {}) as site.api_url:
        found = site.examine("recordings")["api-url"]
    assert (Level.WARN, "is open to everyone (anonymous)") == (found.level, found.seen)


@pytest.mark.parametrize(
    ("ahead_s", "level", "said"),
    [
        (0, Level.OK, "within 60 s"),
        (-100, Level.WARN, "s behind COS's: set it by NTP"),
        (100, Level.WARN, "s ahead of COS's: set it by NTP"),
        (400, Level.FAIL, "s ahead of COS's: calls are refused"),
        (None, Level.WARN, "named no time"),
    ],
)
def test_a_wrong_clock_is_seen_by_the_answers_date(site: Site, ahead_s: int | None, level: Level, said: str) -> None:
    """COS's Date is the time; a refusal has one, too."""
    headers = {} if ahead_s is None else {"Date": formatdate(time.time() - ahead_s, usegmt=True)}
    with answering(403, headers) as endpoint:
        site.setting(WEBRECORD_COS_ENDPOINT=endpoint)
        clock = site.examine("callback")["clock"]
    assert level is clock.level, clock.seen
    assert said in clock.seen


def test_what_hangs_holds_up_nothing_else(site: Site) -> None:
    """A storage that never answers is given up, long before the limit here; the other checks are as they were."""
    began = time.monotonic()
    with silent() as endpoint:
        site.setting(WEBRECORD_COS_ENDPOINT=endpoint)
        found = site.examine()
    assert time.monotonic() - began < 30
    assert (Level.FAIL, True) == (found["bucket"].level, "is the network open" in found["bucket"].seen), found["bucket"]
    assert [Level.OK] * 3 == [found[name].level for name in ("settings-callback", "trtc", "notify")]


def test_the_reconcile_function_examines_itself(site: Site) -> None:
    """`{"doctor": true}` returns the findings; with a wrong setting too, where nothing else of it would run."""
    answer = main_handler({"doctor": True}, CONTEXT)
    assert answer is not None
    assert answer["ok"] is True, answer
    assert (__version__, VERSION) == (answer["release"], answer["build"])
    names = [finding["check"] for finding in answer["findings"]]
    assert ("settings-reconcile", "notify") == (names[0], names[-1])
    site.unset("WEBRECORD_BUCKET")
    broken = main_handler({"doctor": True}, CONTEXT)
    assert broken is not None
    assert broken["ok"] is False
    first = {
        "level": "fail",
        "check": "settings-reconcile",
        "seen": "WEBRECORD_BUCKET: is missing: write the bucket, `name-appid`",
    }
    assert first == broken["findings"][0]


@pytest.mark.parametrize("function", ["recordings", "callback", "reconcile"])
def test_a_function_is_asked_for_what_concerns_it(site: Site, function: str) -> None:
    """Its own settings and its own calls."""
    own = {
        "recordings": {"settings-recordings", "upload-key", "upload-key-limits", "trtc", "api-url"},
        "callback": {"settings-callback", "callback-keys", "callback-url"},
        "reconcile": {"settings-reconcile", "upload-key", "upload-key-limits", "trtc", "notify"},
    }
    special = set().union(*own.values())
    assert own[function] == special & set(site.examine(function))
