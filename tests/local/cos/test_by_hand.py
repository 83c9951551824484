"""What somebody does by hand to the files of a local COS that runs."""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.local.cos.running import BUCKET, REGION, RunningCos, refusal

Damage = Callable[[Path], object]


def _as_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


def _as_file_above(path: Path) -> None:
    shutil.rmtree(path.parent)
    path.parent.write_bytes(b"")


def _as_pipe(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


def _as_link(path: Path) -> None:
    path.rename(path.with_name("other"))
    path.symlink_to("other")


NO_OBJECTS = [
    _as_folder,
    _as_file_above,
    _as_link,
    *((_as_pipe,) if hasattr(os, "mkfifo") else ()),
]


@pytest.mark.parametrize("damage", NO_OBJECTS)
@pytest.mark.parametrize("key", ["folder/plain", "录制"])
def test_what_is_put_in_an_object_s_place_is_none(cos: RunningCos, damage: Damage, key: str) -> None:
    """Each request says so at once, as COS does of an object that is not there; a new one can be written."""
    for call in ("get_object", "head_object", "delete_object", "copy"):
        cos.client.put_object(Bucket=BUCKET, Key=key, Body=b"old")
        damage(cos.store.path_of(BUCKET, key))
        if call == "delete_object":
            cos.client.delete_object(Bucket=BUCKET, Key=key)
        elif call == "copy":
            source = {"Bucket": BUCKET, "Key": key, "Region": REGION}
            assert 404 == refusal(cos.client.copy_object, Bucket=BUCKET, Key="copy", CopySource=source)[0]
        else:
            assert 404 == refusal(getattr(cos.client, call), Bucket=BUCKET, Key=key)[0]
        assert "Contents" not in cos.client.list_objects(Bucket=BUCKET)
        shutil.rmtree(cos.root / BUCKET)
        (cos.root / BUCKET).mkdir()


def test_an_object_is_written_where_a_folder_was_put_in_its_place(cos: RunningCos) -> None:
    """The folder is nobody's to remove."""
    for _ in range(2):
        cos.client.put_object(Bucket=BUCKET, Key="k", Body=b"content")
        assert b"content" == cos.client.get_object(Bucket=BUCKET, Key="k")["Body"].get_raw_stream().read()
        if (path := cos.store.path_of(BUCKET, "k")).name == "k":
            _as_folder(path)
    assert (cos.root / BUCKET / "k").is_dir()


@pytest.mark.parametrize("text", [b"", b"short", b"longer than before", b"x" * 300_000])
def test_an_object_that_is_edited_by_hand_is_what_it_is(cos: RunningCos, text: bytes) -> None:
    """While the local COS runs, too: its size and its digest are those of what is read."""
    cos.client.put_object(Bucket=BUCKET, Key="k", Body=b"as it was", ContentType="text/x")
    cos.store.path_of(BUCKET, "k").write_bytes(text)
    head, got = (call(Bucket=BUCKET, Key="k") for call in (cos.client.head_object, cos.client.get_object))
    etag = f'"{hashlib.md5(text).hexdigest()}"'
    assert (str(len(text)), etag, "text/x") == (head["Content-Length"], head["ETag"], head["Content-Type"])
    assert (etag, text) == (got["ETag"], got["Body"].get_raw_stream().read())
    assert [etag] == [each["ETag"] for each in cos.client.list_objects(Bucket=BUCKET)["Contents"]]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no pipes in folders")
def test_a_part_or_a_rule_that_is_no_file_is_not_waited_for(cos: RunningCos) -> None:
    """A part is lost with its upload, rules are none."""
    upload = cos.client.create_multipart_upload(Bucket=BUCKET, Key="k")["UploadId"]
    part = cos.client.upload_part(Bucket=BUCKET, Key="k", UploadId=upload, PartNumber=1, Body=b"x")
    _as_pipe(next((cos.root / ".multipart" / BUCKET / upload).glob("00001-*")))
    parts = {"Part": [{"ETag": part["ETag"], "PartNumber": 1}]}
    call = cos.client.complete_multipart_upload
    assert (404, "NoSuchUpload") == refusal(call, Bucket=BUCKET, Key="k", UploadId=upload, MultipartUpload=parts)
    os.mkfifo(cos.root / ".meta" / f"{BUCKET}.cors.xml")
    assert 404 == cos.signed("GET", "nothing", headers={"Origin": "http://a"}).status_code


@pytest.mark.parametrize("text", [b"", b"par", b"other", b"parts and more"], ids=repr)
def test_a_part_that_was_edited_is_not_joined(cos: RunningCos, text: bytes) -> None:
    """The object would have been another than its ETag says; sent again, the part is as it was."""
    upload = cos.client.create_multipart_upload(Bucket=BUCKET, Key="k")["UploadId"]

    def sent() -> dict[str, list[dict[str, object]]]:
        part = cos.client.upload_part(Bucket=BUCKET, Key="k", UploadId=upload, PartNumber=1, Body=b"parts")
        return {"Part": [{"ETag": part["ETag"], "PartNumber": 1}]}

    parts = sent()
    next((cos.root / ".multipart" / BUCKET / upload).glob("00001-*")).write_bytes(text)
    call = cos.client.complete_multipart_upload
    assert (400, "InvalidPart") == refusal(call, Bucket=BUCKET, Key="k", UploadId=upload, MultipartUpload=parts)
    call(Bucket=BUCKET, Key="k", UploadId=upload, MultipartUpload=sent())
    assert b"parts" == cos.store.path_of(BUCKET, "k").read_bytes()
