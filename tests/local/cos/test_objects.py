"""Object operations, driven by the official SDK, and by plain HTTP where the SDK hides the answer."""

from __future__ import annotations

import asyncio
import hashlib
import threading
from base64 import b64encode
from contextlib import closing
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import quote
from xml.etree import ElementTree as ET

import crcmod
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from local.cos import Credential, ObjectCreated, create_app
from tests.examples import at_most
from tests.local.cos.running import BUCKET, HOST, REGION, SECRET_KEY, RunningCos, refusal

_BODY = bytes(range(256)) * 4


def test_put_get_head(shared: RunningCos) -> None:
    """What was stored comes back: content, type, kept headers and metadata; ETag is the content's MD5."""
    put = shared.client.put_object(
        Bucket=BUCKET,
        Key="dir/a.bin",
        Body=_BODY,
        EnableMD5=True,
        ContentType="video/mp4",
        CacheControl="no-store",
        ContentDisposition="inline",
        Metadata={"x-cos-meta-task": "t/1"},
    )
    got = shared.client.get_object(Bucket=BUCKET, Key="dir/a.bin")
    head = shared.client.head_object(Bucket=BUCKET, Key="dir/a.bin")
    assert got["Body"].get_raw_stream().read() == _BODY
    etag = f'"{hashlib.md5(_BODY).hexdigest()}"'
    assert (put["ETag"], got["ETag"], head["ETag"]) == (etag, etag, etag)
    names = ["Content-Type", "Cache-Control", "Content-Disposition", "x-cos-meta-task", "Content-Length"]
    assert [head[name] for name in names] == ["video/mp4", "no-store", "inline", "t/1", "1024"]
    assert [got[name] for name in names] == [head[name] for name in names]


def test_crc64(shared: RunningCos) -> None:
    """x-cos-hash-crc64ecma is CRC-64/ECMA: its published check value, and what the SDK's polynomial gives."""
    assert shared.client.put_object(BUCKET, b"123456789", "crc")["x-cos-hash-crc64ecma"] == str(0x995DC9BBDF1939FA)
    crc = crcmod.mkCrcFun(0x142F0E1EBA9EA3693, initCrc=0, xorOut=0xFFFFFFFFFFFFFFFF, rev=True)
    assert shared.client.put_object(BUCKET, _BODY, "crc")["x-cos-hash-crc64ecma"] == str(crc(_BODY))


def test_chunked_body(shared: RunningCos) -> None:
    """A body of unknown length is stored whole."""
    shared.signed("PUT", "chunked", content=iter([b"one", b"two"]))
    assert shared.store.path_of(BUCKET, "chunked").read_bytes() == b"onetwo"


def test_delete(shared: RunningCos) -> None:
    """DELETE answers 204 whether or not there was an object, and the object is gone."""
    shared.client.put_object(Bucket=BUCKET, Key="gone/soon", Body=b"x")
    assert [shared.signed("DELETE", "gone/soon").status_code for _ in range(2)] == [204, 204]
    assert refusal(shared.client.get_object, Bucket=BUCKET, Key="gone/soon") == (404, "NoSuchKey")
    assert refusal(shared.client.head_object, Bucket=BUCKET, Key="gone/soon") == (404, "NoSuchResource")
    assert not (shared.root / BUCKET / "gone").exists()


@pytest.mark.parametrize(
    ("asked", "expected", "content_range"),
    [
        ("bytes=0-3", _BODY[:4], "bytes 0-3/1024"),
        ("bytes=1000-", _BODY[1000:], "bytes 1000-1023/1024"),
        ("bytes=-5", _BODY[-5:], "bytes 1019-1023/1024"),
        ("bytes=1020-9999", _BODY[1020:], "bytes 1020-1023/1024"),
        ("bytes=-9999", _BODY, "bytes 0-1023/1024"),
        ("Bytes=0-3", _BODY[:4], "bytes 0-3/1024"),
        ("bytes=1020-99999999999999999999", _BODY[1020:], "bytes 1020-1023/1024"),
    ],
)
def test_range(shared: RunningCos, asked: str, expected: bytes, content_range: str) -> None:
    """One range is answered with 206 and exactly those bytes."""
    shared.client.put_object(Bucket=BUCKET, Key="range", Body=_BODY)
    response = shared.signed("GET", "range", headers={"Range": asked})
    assert (response.status_code, response.content) == (206, expected)
    assert response.headers["Content-Range"] == content_range


@pytest.mark.parametrize("asked", ["bytes=0-1,4-5", "bytes=5-2", "bytes=-", "lines=1-2", f"bytes=0-{'9' * 5000}"])
def test_ignored_range(shared: RunningCos, asked: str) -> None:
    """A range that is not one simple range is ignored (RFC 9110)."""
    shared.client.put_object(Bucket=BUCKET, Key="range", Body=_BODY)
    response = shared.signed("GET", "range", headers={"Range": asked})
    assert (response.status_code, len(response.content)) == (200, 1024)


def test_unsatisfiable_range(shared: RunningCos) -> None:
    """A range past the end is 416 and tells the size."""
    shared.client.put_object(Bucket=BUCKET, Key="range", Body=_BODY)
    get = shared.client.get_object
    assert refusal(get, Bucket=BUCKET, Key="range", Range="bytes=1024-") == (416, "InvalidRange")
    response = shared.signed("GET", "range", headers={"Range": "bytes=1024-"})
    assert response.headers["Content-Range"] == "bytes */1024"


def test_conditions(shared: RunningCos) -> None:
    """If-Match, If-None-Match, If-(Un)Modified-Since and If-Range decide as documented."""
    etag = shared.client.put_object(Bucket=BUCKET, Key="conditions", Body=_BODY)["ETag"]
    modified = shared.client.head_object(Bucket=BUCKET, Key="conditions")["Last-Modified"]
    past = "Thu, 01 Jan 2015 00:00:00 GMT"
    cases: list[tuple[dict[str, str], int]] = [
        ({"If-Match": etag}, 200),
        ({"If-Match": '"other"'}, 412),
        ({"If-None-Match": etag}, 304),
        ({"If-None-Match": '"other"'}, 200),
        ({"If-Modified-Since": modified}, 304),
        ({"If-Modified-Since": past}, 200),
        ({"If-Unmodified-Since": modified}, 200),
        ({"If-Unmodified-Since": past}, 412),
        ({"If-Modified-Since": "not a date"}, 200),
        ({"If-Range": etag, "Range": "bytes=0-0"}, 206),
        ({"If-Range": '"other"', "Range": "bytes=0-0"}, 200),
    ]
    actual = [shared.signed("GET", "conditions", headers=headers).status_code for headers, _ in cases]
    assert actual == [status for _, status in cases]
    get = shared.client.get_object
    assert refusal(get, Bucket=BUCKET, Key="conditions", IfMatch='"x"') == (412, "PreconditionFailed")


def test_response_overrides(shared: RunningCos) -> None:
    """response-* parameters replace headers of this one answer."""
    shared.client.put_object(Bucket=BUCKET, Key="override", Body=b"x", ContentType="text/plain")
    got = shared.client.get_object(
        Bucket=BUCKET, Key="override", ResponseContentType="video/mp4", ResponseContentDisposition="attachment; a=b"
    )
    assert (got["Content-Type"], got["Content-Disposition"]) == ("video/mp4", "attachment; a=b")
    assert shared.client.head_object(Bucket=BUCKET, Key="override")["Content-Type"] == "text/plain"


def test_copy(shared: RunningCos) -> None:
    """A copy has the content and the metadata of its source, or the metadata of the request."""
    shared.client.put_object(Bucket=BUCKET, Key="源 1", Body=b"content", Metadata={"x-cos-meta-a": "1"})
    source = {"Bucket": BUCKET, "Key": "源 1", "Region": REGION}
    same = shared.client.copy_object(Bucket=BUCKET, Key="copy", CopySource=source)
    assert same["ETag"] == f'"{hashlib.md5(b"content").hexdigest()}"'
    assert shared.client.head_object(Bucket=BUCKET, Key="copy")["x-cos-meta-a"] == "1"
    shared.client.copy_object(
        Bucket=BUCKET, Key="copy", CopySource=source, CopyStatus="Replaced", Metadata={"x-cos-meta-a": "2"}
    )
    assert shared.client.head_object(Bucket=BUCKET, Key="copy")["x-cos-meta-a"] == "2"
    assert shared.client.get_object(Bucket=BUCKET, Key="copy")["Body"].read() == b"content"


def test_copy_refusals(shared: RunningCos) -> None:
    """A copy needs a source that exists and meets the conditions, and a reason to copy onto itself."""
    copy = shared.client.copy_object
    shared.client.put_object(Bucket=BUCKET, Key="source", Body=b"content")
    here = {"Bucket": BUCKET, "Key": "source", "Region": REGION}
    absent = {**here, "Key": "absent"}
    assert refusal(copy, Bucket=BUCKET, Key="c", CopySource=absent) == (404, "NoSuchKey")
    assert refusal(copy, Bucket=BUCKET, Key="source", CopySource=here) == (400, "InvalidRequest")
    actual = refusal(copy, Bucket=BUCKET, Key="c", CopySource=here, CopySourceIfMatch='"other"')
    assert actual == (412, "PreconditionFailed")


def test_delete_objects(shared: RunningCos) -> None:
    """Many keys go in one request; absent ones count as deleted; Quiet says nothing."""
    keys = ["多 & <1>", "multi/2", "absent"]
    for key in keys[:2]:
        shared.client.put_object(Bucket=BUCKET, Key=key, Body=b"x")
    objects = [{"Key": key} for key in keys]
    result = shared.client.delete_objects(Bucket=BUCKET, Delete={"Object": objects})
    assert [row["Key"] for row in result["Deleted"]] == keys
    assert [shared.store.get(BUCKET, key) for key in keys] == [None, None, None]
    quiet = shared.client.delete_objects(Bucket=BUCKET, Delete={"Quiet": "true", "Object": objects})
    assert "Deleted" not in quiet


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"<Delete></Delete>", "MalformedXML"),
        (b"<Delete>", "MalformedXML"),
        (b"<Other/>", "MalformedXML"),
        (b"<Delete>" + b"<Object><Key>k</Key></Object>" * 1001 + b"</Delete>", "MalformedXML"),
    ],
)
def test_delete_objects_malformed(shared: RunningCos, body: bytes, code: str) -> None:
    """A body that is not 1 to 1000 keys is refused."""
    headers = {"Content-MD5": b64encode(hashlib.md5(body).digest()).decode()}
    response = shared.signed("POST", "/", params={"delete": ""}, content=body, headers=headers)
    assert (response.status_code, ET.fromstring(response.content).findtext("Code")) == (400, code)


def test_create_only(shared: RunningCos) -> None:
    """x-cos-forbid-overwrite lets the first writer through and leaves its object alone."""
    named = {"Bucket": BUCKET, "Key": "once", "Metadata": {"x-cos-forbid-overwrite": "true"}}
    shared.client.put_object(Body=b"first", **named)
    assert refusal(shared.client.put_object, Body=b"second", **named) == (409, "FileAlreadyExists")
    assert shared.client.get_object(Bucket=BUCKET, Key="once")["Body"].read() == b"first"


def test_create_only_race(shared: RunningCos) -> None:
    """Of many create-only writers at once exactly one wins, and the object is the winner's."""
    statuses: dict[int, int] = {}
    barrier = threading.Barrier(12)
    authorization = shared.client.get_auth("PUT", BUCKET, "race", Headers={"host": HOST})
    headers = {"Host": HOST, "Authorization": authorization, "x-cos-forbid-overwrite": "true"}

    def write(number: int) -> None:
        with closing(HTTPConnection("127.0.0.1", shared.port)) as connection:
            connection.connect()
            barrier.wait()
            # More than one chunk, so that the writers are in worker threads when they meet.
            connection.request("PUT", "/race", body=bytes([number]) * 200_000, headers=headers)
            statuses[number] = connection.getresponse().status

    threads = [threading.Thread(target=write, args=(number,)) for number in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    winners = [number for number, status in statuses.items() if status == 200]
    assert sorted(statuses.values()) == [200, *[409] * 11]
    assert shared.store.path_of(BUCKET, "race").read_bytes() == bytes(winners) * 200_000


def test_versioned_bucket(cos: RunningCos) -> None:
    """A bucket that ever had versioning ignores x-cos-forbid-overwrite and says that it is suspended."""
    cos.client.create_bucket(Bucket=BUCKET)
    assert "Status" not in cos.client.get_bucket_versioning(Bucket=BUCKET)
    cos.settings.versioned = True
    for body in (b"1", b"2"):
        cos.client.put_object(Bucket=BUCKET, Key="k", Body=body, Metadata={"x-cos-forbid-overwrite": "true"})
    assert cos.client.get_object(Bucket=BUCKET, Key="k")["Body"].read() == b"2"
    assert cos.client.get_bucket_versioning(Bucket=BUCKET)["Status"] == "Suspended"


def test_content_md5(shared: RunningCos) -> None:
    """A body that does not have the announced MD5 is not stored."""
    named = {"Bucket": BUCKET, "Key": "md5", "Body": b"content"}
    wrong = b64encode(hashlib.md5(b"other").digest()).decode()
    assert refusal(shared.client.put_object, ContentMD5=wrong, **named) == (400, "BadDigest")
    assert refusal(shared.client.put_object, ContentMD5="???", **named) == (400, "InvalidDigest")
    assert shared.signed("PUT", "md5", headers={"Content-MD5": b"\xe9"}, content=b"content").status_code == 400
    assert shared.store.get(BUCKET, "md5") is None


def test_sizes(cos: RunningCos) -> None:
    """Too large a body, too long a key and a missing length have their codes."""
    cos.settings.max_object_bytes = 10
    put = cos.client.put_object
    assert refusal(put, Bucket=BUCKET, Key="k", Body=b"x" * 11) == (400, "EntityTooLarge")
    chunked = cos.signed("PUT", "k", content=iter([b"x" * 11]))
    assert (chunked.status_code, "EntityTooLarge" in chunked.text) == (400, True)
    assert refusal(put, Bucket=BUCKET, Key="k" * 851, Body=b"") == (400, "KeyTooLong")
    bare = cos.signed("PUT", "k")
    assert bare.status_code in (200, 411)  # httpx announces an empty body by itself
    with closing(HTTPConnection("127.0.0.1", cos.port)) as connection:
        connection.putrequest("PUT", "/k", skip_host=True)
        authorization = cos.client.get_auth("PUT", BUCKET, "k", Headers={"host": HOST})
        connection.putheader("Host", HOST)
        connection.putheader("Authorization", authorization)
        connection.endheaders()
        response = connection.getresponse()
        assert (response.status, b"MissingContentLength" in response.read()) == (411, True)


def test_version_id(shared: RunningCos) -> None:
    """There are no versions, so no version id is found."""
    shared.client.put_object(Bucket=BUCKET, Key="version", Body=b"")
    assert refusal(shared.client.get_object, Bucket=BUCKET, Key="version", VersionId="1") == (404, "NoSuchVersion")


def test_force_download(cos: RunningCos) -> None:
    """With the setting, a GET is an attachment, as on the default domains of new buckets."""
    cos.settings.force_download = True
    cos.client.put_object(Bucket=BUCKET, Key="k", Body=b"x")
    assert cos.client.get_object(Bucket=BUCKET, Key="k")["Content-Disposition"] == "attachment"


def test_created_events(cos: RunningCos) -> None:
    """Every new object is announced once with what it is; reads and deletions are not."""
    put = cos.client.put_object(
        Bucket=BUCKET, Key="a/b", Body=b"hello", ContentType="text/x", Metadata={"x-cos-meta-M": "1"}
    )
    cos.wait_created(1)
    source = {"Bucket": BUCKET, "Key": "a/b", "Region": REGION}
    cos.client.copy_object(Bucket=BUCKET, Key="c", CopySource=source)
    cos.client.get_object(Bucket=BUCKET, Key="c")
    cos.client.delete_object(Bucket=BUCKET, Key="c")
    created = cos.wait_created(2)
    assert created[0] == ObjectCreated(
        bucket=BUCKET,
        key="a/b",
        size=5,
        etag=put["ETag"],
        content_type="text/x",
        meta={"x-cos-meta-m": "1"},
        request_id=put["x-cos-request-id"],
        event_name="cos:ObjectCreated:Put",
        event_time=created[0].event_time,
    )
    assert [(each.key, each.event_name) for each in created[1:]] == [("c", "cos:ObjectCreated:Copy")]


def test_large_body_streams(cos: RunningCos, tmp_path: Path) -> None:
    """A file larger than any buffer goes in and out unchanged."""
    data = hashlib.sha256(b"seed").digest() * 200_000
    source = tmp_path / "large"
    source.write_bytes(data)
    with source.open("rb") as file:
        cos.client.put_object(Bucket=BUCKET, Key="large.mp4", Body=file)
    got = cos.client.get_object(Bucket=BUCKET, Key="large.mp4")["Body"].get_raw_stream().read()
    assert hashlib.md5(got).digest() == hashlib.md5(data).digest()
    assert (cos.root / BUCKET / "large.mp4").stat().st_size == len(data)
    assert list((cos.root / ".tmp").iterdir()) == []


_KEYS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=60) | st.lists(
    st.sampled_from(["..", ".", "", "a", "@", "a b", "..%2f", "é", "x" * 90, "*", "%", "+", "\\", "\n"]), min_size=1
).map("/".join)


@settings(max_examples=at_most(120), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(key=_KEYS)
def test_any_key(shared: RunningCos, key: str) -> None:
    """Any key comes back under its own name, from a file that is inside the bucket's folder."""
    if not 0 < len(key.encode()) <= 850:
        return
    path = quote(f"/{key}", safe="")
    # The SDK normalises some paths on their way; a bare connection sends what it is given.
    authorization = [shared.client.get_auth(each, BUCKET, f"/{key}", Headers={"host": HOST}) for each in ("PUT", "GET")]
    with closing(HTTPConnection("127.0.0.1", shared.port)) as connection:
        connection.request(
            "PUT", f"/{path[3:]}", body=key.encode(), headers={"Host": HOST, "Authorization": authorization[0]}
        )
        response = connection.getresponse()
        assert (response.status, response.read()) == (200, b"")
        connection.request("GET", f"/{path[3:]}", headers={"Host": HOST, "Authorization": authorization[1]})
        assert connection.getresponse().read() == key.encode()
    file = shared.store.path_of(BUCKET, key)
    assert file.read_bytes() == key.encode()
    assert file.resolve().is_relative_to((shared.root / BUCKET).resolve())
    listed = shared.client.list_objects(Bucket=BUCKET, Prefix=key)["Contents"]
    assert key in [row["Key"] for row in listed]


def test_a_reader_who_leaves_is_not_read_for(cos: RunningCos) -> None:
    """Gigabytes would be read from the disk for nobody, and the end of the local cloud would wait for it."""
    cos.client.put_object(Bucket=BUCKET, Key="big", Body=bytes(32 << 20))
    sent: list[int] = []
    left = asyncio.Event()

    async def receive() -> dict[str, Any]:
        if not sent:
            return {"type": "http.request", "body": b"", "more_body": False}
        await left.wait()
        return {"type": "http.disconnect"}

    async def send(message: dict[str, Any]) -> None:
        sent.append(len(message.get("body", b"")))
        if len(sent) == 3:
            left.set()

    authorization = cos.client.get_auth(Method="GET", Bucket=BUCKET, Key="big", Headers={"host": HOST})
    headers = [(b"host", HOST.encode()), (b"authorization", authorization.encode())]
    scope = {
        "type": "http",
        "method": "GET",
        "path": "/big",
        "raw_path": b"/big",
        "query_string": b"",
        "headers": headers,
    }
    app = create_app(cos.store, credentials=lambda _id: Credential(SECRET_KEY))
    asyncio.run(app(scope, receive, send))  # type: ignore[arg-type]
    assert 2 << 20 <= sum(sent) < 8 << 20
