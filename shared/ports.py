"""What the use cases need of the outside world. Adapters and the tests' fakes implement these alike."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any, NamedTuple, Protocol


class Started(NamedTuple):
    """TRTC's answer to StartWebRecord."""

    task_id: str
    request_id: str | None


class Described(NamedTuple):
    """TRTC's answer to DescribeWebRecord; the only documented status is 1, recording."""

    task_id: str
    status: int
    request_id: str | None = None


class Recorder(Protocol):
    """TRTC's web recording.

    Every method raises `RecorderError`: ParametersRefused, RecorderBusy, RecorderMisconfigured, TaskExists
    or TaskNotFound, as the errors module describes them.
    """

    def start(self, parameters: Mapping[str, Any]) -> Started:
        """Call StartWebRecord with these parameters."""

    def describe(self, sdk_app_id: int, record_id: str) -> Described:
        """Call DescribeWebRecord for the task that was started under the RecordId."""

    def describe_task(self, task_id: str) -> Described:
        """Call DescribeWebRecord by TaskId."""

    def stop(self, task_id: str) -> None:
        """Call StopWebRecord; uploading goes on after it."""


class Notifier(Protocol):
    """Sends a notification to a caller's URL."""

    def send(self, url: str, webhook_id: str, at_s: int, body: bytes, traceparent: str | None = None) -> None:
        """POST the body, signed, in the caller's W3C trace if there is one; returns when it was taken (2xx).

        Raises:
            NotificationError: it was not taken; one line says why.
        """


class StoredObject(NamedTuple):
    """An object read from the store; `etag` without quotes, `metadata` without its `x-cos-meta-` prefix."""

    body: bytes
    etag: str = ""
    metadata: Mapping[str, str] = MappingProxyType({})


class ListedObject(NamedTuple):
    """A row of a listing; `size` in bytes."""

    key: str
    size: int


class ObjectStore(Protocol):
    """One bucket. Every method raises `StoreError` when the bucket does not answer as it should."""

    def at_once(self, *calls: Callable[[], Any]) -> list[Any]:
        """Make calls at once; return what each gave when all are over, or raise the first one's error then.

        None depends on another, and none makes such calls itself. The process may die when any of them are done.
        """

    def put(self, key: str, body: bytes, metadata: Mapping[str, str] | None = None) -> None:
        """Write an object; durable when this returns."""

    def create(self, key: str, body: bytes, metadata: Mapping[str, str] | None = None) -> bool:
        """Write an object unless there is one; False when there was. Not promised atomic by COS."""

    def get(self, key: str) -> StoredObject | None:
        """Return an object, or None where there is none."""

    def list(self, prefix: str, after: str = "", limit: int | None = None) -> Iterator[ListedObject]:
        """Yield objects in key order, from behind `after`. A fresh object may be missing (eventual)."""

    def delete(self, key: str) -> None:
        """Delete an object; fine when there is none."""

    def delete_many(self, keys: Sequence[str]) -> None:
        """Delete up to 1000 objects; fine when some are not there. Others of them may be gone when it raises."""


class FilmStore(Protocol):
    """Objects that are read in ranges."""

    def part(self, key: str, offset: int, length: int, etag: str | None) -> StoredObject:
        """Return so many bytes of an object, from an offset on.

        Raises:
            StoreError: it is not there, or its ETag is another one by now.
        """


class FileStore(ObjectStore, Protocol):
    """A bucket whose objects can be shared by URL."""

    def presign(self, key: str, seconds: int) -> str:
        """Return a URL that reads the object for so long; nothing is sent. It ends with the credentials, too."""


class ProbedStore(ObjectStore, Protocol):
    """A bucket that is also asked about itself, by the doctor."""

    def versioning(self) -> str:
        """Return the bucket's versioning: `Enabled`, `Suspended`, or nothing where there never was any."""

    def clock_ahead_s(self) -> float | None:
        """Return by how many seconds our clock is ahead of the bucket's; None when it told no time."""


class HttpProbe(Protocol):
    """Calls an address of the deployment."""

    def send(self, method: str, url: str, headers: Mapping[str, str], body: bytes = b"") -> tuple[int, str]:
        """Return the status and the beginning of the body.

        Raises:
            UnreachableError: no answer came; one line says why.
        """
