"""The account's APIs through the official SDKs: every call is bounded and retried only where that is safe."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import urlsplit

from webrecord.deploy.errors import ApiError
from webrecord.errors import NotTheApi
from webrecord.proxies import is_this_machine
from webrecord.waiting import Waits, silently
from webrecord.words import t

if TYPE_CHECKING:
    import requests

VERSIONS = {"scf": "2018-04-16", "cam": "2019-01-16", "cls": "2020-10-16", "sts": "2018-08-13"}
TIMEOUT_S = 30
UPLOAD_TIMEOUT_S = 180
TRIES = 5
LARGEST_DOCUMENT = 10_000_000
_PASSING = ("RequestLimitExceeded", "InternalError")
_DOWN = ("bad gateway", "unavailable", "timeout", "timed out", "502", "503", "504")
"""Words of a gateway whose backend is down for the moment."""
_READS = ("Get", "List", "Describe")


class Cloud(Protocol):
    """What a deployment calls."""

    def call(self, service: str, action: str, **parameters: Any) -> dict[str, Any]:  # noqa: ANN401 (any JSON)
        """Call an API and return its response.

        Raises:
            ApiError: it was refused, or there was no answer.
        """

    @property
    def buckets(self) -> Buckets:
        """The account's buckets."""


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
class Tencent:
    """Tencent Cloud, or an endpoint that speaks like it.

    Attributes:
        secret_id, secret_key, token: the deployer's; the token is a temporary key's.
        region: of functions, logs and bucket.
        site: `china` or `international`: another host of each API, other accounts.
        endpoint: another address for all APIs, `http://127.0.0.1:9470`; cos_endpoint: the same for COS.
        sleep: how to wait before another try, seconds.
        waits: tells of a call that takes long.
    """

    secret_id: str
    secret_key: str = field(repr=False)
    region: str
    token: str | None = field(default=None, repr=False)
    site: str = "china"
    endpoint: str | None = None
    cos_endpoint: str | None = None
    sleep: Callable[[float], None] = time.sleep
    waits: Waits = silently
    _clients: dict[tuple[str, int], Any] = field(default_factory=dict, repr=False)
    _spoke: bool = field(default=False, repr=False)
    """The endpoint has answered as the API does."""

    def call(self, service: str, action: str, **parameters: Any) -> dict[str, Any]:  # noqa: ANN401 (any JSON)
        """Call an API. A read is tried again after a lost answer, a write only after a refusal that passes."""
        with self.waits(waited_for(service.upper(), action)) as tell:
            for tries in range(TRIES):
                try:
                    return self._once(service, action, parameters)
                except ApiError as error:  # noqa: PERF203 (five tries)
                    lost = error.code in ("ClientNetworkError", "ServerNetworkError")
                    again = error.code.startswith(_PASSING) or (lost and action.startswith(_READS))
                    if not again or tries == TRIES - 1:
                        raise
                    pause_s = 2**tries
                    after = t(
                        "try {number} of {tries} in {pause_s:.0f} s", number=tries + 2, tries=TRIES, pause_s=pause_s
                    )
                    tell(f"{service.upper()} {action}: {error.code}; {after}")
                    self.sleep(pause_s)
        raise AssertionError

    def _once(self, service: str, action: str, parameters: Mapping[str, Any]) -> dict[str, Any]:
        from tencentcloud.common.exception.tencent_cloud_sdk_exception import TencentCloudSDKException

        timeout_s = UPLOAD_TIMEOUT_S if "Code" in parameters or "ZipFile" in parameters else TIMEOUT_S
        try:
            with _directly(self.endpoint):
                answer = self._client(service, timeout_s).call_json(action, dict(parameters))
        except TencentCloudSDKException as error:
            if error.code == "ServerNetworkError":
                self._refuse_another(_text(error.message))
            raise ApiError(action, str(error.code), str(error.message), error.requestId) from None
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            self._refuse_another("")
            raise ApiError(action, "ServerNetworkError", f"not an answer of the API: {error}") from None
        response = answer.get("Response") if isinstance(answer, dict) else None
        if not isinstance(response, dict) or not response.get("RequestId"):
            self._refuse_another("")
            raise ApiError(action, "ServerNetworkError", "not an answer of the API")
        self._spoke = True
        if refused := response.get("Error"):
            raise ApiError(action, str(refused.get("Code")), str(refused.get("Message")), response["RequestId"])
        return response

    def _refuse_another(self, said: str) -> None:
        """Raise NotTheApi where the given endpoint answers, has never answered as the API does, and is not just down.

        Args:
            said: what it answered.
        """
        down = any(word in said.lower() for word in _DOWN)
        if self.endpoint and not self._spoke and not down:
            raise NotTheApi(
                t(
                    "{endpoint} answers, and not as Tencent Cloud's API does: is --endpoint the address that"
                    " `python -m local up --empty` prints?",
                    endpoint=self.endpoint,
                )
            )

    def _client(self, service: str, timeout_s: int) -> Any:  # noqa: ANN401 (the SDK carries no types)
        found = self._clients.get((service, timeout_s))
        if found is None:
            from tencentcloud.common.common_client import CommonClient
            from tencentcloud.common.credential import Credential
            from tencentcloud.common.profile.client_profile import ClientProfile
            from tencentcloud.common.profile.http_profile import HttpProfile

            middle = "intl." if self.site == "international" else ""
            scheme, _, host = (self.endpoint or f"https://{service}.{middle}tencentcloudapi.com").rpartition("://")
            http = HttpProfile(protocol=scheme or "https", endpoint=host, reqTimeout=timeout_s)
            credential = Credential(self.secret_id, self.secret_key, self.token)
            region = "" if service == "cam" else self.region
            found = CommonClient(service, VERSIONS[service], credential, region, ClientProfile(httpProfile=http))
            _unled(found.request.conn._session)  # noqa: SLF001 (the SDK has no other way to it)
            self._clients[service, timeout_s] = found
        return found

    @cached_property
    def buckets(self) -> Buckets:
        """The account's buckets."""
        return Cos(self)


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
            with self.account.waits(waited_for("COS", action)), _directly(self.account.cos_endpoint):
                return do(self._client) or {}
        except CosServiceError as error:
            raise ApiError(
                action, str(error.get_error_code()), str(error.get_error_msg()), error.get_request_id()
            ) from None
        except UnboundLocalError:  # the SDK's own, after its last try that no answer came to
            raise ApiError(action, "ClientNetworkError", "COS does not answer") from None
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
        return CosS3Client(config, retry=2, session=_unled(requests.Session()))


def _text(said: object) -> str:
    """Return what the SDK gives of an answer: bytes, or text."""
    return said.decode("utf-8", "replace") if isinstance(said, bytes) else str(said)


def waited_for(service: str, action: str) -> str:
    """Return what is told of a call that takes long."""
    return t("waiting for an answer of {service} to {action} …", service=service, action=action)


def _unled(session: requests.Session) -> requests.Session:
    """Return a session that treats redirects as errors, so that keys never go to another host."""
    from requests import TooManyRedirects

    def refuse(answer: requests.Response, *_: object, **__: object) -> None:
        if 300 <= answer.status_code < 400:
            answer.close()
            raise TooManyRedirects(f"the answer was {answer.status_code}: redirects are not followed")

    session.hooks["response"].append(refuse)
    return session


@contextmanager
def _directly(url: str | None) -> Iterator[None]:
    """Keep a proxy of the shell out of a call to this machine: the SDKs read it from the environment, each its way."""
    parts = urlsplit(url or "")
    if not is_this_machine(parts.hostname or ""):
        yield
        return
    before = {name: os.environ.get(name) for name in ("NO_PROXY", "no_proxy")}
    # One of them compares with the port.
    os.environ.update(dict.fromkeys(before, f"{parts.hostname},{parts.netloc}"))
    try:
        yield
    finally:
        for name, value in before.items():
            os.environ.pop(name, None) if value is None else os.environ.update({name: value})


def same(one: Any, other: Any) -> bool:  # noqa: ANN401 (any JSON)
    """Tell whether two JSON values say the same, whatever the order of keys."""
    return json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True)
