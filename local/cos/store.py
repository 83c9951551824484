"""All buckets of the local COS, below one folder.

    <root>/<bucket>/<key>           content; keys that are no plain path lie in <root>/<bucket>/@
    <root>/.meta/<bucket>.jsonl     index: headers, ETags, times
    <root>/.multipart/<bucket>/     parts of unfinished uploads
    <root>/.tmp/                    content that is being received
    <root>/.lost/<bucket>/          content whose key was lost with the index; nobody reads it, nobody removes it

A file put into a bucket's folder by hand is an object after the next start; a file removed is gone, an
edited one is what it is.
"""

from __future__ import annotations

import re
import threading
from pathlib import Path
from typing import BinaryIO

from local.cos import content
from local.cos.bucket import Bucket
from local.cos.content import Sink
from local.cos.errors import CosError
from local.cos.model import Attributes, CosSettings, Entry
from local.cos.uploads import Uploads
from local.cos.view import ListingPage

# Document "Bucket Overview": lower case, digits and hyphens, 60 characters with the APPID.
_NAME = re.compile(r"(?=.{1,60}\Z)[a-z0-9]([a-z0-9-]*[a-z0-9])?-\d{5,20}")


def is_bucket_name(name: str) -> bool:
    """Whether `name` has the form name-appid."""
    return _NAME.fullmatch(name) is not None


class BucketStore:
    """The disk behind the local COS. Every method may be called from any thread.

    Args:
        root: folder of the state, made if missing. One store per root at a time.
        settings: replaced by those given to `create_app`.
    """

    def __init__(self, root: Path, settings: CosSettings | None = None) -> None:
        self.root = root
        self.settings = settings or CosSettings()
        self._lock = threading.Lock()
        self._tmp = root / ".tmp"
        content.empty_folder(self._tmp)
        names = sorted(path.name for path in root.iterdir() if path.is_dir() and is_bucket_name(path.name))
        self._buckets = {name: Bucket(root, name) for name in names}
        self.uploads = Uploads(root / ".multipart", self.sink)

    def buckets(self) -> list[Bucket]:
        with self._lock:
            return sorted(self._buckets.values(), key=lambda bucket: bucket.name)

    def find(self, name: str) -> Bucket | None:
        return self._buckets.get(name)

    def bucket(self, name: str) -> Bucket:
        """The bucket, made on the way if the settings say so.

        Raises:
            CosError: NoSuchBucket, InvalidBucketName.
        """
        bucket = self._buckets.get(name)
        if bucket is None:
            if not self.settings.create_buckets:
                raise CosError("NoSuchBucket")
            bucket, _ = self.create_bucket(name)
        return bucket

    def existing(self, name: str) -> Bucket:
        """The bucket of a request that makes none: a read, a deletion, a listing.

        Raises:
            CosError: NoSuchBucket, InvalidBucketName.
        """
        bucket = self._buckets.get(name)
        if bucket is None:
            raise CosError("NoSuchBucket" if is_bucket_name(name) else "InvalidBucketName")
        return bucket

    def create_bucket(self, name: str) -> tuple[Bucket, bool]:
        """The bucket, and whether it is new.

        Raises:
            CosError: InvalidBucketName.
        """
        if not is_bucket_name(name):
            raise CosError("InvalidBucketName")
        with self._lock:
            if name in self._buckets:
                return self._buckets[name], False
            self._buckets[name] = Bucket(self.root, name)
            return self._buckets[name], True

    def delete_bucket(self, name: str) -> None:
        """Remove an empty bucket and its unfinished uploads.

        Raises:
            CosError: NoSuchBucket, BucketNotEmpty.
        """
        with self._lock:
            if name not in self._buckets:
                raise CosError("NoSuchBucket")
            self._buckets[name].remove()
            del self._buckets[name]
            self.uploads.drop_bucket(name)

    def sink(self) -> Sink:
        """A place for content that is being received."""
        return Sink(self._tmp, fsync=self.settings.fsync)

    def put(
        self, bucket: str, key: str, data: bytes, attributes: Attributes | None = None, *, create_only: bool = False
    ) -> Entry:
        """Store a small object in one go.

        Raises:
            CosError: FileAlreadyExists, NoSuchBucket.
        """
        sink = self.sink()
        try:
            sink.write(data)
            return self.commit(bucket, key, sink, attributes or Attributes(), create_only=create_only)
        finally:
            sink.discard()

    def commit(
        self,
        bucket: str,
        key: str,
        sink: Sink,
        attributes: Attributes,
        *,
        create_only: bool = False,
        etag: str | None = None,
    ) -> Entry:
        """See `Bucket.commit`."""
        target = self.bucket(bucket)
        return target.commit(key, sink, attributes, self.settings, create_only=create_only, etag=etag)

    def get(self, bucket: str, key: str) -> Entry | None:
        return self.existing(bucket).get(key)

    def open(self, bucket: str, key: str) -> tuple[Entry, BinaryIO]:
        """See `Bucket.open`."""
        return self.existing(bucket).open(key)

    def is_small(self, bucket: str, key: str, most: int) -> bool:
        """See `Bucket.is_small`."""
        return self.existing(bucket).is_small(key, most)

    def delete(self, bucket: str, key: str) -> bool:
        """Remove an object; False if there was none."""
        return self.existing(bucket).delete(key, self.settings)

    def page(
        self, bucket: str, prefix: str = "", marker: str = "", delimiter: str = "", limit: int = 1000
    ) -> ListingPage:
        """One page of a listing, as late as the settings say."""
        return self.existing(bucket).page(prefix, marker, delimiter, limit, self.settings)

    def path_of(self, bucket: str, key: str) -> Path:
        """The local file of an object, or where it would be written."""
        return self.bucket(bucket).path_of(key)

    def configuration(self, bucket: str, kind: str) -> Path:
        """The file of a bucket's `cors` or `lifecycle` rules."""
        return self.root / ".meta" / f"{bucket}.{kind}.xml"

    def close(self) -> None:
        """Release the open files. The store cannot be used afterwards."""
        for bucket in self.buckets():
            bucket.close()
