"""What a web page gets that was handed a signed URL: the URL is all it has."""

from __future__ import annotations

from qcloud_cos import CosS3Client

from tests.local.cos.running import BUCKET, TEMPORARY_ID, TEMPORARY_KEY, TOKEN, RunningCos

ORIGIN = {"Origin": "https://page.example.com"}


def signed(client: CosS3Client, key: str, method: str = "GET", **params: str) -> str:
    """A URL for a page, signed with the temporary key and carrying its token."""
    token = {"x-cos-security-token": TOKEN}
    url: str = client.get_presigned_url(BUCKET, key, method, Params={**token, **params}, Expired=60)
    return url


def test_a_video_is_played_by_ranges(shared: RunningCos) -> None:
    """Every range of a signed GET is readable from any origin, with the headers that players ask for."""
    client = shared.sdk(TEMPORARY_ID, TEMPORARY_KEY, TOKEN, Domain=f"127.0.0.1:{shared.port}/{BUCKET}")
    client.put_object(Bucket=BUCKET, Key="page/video.mp4", Body=bytes(range(100)), ContentType="video/mp4")
    url = signed(client, "page/video.mp4", **{"response-content-disposition": "inline"})
    for asked, content_range in (("bytes=0-", "bytes 0-99/100"), ("bytes=90-", "bytes 90-99/100")):
        reply = shared.http.get(url, headers={**ORIGIN, "Range": asked})
        assert (206, content_range, "bytes") == (
            reply.status_code, reply.headers["Content-Range"], reply.headers["Accept-Ranges"],
        )  # fmt: skip
        assert ("*", "inline") == (reply.headers["Access-Control-Allow-Origin"], reply.headers["Content-Disposition"])
        exposed = {name.strip() for name in reply.headers["Access-Control-Expose-Headers"].split(",")}
        assert {"Accept-Ranges", "Content-Length", "Content-Range", "ETag"} <= exposed


def test_a_refusal_can_be_read_too(shared: RunningCos) -> None:
    """Without CORS headers on errors a page would see nothing but a network failure."""
    client = shared.sdk(TEMPORARY_ID, TEMPORARY_KEY, TOKEN, Domain=f"127.0.0.1:{shared.port}/{BUCKET}")
    for url, status in ((signed(client, "page/none"), 404), (signed(client, "page/none").replace(TOKEN, "x"), 403)):
        reply = shared.http.get(url, headers=ORIGIN)
        assert (status, "*") == (reply.status_code, reply.headers["Access-Control-Allow-Origin"])


def test_a_page_uploads(shared: RunningCos) -> None:
    """A preflight needs no signature; the signed PUT that follows stores."""
    client = shared.sdk(TEMPORARY_ID, TEMPORARY_KEY, TOKEN, Domain=f"127.0.0.1:{shared.port}/{BUCKET}")
    url = signed(client, "page/up", "PUT")
    wanted = {"Access-Control-Request-Method": "PUT", "Access-Control-Request-Headers": "content-type"}
    preflight = shared.http.options(url, headers={**ORIGIN, **wanted})
    assert (200, "content-type") == (preflight.status_code, preflight.headers["Access-Control-Allow-Headers"])
    assert "PUT" in preflight.headers["Access-Control-Allow-Methods"]
    assert 200 == shared.http.put(url, content=b"by a page", headers=ORIGIN).status_code
    assert b"by a page" == client.get_object(Bucket=BUCKET, Key="page/up")["Body"].read()


def test_acls_change_nothing(shared: RunningCos) -> None:
    """An object made public-read is accepted, and still private: only a signed URL opens it."""
    shared.client.put_object(Bucket=BUCKET, Key="page/acl", Body=b"x", ACL="public-read")
    shared.client.put_object_acl(Bucket=BUCKET, Key="page/acl", ACL="public-read")
    reply = shared.http.get(f"/{BUCKET}/page/acl", headers=ORIGIN)
    assert (403, "*") == (reply.status_code, reply.headers["Access-Control-Allow-Origin"])
