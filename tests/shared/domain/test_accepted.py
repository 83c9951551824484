"""Accepted: what was decided and is stored; what a former release stored without it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr, ValidationError

from shared.domain.accepted import Accepted
from shared.domain.policy import Policy, UploadKeys
from shared.domain.request import RecordingRequest
from tests.anything import json_values

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
    {"RecordUrl": st.sampled_from(["https://example.com", "HTTP://Example.com/a?b=%E4#c", "http://[2600::1]:80/é"])},
    optional={"Labels": st.dictionaries(st.sampled_from(["room", "a.b"]), st.text("äz", max_size=3))},
)


POLICY = Policy(
    sdk_app_ids=(1,),
    allowed_hosts=(),
    max_duration_ceiling_s=86_400,
    caller_storage=True,
    bucket="ours-1250000000",
    region="ap-guangzhou",
    prefix="webrecord",
    upload_keys=UploadKeys(SecretStr("AKours"), SecretStr("ours-secret")),
)


@given(TARGETS, MORE, st.none() | FORMATS, st.booleans())
def test_a_request_of_an_earlier_release_gets_the_present_decisions(
    target: dict[str, Any], more: dict[str, Any], wanted: str | None, in_video_params: bool
) -> None:
    """Page, target, format, labels and limit, for every way to say them: an old request is upgraded when it is read."""
    said: dict[str, Any] = {"Format": wanted} if wanted else {}
    if in_video_params:
        said = {"WebRecordVideoParams": said}
    request = RecordingRequest.model_validate({**target, **more, **said})
    accepted = POLICY.accept(request, "r", "http:test", 1)
    decided = {"page_url", "labels", "target", "format", "max_duration_s", "said", "has_start_by"}
    old = Accepted.model_validate_json(accepted.model_dump_json(exclude=decided))
    assert accepted.model_copy(update={"said": None}) == old
    assert (request.record_url, request.target, request.file_format, request.labels or {}) == (
        accepted.page_url,
        accepted.target,
        accepted.format,
        accepted.labels,
    )
    again = old.parsed()
    assert (again.record_url, again.target, again.file_format, again.labels or {}) == (
        request.record_url,
        request.target,
        request.file_format,
        request.labels or {},
    )


@pytest.mark.parametrize("said", [{}, {"StartBy": 1_800_000_000}])
def test_a_former_release_stored_nothing_of_whose_deadline_it_is(said: dict[str, Any]) -> None:
    """Its request tells."""
    request = RecordingRequest.model_validate({"RecordUrl": "https://example.com/", **said})
    accepted = POLICY.accept(request, "r", "http:test", 1_799_999_000_000)
    assert bool(said) is accepted.has_start_by
    assert accepted == Accepted.model_validate_json(accepted.model_dump_json(exclude={"has_start_by"}))


STORED = ["request", "StorageParams", "CloudVod", "TencentVod", "WebRecordVideoParams", "Labels"]


@given(json_values(st.none() | st.booleans() | st.integers() | st.text(), st.sampled_from(STORED), most=5))
def test_any_stored_json_is_a_request_or_none(stored: Any) -> None:
    """Whatever is stored where a request was, reading it says that it is none and nothing else goes wrong."""
    with pytest.raises(ValidationError):
        Accepted.model_validate_json(json.dumps(stored))
