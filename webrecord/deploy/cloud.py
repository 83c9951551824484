"""The account's APIs through the official SDKs: every call is bounded and retried only where that is safe."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Protocol

from webrecord.deploy.buckets import Buckets, Cos
from webrecord.deploy.errors import ApiError
from webrecord.deploy.sdk import TIMEOUT_S, directly, unled, waited_for
from webrecord.errors import NotTheApi
from webrecord.waiting import Waits, silently
from webrecord.words import t

VERSIONS = {"scf": "2018-04-16", "cam": "2019-01-16", "cls": "2020-10-16", "sts": "2018-08-13"}
UPLOAD_TIMEOUT_S = 180
TRIES = 5
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
            with directly(self.endpoint):
                answer = self._client(service, timeout_s).call_json(action, dict(parameters))
        except TencentCloudSDKException as error:
            if error.code == "ServerNetworkError":
                self._refuse_another(_text(error.message))
            raise ApiError(action, str(error.code), str(error.message), error.requestId) from None
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            self._refuse_another("")
            raise ApiError(action, "ServerNetworkError", t("not an answer of the API: {error}", error=error)) from None
        response = answer.get("Response") if isinstance(answer, dict) else None
        if not isinstance(response, dict) or not response.get("RequestId"):
            self._refuse_another("")
            raise ApiError(action, "ServerNetworkError", t("not an answer of the API"))
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
            unled(found.request.conn._session)  # noqa: SLF001 (the SDK has no other way to it)
            self._clients[service, timeout_s] = found
        return found

    @cached_property
    def buckets(self) -> Buckets:
        """The account's buckets."""
        return Cos(self)


def _text(said: object) -> str:
    """Return what the SDK gives of an answer: bytes, or text."""
    return said.decode("utf-8", "replace") if isinstance(said, bytes) else str(said)


def same(one: Any, other: Any) -> bool:  # noqa: ANN401 (any JSON)
    """Tell whether two JSON values say the same, whatever the order of keys."""
    return json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True)
