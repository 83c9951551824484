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
        try:
            _, file = self._store.open(bucket, key)
        except cos.CosError:
            return None
        with file:
            return file.read()
