"""What a caller may ask for: every parameter of StartWebRecord, at, inside and outside its bounds."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from shared.domain.errors import InvalidRequest
from shared.domain.parsing import parse_request
from shared.domain.request import RecordingRequest
from tests.events import load

PAGE = "https://page.example/room"
KEYS = {"AccessKey": "AKIDcallersownkey", "SecretKey": "callersownsecret"}
BUCKET = {"Region": "ap-chengdu", "Bucket": "own-1250000000"}
COS = {**BUCKET, **KEYS}
RELAY = {"PublishCdnUrl": "rtmp://push.example/live/a?txSecret=1", "IsTencentCdn": 1}


def parse(**fields: object) -> RecordingRequest:
    """Validate a request as the API does: from JSON text."""
    return RecordingRequest.model_validate_json(json.dumps({"RecordUrl": PAGE, **fields}))


def errors(**fields: object) -> dict[str, str]:
    """Return path → message of every field that was refused."""
    with pytest.raises(InvalidRequest) as refused:
        parse_request(json.dumps({"RecordUrl": PAGE, **fields}).encode())
    return {error.path: error.message for error in refused.value.errors}


def nested(path: str, value: Any) -> dict[str, Any]:
    """Return a request's fields with `value` at the dotted path, the rest of that object being valid."""
    rest: dict[str, dict[str, Any]] = {
        "StorageParams.CloudStorage": COS,
        "PublishCdnParams.0": RELAY,
    }
    head, _, last = path.rpartition(".")
    inner: Any = {**rest.get(head, {}), last: value}
    for part in reversed(head.split(".") if head else []):
        inner = [inner] if part == "0" else {part: inner}
    assert isinstance(inner, dict)
    return inner


# path, accepted values, refused values
INTEGERS: list[tuple[str, list[int], list[int]]] = [
    ("MaxDurationLimit", [1800, 1801, 36_000, 86_400], [-1, 0, 1799, 86_401]),
    ("SdkAppId", [1, 1_400_000_001, 2**32 - 1], [-1, 0, 2**32]),
    ("ReadyTimeout", [0, 1, 59, 60], [-1, 61]),
    ("WebRecordVideoParams.Width", [0, 1, 1280, 1920], [-1, 1921]),
    ("WebRecordVideoParams.Height", [0, 1, 720, 1080], [-1, 1081]),
    ("WebRecordVideoParams.MaxMediaFileDuration", [1, 120, 1440], [-1, 0, 1441]),
    ("PublishCdnParams.0.IsTencentCdn", [0, 1], [-1, 2]),
    ("EmulateMobileParams.MobileDeviceType", [0, 1], [-1, 2]),
    ("EmulateMobileParams.ScreenOrientation", [0, 1], [-1, 2]),
    ("StorageParams.CloudStorage.Vendor", [0], [-1, 1, 2]),
    ("StorageParams.CloudVod.TencentVod.ExpireTime", [0, 86_400], [-1]),
    ("StorageParams.CloudVod.TencentVod.ClassId", [0, 7], [-1]),
    ("StorageParams.CloudVod.TencentVod.SubAppId", [0, 1_500_000_001], [-1]),
    ("StorageParams.CloudVod.TencentVod.MediaType", [0, 1, 3], [-1, 2, 4]),
]
ACCEPTED: list[tuple[str, object]] = [(path, value) for path, good, _ in INTEGERS for value in good]
REFUSED: list[tuple[str, object]] = [(path, value) for path, _, bad in INTEGERS for value in bad]
NOT_INTEGERS: list[object] = ["1", True, False, 1.5, 1.0, [1], {}]
WRONG_TYPES = [(path, value) for path, _, _ in INTEGERS for value in NOT_INTEGERS]

TEXTS: list[tuple[str, list[str], list[str]]] = [
    ("RecordId", ["a", "x" * 31, "录" * 10, "录" * 10 + "x", "é" * 15], ["", "x" * 32, "录" * 11, "录" * 10 + "xx"]),
    ("RecordingId", ["a", "A-z_9", "x" * 26], ["", "x" * 27, "a/b", "a.b", "录", "a\n", "a b"]),
    ("WebRecordVideoParams.Format", ["mp4", "hls"], ["MP4", "flv", "", "mp4 "]),
    ("Format", ["mp4", "hls"], ["MP4", "flv", ""]),
    ("Storage", ["cos", "vod"], ["COS", "s3", ""]),
    (
        "PublishCdnParams.0.PublishCdnUrl",
        ["rtmp://a.example/b"],
        ["", "rtmps://a/b", "http://a/b", "rtmp://", "rtmp://a b"],
    ),
    (
        "StorageParams.CloudStorage.Region",
        ["ap-chengdu", "x" * 64],
        ["", "x" * 65, "cos.ap-chengdu.myqcloud.com", "a/b"],
    ),
    (
        "StorageParams.CloudStorage.Bucket",
        ["own-1250000000", "x" * 128],
        ["", "x" * 129, "s3://own", "own-1.cos.ap-chengdu.myqcloud.com", "a/../b", "a\n"],
    ),
    ("StorageParams.CloudStorage.AccessKey", ["AK"], [""]),
    ("StorageParams.CloudStorage.SecretKey", ["Id"], [""]),
    ("StorageParams.CloudVod.TencentVod.Procedure", ["", "流程"], []),
    ("StorageParams.CloudVod.TencentVod.StorageRegion", ["ap-chongqing"], []),
    ("StorageParams.CloudVod.TencentVod.SessionContext", ["any text"], []),
    ("StorageParams.CloudVod.TencentVod.SourceContext", ["any text"], []),
    (
        "StorageParams.CloudVod.TencentVod.UserDefineRecordId",
        ["a", "x" * 64],
        ["", "x" * 65, "a.b", "录", "a/b", "a\n"],
    ),
]
ACCEPTED_TEXTS = [(path, value) for path, good, _ in TEXTS for value in good]
REFUSED_TEXTS = [(path, value) for path, _, bad in TEXTS for value in bad]
NOT_STRINGS: list[object] = [1, True, 1.5, ["a"], {}]
NOT_TEXTS = [(path, value) for path, _, _ in TEXTS for value in NOT_STRINGS]


def dig(document: Any, path: str) -> Any:
    """Return what stands at the dotted path."""
    for part in path.split("."):
        document = document[int(part) if part.isdigit() else part]
    return document


@pytest.mark.parametrize(("path", "value"), [*ACCEPTED, *ACCEPTED_TEXTS])
def test_inside_the_bounds(path: str, value: object) -> None:
    """A value at or inside its documented bounds is taken and kept as it is."""
    request = parse(**nested(path, value))
    if "Key" in path:
        assert request.has_caller_keys
    else:
        assert value == dig(request.redacted(), path)


@pytest.mark.parametrize(("path", "value"), [*REFUSED, *REFUSED_TEXTS])
def test_outside_the_bounds(path: str, value: object) -> None:
    """A value outside its documented bounds is refused, with its path and nothing else."""
    assert [path] == list(errors(**nested(path, value)))


def test_wrong_type() -> None:
    """A value of another JSON type is refused and never converted: "1280" and true are no integers."""
    for path, value in [*WRONG_TYPES, *NOT_TEXTS]:
        assert [path] == list(errors(**nested(path, value))), value


@pytest.mark.parametrize(
    "path",
    [
        "MaxDurationLimit",
        "ReadyTimeout",
        "PublishCdnParams",
        "WebRecordVideoParams",
        "StorageParams.CloudStorage.Bucket",
    ],
)
def test_null(path: str) -> None:
    """null is no value for a field that has a default or is required."""
    assert [path] == list(errors(**nested(path, None)))


FULL = {
    "RecordUrl": PAGE,
    "MaxDurationLimit": 3600,
    "SdkAppId": 1_400_000_001,
    "RecordId": "lesson-1",
    "RecordingId": "lesson-1",
    "ReadyTimeout": 30,
    "Format": "hls",
    "EmulateMobileParams": {"MobileDeviceType": 1, "ScreenOrientation": 1},
    "WebRecordVideoParams": {"Width": 640, "Height": 480, "Format": "hls", "MaxMediaFileDuration": 60},
    "PublishCdnParams": [RELAY],
    "StorageParams": {"CloudStorage": {"Vendor": 0, **COS, "FileNamePrefix": ["a", "b"]}},
}
FULL_VOD = {
    "RecordUrl": PAGE,
    "StorageParams": {
        "CloudVod": {
            "TencentVod": {
                "Procedure": "p",
                "ExpireTime": 1,
                "StorageRegion": "r",
                "ClassId": 2,
                "SubAppId": 3,
                "SessionContext": "s",
                "SourceContext": "t",
                "MediaType": 3,
                "UserDefineRecordId": "u",
            }
        }
    },
}
OURS = {"RecordUrl": PAGE, "Storage": "cos", "Prefix": ["a", "b"]}
SNAKE = {
    "RecordUrl": "record_url", "MaxDurationLimit": "max_duration_limit", "SdkAppId": "sdk_app_id",
    "RecordId": "record_id", "RecordingId": "recording_id", "ReadyTimeout": "ready_timeout", "Format": "format",
    "EmulateMobileParams": "emulate_mobile_params", "MobileDeviceType": "mobile_device_type",
    "ScreenOrientation": "screen_orientation", "WebRecordVideoParams": "web_record_video_params", "Width": "width",
    "Height": "height", "MaxMediaFileDuration": "max_media_file_duration", "PublishCdnParams": "publish_cdn_params",
    "PublishCdnUrl": "publish_cdn_url", "IsTencentCdn": "is_tencent_cdn", "StorageParams": "storage_params",
    "CloudStorage": "cloud_storage", "Vendor": "vendor", "Region": "region", "Bucket": "bucket",
    "AccessKey": "access_key", "SecretKey": "secret_key", "FileNamePrefix": "file_name_prefix",
    "CloudVod": "cloud_vod", "TencentVod": "tencent_vod", "Procedure": "procedure", "ExpireTime": "expire_time",
    "StorageRegion": "storage_region", "ClassId": "class_id", "SubAppId": "sub_app_id",
    "SessionContext": "session_context", "SourceContext": "source_context", "MediaType": "media_type",
    "UserDefineRecordId": "user_define_record_id", "Storage": "storage", "Prefix": "prefix",
}  # fmt: skip


def respell(document: Any, only: str | None = None, *, both: bool = False) -> Any:
    """Return the document with its names (or one of them) in snake_case, or in both spellings."""
    if isinstance(document, list):
        return [respell(item, only, both=both) for item in document]
    if not isinstance(document, Mapping):
        return document
    result: dict[str, Any] = {}
    for name, inner in document.items():
        changed = respell(inner, only, both=both)
        chosen = only in (None, name)
        if both or not chosen:
            result[name] = changed
        if chosen:
            result[SNAKE[name]] = changed
    return result


def names(document: Any) -> set[str]:
    """Return every field name in the document."""
    if isinstance(document, list):
        return {name for item in document for name in names(item)}
    if not isinstance(document, Mapping):
        return set()
    return {*document, *(name for inner in document.values() for name in names(inner))}


SPELLED = [
    pytest.param(document, name, id=f"{which}-{name}")
    for which, document in (("cos", FULL), ("vod", FULL_VOD), ("ours", OURS))
    for name in sorted(names(document))
]


@pytest.mark.parametrize(("document", "name"), SPELLED)
def test_one_field_in_our_spelling(document: dict[str, Any], name: str) -> None:
    """Every field may be spelt in snake_case, alone, and means the same."""
    expected = RecordingRequest.model_validate(document)
    assert expected == RecordingRequest.model_validate(respell(document, name))


@pytest.mark.parametrize("document", [FULL, FULL_VOD, OURS])
def test_everything_in_our_spelling(document: dict[str, Any]) -> None:
    """A request wholly in snake_case means the same."""
    assert RecordingRequest.model_validate(document) == RecordingRequest.model_validate(respell(document))


@pytest.mark.parametrize(("document", "name"), SPELLED)
def test_both_spellings_at_once(document: dict[str, Any], name: str) -> None:
    """A field said in both spellings is refused, even when both say the same: which one counts is a guess."""
    with pytest.raises(ValidationError) as refused:
        RecordingRequest.model_validate(respell(document, name, both=True))
    assert SNAKE[name] in {str(item["loc"][-1]) for item in refused.value.errors()}


def test_full_surface_is_kept() -> None:
    """Every parameter survives into the stored request but the two keys."""
    expected = json.loads(json.dumps(FULL))
    for key in KEYS:
        del expected["StorageParams"]["CloudStorage"][key]
    assert expected == RecordingRequest.model_validate(FULL).redacted()
    assert FULL_VOD["StorageParams"] == RecordingRequest.model_validate(FULL_VOD).redacted()["StorageParams"]


@pytest.mark.parametrize(
    ("fields", "path"),
    [
        ({"Recordurl": PAGE}, "Recordurl"),
        ({"StorageParams": {"CloudStorage": COS, "x": 1}}, "StorageParams.x"),
        (
            {"StorageParams": {"CloudStorage": {**COS, "Token": "t"}}},
            "StorageParams.CloudStorage.[redacted]",
        ),  # a key may stand there
        ({"StorageParams": {"CloudVod": {"TencentVod": {}, "x": 1}}}, "StorageParams.CloudVod.x"),
        ({"StorageParams": {"CloudVod": {"TencentVod": {"x": 1}}}}, "StorageParams.CloudVod.TencentVod.x"),
        ({"WebRecordVideoParams": {"Fps": 30}}, "WebRecordVideoParams.Fps"),
        ({"PublishCdnParams": [RELAY, {**RELAY, "x": 1}]}, "PublishCdnParams.1.x"),
        ({"EmulateMobileParams": {"x": 1}}, "EmulateMobileParams.x"),
    ],
)
def test_unknown_field(fields: dict[str, Any], path: str) -> None:
    """An unknown field is refused at every level, with its path."""
    assert "unknown field" in errors(**fields)[path]


def test_every_error_is_listed() -> None:
    """All wrong fields are told at once, each with its path."""
    found = errors(
        MaxDurationLimit=1, ReadyTimeout=99, PublishCdnParams=[RELAY, {"PublishCdnUrl": "ftp://x"}], Unknown=None
    )
    expected = {
        "MaxDurationLimit",
        "ReadyTimeout",
        "PublishCdnParams.1.PublishCdnUrl",
        "PublishCdnParams.1.IsTencentCdn",
        "Unknown",
    }
    assert expected == set(found)


def test_record_url_is_required() -> None:
    """A request without a page is refused, in the API's spelling of the field."""
    with pytest.raises(InvalidRequest) as refused:
        parse_request(b"{}")
    assert [("RecordUrl", "is missing", "missing", {})] == refused.value.errors


@pytest.mark.parametrize("url", ["", "page.example", "ftp://page.example/", "https://a b/", 7, "x" * 4097, None])
def test_record_url_refused(url: object) -> None:
    """What a browser can't open as a page is refused."""
    assert ["RecordUrl"] == list(errors(RecordUrl=url))


def test_record_url_length() -> None:
    """A URL of 4096 characters is taken, one of 4097 is not."""
    longest = PAGE + "?" + "x" * (4096 - len(PAGE) - 1)
    assert longest == parse(RecordUrl=longest).record_url
    assert ["RecordUrl"] == list(errors(RecordUrl=longest + "x"))


@pytest.mark.parametrize("storage", [{}, {"CloudStorage": COS, "CloudVod": {"TencentVod": {}}}])
def test_exactly_one_target(storage: dict[str, Any]) -> None:
    """StorageParams names exactly one of COS and VOD."""
    assert ["StorageParams"] == list(errors(StorageParams=storage))


def test_tencent_vod_required_in_cloud_vod() -> None:
    """CloudVod without TencentVod is refused."""
    assert {"StorageParams.CloudVod.TencentVod": "is missing"} == errors(StorageParams={"CloudVod": {}})


@pytest.mark.parametrize("key", ["AccessKey", "SecretKey"])
def test_keys_are_required(key: str) -> None:
    """The caller's own bucket needs both of its keys; the missing one is named in the API's spelling."""
    storage = {name: value for name, value in COS.items() if name != key}
    path = f"StorageParams.CloudStorage.{key}"
    assert {path: "is missing"} == errors(StorageParams={"CloudStorage": storage})
    found = errors(StorageParams={"CloudStorage": {**storage, key: ""}})
    assert [path] == list(found)
    assert "is missing" in found[path]


@pytest.mark.parametrize("document", [FULL, respell(FULL)])
def test_keys_never_show(document: dict[str, Any]) -> None:
    """The caller's keys are in no stored form, no text of the request and no repr."""
    request = RecordingRequest.model_validate(document)
    for text in (json.dumps(request.redacted()), repr(request), str(request), request.model_dump_json()):
        for key in KEYS.values():
            assert key not in text
    assert "AccessKey" not in json.dumps(request.redacted())


@pytest.mark.parametrize(
    "wrong",
    [
        {"StorageParams": {"CloudStorage": {**COS, "Vendor": 1}}},
        {"StorageParams": {"CloudStorage": {**COS, "Region": None, "x": COS}}},
        {"StorageParams": {"CloudStorage": COS, "CloudVod": {"TencentVod": {}}}},
        {"StorageParams": {"CloudStorage": COS}, "Prefix": "a"},
        {
            "StorageParams": {
                "CloudStorage": {**BUCKET, "AccessKey": [KEYS["AccessKey"]], "SecretKey": [KEYS["SecretKey"]]}
            }
        },
        {"StorageParams": {"CloudStorage": COS}, "MaxDurationLimit": 1},
    ],
)
def test_keys_are_in_no_error(wrong: dict[str, Any]) -> None:
    """Not even the text of a validation error quotes the caller's keys."""
    with pytest.raises(ValidationError) as refused:
        parse(**wrong)
    for text in (str(refused.value), repr(refused.value)):
        for key in KEYS.values():
            assert key not in text


@pytest.mark.parametrize(
    ("segments", "path"),
    [
        ([], None),
        (["a"], None),
        (["A-z_09"], None),
        (["x" * 128], None),
        (["a"] * 16, None),
        (["a"] * 17, ""),
        (["x" * 129], ".0"),
        (["ok", ""], ".1"),
        (["a/b"], ".0"),
        ([".."], ".0"),
        (["a", "录"], ".1"),
        (["a\n"], ".0"),
        (["a b"], ".0"),
        ([1], ".0"),
    ],
)
def test_file_name_prefix(segments: list[Any], path: str | None) -> None:
    """FileNamePrefix is at most 16 segments of letters, digits, `_` and `-`; a wrong one is named by its index."""
    fields = {"StorageParams": {"CloudStorage": {**COS, "FileNamePrefix": segments}}}
    if path is None:
        assert segments == dig(parse(**fields).redacted(), "StorageParams.CloudStorage.FileNamePrefix")
    else:
        assert ["StorageParams.CloudStorage.FileNamePrefix" + path] == list(errors(**fields))


@pytest.mark.parametrize(
    ("prefix", "expected"),
    [
        ("a", ["a"]),
        ("a/b", ["a", "b"]),
        ("/a/b/", ["a", "b"]),
        (["a", "b"], ["a", "b"]),
        (["a"] * 16, ["a"] * 16),
    ],
)
def test_prefix(prefix: object, expected: list[str]) -> None:
    """`prefix` is a path or a list of its segments; both are the same request."""
    assert expected == parse(prefix=prefix).prefix


@pytest.mark.parametrize("prefix", ["", "/", [], "a//b", "..", "a/../b", "a b", ["a/b"], [""], ["a"] * 17, 1, {"a": 1}])
def test_prefix_refused(prefix: object) -> None:
    """A prefix that is empty, climbs or holds other characters is refused."""
    assert all(path.split(".")[0] == "prefix" for path in errors(prefix=prefix))


@pytest.mark.parametrize(("count", "fine"), [(0, True), (1, True), (10, True), (11, False)])
def test_number_of_relays(count: int, fine: bool) -> None:
    """At most ten CDN addresses."""
    if fine:
        assert count == len(parse(PublishCdnParams=[RELAY] * count).publish_cdn_params)
    else:
        assert ["PublishCdnParams"] == list(errors(PublishCdnParams=[RELAY] * count))


def test_is_tencent_cdn_must_be_said() -> None:
    """TRTC takes an absent IsTencentCdn as 1, so it is no guess of ours."""
    found = errors(PublishCdnParams=[{"PublishCdnUrl": RELAY["PublishCdnUrl"]}])
    assert {"PublishCdnParams.0.IsTencentCdn": "is missing"} == found


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        (
            {"StorageParams": {"CloudStorage": COS}, "Storage": "cos"},
            {"storage": "give it, or StorageParams, not both"},
        ),
        ({"StorageParams": {"CloudStorage": COS}, "prefix": "a"}, {"prefix": "give it, or StorageParams, not both"}),
        (
            {"StorageParams": {"CloudVod": {"TencentVod": {}}}, "storage": "vod"},
            {"storage": "give it, or StorageParams, not both"},
        ),
        ({"storage": "vod", "prefix": "a"}, {"prefix": "is for storage cos alone, not for vod"}),
        (
            {"format": "mp4", "WebRecordVideoParams": {"Format": "hls"}},
            {"format": "differs from WebRecordVideoParams.Format"},
        ),
        (
            {"RecordId": "a", "RecordingId": "b"},
            {"RecordingId": "differs from RecordId: both name the recording, so give one"},
        ),
        ({"StartAt": 2, "StopAt": 1}, {"StopAt": "must be after StartAt"}),
        ({"StartAt": 2, "StartBy": 1}, {"StartBy": "must not be before StartAt"}),
    ],
)
def test_conflicts(fields: dict[str, Any], expected: dict[str, str]) -> None:
    """Two ways to say one thing must agree; the field to change is named."""
    assert expected == errors(**fields)


@pytest.mark.parametrize(
    "fields",
    [
        {"format": "hls", "WebRecordVideoParams": {"Format": "hls"}},
        {"RecordId": "a", "RecordingId": "a"},
        {"storage": "cos", "prefix": "a"},
        {"StorageParams": {"CloudVod": {"TencentVod": {}}}, "format": "hls"},
    ],
)
def test_no_conflict(fields: dict[str, Any]) -> None:
    """Two ways to say one thing may agree."""
    assert PAGE == parse(**fields).record_url


@pytest.mark.parametrize(
    ("fields", "target", "file_format"),
    [
        ({}, "cos", "mp4"),
        ({"format": "hls"}, "cos", "hls"),
        ({"WebRecordVideoParams": {"Format": "hls"}}, "cos", "hls"),
        ({"storage": "vod"}, "vod", "mp4"),
        ({"StorageParams": {"CloudStorage": COS}}, "cos", "mp4"),
        ({"StorageParams": {"CloudVod": {"TencentVod": {}}}}, "vod", "mp4"),
        ({"StorageParams": {"CloudVod": {"TencentVod": {}}}, "format": "hls"}, "vod", "hls"),
        ({"StorageParams": {"CloudVod": {"TencentVod": {"MediaType": 1}}}}, "vod", "hls"),
        ({"StorageParams": {"CloudVod": {"TencentVod": {"MediaType": 0}}}, "format": "hls"}, "vod", "mp4"),
        ({"StorageParams": {"CloudVod": {"TencentVod": {"MediaType": 3}}}}, "vod", "mp4"),
    ],
)
def test_target_and_format(fields: dict[str, Any], target: str, file_format: str) -> None:
    """COS and mp4 unless asked otherwise; for VOD it is MediaType that TRTC goes by."""
    request = parse(**fields)
    assert (target, file_format) == (request.target, request.file_format)


def test_defaults() -> None:
    """A page alone is enough; what is documented to differ between sources is always said."""
    expected = {
        "RecordUrl": PAGE,
        "MaxDurationLimit": 36_000,
        "WebRecordVideoParams": {"Width": 1280, "Height": 720, "MaxMediaFileDuration": 1440},
        "PublishCdnParams": [],
        "ReadyTimeout": 0,
    }
    assert expected == parse().redacted()


def test_the_documents_example() -> None:
    """The example body of the API reference validates, byte for byte as it is printed there."""
    request = RecordingRequest.model_validate(load("start_web_record_example"))
    assert request.has_caller_keys
    storage = request.model_copy().storage_params
    assert storage is not None
    assert storage.cloud_storage is not None
    assert storage.cloud_storage.access_key is not None
    assert "AKxxxxxx" == storage.cloud_storage.access_key.get_secret_value()
    assert ("cos", "mp4", 3600) == (request.target, request.file_format, request.max_duration_limit)


def test_stored_request_has_lost_its_keys() -> None:
    """What was stored reads again, from text as from a dict; sent by a caller the same document is refused."""
    stored = parse(StorageParams={"CloudStorage": COS}).redacted()
    again = RecordingRequest.model_validate(stored, context={"stored": True})
    assert stored == again.redacted()
    assert again == RecordingRequest.model_validate_json(json.dumps(stored), context={"stored": True})
    with pytest.raises(ValidationError):
        RecordingRequest.model_validate(stored)


segment = st.text("abcXYZ019_-", min_size=1, max_size=12)
text = st.text(min_size=1, max_size=12)
video = st.fixed_dictionaries(
    {},
    optional={
        "Width": st.integers(0, 1920),
        "Height": st.integers(0, 1080),
        "Format": st.sampled_from(["mp4", "hls"]),
        "MaxMediaFileDuration": st.integers(1, 1440),
    },
)
cloud_storage = st.fixed_dictionaries(
    {"Region": segment, "Bucket": segment, "AccessKey": text, "SecretKey": text},
    optional={"Vendor": st.just(0), "FileNamePrefix": st.lists(segment, max_size=16)},
)
tencent_vod = st.fixed_dictionaries(
    {},
    optional={
        "Procedure": text,
        "ExpireTime": st.integers(0, 2**40),
        "ClassId": st.integers(0, 9),
        "MediaType": st.sampled_from([0, 1, 3]),
        "UserDefineRecordId": segment,
        "SourceContext": text,
    },
)
ours = st.fixed_dictionaries({"storage": st.just("cos"), "prefix": st.lists(segment, min_size=1, max_size=16)})
theirs = st.one_of(
    cloud_storage.map(lambda cos: {"StorageParams": {"CloudStorage": cos}}),
    tencent_vod.map(lambda vod: {"StorageParams": {"CloudVod": {"TencentVod": vod}}}),
)
requests = st.builds(
    lambda base, target: {**base, **target},
    st.fixed_dictionaries(
        {"RecordUrl": st.sampled_from([PAGE, "http://b.example:8080/?q=1#f", "https://录.example/页"])},
        optional={
            "MaxDurationLimit": st.integers(1800, 86_400),
            "SdkAppId": st.integers(1, 2**32 - 1),
            "RecordId": st.text(min_size=1, max_size=7),
            "ReadyTimeout": st.integers(0, 60),
            "WebRecordVideoParams": video,
            "PublishCdnParams": st.lists(st.just(RELAY), max_size=10),
            "EmulateMobileParams": st.fixed_dictionaries({}, optional={"MobileDeviceType": st.integers(0, 1)}),
        },
    ),
    st.one_of(ours, theirs, st.just({})),
)


@given(requests)
def test_stored_form_is_stable(document: dict[str, Any]) -> None:
    """Whatever was accepted is stored, read and stored again without a change, through JSON."""
    stored = RecordingRequest.model_validate(document).redacted()
    again = RecordingRequest.model_validate(json.loads(json.dumps(stored)), context={"stored": True})
    assert stored == again.redacted()


@pytest.mark.parametrize(
    ("fields", "path"),
    [
        ({"RecordUrl": "https://user:hunter2@example.com/"}, "RecordUrl"),
        (
            {"PublishCdnParams": [{"PublishCdnUrl": "rtmp://user:hunter2@example.com/live/key", "IsTencentCdn": 0}]},
            "PublishCdnParams.0.PublishCdnUrl",
        ),
    ],
)
def test_a_password_in_an_address_is_refused(fields: dict[str, Any], path: str) -> None:
    """By the field's name, with advice, without the password; what was accepted before still starts."""
    document = {"RecordUrl": "https://example.com/", **fields}
    with pytest.raises(InvalidRequest) as error:
        parse_request(json.dumps(document).encode())
    assert [path] == [field.path for field in error.value.errors]
    assert "must not hold a user name or password" in str(error.value)
    assert "hunter2" not in str(error.value)
    assert RecordingRequest.model_validate(document, context={"stored": True})


def test_a_stream_key_is_no_password() -> None:
    """It belongs into the path or the query of a relay's address, with an @ too."""
    relay = {"PublishCdnUrl": "rtmp://example.com/live/stream@1?txSecret=a@b", "IsTencentCdn": 1}
    assert RecordingRequest.model_validate({"RecordUrl": "https://example.com/", "PublishCdnParams": [relay]})


def test_half_a_million_wrong_pieces_are_a_few_errors() -> None:
    """Each error takes some kilobytes: of a body of 1 MB they filled five functions' memory."""
    hostile: list[dict[str, Any]] = [
        {"Prefix": "a" + "/" * 900_000 + "a"},
        {"Prefix": "a" + "/!" * 490_000},
        {"Prefix": [1] * 490_000},
        {"Labels": {f"!{i:x}": 1 for i in range(80_000)}},
        {"PublishCdnParams": [1] * 490_000},
        {"StorageParams": {"CloudStorage": {**COS, "FileNamePrefix": [1] * 490_000}}},
    ]
    for fields in hostile:
        with pytest.raises(ValidationError) as refused:
            parse(**fields)
        assert 0 < refused.value.error_count() < 40, next(iter(fields))


def test_a_place_of_as_many_segments_as_allowed_is_kept_whole() -> None:
    """One more is refused; no segment is lost on the way."""
    names = [f"s{number}" for number in range(16)]
    assert names == parse(Prefix="/".join(names)).prefix == parse(Prefix=names).prefix
    assert {"Prefix"} == set(errors(Prefix="/".join([*names, "more"]))) == set(errors(Prefix=[*names, "more"]))


def test_a_folder_leaves_room_for_the_films_name() -> None:
    """COS has no key longer than 850 bytes: a film would be recorded and could not be uploaded."""
    most, own = ["a" * 99, "b" * 100, "c" * 99], ["a" * 120] * 4 + ["b" * 116]
    assert most == parse(Prefix=most).prefix
    assert {"Prefix": "must be at most 300 characters"} == errors(Prefix=[*most[:2], "c" * 100])
    assert ["prefix"] == list(errors(prefix="/".join([*most, "d"])))
    assert dig(parse(StorageParams={"CloudStorage": {**COS, "FileNamePrefix": own}}).redacted(), "StorageParams")
    longer = {"StorageParams": {"CloudStorage": {**COS, "FileNamePrefix": [*own, "c"]}}}
    assert {"StorageParams.CloudStorage.FileNamePrefix": "must be at most 600 characters"} == errors(**longer)


def test_a_longer_folder_that_was_accepted_before_still_starts() -> None:
    """A stored request is read without the rule."""
    stored = {"RecordUrl": PAGE, "Prefix": ["a" * 128] * 3}
    assert stored["Prefix"] == RecordingRequest.model_validate(stored, context={"stored": True}).prefix


def test_a_byte_order_mark_does_no_harm() -> None:
    """Editors and shells on Windows begin a file with it; a job object may have it, too."""
    body = json.dumps({"RecordUrl": PAGE}).encode("utf-8-sig")
    assert PAGE == parse_request(body).record_url
