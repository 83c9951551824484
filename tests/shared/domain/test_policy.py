"""What a deployment allows and fills in, and what StartWebRecord gets in the end."""

from __future__ import annotations

import json
from typing import Any

import pytest
from pydantic import SecretStr

from shared.domain.accepted import Accepted, Place
from shared.domain.errors import ConfigurationError, InvalidRequest, PageNotAllowed
from shared.domain.policy import Policy, UploadKeys
from shared.domain.request import RecordingRequest

PAGE = "https://page.example/room"
NOW = 1_767_225_600_000
COS = {"Region": "ap-chengdu", "Bucket": "own-1", "AccessKey": "AKcallers", "SecretKey": "callers-secret"}
OWN: dict[str, Any] = {"StorageParams": {"CloudStorage": {**COS, "FileNamePrefix": ["a", "b"]}}}
POLICY = Policy(
    sdk_app_ids=(1_400_000_001, 1_400_000_002),
    allowed_hosts=(),
    max_duration_ceiling_s=36_000,
    caller_storage=True,
    bucket="ours-1250000000",
    region="ap-guangzhou",
    prefix="web/record",
    upload_keys=UploadKeys(SecretStr("AKours"), SecretStr("ours-secret")),
)


def request(**fields: object) -> RecordingRequest:
    """Return a request for a public page."""
    return RecordingRequest.model_validate({"RecordUrl": PAGE, **fields})


def accept(policy: Policy = POLICY, **fields: object) -> Accepted:
    """Return what the policy accepts of a request."""
    return policy.accept(request(**fields), "lesson", "http:me", NOW)


def parameters(policy: Policy = POLICY, **fields: object) -> dict[str, Any]:
    """Return what StartWebRecord would get for a request."""
    return policy.parameters(accept(policy, **fields), request(**fields), "lesson-1")


def refused(policy: Policy = POLICY, **fields: object) -> list[str]:
    """Return the paths the policy refuses."""
    with pytest.raises(InvalidRequest) as error:
        accept(policy, **fields)
    return [field.path for field in error.value.errors]


def test_defaults() -> None:
    """A page alone is recorded to our bucket, in a folder named after the recording, for the first SdkAppId."""
    expected = Accepted(
        recording_id="lesson",
        created_ms=NOW,
        source="http:me",
        sdk_app_id=1_400_000_001,
        place=Place(
            bucket="ours-1250000000",
            region="ap-guangzhou",
            prefix=["web", "record", "files", "lesson"],
            folder="files/lesson/",
        ),
        page_url=PAGE,
        target="cos",
        format="mp4",
        max_duration_s=36_000,
        start_by_ms=NOW + 3_600_000,
        request=request().redacted(),
        said=["RecordUrl"],
    )
    assert expected == accept()


@pytest.mark.parametrize("sdk_app_id", [1_400_000_001, 1_400_000_002])
def test_allowed_sdk_app_id(sdk_app_id: int) -> None:
    """A caller may choose among the deployment's SdkAppIds."""
    assert sdk_app_id == accept(SdkAppId=sdk_app_id).sdk_app_id
    assert sdk_app_id == parameters(SdkAppId=sdk_app_id)["SdkAppId"]


def test_foreign_sdk_app_id() -> None:
    """Another SdkAppId is refused."""
    assert ["SdkAppId"] == refused(SdkAppId=1_400_000_003)


@pytest.mark.parametrize(
    ("ceiling", "limit", "fine"), [(36_000, 36_000, True), (36_000, 36_001, False), (86_400, 86_400, True)]
)
def test_ceiling(ceiling: int, limit: int, fine: bool) -> None:
    """MaxDurationLimit is bounded by the deployment's setting."""
    policy = POLICY._replace(max_duration_ceiling_s=ceiling)
    if fine:
        assert limit == parameters(policy, MaxDurationLimit=limit)["MaxDurationLimit"]
    else:
        assert ["MaxDurationLimit"] == refused(policy, MaxDurationLimit=limit)


def test_default_duration_under_a_low_ceiling() -> None:
    """A caller who says nothing about the duration gets what the deployment allows, not a refusal."""
    policy = POLICY._replace(max_duration_ceiling_s=1800)
    assert 1800 == parameters(policy)["MaxDurationLimit"]
    assert ["MaxDurationLimit"] == refused(policy, MaxDurationLimit=36_000)


def test_stored_request_is_sent_under_a_low_ceiling() -> None:
    """What was accepted is still sent when it waited, read back from where it was stored."""
    policy = POLICY._replace(max_duration_ceiling_s=1800)
    accepted = accept(policy)
    assert parameters(policy) == policy.parameters(accepted, accepted.parsed(), "lesson-1")


@pytest.mark.parametrize(
    ("ceiling", "fields", "limit"),
    [
        (86_400, {"StopAt": NOW // 1000 + 43_200}, 43_320),
        (86_400, {"StopAt": NOW // 1000 + 36_000}, 36_120),
        (86_400, {"StopAt": NOW // 1000 + 86_400}, 86_400),
        (86_400, {"StopAt": NOW // 1000 + 3_600}, 36_000),
        (86_400, {"StartAt": NOW // 1000 + 7_200, "StopAt": NOW // 1000 + 50_400}, 43_320),
        (86_400, {"StartAt": NOW // 1000 - 1_800, "StopAt": NOW // 1000 + 39_600}, 39_720),
        (36_000, {"StopAt": NOW // 1000 + 36_000}, 36_000),
        (86_400, {"StopAt": NOW // 1000 + 7_200, "MaxDurationLimit": 7_200}, 7_200),
        (86_400, {"StopAt": NOW // 1000 + 7_205, "MaxDurationLimit": 7_200}, 7_200),
        (86_400, {"StopAt": NOW // 1000 + 3_600, "MaxDurationLimit": 7_200}, 7_200),
    ],
)
def test_a_stop_at_comes_before_trtcs_limit(ceiling: int, fields: dict[str, Any], limit: int) -> None:
    """A caller who gives StopAt alone gets a limit that lets the recording last until then; a given limit stays."""
    policy = POLICY._replace(max_duration_ceiling_s=ceiling)
    assert limit == parameters(policy, **fields)["MaxDurationLimit"]


@pytest.mark.parametrize(
    ("ceiling", "fields", "limit"),
    [
        (86_400, {"StopAt": NOW // 1000 + 172_800}, "86400"),
        (36_000, {"StopAt": NOW // 1000 + 43_200}, "36000"),
        (86_400, {"StopAt": NOW // 1000 + 7_200, "MaxDurationLimit": 3_600}, "3600"),
        (86_400, {"StartAt": NOW // 1000 + 60, "StopAt": NOW // 1000 + 172_800}, "86400"),
    ],
)
def test_a_stop_at_that_cannot_be_reached_is_refused(ceiling: int, fields: dict[str, Any], limit: str) -> None:
    """TRTC would end the recording before it, and the caller would miss the end: the refusal names the limit."""
    with pytest.raises(InvalidRequest) as error:
        accept(POLICY._replace(max_duration_ceiling_s=ceiling), **fields)
    told = [(field.path, field.code, field.values) for field in error.value.errors]
    assert [("StopAt", "stop_beyond_limit", {"limit": limit})] == told


def test_hosts() -> None:
    """The deployment's hosts decide about the page, before anything else."""
    assert PAGE == accept(POLICY._replace(allowed_hosts=("page.example",))).request["RecordUrl"]
    with pytest.raises(PageNotAllowed):
        accept(POLICY._replace(allowed_hosts=("*.page.example",)), SdkAppId=7)
    with pytest.raises(PageNotAllowed):
        accept(RecordUrl="http://127.0.0.1/")


def test_caller_storage_switched_off() -> None:
    """Where callers may not bring a bucket, VOD in the API's shape still works."""
    policy = POLICY._replace(caller_storage=False)
    assert ["StorageParams.CloudStorage"] == refused(policy, **OWN)
    assert accept(policy, StorageParams={"CloudVod": {"TencentVod": {}}}).place is None


def test_every_refusal_is_listed() -> None:
    """All wrong fields are told at once."""
    policy = POLICY._replace(caller_storage=False)
    expected = ["SdkAppId", "StorageParams.CloudStorage", "PublishCdnParams.0.PublishCdnUrl", "MaxDurationLimit"]
    relays = [{"PublishCdnUrl": "rtmp://10.0.0.1/app/key", "IsTencentCdn": 0}]
    assert expected == refused(policy, SdkAppId=7, MaxDurationLimit=36_001, PublishCdnParams=relays, **OWN)


def test_missing_upload_keys() -> None:
    """Without upload keys our own bucket is out of reach, and both settings are named; the rest works."""
    policy = POLICY._replace(upload_keys=None)
    with pytest.raises(ConfigurationError, match=r"WEBRECORD_STORAGE_SECRET_ID .*WEBRECORD_STORAGE_SECRET_KEY"):
        accept(policy)
    with pytest.raises(ConfigurationError, match="WEBRECORD_STORAGE_SECRET_ID"):
        policy.parameters(accept(), request(), "lesson-1")
    assert parameters(**OWN) == parameters(policy, **OWN)
    assert parameters(storage="vod") == parameters(policy, storage="vod")


def test_parameters_for_our_bucket() -> None:
    """StartWebRecord gets the deployment's bucket and keys, and every value that is documented to vary said."""
    expected = {
        "RecordUrl": PAGE,
        "SdkAppId": 1_400_000_001,
        "MaxDurationLimit": 36_000,
        "RecordId": "lesson-1",
        "StorageParams": {
            "CloudStorage": {
                "Vendor": 0,
                "Region": "ap-guangzhou",
                "Bucket": "ours-1250000000",
                "AccessKey": "AKours",
                "SecretKey": "ours-secret",
                "FileNamePrefix": ["web", "record", "files", "lesson"],
            }
        },
        "WebRecordVideoParams": {"Width": 1280, "Height": 720, "Format": "mp4", "MaxMediaFileDuration": 1440},
    }
    assert expected == parameters()


def test_parameters_for_the_callers_prefix() -> None:
    """A caller's prefix is a folder below our films', and the recording's own follows it."""
    storage = parameters(prefix="school/lesson")["StorageParams"]["CloudStorage"]
    assert (["web", "record", "files", "school", "lesson", "lesson"], "ours-1250000000") == (
        storage["FileNamePrefix"],
        storage["Bucket"],
    )


def test_parameters_for_the_callers_bucket() -> None:
    """A caller's bucket is used with the caller's keys and prefix; none of ours go with it."""
    expected = {"CloudStorage": {"Vendor": 0, **COS, "FileNamePrefix": ["a", "b"]}}
    assert expected == parameters(**OWN)["StorageParams"]
    assert Place(bucket="own-1", region="ap-chengdu", prefix=["a", "b"]) == accept(**OWN).place


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"storage": "vod"}, {"MediaType": 0}),
        ({"storage": "vod", "format": "hls"}, {"MediaType": 1}),
        ({"StorageParams": {"CloudVod": {"TencentVod": {}}}}, {"MediaType": 0}),
        (
            {"StorageParams": {"CloudVod": {"TencentVod": {"MediaType": 3, "SubAppId": 5}}}},
            {"MediaType": 3, "SubAppId": 5},
        ),
        (
            {"StorageParams": {"CloudVod": {"TencentVod": {"Procedure": "p", "ClassId": 0}}}, "format": "hls"},
            {"MediaType": 1, "Procedure": "p", "ClassId": 0},
        ),
    ],
)
def test_parameters_for_vod(fields: dict[str, Any], expected: dict[str, Any]) -> None:
    """For VOD the format is MediaType, unless the caller said that; only what was said is sent."""
    assert {"CloudVod": {"TencentVod": expected}} == parameters(**fields)["StorageParams"]
    assert accept(**fields).place is None


def test_optional_parameters_are_absent() -> None:
    """The API asks not to send these where they are not meant: not even as 0."""
    optional = {"ReadyTimeout", "EmulateMobileParams", "PublishCdnParams"}
    assert not optional & set(parameters())
    assert not optional & set(parameters(ReadyTimeout=0, PublishCdnParams=[]))


def test_optional_parameters_are_sent() -> None:
    """What was asked for is sent, with its defaults said."""
    relay = {"PublishCdnUrl": "rtmp://push.example/a", "IsTencentCdn": 0}
    sent = parameters(ReadyTimeout=30, EmulateMobileParams={"ScreenOrientation": 1}, PublishCdnParams=[relay])
    assert 30 == sent["ReadyTimeout"]
    assert {"MobileDeviceType": 0, "ScreenOrientation": 1} == sent["EmulateMobileParams"]
    assert [relay] == sent["PublishCdnParams"]


def test_picture_is_sent() -> None:
    """The picture's parameters are sent as asked, the format from either place."""
    expected = {"Width": 0, "Height": 1080, "Format": "hls", "MaxMediaFileDuration": 1}
    picture = {"Width": 0, "Height": 1080, "MaxMediaFileDuration": 1}
    assert expected == parameters(WebRecordVideoParams=picture, format="hls")["WebRecordVideoParams"]
    assert expected == parameters(WebRecordVideoParams={**picture, "Format": "hls"})["WebRecordVideoParams"]


@pytest.mark.parametrize("fields", [{}, OWN, {"storage": "vod"}])
def test_keys_are_never_stored(fields: dict[str, Any]) -> None:
    """What is stored holds neither the caller's keys nor ours, and reads back as the same request."""
    accepted = accept(**fields)
    text = accepted.model_dump_json()
    for secret in ("AKcallers", "callers-secret", "AKours", "ours-secret", "AccessKey", "SecretKey"):
        assert secret not in text
        assert secret not in repr(accepted)
    again = Accepted.model_validate(json.loads(text))
    assert accepted == again
    assert accepted.request == again.parsed().redacted()
    assert "ours-secret" not in repr(POLICY)
