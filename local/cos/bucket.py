"""One bucket: content in its folder, index in memory and in the journal, one lock for both."""

from __future__ import annotations

import contextlib
import logging
import mimetypes
import os
import shutil
import threading
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO

from local import regular
from local.cos import content, paths
from local.cos.content import Sink
from local.cos.errors import CosError
from local.cos.journal import Journal
from local.cos.model import Attributes, CosSettings, Entry
from local.cos.uploads import LOST
from local.cos.view import ListingPage, ListingView

_log = logging.getLogger(__name__)


class Bucket:
    """Safe to use from any thread. The lock is held for renames and index changes, never for content."""

    def __init__(self, root: Path, name: str) -> None:
        self.name = name
        self.folder = root / name
        self.folder.mkdir(parents=True, exist_ok=True)
        self._lock = threading.Lock()
        self._removed = False
        self._journal = Journal(root / ".meta" / f"{name}.jsonl", created=content.now())
        self._entries = self._journal.entries
        self._reconcile()
        self._view = ListingView(self._entries.values())

    @property
    def created(self) -> float:
        """Epoch seconds."""
        return self._journal.created

    def get(self, key: str) -> Entry | None:
        return self._entries.get(key)

    def open(self, key: str) -> tuple[Entry, BinaryIO]:
        """An object and its content as they are now: a later write does not change what is read.

        The disk is the truth, also of what somebody did by hand since: a file that was removed, or is a folder or a
        pipe now, is no object; one that was edited is what it is.

        Raises:
            CosError: NoSuchKey.
            OSError: the file can't be read.
        """
        with self._lock:
            entry = self._entries.get(key)
            if entry is None:
                raise CosError("NoSuchKey")
            path = self.folder / entry.file
            try:
                file = regular.opened(path, links=False)
            except OSError:
                if paths.is_content(path):
                    raise
                self._forget(key, CosSettings())
                raise CosError("NoSuchKey") from None
        found = os.fstat(file.fileno())
        if (found.st_size, found.st_mtime_ns) == (entry.size, entry.mtime_ns):
            return entry, file
        try:
            return self._edited(entry, file), file
        except BaseException:
            file.close()
            raise

    def is_small(self, key: str, most: int) -> bool:
        """Tell whether an object has `most` bytes at most, by the index and on the disk."""
        entry = self._entries.get(key)
        if entry is None:
            return True
        try:
            return max(entry.size, os.lstat(self.folder / entry.file).st_size) <= most
        except OSError:  # there is nothing to read
            return True

    def commit(
        self,
        key: str,
        sink: Sink,
        attributes: Attributes,
        settings: CosSettings,
        *,
        create_only: bool = False,
        etag: str | None = None,
    ) -> Entry:
        """Make a closed sink the content of `key`: all of it or nothing, durable on return.

        Args:
            create_only: refuse if the key exists; decided under the lock, so exactly one writer wins.
            etag: the ETag if it is not the content's MD5.

        Raises:
            CosError: FileAlreadyExists, NoSuchBucket (deleted meanwhile).
        """
        sink.close()
        with self._lock:
            if self._removed:
                raise CosError("NoSuchBucket")
            present = self._entries.get(key)
            if present is not None and create_only and not settings.versioned:
                raise CosError("FileAlreadyExists")
            entry = Entry(
                key=key,
                file=self._home(key, present),
                size=sink.size,
                etag=etag or sink.etag,
                crc64=sink.crc64,
                modified=content.now(),
                mtime_ns=sink.mtime_ns,
                attributes=attributes,
            )
            # Noted first: a full disk refuses the object before its predecessor is gone.
            self._journal.put(entry, fsync=settings.fsync)
            try:
                entry = self._place(entry, sink, settings)
            except OSError:
                self._restore(key, present)
                raise
            self._entries[key] = entry
            self._view.record(key, entry, settings.listing_behind_s())
            return entry

    def delete(self, key: str, settings: CosSettings) -> bool:
        """Remove an object; False if there was none."""
        with self._lock:
            entry = self._entries.get(key)
            if entry is None:
                return False
            path = self.folder / entry.file
            try:
                path.unlink(missing_ok=True)
            except OSError:
                if paths.is_content(path):
                    raise
                # Somebody put a folder in its place by hand: that is no object, and not ours to remove.
            self._forget(key, settings)
            self._prune(path.parent)
            return True

    def page(self, prefix: str, marker: str, delimiter: str, limit: int, settings: CosSettings) -> ListingPage:
        with self._lock:
            self._view.settle(settings.listing_behind_s())
            return self._view.page(prefix, marker, delimiter, limit)

    def path_of(self, key: str) -> Path:
        """The object's file, or where it would be written."""
        entry = self._entries.get(key)
        return self.folder / (entry.file if entry else paths.mirrored(key) or paths.escaped(key))

    def remove(self) -> None:
        """Delete the empty bucket.

        Raises:
            CosError: BucketNotEmpty.
        """
        with self._lock:
            if self._entries:
                raise CosError("BucketNotEmpty")
            self._removed = True
            self._journal.remove()
            for kind in ("cors", "lifecycle"):
                (self.folder.parent / ".meta" / f"{self.name}.{kind}.xml").unlink(missing_ok=True)
            shutil.rmtree(self.folder, ignore_errors=True)

    def close(self) -> None:
        with self._lock:
            self._removed = True
            self._journal.close()

    def _home(self, key: str, present: Entry | None) -> str:
        """Return where the content belongs, below the folder."""
        plain = present.file if present else paths.mirrored(key)
        if plain is not None and (present or not (self.folder / plain).exists()):
            return plain
        return paths.escaped(key)

    def _place(self, entry: Entry, sink: Sink, settings: CosSettings) -> Entry:
        """Move the content where it belongs; return the entry with that place.

        "a" and "a/b" cannot both be plain paths: who comes second gets an escaped name.
        """
        try:
            sink.move_to(self.folder / entry.file)
        except (NotADirectoryError, FileExistsError, IsADirectoryError):
            entry = replace(entry, file=paths.escaped(entry.key))
            self._journal.put(entry, fsync=settings.fsync)
            sink.move_to(self.folder / entry.file)
        return entry

    def _restore(self, key: str, present: Entry | None) -> None:
        """Note that all is as it was; where the disk is too full for that, the next start sees it by the file."""
        with contextlib.suppress(OSError):
            if present is None:
                self._journal.delete(key, fsync=False)
            else:
                self._journal.put(present, fsync=False)

    def _forget(self, key: str, settings: CosSettings) -> None:
        del self._entries[key]
        with contextlib.suppress(OSError):  # a full disk: the next start sees it by the missing file
            self._journal.delete(key, fsync=settings.fsync)
        self._view.record(key, None, settings.listing_behind_s())

    def _prune(self, folder: Path) -> None:
        """Drop folders that became empty, or they would occupy the plain names of other keys."""
        while folder != self.folder:
            try:
                folder.rmdir()
            except OSError:
                return
            folder = folder.parent

    def _reconcile(self) -> None:
        """Bring the index in line with the files: the disk is the truth, whoever wrote it."""
        found = {name: (size, mtime) for name, size, mtime in paths.files_below(self.folder)}
        for entry in list(self._entries.values()):
            stat = found.pop(entry.file, None)
            if stat is None:
                del self._entries[entry.key]
                self._journal.delete(entry.key, fsync=False)
            elif stat != (entry.size, entry.mtime_ns):
                self._adopt(entry)
        for name in found:
            if name.startswith(f"{paths.ESCAPED}/"):
                self._set_aside(name)
            elif paths.mirrored(name) and name not in self._entries and not name.split("/")[-1].startswith("."):
                kind = mimetypes.guess_type(name)[0] or "application/octet-stream"
                self._adopt(Entry(name, name, 0, "", 0, 0, 0, Attributes(kind)))

    def _set_aside(self, name: str) -> None:
        """Keep content without a key, after a lost index, under `.lost`, for a person to check."""
        target = self.folder.parent / LOST / self.name / Path(name).name
        target.parent.mkdir(parents=True, exist_ok=True)
        (self.folder / name).replace(target)
        _log.warning("%s: the key of %s is not known any more; its content is kept as %s", self.name, name, target)

    def _adopt(self, entry: Entry) -> None:
        with regular.opened(self.folder / entry.file, links=False) as file:
            entry = _as_found(entry, file)
        self._entries[entry.key] = entry
        self._journal.put(entry, fsync=False)

    def _edited(self, entry: Entry, file: BinaryIO) -> Entry:
        """Return the entry of a file that was edited by hand; note it, unless the object was written meanwhile."""
        fresh = _as_found(entry, file)
        with self._lock:
            if self._entries.get(entry.key) is entry and not self._removed:
                self._entries[entry.key] = fresh
                with contextlib.suppress(OSError):  # a full disk: the next start sees it by the file
                    self._journal.put(fresh, fsync=False)
                self._view.record(entry.key, fresh, CosSettings().listing_behind_s())
        return fresh


def _as_found(entry: Entry, file: BinaryIO) -> Entry:
    """Return an entry as its open file says; the file is at its beginning afterwards."""
    etag, crc64 = content.digest(file)
    stat = os.fstat(file.fileno())
    size = file.seek(0, os.SEEK_CUR)
    file.seek(0)
    modified = stat.st_mtime_ns / 1e9
    return replace(entry, size=size, etag=etag, crc64=crc64, modified=modified, mtime_ns=stat.st_mtime_ns)
