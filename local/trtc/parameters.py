"""The parameters of StartWebRecord, checked as the API reference states them, by code of its own."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any, Literal
from urllib.parse import urlsplit

from local.api3.errors import ApiError
from local.api3.fields import Fields
from local.trtc.settings import TrtcSettings

__all__ = ["CdnTarget", "CosTarget", "Format", "MobileParameters", "StartParameters", "VodTarget", "parse_start"]

MAX_INT = 2**63 - 1
MAX_RECORD_ID_BYTES = 31
MAX_CDN_TARGETS = 10
_SEGMENT = re.compile(r"[A-Za-z0-9_-]+")
_REGION = re.compile(r"[a-z0-9-]+")
_BUCKET = re.compile(r"[a-z0-9][a-z0-9-]*")
Format = Literal["mp4", "hls", "hls+mp4"]
_VOD_FORMATS: dict[int, Format] = {0: "mp4", 1: "hls", 3: "hls+mp4"}


@dataclass(frozen=True)
class CosTarget:
    """CloudStorage: the caller's bucket and long-lived keys, which no log may show."""

    region: str
    bucket: str
    access_key: str = field(repr=False)
    secret_key: str = field(repr=False)
    prefix: tuple[str, ...] = ()


@dataclass(frozen=True)
class VodTarget:
    """CloudVod.TencentVod; only the members that change what is recorded or named are kept."""

    media_type: int = 0
    user_define_record_id: str = ""


@dataclass(frozen=True)
class MobileParameters:
    """EmulateMobileParams in words."""

    device: Literal["phone", "tablet"]
    orientation: Literal["portrait", "landscape"]


@dataclass(frozen=True)
class CdnTarget:
    """One of PublishCdnParams; a push URL carries a key of its own."""

    url: str = field(repr=False)
    tencent: bool = True


@dataclass(frozen=True)
class StartParameters:
    """A checked StartWebRecord; sizes in pixels, times in seconds.

    The documented range of sizes begins at 0, which no picture can have: it stands for the default of 1280x720.
    """

    sdk_app_id: int
    page_url: str = field(repr=False)
    storage: CosTarget | VodTarget
    record_id: str = ""
    max_duration_s: int = 86_400
    width: int = 0
    height: int = 0
    format: Format = "mp4"
    max_media_file_s: int = 86_400
    ready_timeout_s: int = 0
    mobile: MobileParameters | None = None
    cdn: tuple[CdnTarget, ...] = ()


def parse_start(body: object, settings: TrtcSettings) -> StartParameters:
    """Check the body of a StartWebRecord.

    Raises:
        ApiError: The first problem found, in the order of the reference's table.
    """
    fields = Fields(body)
    page_url = fields.required_text("RecordUrl")
    if not _is_url(page_url, {"http", "https"}):
        raise ApiError.wrong_value("RecordUrl", "must be an http or https URL")
    max_duration_s = fields.integer(
        "MaxDurationLimit", 1800, settings.max_duration_ceiling_s, settings.max_duration_ceiling_s
    )
    storage = _storage(fields.child("StorageParams"))
    width, height, wanted, max_media_file_s = _video(fields.child("WebRecordVideoParams"))
    if isinstance(storage, VodTarget):
        wanted = _VOD_FORMATS[storage.media_type]  # Format is ignored for VOD
    sdk_app_id = fields.integer("SdkAppId", 0, MAX_INT, settings.default_sdk_app_id)
    record_id = fields.text("RecordId") or ""
    if len(record_id.encode()) > MAX_RECORD_ID_BYTES:
        raise ApiError.wrong_value("RecordId", "must be shorter than 32 bytes")
    parameters = StartParameters(
        sdk_app_id=sdk_app_id, page_url=page_url, storage=storage, record_id=record_id,
        max_duration_s=max_duration_s, width=width, height=height, format=wanted,
        max_media_file_s=max_media_file_s,
        cdn=_cdn(fields.items("PublishCdnParams", "McuPublishCdnParam")),
        ready_timeout_s=fields.integer("ReadyTimeout", 0, 60, 0),
        mobile=_mobile(fields.child("EmulateMobileParams")),
    )  # fmt: skip
    fields.done()
    if sdk_app_id not in settings.sdk_app_ids:
        raise ApiError("FailedOperation.SdkAppIdNotUnderAppId", "There is no such SdkAppId under this AppId.")
    return parameters


def _is_url(text: str, schemes: set[str]) -> bool:
    try:
        parts = urlsplit(text)
        return parts.scheme.lower() in schemes and bool(parts.hostname) and " " not in text
    except ValueError:
        return False


def _storage(fields: Fields | None) -> CosTarget | VodTarget:
    if fields is None:
        raise ApiError.missing("StorageParams")
    cos, vod = fields.child("CloudStorage"), fields.child("CloudVod")
    fields.done()
    if cos is not None and vod is not None:
        raise ApiError("InvalidParameter", "`StorageParams` must hold one of `CloudStorage` and `CloudVod`.")
    if cos is not None:
        return _cos(cos)
    if vod is not None:
        return _vod(vod)
    raise ApiError.missing("StorageParams.CloudStorage")


def _cos(fields: Fields) -> CosTarget:
    fields.integer("Vendor", 0, 0)
    region, bucket = fields.required_text("Region"), fields.required_text("Bucket")
    if not _REGION.fullmatch(region):
        raise ApiError.wrong_value(fields.name("Region"), "must be a region of COS")
    if not _BUCKET.fullmatch(bucket):
        raise ApiError.wrong_value(fields.name("Bucket"), "must be a bucket name")
    access_key, secret_key = fields.required_text("AccessKey"), fields.required_text("SecretKey")
    prefix: list[str] = []
    for name, segment in fields.items("FileNamePrefix", "String"):
        if not isinstance(segment, str):
            raise ApiError.wrong_type(name, "String")
        if not _SEGMENT.fullmatch(segment):
            raise ApiError.wrong_value(name, "must be letters, digits, _ and -")
        prefix.append(segment)
    fields.done()
    return CosTarget(region, bucket, access_key, secret_key, tuple(prefix))


def _vod(fields: Fields) -> VodTarget:
    vod = fields.child("TencentVod")
    if vod is None:
        raise ApiError.missing(fields.name("TencentVod"))
    fields.done()
    for member in ("Procedure", "StorageRegion", "SessionContext", "SourceContext"):
        vod.text(member)
    for member in ("ExpireTime", "ClassId", "SubAppId"):
        vod.integer(member, 0, MAX_INT, 0)
    media_type = vod.integer("MediaType", 0, 3, 0)
    if media_type == 2:  # sound only, which the recording of a page cannot be
        raise ApiError.wrong_value(vod.name("MediaType"), "must be 0, 1 or 3")
    name = vod.text("UserDefineRecordId") or ""
    if name and (len(name) > 64 or not _SEGMENT.fullmatch(name)):
        raise ApiError.wrong_value(vod.name("UserDefineRecordId"), "must be at most 64 of A-Z a-z 0-9 _ -")
    vod.done()
    return VodTarget(media_type, name)


def _video(fields: Fields | None) -> tuple[int, int, Format, int]:
    fields = fields or Fields({}, "WebRecordVideoParams")
    width = fields.integer("Width", 0, 1920, 0)
    height = fields.integer("Height", 0, 1080, 0)
    wanted: Format = "mp4"
    if (given := fields.text("Format")) is not None:
        if given not in {"mp4", "hls"}:
            raise ApiError.wrong_value(fields.name("Format"), "must be hls or mp4")
        wanted = "hls" if given == "hls" else "mp4"
    minutes = fields.integer("MaxMediaFileDuration", 1, 1440, 1440)
    fields.done()
    return width, height, wanted, minutes * 60


def _cdn(items: list[tuple[str, Any]]) -> tuple[CdnTarget, ...]:
    if len(items) > MAX_CDN_TARGETS:
        raise ApiError.wrong_value("PublishCdnParams", f"must have at most {MAX_CDN_TARGETS} elements")
    targets: list[CdnTarget] = []
    for name, item in items:
        fields = Fields(item, name)
        url = fields.required_text("PublishCdnUrl")
        if not _is_url(url, {"rtmp"}):
            raise ApiError.wrong_value(fields.name("PublishCdnUrl"), "must be an rtmp URL")
        targets.append(CdnTarget(url, fields.integer("IsTencentCdn", 0, 1, 1) == 1))
        fields.done()
    return tuple(targets)


def _mobile(fields: Fields | None) -> MobileParameters | None:
    if fields is None:
        return None
    device = fields.integer("MobileDeviceType", 0, 1, 0)
    orientation = fields.integer("ScreenOrientation", 0, 1, 0)
    fields.done()
    return MobileParameters("tablet" if device else "phone", "landscape" if orientation else "portrait")
