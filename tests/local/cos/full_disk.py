"""A program of its own whose disk is full at one moment: files may have so many bytes, and no more."""

from __future__ import annotations

import resource
import signal
import sys
from pathlib import Path

from local.cos import Attributes, BucketStore

BUCKET = "recordings-1250000000"


def main(root: Path) -> None:
    """Write an object, fail to overwrite it and to write another, write a third, each with a type of its own."""
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)  # the write fails, as on a full disk
    store = BucketStore(root)
    store.put(BUCKET, "kept", b"old", Attributes("text/kept"))
    journal = root / ".meta" / f"{BUCKET}.jsonl"
    _limit(journal.stat().st_size + 30)
    for key in ("kept", "refused"):
        _refused(store, key)
    store.delete(BUCKET, "nothing")
    _limit(resource.RLIM_INFINITY)
    store.put(BUCKET, "third", b"3", Attributes("text/third"))


def _refused(store: BucketStore, key: str) -> None:
    try:
        store.put(BUCKET, key, b"new", Attributes("text/new"))
    except OSError as error:
        sys.stdout.write(f"{key}: {error.strerror}\n")


def _limit(size: int) -> None:
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
