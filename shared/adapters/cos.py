"""A COS bucket through the official SDK (`cos-python-sdk-v5`)."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit
from xml.etree.ElementTree import ParseError

import requests
from qcloud_cos import CosConfig, CosS3Client
from qcloud_cos.cos_exception import CosClientError, CosException, CosServiceError
from urllib3.exceptions import HTTPError  # escapes while a body is read

from shared.adapters.bounded import bound, within
from shared.adapters.cos_answers import Page, deleted, page, stored
from shared.adapters.pool import in_turn
from shared.adapters.wire import Deadline
from shared.domain.errors import StoreError, StoreRefused
from shared.ports import ListedObject, StoredObject

# The SDK reports every expected 404 and 409 at ERROR, and at DEBUG tokens and signing keys.
logging.getLogger("qcloud_cos").setLevel(logging.CRITICAL + 1)

PAGE = 1000
LARGEST = 8_000_000
"""The most bytes that are read of an object; a longer one is cut and so fails to parse."""
PAUSE_S = 0.1
"""Before a call is repeated."""


class CosStore:
    """One bucket, seen under one prefix; its methods are described in `shared/ports.py`."""

    def __init__(
        self,
        bucket: str,
        region: str,
        prefix: str,
        endpoint: str | None,
        credentials: Callable[[], tuple[str, str, str | None]],
        deadline: Deadline | None = None,
        pool: Callable[..., list[Any]] = in_turn,
    ) -> None:
        """Build the client; nothing is sent.

        Args:
            bucket: `name-appid`.
            region: the bucket's.
            prefix: put before every key; empty for the whole bucket.
            endpoint: host, or scheme://host:port; None for the region's default.
            credentials: asked at every call, since role keys rotate.
            deadline: bounds the calls; 5 s each by default.
            pool: makes calls at once.
        """
        self.at_once = pool
        self._bucket, self._credentials = bucket, credentials
        self._prefix = f"{prefix}/" if prefix else ""
        self._where = {"Region": region, **_address(endpoint)}
        self._deadline = deadline or Deadline()
        self._session = bound(requests.Session())
        self._session.trust_env = False  # no proxies or .netrc: a lookup of files at every request
        self._signed_as: tuple[str, str, str | None] | None = None
        self._client: Any = None

    def put(self, key: str, body: bytes, metadata: Mapping[str, str] | None = None) -> None:
        self._put(key, body, _meta(metadata))

    def create(self, key: str, body: bytes, metadata: Mapping[str, str] | None = None) -> bool:
        try:
            self._put(key, body, {**_meta(metadata), "x-cos-forbid-overwrite": "true"})
        except _AlreadyThereError:
            return False
        return True

    def get(self, key: str) -> StoredObject | None:
        def read(client: Any) -> tuple[dict[str, Any], bytes]:  # noqa: ANN401 (the SDK has no types)
            answer = client.get_object(Bucket=self._bucket, Key=self._prefix + key)
            return answer, _body(key, answer, LARGEST)

        try:
            answer, body = self._ask(f"GET {key}", read)
        except _NotThereError:
            return None
        meta = {k[11:].lower(): v for k, v in answer.items() if k.lower().startswith("x-cos-meta-")}
        return StoredObject(body, etag=str(answer.get("ETag", "")).strip('"'), metadata=meta)

    def part(self, key: str, offset: int, length: int, etag: str | None) -> StoredObject:
        named = {"Range": f"bytes={offset}-{offset + length - 1}", **({"IfMatch": f'"{etag}"'} if etag else {})}

        def read(client: Any) -> tuple[str, bytes]:  # noqa: ANN401 (the SDK has no types)
            answer = client.get_object(Bucket=self._bucket, Key=self._prefix + key, **named)
            body = _body(key, answer, length)
            if offset and not str(answer.get("Content-Range", "")).startswith(f"bytes {offset}-"):
                raise StoreError(f"COS GET {key}: the answer is another part")
            return str(answer.get("ETag", "")).strip('"'), body

        found, body = self._ask(f"GET {key}", read)
        return StoredObject(body, etag=found)

    def list(self, prefix: str, after: str = "", limit: int | None = None) -> Iterator[ListedObject]:
        marker, given = self._prefix + after if after else "", 0
        while limit is None or given < limit:
            found, marker = self._page(prefix, marker, PAGE if limit is None else min(PAGE, limit - given))
            given += len(found)
            yield from found
            if not marker:
                return

    def delete(self, key: str) -> None:
        self._ask(f"DELETE {key}", lambda client: client.delete_object(self._bucket, self._prefix + key))

    def delete_many(self, keys: Sequence[str]) -> None:
        if not keys:
            return
        named = {"Object": [{"Key": self._prefix + key} for key in keys], "Quiet": "true"}
        try:
            what = "DELETE of many"
            failed = self._ask(what, lambda client: deleted(what, client.delete_objects(self._bucket, named)))
        except StoreRefused as error:
            if error.status != 403:
                raise
            for key in keys:  # the role's policy allows one by one only
                self.delete(key)
            return
        for key, code in failed:
            raise StoreRefused(f"DELETE {key}", 200, code)

    def presign(self, key: str, seconds: int) -> str:
        token = self._credentials()[2]
        # The SDK leaves the session token out of the URL, and COS then refuses it.
        params = {"x-cos-security-token": token} if token else {}
        named = {"Key": self._prefix + key, "Method": "GET", "Expired": seconds, "Params": params}
        return str(self._ask(f"sign {key}", lambda client: client.get_presigned_url(self._bucket, **named)))

    def _put(self, key: str, body: bytes, headers: dict[str, str]) -> None:
        named = {"Key": self._prefix + key, "Body": body, "Metadata": headers}
        what = f"PUT {key}"
        self._ask(what, lambda client: stored(what, client.put_object(self._bucket, **named)))

    def _page(self, prefix: str, marker: str, size: int) -> Page:
        named = {"Prefix": self._prefix + prefix, "Marker": marker, "MaxKeys": size}
        what, below = f"list {prefix}", self._prefix
        found: Page = self._ask(what, lambda sdk: page(what, sdk.list_objects(self._bucket, **named), marker, below))
        return found

    def _fresh(self) -> Any:  # noqa: ANN401 (the SDK has no types)
        if (now := self._credentials()) != self._signed_as:
            secret_id, secret_key, token = now
            config = CosConfig(SecretId=secret_id, SecretKey=secret_key, Token=token, **self._where)
            # The SDK's own retries sleep 1 + 2 + 3 s: far beyond what a webhook may take.
            self._client, self._signed_as = CosS3Client(config, retry=0, session=self._session), now
        return self._client

    def _ask(self, what: str, call: Callable[[Any], Any]) -> Any:  # noqa: ANN401 (the SDK has no types)
        """Make a call; repeat it once after a fault that is not ours. Every call is safe to repeat."""
        try:
            return self._once(what, call)
        except StoreError as error:
            if not _is_passing(error) or self._deadline.left_s() < 2 * PAUSE_S:
                raise
        time.sleep(PAUSE_S)
        return self._once(what, call)

    def _once(self, what: str, call: Callable[[Any], Any]) -> Any:  # noqa: ANN401 (the SDK has no types)
        client = self._fresh()
        seconds = self._deadline.next_call_s()
        try:
            with within(seconds):
                return call(client)
        except CosServiceError as error:
            if error.get_status_code() == 404 and error.get_error_code() != "NoSuchBucket":
                raise _NotThereError(what) from error
            if error.get_status_code() == 409:
                raise _AlreadyThereError(what) from error
            raise StoreRefused(what, error.get_status_code(), error.get_error_code()) from error
        except (CosClientError, CosException, requests.RequestException, HTTPError, OSError, ParseError) as error:
            raise StoreError(f"COS {what}: {type(error).__name__}") from error


def _body(key: str, answer: Any, most: int) -> bytes:  # noqa: ANN401 (the SDK has no types)
    """Read the first bytes of an object's answer; StoreError where it broke off before."""
    stream = answer["Body"].get_raw_stream()
    body: bytes = stream.read(most + 1)
    if len(body) > most:
        stream.close()  # the rest is on its way
    elif len(body) != int(answer.get("Content-Length", len(body))):
        raise StoreError(f"COS GET {key}: the answer broke off")
    return body[:most]


def _meta(metadata: Mapping[str, str] | None) -> dict[str, str]:
    return {f"x-cos-meta-{name}": value for name, value in (metadata or {}).items()}


def _is_passing(error: StoreError) -> bool:
    if isinstance(error, _NotThereError | _AlreadyThereError):
        return False
    return not isinstance(error, StoreRefused) or error.status >= 500


class _NotThereError(StoreError):
    pass


class _AlreadyThereError(StoreError):
    pass


def _address(endpoint: str | None) -> dict[str, object]:
    if endpoint is None:
        return {"Scheme": "https"}
    url = urlsplit(endpoint if "://" in endpoint else f"https://{endpoint}")
    try:
        ip_address(url.hostname or "")
    except ValueError:
        return {"Scheme": url.scheme, "Domain": url.netloc}
    # By address the SDK keeps the bucket's real Host header.
    return {"Scheme": url.scheme, "IP": url.hostname, "Port": url.port}
