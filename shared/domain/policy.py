"""Policy: what this deployment allows and fills in, and the parameters StartWebRecord gets in the end."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from pydantic import SecretStr

from shared.domain.accepted import Accepted, Place
from shared.domain.errors import ConfigurationError, FieldError, InvalidRequest, PageNotAllowed
from shared.domain.instants import instant_ms
from shared.domain.notify_hosts import check_notify_url
from shared.domain.pages import check_page_host, relay_wrongs
from shared.domain.repeats import said_by
from shared.domain.request import RecordingRequest
from shared.domain.wrongs import Wrong

YEAR_MS = 366 * 86_400_000
STOP_SLACK_S = 120
"""How much later than StopAt TRTC's own limit is to come: a start is seconds early, a stop up to a minute late.

A StopAt may be this far beyond a limit that the caller gave, because clocks differ.
"""
_VOD_MEDIA_TYPE = {"mp4": 0, "hls": 1}


class UploadKeys(NamedTuple):
    """The long-lived keys TRTC uploads with; the API has no field for a temporary token."""

    secret_id: SecretStr
    secret_key: SecretStr


class Policy(NamedTuple):
    """What this deployment allows and fills in.

    Attributes:
        sdk_app_ids: the allowed SdkAppIds; the first is the default.
        allowed_hosts: globs of page hosts; empty means any public host.
        max_duration_ceiling_s: the largest MaxDurationLimit in force, seconds.
        caller_storage: whether callers may bring a bucket and keys of their own.
        bucket, region, prefix: where files go when the caller names none; prefix is the results' prefix.
        upload_keys: None when not set: then only caller's storage and VOD work.
        max_attempts: how many tasks may be started for one recording, the first included.
        start_within_s: how long a start may be late before it is given up, unless the request says `StartBy`.
        notify_url: who hears of every recording, unless the request names another.
        notify_hosts: globs of hosts that requests may name.
        relay_hosts: globs of hosts that may be relayed to; empty means any public host, `refuse` none.
        check_films: whether films are looked into when they are there.
    """

    sdk_app_ids: tuple[int, ...]
    allowed_hosts: tuple[str, ...]
    max_duration_ceiling_s: int
    caller_storage: bool
    bucket: str
    region: str
    prefix: str
    upload_keys: UploadKeys | None
    max_attempts: int = 1
    start_within_s: int = 3_600
    notify_url: str | None = None
    notify_hosts: tuple[str, ...] = ()
    relay_hosts: tuple[str, ...] = ()
    check_films: bool = False

    def accept(
        self, request: RecordingRequest, recording_id: str, source: str, now_ms: int, traceparent: str | None = None
    ) -> Accepted:
        """Return the request as it will be stored, or raise PageNotAllowed, InvalidRequest or ConfigurationError."""
        sdk_app_id = request.sdk_app_id or self.sdk_app_ids[0]
        errors = self._forbidden(request, sdk_app_id)
        said = "max_duration_limit" in request.model_fields_set
        ceiling_s = self.max_duration_ceiling_s
        if said and request.max_duration_limit > ceiling_s:
            errors.append(Wrong("ceiling", limit=ceiling_s).at("MaxDurationLimit"))
        given = {"StartAt": request.start_at, "StopAt": request.stop_at, "StartBy": request.start_by}
        times = {name: instant_ms(value) for name, value in given.items() if value is not None}
        errors += self._schedule_errors(request, times, now_ms)
        wanted_s = _wanted_s(times, now_ms)
        longest_s = request.max_duration_limit if said else ceiling_s
        if wanted_s > longest_s + STOP_SLACK_S and "StopAt" not in {error.path for error in errors}:
            errors.append(Wrong("stop_beyond_limit", limit=longest_s).at("StopAt"))
        if request.notify_url is not None:
            try:
                check_notify_url(request.notify_url, self.notify_hosts)
            except Wrong as error:
                errors.append(error.at("NotifyUrl"))
        if errors:
            raise InvalidRequest(errors)
        if request.target == "cos" and not request.has_caller_keys and self.upload_keys is None:
            raise ConfigurationError(
                "WEBRECORD_STORAGE_SECRET_ID and WEBRECORD_STORAGE_SECRET_KEY are missing: TRTC uploads with them"
            )
        start_at_ms = times.get("StartAt")
        if start_at_ms is not None and start_at_ms <= now_ms:
            start_at_ms = None  # at once: its place in the queue and its deadline count from now
        return Accepted(
            recording_id=recording_id,
            created_ms=now_ms,
            source=source,
            sdk_app_id=sdk_app_id,
            place=self._place(request, recording_id),
            caller_keys=request.has_caller_keys,
            page_url=request.record_url,
            labels=request.labels or {},
            target=request.target,
            format=request.file_format,
            # The API's default may be above a lower ceiling, or end the recording before its StopAt.
            max_duration_s=min(max(request.max_duration_limit, 0 if said else wanted_s + STOP_SLACK_S), ceiling_s),
            start_at_ms=start_at_ms,
            stop_at_ms=times.get("StopAt"),
            start_by_ms=times.get("StartBy", (start_at_ms or now_ms) + self.start_within_s * 1000),
            has_start_by="StartBy" in times,
            max_attempts=self.max_attempts,
            notify_url=request.notify_url or self.notify_url,
            notify_on=request.notify_on or "final",
            traceparent=traceparent,
            check_film=self.check_films,
            expect_sound=request.expect.sound if request.expect else True,
            expect_motion=request.expect.motion if request.expect else True,
            request=request.redacted(),
            said=said_by(request),
        )

    @property
    def usual(self) -> dict[str, Any]:
        """What fills in for fields of a request that it leaves out, by their names."""
        return {"SdkAppId": self.sdk_app_ids[0], "NotifyUrl": self.notify_url}

    def forbids(self, accepted: Accepted, request: RecordingRequest) -> str | None:
        """Return why what was accepted may not be started any more; None while it may. Tokens may have been rotated."""
        try:
            wrong = self._forbidden(request, accepted.sdk_app_id)
        except PageNotAllowed as error:
            return str(error)
        return "; ".join(f"{error.path} {error.message}" for error in wrong) or None

    def _forbidden(self, request: RecordingRequest, sdk_app_id: int) -> list[FieldError]:
        """Return what a request names that this deployment does not allow, whenever it is asked."""
        check_page_host(request.record_url, self.allowed_hosts)
        errors = []
        if sdk_app_id not in self.sdk_app_ids:
            errors.append(Wrong("app_id").at("SdkAppId"))
        if request.has_caller_keys and not self.caller_storage:
            errors.append(Wrong("caller_storage").at("StorageParams.CloudStorage"))
        wrongs = relay_wrongs([relay.publish_cdn_url for relay in request.publish_cdn_params], self.relay_hosts)
        return errors + [why.at(f"PublishCdnParams.{number}.PublishCdnUrl") for number, why in wrongs]

    def _schedule_errors(self, request: RecordingRequest, times: Mapping[str, int], now_ms: int) -> list[FieldError]:
        errors = [Wrong("year").at(name) for name, ms in times.items() if ms > now_ms + YEAR_MS]
        errors += [Wrong("past").at(name) for name, ms in times.items() if ms <= now_ms and name != "StartAt"]
        start_ms = times.get("StartAt")
        if start_ms is not None and "StartBy" not in times and start_ms + self.start_within_s * 1000 <= now_ms:
            errors.append(Wrong("start_past", limit=self.start_within_s).at("StartAt"))
        if start_ms is not None and request.has_caller_keys:
            errors.append(Wrong("own_keys_wait").at("StartAt"))
        return errors

    def _place(self, request: RecordingRequest, recording_id: str) -> Place | None:
        if request.target == "vod":
            return None
        if request.storage_params and (own := request.storage_params.cloud_storage):
            return Place(bucket=own.bucket, region=own.region, prefix=own.file_name_prefix)
        # The recording id in the path lets a lost task's files be found without its TaskId, and is nobody else's.
        inner = ["files", *(request.prefix or []), recording_id]
        prefix, folder = [*self.prefix.split("/"), *inner], "/".join([*inner, ""])
        return Place(bucket=self.bucket, region=self.region, prefix=prefix, folder=folder)

    def parameters(self, accepted: Accepted, request: RecordingRequest, record_id: str) -> dict[str, Any]:
        """Return StartWebRecord's parameters, keys included: for the call only, never to be stored or logged."""
        video = request.web_record_video_params
        parameters: dict[str, Any] = {
            "RecordUrl": request.record_url,
            "SdkAppId": accepted.sdk_app_id,
            "MaxDurationLimit": min(accepted.max_duration_s, self.max_duration_ceiling_s),
            "RecordId": record_id,
            "StorageParams": self._storage_params(accepted, request),
            "WebRecordVideoParams": {
                "Width": video.width,
                "Height": video.height,
                "Format": request.file_format,
                "MaxMediaFileDuration": video.max_media_file_duration,
            },
        }
        if request.publish_cdn_params:
            relays = [param.model_dump(by_alias=True) for param in request.publish_cdn_params]
            parameters["PublishCdnParams"] = relays
        # The API asks not to send these where they are not meant.
        if request.ready_timeout:
            parameters["ReadyTimeout"] = request.ready_timeout
        if request.emulate_mobile_params:
            parameters["EmulateMobileParams"] = request.emulate_mobile_params.model_dump(by_alias=True)
        return parameters

    def _storage_params(self, accepted: Accepted, request: RecordingRequest) -> dict[str, Any]:
        if accepted.place is None:
            given = request.storage_params and request.storage_params.cloud_vod
            vod = given.tencent_vod.model_dump(by_alias=True, exclude_none=True) if given else {}
            return {"CloudVod": {"TencentVod": {"MediaType": _VOD_MEDIA_TYPE[request.file_format], **vod}}}
        keys = self.upload_keys
        if request.storage_params and (own := request.storage_params.cloud_storage):
            keys = UploadKeys(own.access_key, own.secret_key)
        if keys is None:
            raise ConfigurationError("WEBRECORD_STORAGE_SECRET_ID and WEBRECORD_STORAGE_SECRET_KEY are missing")
        return {
            "CloudStorage": {
                "Vendor": 0,
                "Region": accepted.place.region,
                "Bucket": accepted.place.bucket,
                "AccessKey": keys.secret_id.get_secret_value(),
                "SecretKey": keys.secret_key.get_secret_value(),
                "FileNamePrefix": accepted.place.prefix,
            }
        }


def _wanted_s(times: Mapping[str, int], now_ms: int) -> int:
    """Return how many seconds a recording lasts from its start, now at the earliest, to its StopAt; 0 without one."""
    start_ms = max(times.get("StartAt", now_ms), now_ms)
    return -(-(times.get("StopAt", start_ms) - start_ms) // 1000)
