"""One request to the local COS, taken apart: whose bucket, which key, which sub-resource."""

from __future__ import annotations

import base64
import re
import uuid
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import TypeVar
from urllib.parse import unquote_to_bytes

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers
from starlette.requests import Request

from local.cos.content import CHUNK, Sink
from local.cos.errors import CosError
from local.cos.model import Attributes, CosSettings
from local.cos.store import BucketStore, is_bucket_name

T = TypeVar("T")

SMALL_BYTES = 64 * 1024  # reading or writing that much takes less time than a hop to a thread and back

MAX_KEY_BYTES = 850  # document "Object Overview"
_MAX_XML_BYTES = 4 * CHUNK
_DRAIN_BYTES = 64 * CHUNK
_STORED_HEADERS = (
    "cache-control",
    "content-disposition",
    "content-encoding",
    "content-language",
    "expires",
    "x-cos-storage-class",
)


@dataclass
class Call:
    """A parsed request.

    Attributes:
        bucket: None for the service itself.
        key: None for the bucket itself.
        params: decoded query, names as sent; of a repeated name the first.
        paths: URL-decoded paths that the client may have signed.
    """

    request: Request
    bucket: str | None
    key: str | None
    params: dict[str, str]
    paths: tuple[bytes, ...]
    request_id: str = field(default_factory=lambda: uuid.uuid4().hex)
    _consumed: bool = False

    @property
    def method(self) -> str:
        return self.request.method

    @property
    def headers(self) -> Headers:
        return self.request.headers

    @property
    def host(self) -> str:
        return self.headers.get("host", "")

    @property
    def resource(self) -> str:
        """The Resource of an error: host and path, without the query and its signature."""
        return f"{self.host}{self.paths[0].decode('utf-8', 'replace')}"

    @property
    def name(self) -> str:
        """The bucket, where there must be one."""
        if self.bucket is None:
            raise CosError("InvalidBucketName")
        return self.bucket

    @property
    def object_key(self) -> str:
        """The key, where there must be one.

        Raises:
            CosError: KeyTooLong.
        """
        if self.key is None:
            raise CosError("MethodNotAllowed")
        if len(self.key.encode()) > MAX_KEY_BYTES:
            raise CosError("KeyTooLong")
        return self.key

    @property
    def create_only(self) -> bool:
        return self.headers.get("x-cos-forbid-overwrite", "").lower() == "true"

    def attributes(self) -> Attributes:
        """What the writer says about the object."""
        kept = {name: self.headers[name] for name in _STORED_HEADERS if name in self.headers}
        if kept.get("x-cos-storage-class", "").upper() in ("", "STANDARD"):
            kept.pop("x-cos-storage-class", None)
        meta = {name: value for name, value in self.headers.items() if name.startswith("x-cos-meta-")}
        return Attributes(self.headers.get("content-type") or "application/octet-stream", kept, meta)

    def number(self, name: str, default: int, low: int, high: int) -> int:
        """A numeric parameter, capped at `high`.

        Raises:
            CosError: InvalidArgument if it is no number or below `low`.
        """
        raw = self.params.get(name) or str(default)
        if not re.fullmatch(r"\d{1,10}", raw) or int(raw) < low:
            raise CosError("InvalidArgument", f"{name} is not valid.")
        return min(int(raw), high)

    def content_md5(self) -> bytes | None:
        """The Content-MD5 header, decoded.

        Raises:
            CosError: InvalidDigest.
        """
        header = self.headers.get("content-md5")
        if header is None:
            return None
        try:
            digest = base64.b64decode(header, validate=True)
        except ValueError:  # no base64, or no ASCII
            digest = b""
        if len(digest) != 16:
            raise CosError("InvalidDigest")
        return digest

    async def body(self) -> bytes:
        """A small body as a whole.

        Raises:
            CosError: MalformedXML if it is larger than any XML request of COS.
        """
        data = b""
        async for chunk in self._stream():
            data += chunk
            if len(data) > _MAX_XML_BYTES:
                raise CosError("MalformedXML", "The XML body is too large.")
        return data

    async def receive(self, store: BucketStore, settings: CosSettings, keep: Callable[[Sink], T]) -> T:
        """The body in a closed sink, checked against Content-Length and Content-MD5, given to `keep`.

        `keep` runs where the last bytes were written: in a worker thread, or right here for a small object.
        The sink is discarded afterwards.

        Raises:
            CosError: MissingContentLength, EntityTooLarge, InvalidDigest, BadDigest, or what `keep` raises.
        """
        length = self.headers.get("content-length")
        if length is None and "chunked" not in self.headers.get("transfer-encoding", "").lower():
            raise CosError("MissingContentLength")
        _check_size(int(length or 0), settings)
        expected = self.content_md5()
        sink: Sink | None = None

        def write(data: bytes) -> Sink:
            nonlocal sink  # at once, so that a failed write is discarded, too
            sink = sink or store.sink()
            sink.write(data)
            _check_size(sink.size, settings)
            return sink

        def finish(data: bytes) -> T:
            target = write(data)
            target.close()
            _check_md5(target, expected)
            return keep(target)

        try:
            buffer = bytearray()
            async for chunk in self._stream():
                buffer += chunk
                if len(buffer) >= CHUNK:
                    await run_in_threadpool(write, bytes(buffer))
                    buffer.clear()
            small = sink is None and len(buffer) <= SMALL_BYTES and not settings.fsync
            return await nearby(small, finish, bytes(buffer))
        finally:
            if sink is not None:
                sink.discard()

    async def drain(self) -> None:
        """Read what is left of the body: a reply before its end would look like a broken connection."""
        size = 0
        if not self._consumed:
            async for chunk in self._stream():
                size += len(chunk)
                if size > _DRAIN_BYTES:
                    return

    async def _stream(self) -> AsyncIterator[bytes]:
        self._consumed = True
        async for chunk in self.request.stream():
            yield chunk


async def nearby(small: bool, work: Callable[..., T], *arguments: object) -> T:
    """Do quick work at once, and anything else in a worker thread, where it cannot hold up other requests."""
    return work(*arguments) if small else await run_in_threadpool(work, *arguments)


def _check_size(size: int, settings: CosSettings) -> None:
    if size > settings.max_object_bytes:
        raise CosError("EntityTooLarge")


def _check_md5(sink: Sink, expected: bytes | None) -> None:
    if expected is not None and sink.md5 != expected:
        raise CosError("BadDigest")


def parse(request: Request, settings: CosSettings) -> Call:
    """Take a request apart.

    The bucket is the first label of Host (`<bucket>.cos.<region>.…`), or else the first segment of the path,
    or else the default bucket.

    Raises:
        CosError: InvalidURI if the path is not UTF-8.
    """
    path = unquote_to_bytes(request.scope.get("raw_path") or request.scope["path"])
    try:
        tail = path.decode().removeprefix("/")
    except UnicodeDecodeError:
        raise CosError("InvalidURI") from None
    params: dict[str, str] = {}
    for name, value in query(request.scope["query_string"]):
        params.setdefault(name, value.decode("utf-8", "replace"))
    host = request.headers.get("host", "").lower()
    label, dot, domain = host.partition(".")
    signed: tuple[bytes, ...] = (path,)
    if dot and (is_bucket_name(label) or (domain.startswith("cos.") and label != "service")):
        bucket: str | None = label
    else:
        first, _, rest = tail.partition("/")
        if is_bucket_name(first) or (first and settings.default_bucket is None):
            bucket, tail = first, rest
            # A client whose domain is `127.0.0.1:port/bucket` signs the key alone.
            signed = (path, b"/" + rest.encode())
        else:
            bucket = settings.default_bucket if first else None
    return Call(request, bucket, tail or None, params, signed)


def query(raw: bytes) -> list[tuple[str, bytes]]:
    """The query string as decoded pairs; a parameter without `=` has an empty value."""
    pairs = []
    for item in raw.split(b"&"):
        if item:
            name, _, value = item.replace(b"+", b" ").partition(b"=")
            pairs.append((unquote_to_bytes(name).decode("utf-8", "replace"), unquote_to_bytes(value)))
    return pairs
