"""Uploads by the COS SDK to a fake HTTP server: key, body, type, errors; and the cutting of playlists."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from urllib.parse import unquote

import pytest

from local.trtc import CosTarget, CosUploader, UploadError
from local.trtc.hls import shorten
from local.trtc.tasks import new_task_id
from tests.local.trtc.servers import WebhookServer
from tests.serving import answering

TARGET = CosTarget("ap-chengdu", "web-125", "AK", "SK", ("a",))


@pytest.fixture
def cos() -> Iterator[WebhookServer]:
    """A server that accepts every PUT."""
    receiver = WebhookServer()
    yield receiver
    receiver.close()


def test_a_file_is_put_under_its_key(cos: WebhookServer, tmp_path: Path) -> None:
    """The key arrives whole, with every documented character of a TaskId, signed with the caller's key."""
    path, key = tmp_path / "x.mp4", f"a/{new_task_id()}/x.mp4"
    path.write_bytes(b"film")
    asyncio.run(CosUploader(cos.url).upload(TARGET, key, path))
    ((sent_path, headers, body),) = cos.requests
    assert (f"/{key}", b"film", "video/mp4") == (unquote(sent_path), body, headers["Content-Type"])
    assert "q-ak=AK" in headers["Authorization"]
    assert "web-125.cos.ap-chengdu.myqcloud.com" == headers["Host"]


def test_a_refusal_is_one_error_without_keys(cos: WebhookServer, tmp_path: Path) -> None:
    """A refusing and an absent COS end in UploadError after one request, whose text names no key."""
    path = tmp_path / "x.mp4"
    path.write_bytes(b"film")
    cos.status = 503
    with pytest.raises(UploadError, match="503") as refused:
        asyncio.run(CosUploader(cos.url).upload(TARGET, "k", path))
    assert 1 == len(cos.requests)
    with pytest.raises(UploadError, match="Connection refused") as absent:
        asyncio.run(CosUploader("http://127.0.0.1:1").upload(TARGET, "k", path))
    assert not any("SK" in str(error.value) for error in (refused, absent))
    with pytest.raises(UploadError):
        asyncio.run(CosUploader(cos.url).upload(replace(TARGET, access_key="录"), "k", path))


@pytest.mark.parametrize("name", ["http_proxy", "HTTP_PROXY", "ALL_PROXY", "all_proxy"])
def test_a_proxy_of_the_shell_is_not_asked(
    cos: WebhookServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """The endpoint is on this machine; a proxy that is dead, or could not reach it, is no matter."""
    monkeypatch.setenv(name, "socks5://127.0.0.1:1" if "all" in name.lower() else "http://127.0.0.1:1")
    path = tmp_path / "x.mp4"
    path.write_bytes(b"film")
    asyncio.run(CosUploader(cos.url).upload(TARGET, "k", path))
    assert 1 == len(cos.requests)


@pytest.mark.parametrize("headers", [{"Location": "http://127.0.0.1:1/elsewhere"}, {}])
def test_a_redirect_stores_nothing(tmp_path: Path, headers: dict[str, str]) -> None:
    """Neither followed nor taken for a success, and told as what it is."""
    path = tmp_path / "x.mp4"
    path.write_bytes(b"film")
    with answering(302, headers=headers) as (url, asked), pytest.raises(UploadError, match="302: redirects are not"):
        asyncio.run(CosUploader(url).upload(TARGET, "k", path))
    assert ["PUT /k"] == asked


def test_a_missing_file_is_an_upload_error(cos: WebhookServer, tmp_path: Path) -> None:
    """A file that vanished does not end the task with another kind of error."""
    with pytest.raises(UploadError):
        asyncio.run(CosUploader(cos.url).upload(TARGET, "k", tmp_path / "none"))


def test_task_ids_are_unlike_and_safe_to_normalise() -> None:
    """TaskIds are 90 characters, hold each documented one, and no dot lies at a slash."""
    ids = {new_task_id() for _ in range(200)}
    assert 200 == len(ids)
    for task_id in ids:
        assert 90 == len(task_id)
        assert set("+-.=*/") <= set(task_id)
        assert not any(bad in task_id for bad in ("./", "/.", "//"))


PLAYLIST = "#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:2,\na.ts\n#EXTINF:2,\nb.ts\n#EXT-X-ENDLIST\n"


@pytest.mark.parametrize(
    ("present", "expected"),
    [
        ({"a.ts", "b.ts"}, PLAYLIST),
        ({"a.ts"}, "#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:2,\na.ts\n"),
        ({"b.ts"}, "#EXTM3U\n#EXT-X-TARGETDURATION:2\n"),
    ],
)
def test_a_playlist_names_only_what_is_uploaded(present: set[str], expected: str) -> None:
    """A playlist is cut before the first missing slice, without its end mark."""
    assert expected == shorten(PLAYLIST, present)
