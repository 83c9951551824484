"""Accepted: what the stored request says without its model is what the model says."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from shared.domain.accepted import Accepted
from shared.domain.request import RecordingRequest

FORMATS = st.sampled_from(["mp4", "hls"])
KEYS = {"AccessKey": "AKIDcaller", "SecretKey": "caller-secret-key"}
COS = {"CloudStorage": {"Region": "ap-chengdu", "Bucket": "own-1234567", **KEYS}}


def vod(media_type: int | None) -> dict[str, Any]:
    return {"CloudVod": {"TencentVod": {} if media_type is None else {"MediaType": media_type}}}


TARGETS = st.one_of(
    st.fixed_dictionaries({}, optional={"Storage": st.sampled_from(["cos", "vod"])}),
    st.fixed_dictionaries({"StorageParams": st.just(COS) | st.sampled_from([None, 0, 1, 3]).map(vod)}),
)
MORE = st.fixed_dictionaries(
    {
        "RecordUrl": st.sampled_from(
            ["https://example.com", "HTTP://Example.com/a?b=%E4#c", "http://[2001:db8::1]:80/é"]
        )
    },
    optional={"Labels": st.dictionaries(st.sampled_from(["room", "a.b"]), st.text("äz", max_size=3))},
)


@given(TARGETS, MORE, st.none() | FORMATS, st.booleans())
def test_what_a_callback_reads_is_what_the_request_says(
    target: dict[str, Any], more: dict[str, Any], wanted: str | None, in_video_params: bool
) -> None:
    """Page, target, format and labels, for every way to say them, so that no callback needs the request's model."""
    said: dict[str, Any] = {"Format": wanted} if wanted else {}
    if in_video_params:
        said = {"WebRecordVideoParams": said}
    request = RecordingRequest.model_validate({**target, **more, **said})
    accepted = Accepted(recording_id="r", created_ms=1, source="http:test", sdk_app_id=1, request=request.redacted())
    read = accepted.page_url, accepted.target, accepted.file_format, accepted.labels
    assert (request.record_url, request.target, request.file_format, request.labels or {}) == read
    again = accepted.parsed()
    assert (again.record_url, again.target, again.file_format, again.labels or {}) == read
