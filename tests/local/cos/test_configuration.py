"""A bucket's CORS and lifecycle rules, as the official SDK sets and reads them."""

from __future__ import annotations

import pytest

from tests.local.cos.running import BUCKET, RunningCos, refusal

CORS = {"CORSRule": [{"ID": "ours", "AllowedOrigin": ["https://a.example"], "AllowedMethod": ["GET", "HEAD"]}]}
LIFECYCLE = {
    "Rule": [
        {"ID": "films", "Filter": {"Prefix": "films/"}, "Status": "Enabled", "Expiration": {"Days": "30"}},
    ]
}


def test_rules_are_absent_then_as_they_were_put_then_gone_with_the_bucket(cos: RunningCos) -> None:
    """404 by their own codes before; each PUT replaces all."""
    client = cos.client
    client.create_bucket(BUCKET)
    assert (404, "NoSuchCORSConfiguration") == refusal(client.get_bucket_cors, BUCKET)
    assert (404, "NoSuchLifecycleConfiguration") == refusal(client.get_bucket_lifecycle, BUCKET)
    client.put_bucket_cors(BUCKET, CORS)
    client.put_bucket_lifecycle(BUCKET, LIFECYCLE)
    (rule,) = client.get_bucket_cors(BUCKET)["CORSRule"]
    assert ("ours", ["https://a.example"], ["GET", "HEAD"]) == (
        rule["ID"], rule["AllowedOrigin"], rule["AllowedMethod"],
    )  # fmt: skip
    (kept,) = client.get_bucket_lifecycle(BUCKET)["Rule"]
    assert ("films", "Enabled") == (kept["ID"], kept["Status"])
    client.delete_bucket_cors(BUCKET)
    assert (404, "NoSuchCORSConfiguration") == refusal(client.get_bucket_cors, BUCKET)
    client.delete_bucket(BUCKET)
    client.create_bucket(BUCKET)
    assert (404, "NoSuchLifecycleConfiguration") == refusal(client.get_bucket_lifecycle, BUCKET)


@pytest.mark.parametrize(
    "rules",
    [
        [],
        [{}],
        [{"AllowedOrigin": ["*"]}],
        [{"AllowedMethod": ["GET"]}],
        [{"AllowedOrigin": ["*"], "AllowedMethod": ["PATCH"]}],
        [{"AllowedOrigin": ["http://*.a.*"], "AllowedMethod": ["GET"]}],
        [{"AllowedOrigin": ["*"], "AllowedMethod": ["GET"]}] * 101,
    ],
)
def test_rules_that_are_none_change_nothing(cos: RunningCos, rules: list[object]) -> None:
    """400 MalformedXML; the bucket has the rules that it had."""
    cos.client.create_bucket(BUCKET)
    cos.client.put_bucket_cors(BUCKET, CORS)
    assert (400, "MalformedXML") == refusal(cos.client.put_bucket_cors, BUCKET, {"CORSRule": rules})
    assert (400, "MalformedXML") == refusal(cos.client.put_bucket_lifecycle, BUCKET, {"Rule": [{"ID": "a"}]})
    assert "ours" == cos.client.get_bucket_cors(BUCKET)["CORSRule"][0]["ID"]


def test_the_list_of_buckets_says_where_each_is(cos: RunningCos) -> None:
    """A deployer looks whether a bucket is in the functions' region."""
    cos.client.create_bucket(BUCKET)
    place = f"127.0.0.1:{cos.port}"
    service = cos.sdk(Domain=f"{place}/{BUCKET}", ServiceDomain=place)
    (row,) = service.list_buckets()["Buckets"]["Bucket"]
    assert (BUCKET, "ap-guangzhou") == (row["Name"], row["Location"])
