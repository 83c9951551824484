"""The account's buckets by the COS SDK."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import urlsplit

from webrecord.deploy.errors import ApiError
from webrecord.deploy.sdk import TIMEOUT_S, directly, unled, waited_for
from webrecord.words import t

if TYPE_CHECKING:
    from webrecord.deploy.cloud import Tencent

LARGEST_DOCUMENT = 10_000_000


class Buckets(Protocol):
    """What a deployment needs of COS."""

    def region_of(self, bucket: str) -> str | None:
        """Return where the bucket is; None where the account has none of the name."""

    def create(self, bucket: str) -> None:
        """Make a private bucket; one that is there already stays as it is."""

    def versioning(self, bucket: str) -> str | None:
        """Return `Enabled` or `Suspended`; None where it was never switched on."""

    def cors(self, bucket: str) -> dict[str, Any]:
        """Return the CORS configuration; {} where there is none, or no bucket."""

    def set_cors(self, bucket: str, whole: Mapping[str, Any]) -> None:
        """Replace the CORS configuration; one without rules is taken away."""

    def keys(self, bucket: str, prefix: str, after: str, most: int) -> list[str]:
        """Return the first keys below a prefix that sort behind `after`."""

    def read(self, bucket: str, key: str) -> bytes | None:
        """Return an object's content; None where there is none."""


@dataclass
class Cos:
    """Buckets by the COS SDK."""

    account: Tencent

    def region_of(self, bucket: str) -> str | None:
        """Return where the bucket is."""
        listed = self._call("GET Service", lambda client: client.list_buckets())
        rows = (listed.get("Buckets") or {}).get("Bucket") or []
        return next((str(row["Location"]) for row in rows if row.get("Name") == bucket), None)

    def create(self, bucket: str) -> None:
        """Make it."""
        try:
            self._call("PUT Bucket", lambda client: client.create_bucket(Bucket=bucket))
        except ApiError as error:
            if error.code != "BucketAlreadyOwnedByYou":
                raise

    def versioning(self, bucket: str) -> str | None:
        """Return its status."""
        found = self._call("GET Bucket versioning", lambda client: client.get_bucket_versioning(Bucket=bucket))
        return found.get("Status") or None

    def cors(self, bucket: str) -> dict[str, Any]:
        """Read its CORS configuration."""
        try:
            return self._call("GET Bucket cors", lambda client: client.get_bucket_cors(Bucket=bucket))
        except ApiError as error:
            if error.code not in ("NoSuchCORSConfiguration", "NoSuchBucket"):
                raise
            return {}

    def set_cors(self, bucket: str, whole: Mapping[str, Any]) -> None:
        """Replace its CORS configuration."""
        if whole.get("CORSRule"):
            given = {"Bucket": bucket, "CORSConfiguration": dict(whole)}
            self._call("PUT Bucket cors", lambda client: client.put_bucket_cors(**given))
        else:
            self._call("DELETE Bucket cors", lambda client: client.delete_bucket_cors(Bucket=bucket))

    def keys(self, bucket: str, prefix: str, after: str, most: int) -> list[str]:
        """List them."""
        asked = {"Bucket": bucket, "Prefix": prefix, "Marker": after, "MaxKeys": most}
        found = self._call("GET Bucket", lambda client: client.list_objects(**asked))
        return [str(row["Key"]) for row in found.get("Contents") or []]

    def read(self, bucket: str, key: str) -> bytes | None:
        """Read it."""
        try:
            found = self._call("GET Object", lambda client: client.get_object(Bucket=bucket, Key=key))
        except ApiError as error:
            if error.code != "NoSuchKey":
                raise
            return None
        content: bytes = found["Body"].get_raw_stream().read(LARGEST_DOCUMENT)
        return content

    def _call(self, action: str, do: Callable[[Any], Any]) -> dict[str, Any]:
        from qcloud_cos import CosClientError, CosServiceError

        try:
            with self.account.waits(waited_for("COS", action)), directly(self.account.cos_endpoint):
                return do(self._client) or {}
        except CosServiceError as error:
            raise ApiError(
                action, str(error.get_error_code()), str(error.get_error_msg()), error.get_request_id()
            ) from None
        except UnboundLocalError:  # the SDK's own, after its last try that no answer came to
            raise ApiError(action, "ClientNetworkError", t("COS does not answer")) from None
        except (CosClientError, OSError) as error:
            raise ApiError(action, "ClientNetworkError", str(error)) from None

    @cached_property
    def _client(self) -> Any:  # noqa: ANN401 (the SDK carries no types)
        import requests
        from qcloud_cos import CosConfig, CosS3Client

        own: dict[str, Any] = {}
        if self.account.cos_endpoint:
            at = urlsplit(self.account.cos_endpoint)
            own = {"Scheme": at.scheme, "IP": at.hostname, "Port": at.port, "ServiceDomain": at.netloc}
        config = CosConfig(
            Region=self.account.region,
            SecretId=self.account.secret_id,
            SecretKey=self.account.secret_key,
            Token=self.account.token,
            Timeout=TIMEOUT_S,
            **own,
        )
        return CosS3Client(config, retry=2, session=unled(requests.Session()))
