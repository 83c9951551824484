"""The store on disk: where files are, and what survives."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from local.cos import Attributes, BucketStore, CosError, CosSettings
from tests.local.cos.running import BUCKET, RunningCos
from tests.local.processes import ROOT

_WEIRD = ["..", "a/../../b", "//", "a//b", "dir/", "é", "@/x", "x" * 850, "a/" * 400, "con\x00trol", ".", "-", "%2e%2e"]


Open = Callable[..., BucketStore]


@pytest.fixture
def open_store() -> Iterator[Open]:
    """Open stores, which are closed with the test."""
    stores: list[BucketStore] = []

    def open_store(root: Path, settings: CosSettings | None = None) -> BucketStore:
        stores.append(BucketStore(root, settings))
        return stores[-1]

    yield open_store
    for store in stores:
        store.close()


def _files(root: Path) -> dict[str, bytes]:
    return {str(path.relative_to(root)): path.read_bytes() for path in root.rglob("*") if path.is_file()}


def test_plain_key_is_its_path(open_store: Open, tmp_path: Path) -> None:
    """A plain key is found under its own name."""
    store = open_store(tmp_path)
    store.put(BUCKET, "recordings/a=1+b/x.json", b"content")
    assert store.path_of(BUCKET, "recordings/a=1+b/x.json") == tmp_path / BUCKET / "recordings/a=1+b/x.json"
    assert (tmp_path / BUCKET / "recordings/a=1+b/x.json").read_bytes() == b"content"


def test_object_that_is_also_a_folder(open_store: Open, tmp_path: Path) -> None:
    """ "a", "a/b" and "a/b/c" live side by side, in either order, across a restart, and die one by one."""
    for order in (["a", "a/b", "a/b/c"], ["z/b/c", "z/b", "z"]):
        store = open_store(tmp_path)
        for key in order:
            store.put(BUCKET, key, key.encode())
        store.close()
        store = open_store(tmp_path)
        for key in order:
            assert store.path_of(BUCKET, key).read_bytes() == key.encode()
        for key in order:
            assert store.delete(BUCKET, key)
            assert store.get(BUCKET, key) is None
        store.close()
    assert _files(tmp_path / BUCKET) == {}


def test_restart_keeps_everything(open_store: Open, tmp_path: Path) -> None:
    """Objects of any key, their metadata and their order are the same after a restart; deleted ones stay gone."""
    store = open_store(tmp_path)
    attributes = Attributes("video/mp4", {"cache-control": "no-store"}, {"x-cos-meta-a": "ü"})
    for key in [*_WEIRD, "plain/key", "gone"]:
        store.put(BUCKET, key, key.encode(), attributes)
    store.delete(BUCKET, "gone")
    before = store.page(BUCKET).entries
    store.close()
    store = open_store(tmp_path)
    assert store.page(BUCKET).entries == before
    assert sorted(entry.key for entry in before) == sorted([*_WEIRD, "plain/key"])
    assert [store.path_of(BUCKET, key).read_bytes() for key in _WEIRD] == [key.encode() for key in _WEIRD]


def test_restart_over_http(tmp_path: Path) -> None:
    """A client sees no difference after a restart."""
    with RunningCos(tmp_path) as cos:
        cos.client.put_object(Bucket=BUCKET, Key="k", Body=b"content", Metadata={"x-cos-meta-a": "1"})
        before = cos.client.list_objects(Bucket=BUCKET)
    with RunningCos(tmp_path) as cos:
        assert cos.client.list_objects(Bucket=BUCKET) == before
        assert cos.client.head_object(Bucket=BUCKET, Key="k")["x-cos-meta-a"] == "1"


def test_the_disk_is_the_truth(open_store: Open, tmp_path: Path) -> None:
    """After a start, files put in by hand are objects, removed ones are gone, edited ones are what they are."""
    store = open_store(tmp_path)
    for key in ("removed", "edited"):
        store.put(BUCKET, key, b"old")
    store.close()
    (tmp_path / BUCKET / "removed").unlink()
    (tmp_path / BUCKET / "edited").write_bytes(b"edited")
    (tmp_path / BUCKET / "dir").mkdir()
    (tmp_path / BUCKET / "dir" / "added.mp4").write_bytes(b"added")
    (tmp_path / BUCKET / ".hidden").write_bytes(b"")
    (tmp_path / BUCKET / "link").symlink_to("/etc")
    store = open_store(tmp_path)
    found = [(entry.key, entry.size, entry.attributes.content_type) for entry in store.page(BUCKET).entries]
    assert found == [("dir/added.mp4", 5, "video/mp4"), ("edited", 6, "application/octet-stream")]
    entry = store.get(BUCKET, "edited")
    assert entry is not None
    assert entry.etag == f'"{hashlib.md5(b"edited").hexdigest()}"'


def test_removed_while_running(open_store: Open, tmp_path: Path) -> None:
    """An object whose file was removed by hand is not found."""
    store = open_store(tmp_path)
    store.put(BUCKET, "k", b"x")
    store.path_of(BUCKET, "k").unlink()
    with pytest.raises(CosError, match="NoSuchKey"):
        store.open(BUCKET, "k")
    assert store.get(BUCKET, "k") is None


def test_torn_journal(open_store: Open, tmp_path: Path) -> None:
    """A line that a crash cut short costs that line only, and the next write is not lost to it."""
    store = open_store(tmp_path)
    store.put(BUCKET, "a", b"1", Attributes("text/a"))
    store.close()
    with (tmp_path / ".meta" / f"{BUCKET}.jsonl").open("ab") as file:
        file.write(b'{"key":"b","fi')
    for key in ("c", "d"):
        store = open_store(tmp_path)
        store.put(BUCKET, key, b"1", Attributes(f"text/{key}"))
        store.close()
    store = open_store(tmp_path)
    found = {entry.key: entry.attributes.content_type for entry in store.page(BUCKET).entries}
    assert found == {"a": "text/a", "c": "text/c", "d": "text/d"}


def test_journal_is_compacted(open_store: Open, tmp_path: Path) -> None:
    """Overwriting one key for ever does not make the index grow for ever."""
    store = open_store(tmp_path)
    for number in range(1200):
        store.put(BUCKET, "k", str(number).encode())
    store.close()
    journal = tmp_path / ".meta" / f"{BUCKET}.jsonl"
    assert len(journal.read_bytes().splitlines()) == 1201
    open_store(tmp_path).close()
    assert len(journal.read_bytes().splitlines()) == 2


def test_reader_keeps_its_content(open_store: Open, tmp_path: Path) -> None:
    """Who began to read an object reads it to the end, whatever is written meanwhile."""
    store = open_store(tmp_path)
    store.put(BUCKET, "k", b"old")
    entry, file = store.open(BUCKET, "k")
    store.put(BUCKET, "k", b"newer")
    with file:
        assert (file.read(), entry.size) == (b"old", 3)


def test_fsync(open_store: Open, tmp_path: Path) -> None:
    """With fsync the results are the same."""
    store = open_store(tmp_path, CosSettings(fsync=True))
    store.put(BUCKET, "k", b"1")
    assert store.delete(BUCKET, "k")


@pytest.mark.process
def test_a_full_disk_refuses_one_object_and_loses_no_other(open_store: Open, tmp_path: Path) -> None:
    """What can't be noted is refused; its predecessor, and what is written later, keep content and metadata."""
    program = [sys.executable, "-m", "tests.local.cos.full_disk", str(tmp_path)]
    done = subprocess.run(program, cwd=ROOT, capture_output=True, text=True, timeout=300)
    assert ["kept: File too large", "refused: File too large"] == done.stdout.splitlines(), done.stderr
    store = open_store(tmp_path)
    found = {entry.key: (entry.attributes.content_type, entry.size) for entry in store.page(BUCKET).entries}
    assert found == {"kept": ("text/kept", 3), "third": ("text/third", 1)}
    assert store.path_of(BUCKET, "kept").read_bytes() == b"old"


@pytest.mark.parametrize("line", [b"1", b"[]", b"null", b'{"key": 1}', b'{"key": "k"}', b"[" * 9_999, b"\xff"])
def test_a_damaged_line_of_the_index_is_skipped(open_store: Open, tmp_path: Path, line: bytes) -> None:
    """Whatever a damaged disk left in the index, the other lines count."""
    store = open_store(tmp_path)
    store.put(BUCKET, "a", b"1", Attributes("text/a"))
    store.close()
    with (tmp_path / ".meta" / f"{BUCKET}.jsonl").open("ab") as file:
        file.write(line + b"\n")
    store = open_store(tmp_path)
    assert [("a", "text/a")] == [(entry.key, entry.attributes.content_type) for entry in store.page(BUCKET).entries]


def test_content_whose_index_was_lost_is_kept(open_store: Open, tmp_path: Path) -> None:
    """A key that is no path is noted in the index alone: without it its content is set aside, not removed."""
    store = open_store(tmp_path)
    store.put(BUCKET, "录制.mp4", b"film")
    store.close()
    (tmp_path / ".meta" / f"{BUCKET}.jsonl").unlink()
    open_store(tmp_path).close()
    assert [b"film"] == [path.read_bytes() for path in (tmp_path / ".lost").rglob("*.mp4")]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no pipes in folders")
def test_what_is_no_file_is_no_object(open_store: Open, tmp_path: Path) -> None:
    """A pipe in a bucket's folder would be read without end: the start does not wait for it."""
    store = open_store(tmp_path)
    store.put(BUCKET, "k", b"x")
    store.close()
    (tmp_path / BUCKET / "k").unlink()
    for name in ("k", "pipe"):
        os.mkfifo(tmp_path / BUCKET / name)
    assert [] == open_store(tmp_path).page(BUCKET).entries


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no pipes in folders")
def test_an_index_that_is_no_file_is_told(open_store: Open, tmp_path: Path) -> None:
    """The start does not wait for who writes to it."""
    (tmp_path / BUCKET).mkdir()
    (tmp_path / ".meta").mkdir()
    os.mkfifo(tmp_path / ".meta" / f"{BUCKET}.jsonl")
    with pytest.raises(OSError, match="it is no regular file"):
        open_store(tmp_path)
