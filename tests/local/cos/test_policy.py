"""What a key may do: a key without statements everything, one with statements no more than they say."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from qcloud_cos.cos_exception import CosServiceError

from local.account import Statement
from local.cos import app, policy
from tests.local.cos.running import BUCKET, REGION, SECRET_ID, RunningCos, refusal


def test_every_route_has_its_action() -> None:
    """Or a request would be refused for want of a name."""
    assert set(app._ROUTES) == set(policy.ACTIONS)  # noqa: SLF001


def test_a_key_with_statements_is_held_to_them(cos: RunningCos) -> None:
    """403 AccessDenied for what is not allowed, objects and listings by their keys and prefixes."""
    cos.client.put_object(BUCKET, b"x", "out/a")
    cos.policies[SECRET_ID] = (Statement(True, ("cos:PutObject", "cos:GetBucket"), (f"qcs::cos:::{BUCKET}/in/*",)),)
    cos.client.put_object(BUCKET, b"x", "in/a")
    cos.client.list_objects(BUCKET, Prefix="in/")
    attempts: list[Callable[[], object]] = [
        lambda: cos.client.put_object(BUCKET, b"x", "out/a"),
        lambda: cos.client.get_object(BUCKET, "in/a"),
        lambda: cos.client.delete_object(BUCKET, "in/a"),
        lambda: cos.client.list_objects(BUCKET, Prefix="out/"),
        lambda: cos.client.list_objects(BUCKET),
        lambda: cos.client.get_bucket_versioning(BUCKET),
    ]
    for denied in attempts:
        with pytest.raises(CosServiceError) as refused:
            denied()
        assert (403, "AccessDenied") == (refused.value.get_status_code(), refused.value.get_error_code())
    cos.policies.clear()
    cos.client.delete_object(BUCKET, "in/a")


def test_a_copy_reads_its_source(cos: RunningCos) -> None:
    """Who may write the target but not read the source gets no copy of it, whole or as a part."""
    for key in ("secret/a", "in/a"):
        cos.client.put_object(BUCKET, b"x", key)
    actions = ("cos:PutObject", "cos:InitiateMultipartUpload", "cos:UploadPart", "cos:GetObject")
    cos.policies[SECRET_ID] = (Statement(True, actions, (f"qcs::cos:::{BUCKET}/in/*",)),)

    def source(key: str) -> dict[str, str]:
        return {"Bucket": BUCKET, "Key": key, "Region": REGION}

    upload = cos.client.create_multipart_upload(BUCKET, "in/c")["UploadId"]
    cos.client.copy_object(BUCKET, "in/b", source("in/a"))
    cos.client.upload_part_copy(BUCKET, "in/c", 1, upload, source("in/a"))
    assert (403, "AccessDenied") == refusal(cos.client.copy_object, BUCKET, "in/b", source("secret/a"))
    assert (403, "AccessDenied") == refusal(cos.client.upload_part_copy, BUCKET, "in/c", 2, upload, source("secret/a"))
