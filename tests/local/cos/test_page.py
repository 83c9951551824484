"""What a web page gets that was handed a signed URL: the URL, and what the bucket's CORS rules let its script do."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from qcloud_cos import CosS3Client

from local.cos import cors
from tests.local.cos.running import BUCKET, TEMPORARY_ID, TEMPORARY_KEY, TOKEN, RunningCos

PAGE, STRANGER = "https://page.example.com", "https://stranger.example.com"
RULE: dict[str, Any] = {
    "ID": "page", "AllowedOrigin": [PAGE, "http://*.test"], "AllowedMethod": ["GET", "PUT"],
    "AllowedHeader": ["Range", "x-cos-*"], "ExposeHeader": ["ETag", "Content-Range"], "MaxAgeSeconds": 60,
}  # fmt: skip
OTHER: dict[str, Any] = {"ID": "other", "AllowedOrigin": ["https://other.example.com"], "AllowedMethod": ["POST"]}


@pytest.fixture(autouse=True)
def client(shared: RunningCos) -> Iterator[CosS3Client]:
    """A client with a temporary key, and the page's rule in the bucket."""
    client = shared.sdk(TEMPORARY_ID, TEMPORARY_KEY, TOKEN, Domain=f"127.0.0.1:{shared.port}/{BUCKET}")
    client.put_object(Bucket=BUCKET, Key="page/video.mp4", Body=bytes(range(100)), ContentType="video/mp4")
    client.put_bucket_cors(BUCKET, {"CORSRule": [OTHER, RULE]})
    yield client
    client.delete_bucket_cors(BUCKET)


def signed(client: CosS3Client, key: str, method: str = "GET", **params: str) -> str:
    """A URL for a page, signed with the temporary key and carrying its token."""
    token = {"x-cos-security-token": TOKEN}
    url: str = client.get_presigned_url(BUCKET, key, method, Params={**token, **params}, Expired=60)
    return url


def readable(reply: httpx.Response) -> str | None:
    """Return whose script may read an answer."""
    found: str | None = reply.headers.get("Access-Control-Allow-Origin")
    return found


def test_a_video_is_played_by_ranges(shared: RunningCos, client: CosS3Client) -> None:
    """Every range of a signed GET is readable for the page, with the headers that its rule exposes."""
    url = signed(client, "page/video.mp4", **{"response-content-disposition": "inline"})
    for asked, content_range in (("bytes=0-", "bytes 0-99/100"), ("bytes=90-", "bytes 90-99/100")):
        reply = shared.http.get(url, headers={"Origin": PAGE, "Range": asked})
        assert (206, content_range, "bytes") == (
            reply.status_code, reply.headers["Content-Range"], reply.headers["Accept-Ranges"],
        )  # fmt: skip
        assert (PAGE, "inline") == (readable(reply), reply.headers["Content-Disposition"])
        assert "ETag,Content-Range" == reply.headers["Access-Control-Expose-Headers"]


@pytest.mark.parametrize(
    ("origin", "method", "told"),
    [
        (PAGE, "GET", PAGE),
        ("http://a.b.test", "GET", "http://a.b.test"),
        (STRANGER, "GET", None),
        ("http://test", "GET", None),
        ("https://other.example.com", "GET", None),
        (PAGE.upper(), "GET", None),
        (PAGE, "HEAD", None),
        (None, "GET", None),
    ],
)
def test_only_the_rules_origins_and_methods_may_read(
    shared: RunningCos, client: CosS3Client, origin: str | None, method: str, told: str | None
) -> None:
    """Everybody with the URL gets the object; a script reads it where a rule says so."""
    headers = {"Origin": origin} if origin else {}
    reply = shared.http.request(method, signed(client, "page/video.mp4", method), headers=headers)
    assert (200, told) == (reply.status_code, readable(reply))


def test_without_rules_no_page_may_read(shared: RunningCos, client: CosS3Client) -> None:
    """As a bucket is at first; and any page where the rule says so."""
    client.delete_bucket_cors(BUCKET)
    assert None is readable(shared.http.get(signed(client, "page/video.mp4"), headers={"Origin": PAGE}))
    client.put_bucket_cors(BUCKET, {"CORSRule": [{**RULE, "AllowedOrigin": ["*"]}]})
    assert "*" == readable(shared.http.get(signed(client, "page/video.mp4"), headers={"Origin": STRANGER}))


def test_a_refusal_can_be_read_too(shared: RunningCos, client: CosS3Client) -> None:
    """Without CORS headers on errors a page would see nothing but a network failure."""
    for url, status in ((signed(client, "page/none"), 404), (signed(client, "page/none").replace(TOKEN, "x"), 403)):
        reply = shared.http.get(url, headers={"Origin": PAGE})
        assert (status, PAGE) == (reply.status_code, readable(reply))


def test_a_page_uploads(shared: RunningCos, client: CosS3Client) -> None:
    """A preflight needs no signature; the signed PUT that follows stores."""
    url = signed(client, "page/up", "PUT")
    wanted = {"Access-Control-Request-Method": "PUT", "Access-Control-Request-Headers": "x-cos-acl, RANGE"}
    preflight = shared.http.options(url, headers={"Origin": PAGE, **wanted})
    assert (200, "x-cos-acl,RANGE") == (preflight.status_code, preflight.headers["Access-Control-Allow-Headers"])
    assert "PUT" in preflight.headers["Access-Control-Allow-Methods"]
    assert 200 == shared.http.put(url, content=b"by a page", headers={"Origin": PAGE}).status_code
    assert b"by a page" == client.get_object(Bucket=BUCKET, Key="page/up")["Body"].read()


@pytest.mark.parametrize(
    ("origin", "method", "headers"),
    [(STRANGER, "GET", ""), (PAGE, "DELETE", ""), (PAGE, "GET", "authorization"), (PAGE, "", "")],
)
def test_a_preflight_that_no_rule_lets_through_is_403(
    shared: RunningCos, client: CosS3Client, origin: str, method: str, headers: str
) -> None:
    """The browser then sends nothing."""
    asked = {"Access-Control-Request-Method": method, "Access-Control-Request-Headers": headers}
    reply = shared.http.options(signed(client, "page/video.mp4"), headers={"Origin": origin, **asked})
    assert (403, None) == (reply.status_code, readable(reply))
    assert "<Code>AccessForbidden</Code>" in reply.text


@given(st.lists(st.builds(
    cors.Rule, st.text("ab<&-", max_size=5), st.lists(st.sampled_from(["*", "http://a", "https://*.b"]), min_size=1,
    max_size=3).map(tuple), st.lists(st.sampled_from(["GET", "PUT"]), min_size=1, max_size=2).map(tuple),
    st.just(("Range",)), st.just(()), st.sampled_from(["", "5"]),
), min_size=1, max_size=4))  # fmt: skip
def test_rules_are_read_as_they_were_written(rules: list[cors.Rule]) -> None:
    """What the local cloud writes itself is what an SDK could have put."""
    assert rules == cors.read_rules(cors.written(rules))


def test_acls_change_nothing(shared: RunningCos) -> None:
    """An object made public-read is accepted, and still private: only a signed URL opens it."""
    shared.client.put_object(Bucket=BUCKET, Key="page/acl", Body=b"x", ACL="public-read")
    shared.client.put_object_acl(Bucket=BUCKET, Key="page/acl", ACL="public-read")
    reply = shared.http.get(f"/{BUCKET}/page/acl", headers={"Origin": PAGE})
    assert (403, PAGE) == (reply.status_code, readable(reply))
