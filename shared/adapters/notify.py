"""Notifications by webhook, as the Standard Webhooks specification signs them."""

from __future__ import annotations

import http.client
import ssl
from collections.abc import Callable, Sequence
from contextlib import closing
from datetime import datetime, timezone
from functools import cached_property

import certifi
from pydantic import SecretStr
from pydantic_core import Url
from standardwebhooks import Webhook
from standardwebhooks.webhooks import EmptyWebhookSecretError

from shared.adapters.wire import BoundedSocket, Deadline, Moment, connect, resolve
from shared.domain import hosts
from shared.domain.addresses import as_address, host_of, is_public
from shared.domain.notify_hosts import NotificationError, check_notify_url

USER_AGENT = "scf-webrecord"
SECRET_SETTING = "WEBRECORD_NOTIFY_SECRET"  # noqa: S105 (the setting's name)
GONE = 410
"""Standard Webhooks: the receiver wants no more, and its endpoint is to be disabled."""
ADDRESSES = 3
"""How many of a name's addresses are tried when the connection is not made."""

_KINDS: tuple[tuple[type[Exception], str], ...] = (
    (TimeoutError, "did not answer in time"),
    (ssl.SSLCertVerificationError, "has a certificate that is not valid for it"),
    (ssl.SSLError, "does not speak TLS as it should"),
    (ConnectionRefusedError, "refused the connection"),
    (ConnectionError, "closed the connection without an answer"),
    (http.client.HTTPException, "did not answer in HTTP"),
    (OSError, "could not be reached"),
)


class WebhookNotifier:
    """Delivers signed notifications to allowed hosts."""

    def __init__(
        self,
        secret: SecretStr | None,
        allowed_hosts: Sequence[str],
        *,
        timeout_s: float = 5.0,
        deadline: Deadline | None = None,
        resolve: Callable[[str, int], list[str]] = resolve,
    ) -> None:
        """Keep the settings: one `send` takes `timeout_s` seconds at most, and ends with the `deadline`."""
        self._secret, self._allowed_hosts = secret, tuple(allowed_hosts)
        self._timeout_s, self._deadline, self._resolve = timeout_s, deadline or Deadline(), resolve

    def send(self, url: str, webhook_id: str, at_s: int, body: bytes, traceparent: str | None = None) -> None:
        """POST the body byte for byte; `at_s` is now: receivers refuse what is more than five minutes off."""
        headers = {
            "Content-Type": "application/json",
            "User-Agent": USER_AGENT,
            "Connection": "close",
            **self._signed(webhook_id, at_s, body),
            **({"traceparent": traceparent} if traceparent else {}),
        }
        try:
            check_notify_url(url, self._allowed_hosts)
        except ValueError as error:
            raise NotificationError(f"the URL {error}", ended=True) from None  # it was allowed when it was accepted
        parsed = Url(url)
        deadline = Moment(min(self._timeout_s, self._deadline.left_s()))
        host = host_of(url)
        addresses = self._checked(host, parsed.port or 0, deadline)
        try:
            status = self._post(parsed, addresses, headers, body, deadline)
        except (OSError, http.client.HTTPException) as error:
            # Without the cause: it may quote what the receiver said.
            raise NotificationError(f"{host} {_kind(error)}") from None
        if 300 <= status < 400:
            raise NotificationError(f"{host} answered {status}: redirects are not followed")
        if status == GONE:
            raise NotificationError(f"{host} answered 410: it takes no more notifications at this address", ended=True)
        if not 200 <= status < 300:
            raise NotificationError(f"{host} answered {status}")

    def check_secret(self) -> None:
        """Raise NotificationError if there is no secret, or it is of another form."""
        self._signed("check", 0, b"")

    def _signed(self, webhook_id: str, at_s: int, body: bytes) -> dict[str, str]:
        if self._secret is None:
            raise NotificationError(f"{SECRET_SETTING} is not set: notifications can't be signed")
        try:
            key = Webhook(self._secret.get_secret_value())
        except (ValueError, EmptyWebhookSecretError):
            raise NotificationError(f"{SECRET_SETTING} is not `whsec_` and base64") from None
        return {
            "webhook-id": webhook_id,
            "webhook-timestamp": str(at_s),
            "webhook-signature": key.sign(webhook_id, datetime.fromtimestamp(at_s, timezone.utc), body.decode()),
        }

    def _checked(self, host: str, port: int, deadline: Moment) -> list[str]:
        if (literal := as_address(host)) is not None:
            return [literal]  # `check_notify_url` has seen it
        try:
            addresses = deadline.bound(lambda: self._resolve(host, port))
        except TimeoutError:
            raise NotificationError(f"{host} was not resolved in time") from None
        except (OSError, UnicodeError):
            raise NotificationError(f"{host} does not resolve") from None
        if not addresses:
            raise NotificationError(f"{host} does not resolve")
        at_home = host == "localhost" and hosts.names(host, self._allowed_hosts)
        if not at_home and not all(is_public(address) for address in addresses):
            raise NotificationError(f"{host} resolves to an address that is not public")
        return addresses[:ADDRESSES]

    def _post(self, url: Url, addresses: list[str], headers: dict[str, str], body: bytes, deadline: Moment) -> int:
        # The connection is made here, to an address that was checked: http.client never sees a name it could resolve
        # anew, reads no proxies from the environment, and logs nothing.
        host, tls = host_of(str(url)).strip("[]"), url.scheme == "https"
        with closing(connect(addresses, url.port or 0, deadline)) as plain:
            plain.settimeout(deadline.left())
            wire = self._tls.wrap_socket(plain, server_hostname=host) if tls else plain
            with closing(wire):
                connection = http.client.HTTPConnection(host, url.port)
                connection.default_port = 443 if tls else 80  # it is left out of the Host header
                connection.auto_open = 0
                connection.sock = BoundedSocket(wire, lambda: deadline)
                query = f"?{url.query}" if url.query else ""
                connection.request("POST", (url.path or "/") + query, body, headers)
                with closing(connection.getresponse()) as answer:
                    return answer.status  # the rest may be endless, and nobody wants it

    @cached_property
    def _tls(self) -> ssl.SSLContext:
        # certifi's authorities, for a function's image may have none; and the system's, or those of SSL_CERT_FILE.
        context = ssl.create_default_context(cafile=certifi.where())
        context.load_default_certs()
        return context


def _kind(error: Exception) -> str:
    text = next(text for known, text in _KINDS if isinstance(error, known))
    detail = getattr(error, "verify_message", None)
    return f"{text} ({detail})" if detail else text
