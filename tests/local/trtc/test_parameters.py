"""Every parameter of StartWebRecord: what the reference allows passes, what it does not is refused by name."""

from __future__ import annotations

from typing import Any

import pytest

from local.api3.errors import ApiError
from local.trtc.parameters import CdnTarget, CosTarget, MobileParameters, StartParameters, VodTarget, parse_start
from tests.local.trtc.cloud import APP, body, settings_for_tests


def start(**changes: Any) -> StartParameters:
    """Parse a valid body with changes."""
    return parse_start(body(**changes), settings_for_tests())


def cos(**changes: Any) -> dict[str, Any]:
    """Return StorageParams with a changed CloudStorage; None removes."""
    merged = {**body()["StorageParams"]["CloudStorage"], **changes}
    return {"CloudStorage": {name: value for name, value in merged.items() if value is not None}}


def vod(**members: Any) -> dict[str, Any]:
    """Return StorageParams for VOD."""
    return {"CloudVod": {"TencentVod": members}}


URL = "rtmp://push.example.com/live/x"
GOOD: list[dict[str, Any]] = [
    {},
    {"RecordUrl": "http://127.0.0.1:8000/page?x=1#y"},
    {"MaxDurationLimit": 1800},
    {"MaxDurationLimit": 86400},
    {"WebRecordVideoParams": {"Width": 0, "Height": 0}},
    {"WebRecordVideoParams": {"Width": 1920, "Height": 1080, "Format": "hls"}},
    {"WebRecordVideoParams": {"MaxMediaFileDuration": 1}},
    {"WebRecordVideoParams": {"MaxMediaFileDuration": 1440}},
    {"RecordId": "x" * 31},
    {"RecordId": "录" * 10},
    {"ReadyTimeout": 0},
    {"ReadyTimeout": 60},
    {"PublishCdnParams": [{"PublishCdnUrl": URL, "IsTencentCdn": 0}] * 10},
    {"EmulateMobileParams": {"MobileDeviceType": 1, "ScreenOrientation": 1}},
    {"StorageParams": cos(FileNamePrefix=None)},
    {"StorageParams": cos(FileNamePrefix=[])},
    {"StorageParams": vod()},
    {"StorageParams": vod(MediaType=3, UserDefineRecordId="a" * 64, ExpireTime=0, SessionContext="x")},
    {"SdkAppId": None},
]

BAD: list[tuple[dict[str, Any], str, str]] = [
    ({"RecordUrl": None}, "MissingParameter", "RecordUrl"),
    ({"RecordUrl": ""}, "MissingParameter", "RecordUrl"),
    ({"RecordUrl": 1}, "InvalidParameter", "RecordUrl"),
    ({"RecordUrl": "ftp://example.com/"}, "InvalidParameterValue", "RecordUrl"),
    ({"RecordUrl": "https://"}, "InvalidParameterValue", "RecordUrl"),
    ({"RecordUrl": "http://[::1"}, "InvalidParameterValue", "RecordUrl"),
    ({"MaxDurationLimit": 1799}, "InvalidParameterValue", "MaxDurationLimit"),
    ({"MaxDurationLimit": 86401}, "InvalidParameterValue", "MaxDurationLimit"),
    ({"MaxDurationLimit": "3600"}, "InvalidParameter", "MaxDurationLimit"),
    ({"MaxDurationLimit": True}, "InvalidParameter", "MaxDurationLimit"),
    ({"MaxDurationLimit": 3600.0}, "InvalidParameter", "MaxDurationLimit"),
    ({"WebRecordVideoParams": {"Width": -1}}, "InvalidParameterValue", "WebRecordVideoParams.Width"),
    ({"WebRecordVideoParams": {"Width": 1921}}, "InvalidParameterValue", "WebRecordVideoParams.Width"),
    ({"WebRecordVideoParams": {"Height": 1081}}, "InvalidParameterValue", "WebRecordVideoParams.Height"),
    ({"WebRecordVideoParams": {"Format": "flv"}}, "InvalidParameterValue", "WebRecordVideoParams.Format"),
    ({"WebRecordVideoParams": {"Fps": 15}}, "UnknownParameter", "WebRecordVideoParams.Fps"),
    ({"WebRecordVideoParams": []}, "InvalidParameter", "WebRecordVideoParams"),
    ({"WebRecordVideoParams": {"MaxMediaFileDuration": 0}}, "InvalidParameterValue", "MaxMediaFileDuration"),
    ({"WebRecordVideoParams": {"MaxMediaFileDuration": 1441}}, "InvalidParameterValue", "MaxMediaFileDuration"),
    ({"RecordId": "x" * 32}, "InvalidParameterValue", "RecordId"),
    ({"RecordId": "录" * 11}, "InvalidParameterValue", "RecordId"),
    ({"ReadyTimeout": -1}, "InvalidParameterValue", "ReadyTimeout"),
    ({"ReadyTimeout": 61}, "InvalidParameterValue", "ReadyTimeout"),
    ({"PublishCdnParams": [{"PublishCdnUrl": URL}] * 11}, "InvalidParameterValue", "PublishCdnParams"),
    ({"PublishCdnParams": {}}, "InvalidParameter", "PublishCdnParams"),
    ({"PublishCdnParams": [{}]}, "MissingParameter", "PublishCdnParams.0.PublishCdnUrl"),
    ({"PublishCdnParams": [{"PublishCdnUrl": "https://x.com/"}]}, "InvalidParameterValue", "PublishCdnUrl"),
    (
        {"PublishCdnParams": [{"PublishCdnUrl": URL, "IsTencentCdn": 2}]},
        "InvalidParameterValue",
        "PublishCdnParams.0.IsTencentCdn",
    ),
    ({"EmulateMobileParams": {"MobileDeviceType": 2}}, "InvalidParameterValue", "MobileDeviceType"),
    ({"EmulateMobileParams": {"ScreenOrientation": -1}}, "InvalidParameterValue", "ScreenOrientation"),
    ({"StorageParams": None}, "MissingParameter", "StorageParams"),
    ({"StorageParams": {}}, "MissingParameter", "StorageParams.CloudStorage"),
    ({"StorageParams": {**cos(), **vod()}}, "InvalidParameter", "StorageParams"),
    ({"StorageParams": cos(Vendor=1)}, "InvalidParameterValue", "StorageParams.CloudStorage.Vendor"),
    ({"StorageParams": cos(Vendor=None)}, "MissingParameter", "StorageParams.CloudStorage.Vendor"),
    ({"StorageParams": cos(Region=None)}, "MissingParameter", "StorageParams.CloudStorage.Region"),
    ({"StorageParams": cos(Region="../x")}, "InvalidParameterValue", "StorageParams.CloudStorage.Region"),
    ({"StorageParams": cos(Bucket=None)}, "MissingParameter", "StorageParams.CloudStorage.Bucket"),
    ({"StorageParams": cos(Bucket="a/b")}, "InvalidParameterValue", "StorageParams.CloudStorage.Bucket"),
    ({"StorageParams": cos(AccessKey=None)}, "MissingParameter", "StorageParams.CloudStorage.AccessKey"),
    ({"StorageParams": cos(SecretKey="")}, "MissingParameter", "StorageParams.CloudStorage.SecretKey"),
    ({"StorageParams": cos(FileNamePrefix="a")}, "InvalidParameter", "FileNamePrefix"),
    ({"StorageParams": cos(FileNamePrefix=[1])}, "InvalidParameter", "FileNamePrefix.0"),
    ({"StorageParams": cos(FileNamePrefix=["a", "b/c"])}, "InvalidParameterValue", "FileNamePrefix.1"),
    ({"StorageParams": cos(FileNamePrefix=["a\n"])}, "InvalidParameterValue", "FileNamePrefix.0"),
    ({"StorageParams": cos(Token="x")}, "UnknownParameter", "StorageParams.CloudStorage.Token"),
    ({"StorageParams": {"CloudVod": {}}}, "MissingParameter", "StorageParams.CloudVod.TencentVod"),
    ({"StorageParams": vod(MediaType=2)}, "InvalidParameterValue", "MediaType"),
    ({"StorageParams": vod(MediaType=4)}, "InvalidParameterValue", "MediaType"),
    ({"StorageParams": vod(UserDefineRecordId="a" * 65)}, "InvalidParameterValue", "UserDefineRecordId"),
    ({"StorageParams": vod(UserDefineRecordId="a b")}, "InvalidParameterValue", "UserDefineRecordId"),
    ({"SdkAppId": "1400000001"}, "InvalidParameter", "SdkAppId"),
    ({"SdkAppId": -1}, "InvalidParameterValue", "SdkAppId"),
    ({"SdkAppId": 7}, "FailedOperation.SdkAppIdNotUnderAppId", "SdkAppId"),
    ({"RecordUrls": "x"}, "UnknownParameter", "RecordUrls"),
]


@pytest.mark.parametrize("changes", GOOD)
def test_documented_values_pass(changes: dict[str, Any]) -> None:
    """Values at and inside each documented bound are accepted."""
    assert APP == start(**changes).sdk_app_id


@pytest.mark.parametrize(("changes", "code", "name"), BAD)
def test_other_values_are_refused_by_name(changes: dict[str, Any], code: str, name: str) -> None:
    """Values outside a bound, of a wrong type, missing or unknown get their code and name the parameter."""
    with pytest.raises(ApiError) as refusal:
        start(**changes)
    assert code == refusal.value.code
    assert name in refusal.value.message


@pytest.mark.parametrize("value", [None, [], "text", 1])
def test_a_body_that_is_no_object_is_refused(value: object) -> None:
    """JSON that is no object is InvalidParameter, not a crash."""
    with pytest.raises(ApiError) as refusal:
        parse_start(value, settings_for_tests())
    assert "InvalidParameter" == refusal.value.code


def test_no_sdk_app_id_without_a_default_is_missing() -> None:
    """The SdkAppId the reference calls required in practice is missed when the settings have no default."""
    with pytest.raises(ApiError) as refusal:
        parse_start(body(SdkAppId=None), settings_for_tests(default_sdk_app_id=None))
    assert ("MissingParameter", True) == (refusal.value.code, "`SdkAppId`" in refusal.value.message)


def test_the_newest_ceiling_is_a_setting() -> None:
    """86400 s, which the newest reference allows, passes when the settings say so, and becomes the default."""
    settings = settings_for_tests(max_duration_ceiling_s=86_400)
    assert 86_400 == parse_start(body(MaxDurationLimit=86_400), settings).max_duration_s
    assert 86_400 == parse_start(body(), settings).max_duration_s


def test_what_a_full_request_means() -> None:
    """Every parameter arrives in the checked form, minutes as seconds and numbers as words."""
    parsed = start(
        RecordId="r",
        MaxDurationLimit=3600,
        WebRecordVideoParams={"Width": 390, "Height": 844, "Format": "hls", "MaxMediaFileDuration": 2},
        PublishCdnParams=[{"PublishCdnUrl": URL}],
        ReadyTimeout=5,
        EmulateMobileParams={"MobileDeviceType": 0, "ScreenOrientation": 0},
    )
    assert (
        StartParameters(
            sdk_app_id=APP,
            page_url="https://example.com/",
            storage=CosTarget("ap-chengdu", "web-125", "AK", "SK", ("record", "video")),
            record_id="r",
            max_duration_s=3600,
            width=390,
            height=844,
            format="hls",
            max_media_file_s=120,
            ready_timeout_s=5,
            mobile=MobileParameters("phone", "portrait"),
            cdn=(CdnTarget(URL, tencent=True),),
        )
        == parsed
    )


def test_vod_decides_the_format_itself() -> None:
    """For VOD the MediaType decides and Format is ignored."""
    video = {"Format": "hls"}
    assert "mp4" == start(StorageParams=vod(), WebRecordVideoParams=video).format
    assert "hls" == start(StorageParams=vod(MediaType=1)).format
    assert "hls+mp4" == start(StorageParams=vod(MediaType=3)).format
    assert VodTarget(1, "") == start(StorageParams=vod(MediaType=1)).storage


def test_keys_are_not_printed() -> None:
    """Neither the storage keys nor a push URL, which holds a key, nor the page's URL appear in a repr."""
    text = repr(start(PublishCdnParams=[{"PublishCdnUrl": URL}]))
    assert not any(secret in text for secret in ("'AK'", "'SK'", "rtmp", "example.com"))
