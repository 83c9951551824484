"""Settings of the local TRTC API; every field may be changed while it runs."""

from __future__ import annotations

from dataclasses import dataclass, field

from local.faults import Faults
from local.recorder.job import FINISH_S, FPS

__all__ = ["TrtcSettings"]


@dataclass
class TrtcSettings:
    """What the local service knows and how it behaves; defaults are those of the API reference of 2019-07-22.

    Attributes:
        regions: Accepted values of X-TC-Region.
        sdk_app_ids: Known SdkAppIds; any other is `FailedOperation.SdkAppIdNotUnderAppId`.
        default_sdk_app_id: Used when a request has none, as the reference's own example; `None` refuses.
        without_ability: SdkAppIds answered with `FailedOperation.NotAbility`.
        not_allowed: SdkAppIds answered with `FailedOperation.NotAllowed`.
        max_duration_ceiling_s: Upper end of MaxDurationLimit and its default, seconds; 36000 in older texts.
        max_requests_per_second: Requests a second and action before `RequestLimitExceeded`.
        max_concurrent: Recordings at once per SdkAppId before `ResourceInsufficient.RequestRejection`.
        record_id_memory_s: How long after its task's end a RecordId answers `FailedOperation.TaskExist`.
        start_delay_s: Between the reply and the recorder's start; about 5 s in the cloud.
        faults: What goes wrong on purpose with calls and browsers.
        goto_timeout_s: How long the recorder waits for the page, seconds.
        max_restarts: How often a crashed recorder is started again for one task.
        upload_waits_s: Waits between the first tries of one upload, seconds.
        upload_late_waits_s: Waits between the tries in the background, after status 1 was reported, seconds.
        slice_events: Send 307 for every HLS slice.
        relay_retry_s: How often a receiver of PublishCdnParams is tried, and event 401 repeated, seconds.
        relay_give_up_s: After how long of that it is given up, seconds.
        vod_base_url: Base of the VideoUrl in event 311; the files lie in `<state_dir>/vod`.
        fps: Pictures a second that are asked of the browser, at most.
        finish_timeout_s: How long files may take to be finished after a stop, and `TaskTable.aclose`, seconds.
    """

    regions: set[str] = field(default_factory=lambda: {"ap-beijing", "ap-guangzhou", "ap-shanghai"})
    sdk_app_ids: set[int] = field(default_factory=set)
    default_sdk_app_id: int | None = None
    without_ability: set[int] = field(default_factory=set)
    not_allowed: set[int] = field(default_factory=set)
    max_duration_ceiling_s: int = 86_400
    max_requests_per_second: int = 20
    max_concurrent: int = 200
    record_id_memory_s: float = 300.0
    start_delay_s: float = 0.0
    faults: Faults = field(default_factory=Faults)
    goto_timeout_s: float = 30.0
    max_restarts: int = 2
    upload_waits_s: tuple[float, ...] = (0.5, 1.0, 2.0)
    upload_late_waits_s: tuple[float, ...] = (10.0, 30.0, 60.0, 120.0, 300.0)
    slice_events: bool = True
    relay_retry_s: float = 5.0
    relay_give_up_s: float = 60.0
    vod_base_url: str = "http://127.0.0.1/vod"
    finish_timeout_s: float = FINISH_S
    fps: int = FPS
