"""Buckets, routing, errors, CORS and events: what is not about one object."""

from __future__ import annotations

import asyncio
import threading
from contextlib import closing
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from starlette.types import Message

from local.cos import BucketStore, Credential, ObjectCreated, create_app
from local.cos.store import is_bucket_name
from tests.local.cos.running import BUCKET, HOST, REGION, SECRET_ID, SECRET_KEY, RunningCos, refusal

_OTHER = "other-1250000000"


def test_buckets(cos: RunningCos) -> None:
    """Buckets are made, found, listed and, once empty, removed."""
    client = cos.client
    assert refusal(client.head_bucket, Bucket=BUCKET) == (404, "NoSuchResource")
    client.create_bucket(Bucket=BUCKET)
    client.create_bucket(Bucket=_OTHER)
    assert client.head_bucket(Bucket=BUCKET)["x-cos-request-id"]
    assert refusal(client.create_bucket, Bucket=BUCKET) == (409, "BucketAlreadyOwnedByYou")
    assert refusal(client.create_bucket, Bucket="UPPER") == (400, "InvalidBucketName")
    service = cos.sdk(ServiceDomain=f"127.0.0.1:{cos.port}")
    assert [row["Name"] for row in service.list_buckets()["Buckets"]["Bucket"]] == [_OTHER, BUCKET]
    client.put_object(Bucket=_OTHER, Key="a/b", Body=b"")
    assert refusal(client.delete_bucket, Bucket=_OTHER) == (409, "BucketNotEmpty")
    client.delete_object(Bucket=_OTHER, Key="a/b")
    client.create_multipart_upload(Bucket=_OTHER, Key="a/b")
    client.delete_bucket(Bucket=_OTHER)
    assert refusal(client.delete_bucket, Bucket=_OTHER) == (404, "NoSuchBucket")
    assert [path.name for path in cos.root.iterdir() if not path.name.startswith(".")] == [BUCKET]


def test_no_such_bucket(cos: RunningCos) -> None:
    """What reads or deletes asks for one that exists, and makes none; so does a write, unless it may make one."""
    client = cos.client
    cos.client.put_object(Bucket=BUCKET, Key="k", Body=b"")
    reads = (client.list_objects, client.get_bucket_acl, client.list_multipart_uploads, client.get_bucket_cors)
    for call in (*reads, client.get_bucket_versioning, client.delete_bucket_cors):
        assert refusal(call, Bucket=_OTHER) == (404, "NoSuchBucket")
    for call in (client.get_object, client.delete_object):
        assert refusal(call, Bucket=_OTHER, Key="k") == (404, "NoSuchBucket")
    source = {"Bucket": _OTHER, "Key": "k", "Region": REGION}
    assert refusal(client.copy_object, Bucket=BUCKET, Key="copy", CopySource=source) == (404, "NoSuchBucket")
    cos.settings.create_buckets = False
    assert refusal(client.create_multipart_upload, Bucket=_OTHER, Key="k") == (404, "NoSuchBucket")
    assert refusal(client.put_object, Bucket=_OTHER, Key="k", Body=b"") == (404, "NoSuchBucket")
    assert [BUCKET] == [bucket.name for bucket in cos.store.buckets()]


@pytest.mark.parametrize("encoding", ["gbk", "nonsense", "utf-16"])
def test_xml_in_unknown_letters_is_malformed(cos: RunningCos, encoding: str) -> None:
    """The fault is the sender's, not ours."""
    rules = f'<?xml version="1.0" encoding="{encoding}"?><CORSConfiguration/>'
    cos.client.put_object(Bucket=BUCKET, Key="k", Body=b"")
    answer = cos.signed("PUT", "/", params={"cors": ""}, content=rules.encode())
    assert (400, True) == (answer.status_code, "<Code>MalformedXML</Code>" in answer.text)


def test_acl(shared: RunningCos) -> None:
    """Everything is private, and setting an ACL is accepted."""
    shared.client.put_object(Bucket=BUCKET, Key="acl", Body=b"")
    shared.client.put_object_acl(Bucket=BUCKET, Key="acl", ACL="private")
    shared.client.put_bucket_acl(Bucket=BUCKET, ACL="private")
    assert shared.client.get_object_acl(Bucket=BUCKET, Key="acl")["CannedACL"] == "default"
    assert shared.client.get_bucket_acl(Bucket=BUCKET)["CannedACL"] == "private"
    assert refusal(shared.client.get_object_acl, Bucket=BUCKET, Key="absent") == (404, "NoSuchKey")


def test_not_implemented(shared: RunningCos) -> None:
    """What COS has and this server lacks is refused, not mistaken for something else."""
    client = shared.client
    assert refusal(client.get_bucket_tagging, Bucket=BUCKET) == (501, "NotImplemented")
    assert refusal(client.list_objects_versions, Bucket=BUCKET) == (501, "NotImplemented")
    assert refusal(client.append_object, Bucket=BUCKET, Key="k", Position=0, Data=b"x") == (501, "NotImplemented")


@pytest.mark.parametrize(
    ("method", "path", "params"), [("PATCH", "k", {}), ("POST", "k", {}), ("PUT", "/", {"uploads": ""})]
)
def test_method_not_allowed(shared: RunningCos, method: str, path: str, params: dict[str, str]) -> None:
    """What COS itself lacks is a method that is not allowed."""
    response = shared.signed(method, path, params=params)
    assert (response.status_code, ET.fromstring(response.content).findtext("Code")) == (405, "MethodNotAllowed")


def test_error_document(shared: RunningCos) -> None:
    """An error is COS's XML and carries the request id of its header; a secret is not in it."""
    response = shared.signed("GET", "absent <&>", params={"x": "1"})
    root = ET.fromstring(response.content)
    assert response.headers["Content-Type"] == "application/xml"
    assert [child.tag for child in root] == ["Code", "Message", "Resource", "RequestId", "TraceId"]
    assert root.findtext("RequestId") == response.headers["x-cos-request-id"]
    assert root.findtext("Resource") == f"{HOST}/absent <&>"


def test_refused_body_is_read(shared: RunningCos) -> None:
    """A large request that is refused gets its answer, not a broken connection."""
    wrong = shared.sdk(secret_key="wrong")
    actual = refusal(wrong.put_object, Bucket=BUCKET, Key="k", Body=b"x" * 20_000_000)
    assert actual == (403, "SignatureDoesNotMatch")


def test_not_utf8(shared: RunningCos) -> None:
    """A path that is not UTF-8 is an invalid URI."""
    response = shared.http.get("/%ff", headers={"Host": HOST})
    assert (response.status_code, "InvalidURI" in response.text) == (400, True)


def test_path_style(shared: RunningCos) -> None:
    """Without a bucket in Host, the first segment of the path is the bucket; presigned URLs work as they are."""
    client = shared.sdk(Domain=f"127.0.0.1:{shared.port}/{BUCKET}")
    client.put_object(Bucket=BUCKET, Key="path/style", Body=b"x")
    assert shared.store.path_of(BUCKET, "path/style").read_bytes() == b"x"
    url = client.get_presigned_url(BUCKET, "path/style", "GET")
    assert url.startswith(f"http://127.0.0.1:{shared.port}/{BUCKET}/path/style?")
    assert shared.http.get(url).content == b"x"


def test_default_bucket(cos: RunningCos) -> None:
    """The SDK's presigned URL for IP and Port names no bucket: it is the default one."""
    cos.settings.default_bucket = BUCKET
    cos.client.put_object(Bucket=BUCKET, Key="tasks/x", Body=b"x")
    assert cos.http.get(cos.client.get_presigned_url(BUCKET, "tasks/x", "GET")).content == b"x"


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("a-1250000000", True),
        ("a", False),
        ("-a-1250000000", False),
        ("A-1250000000", False),
        (f"{'a' * 50}-1250000000", False),
    ],
)
def test_bucket_names(name: str, expected: bool) -> None:
    """A bucket's name ends with an APPID and has at most 60 characters."""
    assert is_bucket_name(name) == expected


def test_listener_may_call_back(tmp_path: Path) -> None:
    """on_created may read the object from the very server that announces it; an error in it harms nobody."""
    read: list[bytes] = []
    done = threading.Event()

    def listener(created: ObjectCreated) -> None:
        if created.key == "bad":
            raise ValueError("bad")
        read.append(cos.client.get_object(Bucket=created.bucket, Key=created.key)["Body"].read())
        done.set()

    cos = RunningCos(tmp_path / "cos", listener=listener)
    with cos:
        cos.client.put_object(Bucket=BUCKET, Key="bad", Body=b"")
        cos.client.put_object(Bucket=BUCKET, Key="good", Body=b"content")
        assert done.wait(60)
    assert read == [b"content"]


def test_awaitable_listener(tmp_path: Path) -> None:
    """on_created may be a coroutine function; shutting down waits for what was announced."""
    seen: list[str] = []

    async def listener(created: ObjectCreated) -> None:
        await asyncio.sleep(0.05)
        seen.append(created.key)

    with RunningCos(tmp_path / "cos", listener=listener) as cos:
        cos.client.put_object(Bucket=BUCKET, Key="k", Body=b"")
    assert seen == ["k"]


def test_disconnected_writer(tmp_path: Path) -> None:
    """A writer that goes away in the middle leaves neither an object nor a temporary file."""
    with closing(BucketStore(tmp_path / "store")) as store:
        arrived: Message = {"type": "http.request", "body": b"x" * 2_000_000, "more_body": True}
        assert [] == _disconnected(store, tmp_path, "PUT", [arrived], 3_000_000)
        assert (store.get(BUCKET, "k"), list((tmp_path / "store" / ".tmp").iterdir())) == (None, [])


def test_disconnected_reader(tmp_path: Path) -> None:
    """A reader that goes away before its answer leaves no open file."""
    with RunningCos(tmp_path / "store") as cos:
        cos.client.put_object(Bucket=BUCKET, Key="k", Body=b"content")
    with closing(BucketStore(tmp_path / "store")) as store:
        assert [] == _disconnected(store, tmp_path, "GET", [], 0)
        (content,) = (tmp_path / "store" / BUCKET).rglob("k")
        assert content not in [link.resolve() for link in Path("/proc/self/fd").iterdir()]


def _disconnected(
    store: BucketStore, tmp_path: Path, method: str, messages: list[Message], length: int
) -> list[Message]:
    """Return what is sent to a caller who goes away after these messages."""
    app = create_app(store, credentials={SECRET_ID: Credential(SECRET_KEY)}.get)
    with RunningCos(tmp_path / "signer") as signer:
        authorization = signer.client.get_auth(method, BUCKET, "k", Headers={"host": HOST})
    sent: list[Message] = []

    async def receive() -> Message:
        return messages.pop(0) if messages else {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        sent.append(message)

    headers = {"host": HOST, "authorization": authorization, "content-length": str(length)}
    scope = {
        "type": "http",
        "method": method,
        "path": "/k",
        "raw_path": b"/k",
        "query_string": b"",
        "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
    }
    asyncio.run(app(scope, receive, send))
    return sent


def test_request_ids_differ(shared: RunningCos) -> None:
    """Every answer has a request id of its own."""
    ids = {
        shared.http.request(method, "/k", headers={"Host": HOST}).headers["x-cos-request-id"]
        for method in ("GET", "HEAD", "OPTIONS")
    }
    assert len(ids) == 3
