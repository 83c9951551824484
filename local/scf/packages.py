"""Uploaded code: checked, kept, unpacked."""

from __future__ import annotations

import base64
import binascii
import hashlib
import io
import shutil
import tempfile
import zipfile
from collections.abc import Callable
from pathlib import Path, PurePosixPath
from typing import Any

from local.api3 import ApiError
from local.scf.model import Code

__all__ = ["Packages"]

_ZIP_BYTES = 50 * 1024 * 1024
_UNPACKED_BYTES = 500 * 1024 * 1024
_SUFFIXES = (".py", ".pyc", "/__init__.py")


class Packages:
    """Code by its SHA-256, in one folder.

    Args:
        root: the folder.
        stored: returns an object of COS, by bucket and key; None where it is not there.
    """

    def __init__(self, root: Path, stored: Callable[[str, str], bytes | None], app_id: int) -> None:
        self._root, self._stored, self._app_id = root, stored, app_id
        self._ours: set[str] = set()

    def trust(self, data: bytes) -> None:
        """Let a zip run what is installed on this machine: it was made here, for the checkout's functions."""
        self._ours.add(hashlib.sha256(data).hexdigest())

    def read(self, code: dict[str, Any], region: str) -> bytes:
        """Return the zip that a request brings, or names.

        Raises:
            ApiError: there is none.
        """
        if code.get("ZipFile"):
            try:
                data = base64.b64decode(code["ZipFile"], validate=True)
            except (binascii.Error, ValueError):
                raise ApiError("InvalidParameterValue.ZipFileBase64BinasciiError", "ZipFile is no base64.") from None
        elif code.get("CosBucketName") and code.get("CosObjectName"):
            if code.get("CosBucketRegion", region) != region:
                raise ApiError("InvalidParameterValue.CosBucketRegion", f"The bucket must be in {region}.")
            bucket, key = f"{code['CosBucketName']}-{self._app_id}", code["CosObjectName"].removeprefix("/")
            found = self._stored(bucket, key)
            if found is None:
                raise ApiError("InvalidParameterValue.CosObjectName", f"There is no {key} in {bucket}.")
            data = found
        else:
            raise ApiError("MissingParameter.Code", "Code has neither ZipFile nor CosBucketName and CosObjectName.")
        if len(data) > _ZIP_BYTES:
            raise ApiError("InvalidParameterValue.ZipFile", "The zip is larger than 50 MB.")
        return data

    def unpack(self, data: bytes, handler: str) -> Code:
        """Check a zip and unpack it; takes a while.

        Raises:
            ApiError: it is none, is too large, or has no such handler.
        """
        digest = hashlib.sha256(data).hexdigest()
        code = Code(digest, len(data), self._root / digest / "code", digest in self._ours)
        try:
            with zipfile.ZipFile(io.BytesIO(data)) as package:
                members = package.infolist()
                if any(_outside(member.filename) for member in members):
                    raise ApiError("InvalidParameterValue.ZipFile", "A name in the zip leads out of it.")
                if sum(member.file_size for member in members) > _UNPACKED_BYTES:
                    raise ApiError("InvalidParameterValue.ZipFile", "The code is larger than 500 MB.")
                module = handler.partition(".")[0]
                if not {f"{module}{suffix}" for suffix in _SUFFIXES} & {member.filename for member in members}:
                    raise ApiError("InvalidParameterValue.Handler", f"There is no {module}.py at the root of the zip.")
                if not code.folder.is_dir():
                    self._extract(package, data, digest)
        except (zipfile.BadZipFile, zipfile.LargeZipFile, NotImplementedError, EOFError, ValueError, RuntimeError):
            raise ApiError("InvalidParameterValue.ZipFile", "The code is no zip.") from None
        return code

    def _extract(self, package: zipfile.ZipFile, data: bytes, digest: str) -> None:
        self._root.mkdir(parents=True, exist_ok=True)
        draft = Path(tempfile.mkdtemp(prefix="new-", dir=self._root))
        try:
            (draft / "code").mkdir()
            package.extractall(draft / "code")
            (draft / "code.zip").write_bytes(data)
            draft.replace(self._root / digest)
        except OSError:
            if not (self._root / digest / "code").is_dir():  # or else somebody was faster with the same
                raise
        finally:
            shutil.rmtree(draft, ignore_errors=True)

    def path(self, digest: str) -> Path:
        """Return where an uploaded zip is kept."""
        return self._root / digest / "code.zip"


def _outside(name: str) -> bool:
    path = PurePosixPath(name)
    return path.is_absolute() or ".." in path.parts or "\\" in name or "\0" in name
