"""Repeats: a request that says the same is the same, however it is spelled; any other names the field."""

from __future__ import annotations

import json
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic.alias_generators import to_snake

from shared.domain.accepted import Accepted
from shared.domain.repeats import differences
from shared.domain.request import RecordingRequest
from tests.shared.domain.test_policy import NOW, POLICY

COS = {"Region": "ap-chengdu", "Bucket": "own-1", "AccessKey": "AKcallers", "SecretKey": "callers-secret"}
FIELDS: dict[str, st.SearchStrategy[Any]] = {
    "MaxDurationLimit": st.sampled_from([1800, 36_000]),
    "WebRecordVideoParams": st.fixed_dictionaries(
        {}, optional={"Width": st.sampled_from([640, 1280]), "Height": st.sampled_from([480, 720])}
    ),
    "PublishCdnParams": st.lists(
        st.fixed_dictionaries({"PublishCdnUrl": st.just("rtmp://live.example.com/a"), "IsTencentCdn": st.just(0)}),
        max_size=1,
    ),
    "ReadyTimeout": st.sampled_from([0, 5]),
    "EmulateMobileParams": st.sampled_from(
        [{}, {"MobileDeviceType": 0, "ScreenOrientation": 0}, {"MobileDeviceType": 1, "ScreenOrientation": 0}]
    ),
    "Format": st.sampled_from(["mp4", "hls"]),
    "Storage": st.sampled_from(["cos", "vod"]),
    "StopAt": st.integers(1, 9).map(lambda times: NOW // 1000 + times * 180),
    "StartBy": st.integers(1, 9).map(lambda hours: NOW // 1000 + hours * 3600),
    "NotifyOn": st.sampled_from(["final", "changes"]),
    "Labels": st.dictionaries(st.sampled_from(["room", "a.b", "a"]), st.sampled_from(["", "1", "2"])),
}
REQUESTS = st.fixed_dictionaries({"RecordUrl": st.just("https://example.com/")}, optional=FIELDS)
ZONES = st.sampled_from([0, 8, -5]).map(lambda hours: timezone(timedelta(hours=hours)))


def parsed(body: dict[str, Any]) -> RecordingRequest:
    return RecordingRequest.model_validate_json(json.dumps(body))


def accept(body: dict[str, Any]) -> Accepted:
    """Return what is stored of a request, as it is read again."""
    accepted = POLICY.accept(parsed(body), "lesson", "http:me", NOW)
    return Accepted.model_validate_json(accepted.model_dump_json(exclude_none=True))


def former(body: dict[str, Any]) -> Accepted:
    """Return the same as the former release stored it."""
    accepted = POLICY.accept(parsed(body), "lesson", "http:me", NOW)
    now = {"said", "page_url", "labels", "target", "format", "max_duration_s"}
    return Accepted.model_validate_json(accepted.model_dump_json(exclude_none=True, exclude=now))


def spelled(value: Any, draw: Any) -> Any:
    """Return a value with other names of its fields, in another order."""
    if isinstance(value, list):
        return [spelled(one, draw) for one in value]
    if not isinstance(value, dict):
        return value
    names = draw(st.permutations(sorted(value)))
    return {draw(st.sampled_from([name, to_snake(name)])): spelled(value[name], draw) for name in names}


def respelled(body: dict[str, Any], draw: Any) -> dict[str, Any]:
    """Return the same request in other words: names, times, where the format stands, an id in the body."""
    other = {name: value for name, value in body.items() if name not in ("Labels", "StopAt", "StartBy", "Format")}
    other = spelled(other, draw)
    for name in {"StopAt", "StartBy"} & body.keys():
        moment = datetime.fromtimestamp(body[name], tz=draw(ZONES)).isoformat()
        spellings = [body[name], float(body[name]), moment, moment.replace("+00:00", "Z"), moment.replace("T", " ")]
        other[draw(st.sampled_from([name, to_snake(name)]))] = draw(st.sampled_from(spellings))
    if "Format" in body:
        video = other.pop("web_record_video_params", other.pop("WebRecordVideoParams", {}))
        if draw(st.booleans()):
            video["Format"] = body["Format"]
        else:
            other["format"] = body["Format"]
        other["WebRecordVideoParams"] = video
    labels = {"Labels": body["Labels"]} if body.get("Labels") or (draw(st.booleans()) and "Labels" in body) else {}
    ids = draw(st.sampled_from([{}, {"RecordingId": "lesson"}, {"record_id": "lesson"}]))
    return {**other, **labels, **ids}


@given(st.data())
def test_a_repeat_in_any_spelling_is_the_same(data: st.DataObject) -> None:
    """Names of fields in both spellings, times in any zone or as numbers, the id anywhere: nothing differs."""
    body = data.draw(REQUESTS)
    other = respelled(body, data.draw)
    assert [] == differences(accept(body), parsed(other))
    assert [] == differences(accept(other), parsed(body))
    assert [] == differences(former(body), parsed(other))


DEFAULTS: dict[str, Any] = {
    "MaxDurationLimit": 36_000,
    "PublishCdnParams": [],
    "ReadyTimeout": 0,
    "Format": "mp4",
    "Storage": "cos",
    "NotifyOn": "final",
    "Labels": {},
}


@given(REQUESTS, REQUESTS)
def test_a_request_that_asks_for_something_else_names_the_field(body: dict[str, Any], other: dict[str, Any]) -> None:
    """Each field that differs is named and no other; what is left out counts with its default."""
    differing = set()
    for name in FIELDS.keys() - {"WebRecordVideoParams", "EmulateMobileParams", "Labels"}:
        if body.get(name, DEFAULTS.get(name)) != other.get(name, DEFAULTS.get(name)):
            differing.add(name)
    video = {"Width": 1280, "Height": 720}
    one, two = video | body.get("WebRecordVideoParams", {}), video | other.get("WebRecordVideoParams", {})
    differing |= {f"WebRecordVideoParams.{name}" for name in video if one[name] != two[name]}
    for whole, default in (("EmulateMobileParams", {"MobileDeviceType": 0, "ScreenOrientation": 0}), ("Labels", {})):
        here, there = ({**default, **each[whole]} if whole in each else {} for each in (body, other))
        differing |= {f"{whole}.{name}" for name in here.keys() | there.keys() if here.get(name) != there.get(name)}
    for stored in (accept(body), former(body)):
        found = set(differences(stored, parsed(other)))
        assert sorted(differing) == sorted(found)


def test_defaults_of_another_release_are_no_difference() -> None:
    """What both leave out is not compared: the stored request may hold what a release filled in that had other ones."""
    accepted = accept({"RecordUrl": "https://example.com/"})
    video = {"Width": 1920, "Height": 1080, "MaxMediaFileDuration": 120}
    stored = {**accepted.request, "MaxDurationLimit": 7_200, "ReadyTimeout": 9, "WebRecordVideoParams": video}
    older = accepted.model_copy(update={"request": stored})
    assert [] == differences(older, parsed({"RecordUrl": "https://example.com/"}))
    width = {"RecordUrl": "https://example.com/", "web_record_video_params": {"width": 1280}}
    assert ["WebRecordVideoParams.Width"] == differences(older, parsed(width))


@pytest.mark.parametrize(
    ("one", "other", "differing"),
    [
        ({}, {"StorageParams": {"CloudVod": {"TencentVod": {}}}}, ["StorageParams.CloudVod.TencentVod"]),
        ({"Prefix": "a/b"}, {"prefix": ["a", "b"]}, []),
        ({"Prefix": "a/b"}, {"prefix": ["a"]}, ["Prefix"]),
        (
            {"StorageParams": {"CloudStorage": COS}},
            {"StorageParams": {"CloudStorage": {**COS, "SecretKey": "another", "Vendor": 0, "FileNamePrefix": []}}},
            [],
        ),
        (
            {"StorageParams": {"CloudStorage": COS}},
            {"StorageParams": {"CloudStorage": {**COS, "Bucket": "b-1"}}},
            ["StorageParams.CloudStorage.Bucket"],
        ),
        ({"NotifyUrl": None, "Labels": None}, {}, []),
        ({"NotifyUrl": None}, {"Labels": {"a": "1"}}, ["Labels.a"]),
        ({}, {"Expect": {}}, []),
        ({}, {"Expect": {"Sound": True}}, []),
        ({"Expect": {"Motion": True}}, {"Expect": {"Sound": False}}, ["Expect.Sound"]),
    ],
)
def test_places_keys_and_nothing(one: dict[str, Any], other: dict[str, Any], differing: list[str]) -> None:
    """Keys are never compared, since they are not kept; null says nothing."""
    page = {"RecordUrl": "https://example.com/"}
    assert differing == differences(accept({**page, **one}), parsed({**page, **other}))
    assert differing == differences(former({**page, **one}), parsed({**page, **other}))
    assert len(differing) <= len(differences(accept({**page, **other}), parsed({**page, **one})))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("https://example.com/a?b#c", "HTTPS://Example.COM:443/a?b#c"),
        ("http://example.com", "http://example.com:80/"),
        ("https://例子.中国/课", "https://xn--fsqu00a.xn--fiqs8s/%E8%AF%BE"),
        ("https://example.com/b", r"https:\\example.com/a/../b"),
    ],
)
def test_an_address_is_the_same_in_every_spelling_that_browsers_take_for_one(one: str, other: str) -> None:
    """Case of scheme and host, the default port, Unicode, dots in the path; of the page and of the receiver."""
    assert [] == differences(accept({"RecordUrl": one}), parsed({"RecordUrl": other}))
    page = {"RecordUrl": "https://example.com/"}
    told = accept(page).model_copy(update={"request": {**page, "NotifyUrl": one}, "said": ["NotifyUrl", "RecordUrl"]})
    assert [] == differences(told, parsed({**page, "NotifyUrl": other}))
    assert ["NotifyUrl"] == differences(told, parsed({**page, "NotifyUrl": "https://example.org/"}))


@pytest.mark.parametrize("name", ["b", "B", "b/", "b?"])
def test_another_path_is_another_page(name: str) -> None:
    """Servers tell them apart."""
    stored = accept({"RecordUrl": "https://example.com/a"})
    assert ["RecordUrl"] == differences(stored, parsed({"RecordUrl": f"https://example.com/{name}"}))


def test_a_label_is_the_same_composed_or_not() -> None:
    """Some systems write é as one character, some as two."""
    page = {"RecordUrl": "https://example.com/"}
    stored = accept({**page, "Labels": {"room": "caf\u00e9"}})
    assert [] == differences(stored, parsed({**page, "Labels": {"room": "cafe\u0301"}}))
    assert ["Labels.room"] == differences(stored, parsed({**page, "Labels": {"room": "cafe"}}))


HOOK = "https://hooks.example.com/all"
HOOKED = POLICY._replace(
    notify_url=HOOK, notify_hosts=("*.example.com",), sdk_app_ids=(POLICY.sdk_app_ids[0], 1_400_000_009)
)


@pytest.mark.parametrize(
    ("name", "value", "another"),
    [("SdkAppId", POLICY.sdk_app_ids[0], 1_400_000_009), ("NotifyUrl", HOOK, "https://a.example.com/")],
)
def test_what_a_setting_fills_in_may_be_said_or_left_out(name: str, value: Any, another: Any) -> None:
    """Either request may name it; another value is another request, and so is a setting's new one."""
    policy, page = HOOKED, "https://example.com/"
    bare, named = {"RecordUrl": page}, {"RecordUrl": page, name: value}
    stored = [policy.accept(parsed(body), "lesson", "http:me", NOW) for body in (bare, named)]
    for accepted in stored:
        assert [[], []] == [differences(accepted, parsed(body), policy.usual) for body in (bare, named)]
        assert [name] == differences(accepted, parsed({**bare, name: another}), policy.usual)
    later = {**policy.usual, name: another}
    assert [[], [name]] == [differences(accepted, parsed(bare), later) for accepted in stored]
