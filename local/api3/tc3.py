"""Verification of TC3-HMAC-SHA256, written from the document "Signature v3" of Tencent Cloud API 3.0.

It shares no code with the SDK that signs, so that a mistake on one side cannot confirm itself.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timezone

from local.api3.caller import ROOT, Principal
from local.api3.errors import ApiError

__all__ = ["KeyPair", "Tc3Claim", "claimed", "signature", "verify"]

MAX_SKEW_S = 300
ALGORITHM = "TC3-HMAC-SHA256"
_AUTHORIZATION = re.compile(
    r"TC3-HMAC-SHA256 Credential=([^/,\s]+)/(\d{4}-\d\d-\d\d)/([a-z0-9]+)/tc3_request,\s*"
    r"SignedHeaders=([a-z0-9;-]+),\s*Signature=([0-9a-f]{64})"
)


@dataclass(frozen=True)
class KeyPair:
    """A key pair known to the local cloud, and whose it is; with a token it is a temporary one."""

    secret_id: str
    secret_key: str = field(repr=False)
    token: str | None = field(default=None, repr=False)
    principal: Principal = field(default=ROOT, repr=False)


@dataclass(frozen=True)
class Tc3Claim:
    """What a request's headers say of its signature, and the key pair that they name."""

    credential: KeyPair
    timestamp: str
    date: str
    service: str
    names: tuple[str, ...]
    signature: str = field(repr=False)


def claimed(headers: Mapping[str, str], credentials: Callable[[str], KeyPair | None], now: float) -> Tc3Claim:
    """Check what can be checked before the body is read: form, age, SecretId.

    Args:
        headers: Header values by lower-case name.
        credentials: Finds a key pair by SecretId.
        now: Seconds since 1970.

    Raises:
        ApiError: `MissingParameter` or an `AuthFailure.*` code.
    """
    authorization, timestamp = headers.get("authorization"), headers.get("x-tc-timestamp")
    if not authorization:
        raise ApiError.missing("Authorization")
    if not timestamp:
        raise ApiError.missing("Timestamp")
    parts = _AUTHORIZATION.fullmatch(authorization)
    if parts is None or not re.fullmatch(r"[0-9]{1,12}", timestamp):
        raise ApiError("AuthFailure.InvalidAuthorization", "The Authorization header is not a TC3 signature.")
    secret_id, date, service, signed, given = parts.groups()
    names = tuple(signed.split(";"))
    if not {"content-type", "host"} <= set(names) or any(name not in headers for name in names):
        raise ApiError(
            "AuthFailure.InvalidAuthorization", "SignedHeaders must name content-type, host and only sent headers."
        )
    if abs(now - int(timestamp)) > MAX_SKEW_S:
        raise ApiError("AuthFailure.SignatureExpire", "Timestamp differs from now by more than five minutes.")
    credential = credentials(secret_id)
    if credential is None:
        raise ApiError("AuthFailure.SecretIdNotFound", "The SecretId is not found.")
    return Tc3Claim(credential, timestamp, date, service, names, given)


def verify(
    method: str,
    query: str,
    headers: Mapping[str, str],
    body: bytes,
    credentials: Callable[[str], KeyPair | None],
    now: float,
    *,
    service: str = "trtc",
) -> KeyPair:
    """Check one request's Authorization header.

    Args:
        method: HTTP method, upper case.
        query: Raw query string, empty for POST.
        headers: Header values by lower-case name.
        body: The untouched body.
        credentials: Finds a key pair by SecretId.
        now: Seconds since 1970.
        service: Product name in the credential scope. SDKs that take it from their endpoint's first label (those of
            Node and Java do) say `127` or `localhost` here, which is accepted where the endpoint is such an address.

    Raises:
        ApiError: `MissingParameter` or an `AuthFailure.*` code.
    """
    claim = claimed(headers, credentials, now)
    credential, timestamp = claim.credential, claim.timestamp
    day = datetime.fromtimestamp(int(timestamp), tz=timezone.utc).strftime("%Y-%m-%d")
    if _is_address(headers["host"]) and claim.service == headers["host"].partition(":")[0].partition(".")[0]:
        service = claim.service
    unsigned = headers.get("x-tc-content-sha256") == "UNSIGNED-PAYLOAD"

    def fits(sent: Mapping[str, str]) -> bool:
        expected = signature(
            credential.secret_key, method, query, {n: sent[n] for n in claim.names}, body, timestamp, day, service,
            unsigned=unsigned,
        )  # fmt: skip
        return hmac.compare_digest(expected, claim.signature)

    # The scope is part of what is signed: a foreign date or service can only be an old or stolen signature.
    if not any(map(fits, _host_variants(headers))) or (claim.date, claim.service) != (day, service):
        raise ApiError(
            "AuthFailure.SignatureFailure",
            "The provided credentials could not be validated. Please check your signature is correct.",
        )
    if not hmac.compare_digest((credential.token or "").encode(), headers.get("x-tc-token", "").encode()):
        raise ApiError("AuthFailure.TokenFailure", "The token is not valid for this SecretId.")
    return credential


def _host_variants(headers: Mapping[str, str]) -> list[Mapping[str, str]]:
    """The headers as sent, and with the port cut off Host: TRTC is only ever on the default one, so SDKs may."""
    name, colon, _ = headers["host"].rpartition(":")
    return [headers, {**headers, "host": name}] if colon else [headers]


def _is_address(host: str) -> bool:
    name = host.rpartition(":")[0] or host
    return name == "localhost" or re.fullmatch(r"[0-9.]+", name) is not None


def signature(
    secret_key: str,
    method: str,
    query: str,
    signed_headers: Mapping[str, str],
    body: bytes,
    timestamp: str,
    day: str,
    service: str,
    *,
    unsigned: bool = False,
) -> str:
    """Compute the hexadecimal signature of the document "Signature v3"; headers in their signed order."""
    payload = b"UNSIGNED-PAYLOAD" if unsigned else body
    canonical_headers = "".join(f"{name}:{value.strip().lower()}\n" for name, value in signed_headers.items())
    canonical = "\n".join(
        [method, "/", query, canonical_headers, ";".join(signed_headers), hashlib.sha256(payload).hexdigest()]
    )
    scope = f"{day}/{service}/tc3_request"
    digest = hashlib.sha256(canonical.encode()).hexdigest()
    key = f"TC3{secret_key}".encode()
    for part in (day, service, "tc3_request"):
        key = hmac.digest(key, part.encode(), "sha256")
    return hmac.new(key, f"{ALGORITHM}\n{timestamp}\n{scope}\n{digest}".encode(), hashlib.sha256).hexdigest()
