"""What SCF asks COS in one local cloud."""

from __future__ import annotations

from local import cos

__all__ = ["Stored"]


class Stored:
    """What SCF asks COS."""

    def __init__(self, store: cos.BucketStore) -> None:
        self._store = store

    def has(self, bucket: str, region: str) -> bool:
        """Tell whether a bucket is there, in this region."""
        return self._store.settings.region == region and self._store.find(bucket) is not None

    def read(self, bucket: str, key: str) -> bytes | None:
        """Return an object, if it is there."""
        if self._store.find(bucket) is None or self._store.get(bucket, key) is None:
            return None
        _, file = self._store.open(bucket, key)
        with file:
            return file.read()
