"""RecordingRequest: the whole parameter surface of StartWebRecord, and our shorter form of it.

Ranges are those of the API reference of StartWebRecord (version 2019-07-22). Every field is accepted in the
API's spelling (`RecordUrl`) and in ours (`record_url`); unknown fields are refused with their path.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    Field,
    SecretStr,
    StringConstraints,
    ValidationInfo,
    field_validator,
    model_validator,
)

from shared.domain.fields import (
    MOST_SEGMENTS,
    Format,
    Instant,
    Integer,
    LabelName,
    LabelValue,
    Name,
    Prefix,
    RecordId,
    Segment,
    Switch,
    Text,
    Wire,
    at_most_bytes,
    few,
    no_login,
    one_of,
    short_folder,
)
from shared.domain.instants import instant_ms
from shared.domain.pages import check_page_url
from shared.domain.wrongs import Wrong

MAX_DURATION_CEILING_S = 86_400
"""The newest documented upper bound of MaxDurationLimit, seconds; a setting holds the one in force."""


class CloudStorage(Wire):
    """A COS bucket to upload to, with long-lived keys (the API has no field for a temporary token)."""

    vendor: Annotated[Integer, Field(ge=0, le=0, description="0 is COS, the only supported vendor")] = 0
    # An address in their place is found out when the film is uploaded, and lost.
    region: Annotated[Name, Field(max_length=64)]
    bucket: Annotated[Name, Field(max_length=128)]
    access_key: SecretStr
    secret_key: SecretStr
    file_name_prefix: Annotated[
        list[Segment], few(MOST_SEGMENTS), Field(max_length=MOST_SEGMENTS), short_folder(600)
    ] = Field(default_factory=list)

    @model_validator(mode="before")
    @classmethod
    def _stored(cls, given: Any, info: ValidationInfo) -> Any:  # noqa: ANN401 (whatever the caller sent)
        # A stored request has lost its keys on purpose; only what a caller sends must have them.
        stored = isinstance(given, dict) and (info.context or {}).get("stored")
        return {"AccessKey": "", "SecretKey": "", **given} if stored else given

    @field_validator("access_key", "secret_key")
    @classmethod
    def _present(cls, value: SecretStr, info: ValidationInfo) -> SecretStr:
        if not value.get_secret_value() and not (info.context or {}).get("stored"):
            raise Wrong("missing")
        return value


class TencentVod(Wire):
    """Where and how the file is put on demand (VOD)."""

    procedure: Text | None = None
    expire_time: Annotated[Integer, Field(ge=0)] | None = None
    storage_region: Text | None = None
    class_id: Annotated[Integer, Field(ge=0)] | None = None
    sub_app_id: Annotated[Integer, Field(ge=0)] | None = None
    session_context: Text | None = None
    source_context: Text | None = None
    media_type: Annotated[Integer, one_of(0, 1, 3), Field(description="0 mp4, 1 hls, 3 hls and mp4")] | None = None
    user_define_record_id: (
        Annotated[str, StringConstraints(strict=True, pattern=r"^[A-Za-z0-9_-]+$"), at_most_bytes(64)] | None
    ) = None


class CloudVod(Wire):
    """VOD as the target."""

    tencent_vod: TencentVod


class StorageParams(Wire):
    """Exactly one of COS and VOD; third-party storage is not supported by the API."""

    cloud_storage: CloudStorage | None = None
    cloud_vod: CloudVod | None = None

    @model_validator(mode="after")
    def _exactly_one(self) -> StorageParams:
        if (self.cloud_storage is None) == (self.cloud_vod is None):
            raise Wrong("one_storage")
        return self


class WebRecordVideoParams(Wire):
    """The picture and its file. `format` is ignored by TRTC for VOD."""

    width: Annotated[Integer, Field(ge=0, le=1920)] = 1280
    height: Annotated[Integer, Field(ge=0, le=1080)] = 720
    format: Format | None = None
    # The documented default differs between sources (120 or 1440 minutes), so it is always sent.
    max_media_file_duration: Annotated[Integer, Field(ge=1, le=1440)] = 1440


class PublishCdnParam(Wire):
    """One RTMP address to relay to. TRTC takes an absent IsTencentCdn as 1, so it must be said."""

    publish_cdn_url: Annotated[Text, Field(pattern=r"^rtmp://[^\s]+$", max_length=2048), AfterValidator(no_login)]
    is_tencent_cdn: Switch


class EmulateMobileParams(Wire):
    """Render as a phone (0) or tablet (1), portrait (0) or landscape (1)."""

    mobile_device_type: Switch = 0
    screen_orientation: Switch = 0


class Expect(Wire):
    """What the film is expected to hold: a page may be meant to be silent, or not to move."""

    sound: Annotated[bool, Field(strict=True)] = True
    motion: Annotated[bool, Field(strict=True)] = True


class RecordingRequest(Wire):
    """What a caller asks for. `storage`, `prefix` and `format` name a target; settings fill in the rest."""

    record_url: Annotated[
        Text,
        Field(
            min_length=1, max_length=4096, json_schema_extra={"format": "uri", "pattern": "^[Hh][Tt][Tt][Pp][Ss]?://"}
        ),
        AfterValidator(check_page_url),
        AfterValidator(no_login),
    ]
    max_duration_limit: Annotated[Integer, Field(ge=1800, le=MAX_DURATION_CEILING_S)] = 36_000
    storage_params: StorageParams | None = None
    web_record_video_params: WebRecordVideoParams = WebRecordVideoParams()
    sdk_app_id: Annotated[Integer, Field(ge=1, le=2**32 - 1)] | None = None
    record_id: RecordId | None = None
    publish_cdn_params: Annotated[list[PublishCdnParam], few(10), Field(max_length=10)] = Field(default_factory=list)
    ready_timeout: Annotated[Integer, Field(ge=0, le=60)] = 0
    emulate_mobile_params: EmulateMobileParams | None = None

    recording_id: Annotated[Text, Field(pattern=r"^[A-Za-z0-9_-]{1,26}$")] | None = None
    storage: Literal["cos", "vod"] | None = None
    prefix: Prefix | None = None
    format: Format | None = None

    start_at: Instant | None = None
    stop_at: Instant | None = None
    start_by: Instant | None = None
    notify_url: Annotated[Text, Field(min_length=1, max_length=2048)] | None = None
    notify_on: Literal["final", "changes"] | None = None
    expect: Expect | None = None
    labels: Annotated[dict[LabelName, LabelValue], few(10), Field(max_length=10)] | None = None

    @model_validator(mode="after")
    def _one_way_to_say_it(self) -> RecordingRequest:
        if self.storage_params and (self.storage or self.prefix):
            raise Wrong("two_storages", "storage" if self.storage else "prefix")
        if self.prefix and self.storage == "vod":
            raise Wrong("cos_only", "prefix")
        if self.format and self.web_record_video_params.format not in (None, self.format):
            raise Wrong("formats_differ", "format")
        if self.stop_at and instant_ms(self.stop_at) <= instant_ms(self.start_at or 0):
            raise Wrong("stop_before_start", "StopAt")
        if self.start_by and instant_ms(self.start_by) < instant_ms(self.start_at or 0):
            raise Wrong("by_before_start", "StartBy")
        if self.record_id and self.recording_id and self.record_id != self.recording_id:
            raise Wrong("ids_differ", "RecordingId")
        return self

    @property
    def target(self) -> Literal["cos", "vod"]:
        """Where the files go."""
        if self.storage_params:
            return "vod" if self.storage_params.cloud_vod else "cos"
        return self.storage or "cos"

    @property
    def file_format(self) -> Format:
        """The format of the files; mp4 unless asked otherwise. For VOD TRTC goes by MediaType."""
        vod = self.storage_params and self.storage_params.cloud_vod
        if vod and vod.tencent_vod.media_type is not None:
            return "hls" if vod.tencent_vod.media_type == 1 else "mp4"
        return self.format or self.web_record_video_params.format or "mp4"

    @property
    def has_caller_keys(self) -> bool:
        """Whether the caller brought storage keys, which live in memory for one call only."""
        return bool(self.storage_params and self.storage_params.cloud_storage)

    def redacted(self, *, said: bool = False) -> dict[str, Any]:
        """The request as it may be stored: everything but the storage keys, in the API's spelling.

        `said`: without the defaults of what the caller left out.
        """
        keys = {"storage_params": {"cloud_storage": {"access_key", "secret_key"}}}
        return self.model_dump(
            mode="json",
            by_alias=True,
            exclude_none=True,
            exclude_unset=said,
            exclude=keys if self.has_caller_keys else None,
        )
