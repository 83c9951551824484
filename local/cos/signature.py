"""COS's request signature, checked as the document "Request Signature" describes it."""

from __future__ import annotations

import hashlib
import hmac
import re
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import quote_from_bytes, unquote_to_bytes

from local.cos.errors import CosError
from local.cos.model import Credential

Credentials = Callable[[str], "Credential | None"]

# Document "403 Error for COS Access": clocks may differ by up to 15 minutes. Only a start in the future is
# forgiven; an end is an end.
_SKEW_S = 15 * 60
_FIELDS = ("q-sign-algorithm", "q-ak", "q-sign-time", "q-key-time", "q-header-list", "q-url-param-list", "q-signature")


@dataclass(frozen=True)
class Claim:
    """What a signed request says about its own signature. Lists are lower case and still URL-encoded."""

    secret_id: str
    sign_time: str
    key_time: str
    header_list: tuple[str, ...]
    param_list: tuple[str, ...]
    signature: str

    @classmethod
    def read(cls, authorization: str, query: Mapping[str, str]) -> Claim | None:
        """The claim in the Authorization header or else in the query; None for an anonymous request.

        Raises:
            CosError: AccessDenied if there is a signature of another shape.
        """
        if authorization:
            pairs = (item.partition("=") for item in authorization.strip().split("&"))
            fields: Mapping[str, str] = {name: value for name, _, value in pairs}
        elif "q-signature" in query or "q-sign-algorithm" in query:
            fields = query
        else:
            return None
        missing = [name for name in _FIELDS if name not in fields]
        if missing or fields["q-sign-algorithm"] != "sha1":
            raise CosError("AccessDenied", f"The signature is malformed: {', '.join(missing) or 'q-sign-algorithm'}.")
        return cls(
            secret_id=fields["q-ak"],
            sign_time=fields["q-sign-time"],
            key_time=fields["q-key-time"],
            header_list=_names(fields["q-header-list"]),
            param_list=_names(fields["q-url-param-list"]),
            signature=fields["q-signature"],
        )


def calculate(
    claim: Claim, secret_key: str, method: str, path: bytes, params: Mapping[str, bytes], headers: Mapping[str, bytes]
) -> str:
    """The signature that a request should have.

    Args:
        path: URL-decoded request path, with its leading slash.
        params: decoded query parameters, names in lower case.
        headers: header values as sent, names in lower case.
    """
    http_string = b"\n".join(
        (method.lower().encode(), path, _joined(claim.param_list, params), _joined(claim.header_list, headers), b"")
    )
    digest = hashlib.sha1(http_string, usedforsecurity=False).hexdigest()
    sign_key = hmac.new(secret_key.encode(), claim.key_time.encode(), hashlib.sha1).hexdigest()
    string_to_sign = f"sha1\n{claim.sign_time}\n{digest}\n"
    return hmac.new(sign_key.encode(), string_to_sign.encode(), hashlib.sha1).hexdigest()


def verify(
    claim: Claim | None,
    credentials: Credentials,
    *,
    token: str | None,
    method: str,
    paths: Sequence[bytes],
    params: Mapping[str, bytes],
    headers: Mapping[str, bytes],
    now: float | None = None,
) -> None:
    """Accept a request or say why not.

    Args:
        token: the request's x-cos-security-token, from header or query.
        paths: the spellings of the path that the client may have signed.
        now: epoch seconds; the clock if None.

    Raises:
        CosError: AccessDenied (anonymous, malformed or expired), RequestTimeTooSkewed, InvalidAccessKeyId
            (unknown id, or a token that does not belong to it), SignatureDoesNotMatch.
    """
    if claim is None:
        raise CosError("AccessDenied")
    _check_time(claim, time.time() if now is None else now)
    credential = credentials(claim.secret_id)
    if credential is None:
        raise CosError("InvalidAccessKeyId")
    if not hmac.compare_digest((credential.token or "").encode(), (token or "").encode()):
        raise CosError("InvalidAccessKeyId", "The security token does not belong to this Access Key Id.")
    for path in paths:
        for variant in _host_variants(headers):
            good = calculate(claim, credential.secret_key, method, path, params, variant)
            if hmac.compare_digest(good.encode(), claim.signature.encode()):
                return
    raise CosError("SignatureDoesNotMatch")


def _check_time(claim: Claim, now: float) -> None:
    for period in (claim.sign_time, claim.key_time):
        match = re.fullmatch(r"(\d{1,12});(\d{1,12})", period)
        if not match:
            raise CosError("AccessDenied", "The signature is malformed: q-sign-time, q-key-time.")
        start, end = int(match[1]), int(match[2])
        if now > end:
            raise CosError("AccessDenied", "Request has expired")
        if now < start - _SKEW_S:
            raise CosError("RequestTimeTooSkewed")


def _host_variants(headers: Mapping[str, bytes]) -> Iterable[Mapping[str, bytes]]:
    """The headers as sent, and with the port cut off Host.

    COS itself is only ever on the default port; on another one the official SDK signs the bare host name.
    """
    yield headers
    name, colon, _ = headers.get("host", b"").rpartition(b":")
    if colon:
        yield {**headers, "host": name}


def _names(joined: str) -> tuple[str, ...]:
    return tuple(sorted(joined.lower().split(";"))) if joined else ()


def _joined(names: Iterable[str], values: Mapping[str, bytes]) -> bytes:
    # A listed name that the request lacks counts as empty: it then cannot match unless it was signed so.
    pairs = ((name, values.get(unquote_to_bytes(name).decode("utf-8", "replace"), b"")) for name in names)
    return "&".join(f"{name}={quote_from_bytes(value, safe='-_.~')}" for name, value in pairs).encode()
