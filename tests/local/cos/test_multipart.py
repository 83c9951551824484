"""Multipart uploads, driven by the official SDK."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import pytest

from tests.local.cos.running import BUCKET, REGION, RunningCos, refusal

_MIB = 1024 * 1024


def _start(cos: RunningCos, key: str = "m.bin", **named: Any) -> str:
    return str(cos.client.create_multipart_upload(Bucket=BUCKET, Key=key, **named)["UploadId"])


def _part(cos: RunningCos, upload_id: str, number: int, body: bytes, key: str = "m.bin") -> dict[str, Any]:
    etag = cos.client.upload_part(
        Bucket=BUCKET, Key=key, Body=body, PartNumber=number, UploadId=upload_id, EnableMD5=True
    )["ETag"]
    return {"PartNumber": number, "ETag": etag}


def _complete(cos: RunningCos, upload_id: str, *parts: dict[str, Any], key: str = "m.bin") -> Any:
    return cos.client.complete_multipart_upload(BUCKET, key, upload_id, {"Part": list(parts)})


@pytest.mark.long
def test_upload_and_download_file(cos: RunningCos, tmp_path: Path) -> None:
    """The SDK's own large-file transfer goes both ways, its CRC-64 check included."""
    data = hashlib.sha256(b"seed").digest() * (22 * _MIB // 32) + b"end"
    (tmp_path / "up").write_bytes(data)
    cos.client.create_bucket(Bucket=BUCKET)
    cos.client.upload_file(BUCKET, "dir/large.mp4", str(tmp_path / "up"), PartSize=5, MAXThread=3, EnableMD5=True)
    assert cos.store.path_of(BUCKET, "dir/large.mp4").read_bytes() == data
    cos.client.download_file(
        BUCKET,
        "dir/large.mp4",
        str(tmp_path / "down"),
        PartSize=4,
        MAXThread=3,
        EnableCRC=True,
        DumpRecordDir=str(tmp_path),
    )
    assert (tmp_path / "down").read_bytes() == data
    created = cos.wait_created(1)
    assert [(each.event_name, each.size) for each in created] == [
        ("cos:ObjectCreated:CompleteMultipartUpload", len(data))
    ]
    assert not list((cos.root / ".multipart").glob("*/*"))


def test_complete(cos: RunningCos) -> None:
    """The object is its parts in order, with the headers of the start; the ETag counts the parts."""
    upload_id = _start(cos, ContentType="video/mp4", Metadata={"x-cos-meta-a": "1"})
    second = _part(cos, upload_id, 7, b"end")
    _part(cos, upload_id, 2, b"replaced" * _MIB)
    first = _part(cos, upload_id, 2, b"1" * _MIB)
    result = _complete(cos, upload_id, first, second)
    digests = hashlib.md5(b"1" * _MIB).digest() + hashlib.md5(b"end").digest()
    assert result["ETag"] == f'"{hashlib.md5(digests).hexdigest()}-2"'
    head = cos.client.head_object(Bucket=BUCKET, Key="m.bin")
    assert [head[name] for name in ("ETag", "Content-Type", "x-cos-meta-a", "Content-Length")] == [
        result["ETag"],
        "video/mp4",
        "1",
        str(_MIB + 3),
    ]
    assert refusal(_complete, cos, upload_id, first, second) == (404, "NoSuchUpload")


def test_refused_completions(cos: RunningCos) -> None:
    """Parts must exist, have their ETag, be in order and be large enough; the upload survives a refusal."""
    upload_id = _start(cos)
    first, second = _part(cos, upload_id, 1, b"small"), _part(cos, upload_id, 2, b"end")
    assert refusal(_complete, cos, upload_id, second, first) == (400, "InvalidPartOrder")
    assert refusal(_complete, cos, upload_id, {**first, "PartNumber": 9}) == (400, "InvalidPart")
    assert refusal(_complete, cos, upload_id, {**first, "ETag": '"0"'}) == (400, "InvalidPart")
    assert refusal(_complete, cos, upload_id, first, second) == (400, "EntityTooSmall")
    assert refusal(_complete, cos, upload_id) == (400, "MalformedXML")
    cos.settings.min_part_bytes = 1
    _complete(cos, upload_id, first, second)
    assert cos.store.path_of(BUCKET, "m.bin").read_bytes() == b"smallend"


def test_no_such_upload(shared: RunningCos) -> None:
    """An unknown upload, and one of another key, is not found by any operation."""
    upload_id = _start(shared, "other")
    for unknown in ("0", upload_id):
        assert refusal(_part, shared, unknown, 1, b"") == (404, "NoSuchUpload")
        assert refusal(_complete, shared, unknown, {"PartNumber": 1, "ETag": "x"}) == (404, "NoSuchUpload")
        assert refusal(shared.client.list_parts, BUCKET, "m.bin", unknown) == (404, "NoSuchUpload")
        assert refusal(shared.client.abort_multipart_upload, BUCKET, "m.bin", unknown) == (404, "NoSuchUpload")


@pytest.mark.parametrize("number", [0, 10001, "x"])
def test_part_number(shared: RunningCos, number: Any) -> None:
    """A part number is from 1 to 10000."""
    upload_id = _start(shared)
    assert refusal(_part, shared, upload_id, number, b"") == (400, "InvalidArgument")


def test_abort(cos: RunningCos) -> None:
    """An aborted upload leaves nothing behind."""
    upload_id = _start(cos)
    _part(cos, upload_id, 1, b"x")
    cos.client.abort_multipart_upload(BUCKET, "m.bin", upload_id)
    assert refusal(_part, cos, upload_id, 1, b"x") == (404, "NoSuchUpload")
    assert not list((cos.root / ".multipart").glob("*/*"))
    assert refusal(cos.client.get_object, BUCKET, "m.bin") == (404, "NoSuchKey")


def test_list_parts(shared: RunningCos) -> None:
    """Parts are listed in order, page by page."""
    upload_id = _start(shared, "parts & é")
    for number in (3, 1, 2):
        _part(shared, upload_id, number, b"x" * number, "parts & é")
    page = shared.client.list_parts(BUCKET, "parts & é", upload_id, MaxParts=2)
    assert [(row["PartNumber"], row["Size"]) for row in page["Part"]] == [("1", "1"), ("2", "2")]
    assert (page["Key"], page["IsTruncated"], page["NextPartNumberMarker"]) == ("parts & é", "true", "2")
    rest = shared.client.list_parts(BUCKET, "parts & é", upload_id, PartNumberMarker=2)
    assert ([row["PartNumber"] for row in rest["Part"]], rest["IsTruncated"]) == (["3"], "false")


def test_list_uploads(cos: RunningCos) -> None:
    """Uploads are listed by key and start, page by page, with prefix and delimiter."""
    ids = [(key, _start(cos, key)) for key in ("a/1", "a/2", "a/2", "b")]
    client = cos.client
    page = client.list_multipart_uploads(BUCKET)
    assert [(row["Key"], row["UploadId"]) for row in page["Upload"]] == ids
    found, markers = [], {"KeyMarker": "", "UploadIdMarker": ""}
    for _ in range(4):
        page = client.list_multipart_uploads(BUCKET, MaxUploads=1, **markers)
        found += [(row["Key"], row["UploadId"]) for row in page["Upload"]]
        markers = {"KeyMarker": page.get("NextKeyMarker"), "UploadIdMarker": page.get("NextUploadIdMarker")}
    assert (found, page["IsTruncated"]) == (ids, "false")
    folded = client.list_multipart_uploads(BUCKET, Delimiter="/")
    assert [row["Prefix"] for row in folded["CommonPrefixes"]] == ["a/"]
    assert [row["Key"] for row in folded["Upload"]] == ["b"]
    below = client.list_multipart_uploads(BUCKET, Prefix="a/2")
    assert [row["Key"] for row in below["Upload"]] == ["a/2", "a/2"]


def test_create_only(cos: RunningCos) -> None:
    """x-cos-forbid-overwrite holds for uploads too: at the start, and at the end if an object came between."""
    only = {"x-cos-forbid-overwrite": "true"}
    upload_id = _start(cos, Metadata=only)
    part = _part(cos, upload_id, 1, b"late")
    cos.client.put_object(Bucket=BUCKET, Key="m.bin", Body=b"first")
    assert refusal(_complete, cos, upload_id, part) == (409, "FileAlreadyExists")
    assert refusal(_start, cos, Metadata=only) == (409, "FileAlreadyExists")
    assert cos.store.path_of(BUCKET, "m.bin").read_bytes() == b"first"


def test_copy_part(cos: RunningCos) -> None:
    """A part can be a stretch of another object."""
    cos.client.put_object(Bucket=BUCKET, Key="source", Body=b"0123456789")
    upload_id = _start(cos)
    source = {"Bucket": BUCKET, "Key": "source", "Region": REGION}
    copy = cos.client.upload_part_copy
    etag = copy(BUCKET, "m.bin", 1, upload_id, source, "bytes=2-4")["ETag"]
    _complete(cos, upload_id, {"PartNumber": 1, "ETag": etag})
    assert cos.client.get_object(BUCKET, "m.bin")["Body"].read() == b"234"
    again = _start(cos)
    assert refusal(copy, BUCKET, "m.bin", 1, again, source, "bytes=2-10") == (416, "InvalidRange")
    for never in ("bytes=4-2", f"bytes=0-{'9' * 5000}"):
        assert refusal(copy, BUCKET, "m.bin", 1, again, source, never) == (400, "InvalidArgument")


def test_restart(tmp_path: Path) -> None:
    """An unfinished upload outlives the server."""
    with RunningCos(tmp_path / "cos") as cos:
        upload_id = _start(cos, ContentType="video/mp4")
        part = _part(cos, upload_id, 1, b"content")
    with RunningCos(tmp_path / "cos") as cos:
        _complete(cos, upload_id, part)
        assert cos.client.head_object(BUCKET, "m.bin")["Content-Type"] == "video/mp4"
        assert cos.store.path_of(BUCKET, "m.bin").read_bytes() == b"content"


@pytest.mark.parametrize("note", [b"", b"\xff{", b"[1]", b'{"bucket": "b"', b"[" * 100_000, None])
def test_a_damaged_upload_does_not_keep_the_server_from_starting(tmp_path: Path, note: bytes | None) -> None:
    """The others go on; its parts are kept where a person finds them."""
    root = tmp_path / "cos"
    with RunningCos(root) as cos:
        broken, whole = _start(cos), _start(cos)
        for upload_id in (broken, whole):
            part = _part(cos, upload_id, 1, b"content")
    folder = root / ".multipart" / BUCKET / broken
    (folder / "upload.json").unlink()
    if note is None:
        (folder / "upload.json").mkdir()
    else:
        (folder / "upload.json").write_bytes(note)
    for name in ("none-abc", "00002-short"):
        (root / ".multipart" / BUCKET / whole / name).write_bytes(b"no part")
    (root / ".multipart" / BUCKET / whole / f"00003-{'0' * 32}").symlink_to(tmp_path / "nowhere")
    with RunningCos(root) as cos:
        _complete(cos, whole, part)
        assert (404, "NoSuchUpload") == refusal(_complete, cos, broken, part)
    kept = [path.read_bytes() for path in (root / ".lost" / BUCKET / broken).glob("00001-*")]
    assert [b"content"] == kept
