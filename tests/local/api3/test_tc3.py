"""The signature check alone, against the vector of the document "Signature v3" and malformed headers."""

from __future__ import annotations

import pytest

from local.api3.errors import ApiError
from local.api3.tc3 import KeyPair, signature, verify

ID, KEY = "AKIDz8krbsJ5yKBZQpn74WFkmLPx3EXAMPLE", "Gu5t9xGARNpq86cd98joQYCN3EXAMPLE"
BODY = rb'{"Limit": 1, "Filters": [{"Values": ["\u672a\u547d\u540d"], "Name": "instance-name"}]}'
GOLDEN = "72e494ea809ad7a8c8f7a4507b9bddcbaa8e581f516e8da2f66e2c5a96525168"
NOW = 1551113065
HEADERS = {
    "content-type": "application/json; charset=utf-8",
    "host": "cvm.tencentcloudapi.com",
    "x-tc-timestamp": str(NOW),
    "authorization": f"TC3-HMAC-SHA256 Credential={ID}/2019-02-25/cvm/tc3_request, "
    f"SignedHeaders=content-type;host, Signature={GOLDEN}",
}


def check(headers: dict[str, str] | None = None, body: bytes = BODY, service: str = "cvm") -> KeyPair:
    """Verify the document's request with changes."""
    credentials = {ID: KeyPair(ID, KEY)}
    return verify("POST", "", {**HEADERS, **(headers or {})}, body, credentials.get, NOW, service=service)


def test_the_document_s_example_verifies() -> None:
    """The published request with the published signature is accepted, and computed to the same digits."""
    assert ID == check().secret_id
    signed = {name: HEADERS[name] for name in ("content-type", "host")}
    assert GOLDEN == signature(KEY, "POST", "", signed, BODY, str(NOW), "2019-02-25", "cvm")


@pytest.mark.parametrize(
    ("authorization", "code"),
    [
        ("", "MissingParameter"),
        ("TC3-HMAC-SHA256", "AuthFailure.InvalidAuthorization"),
        (HEADERS["authorization"].replace("TC3-HMAC-SHA256", "TC3-HMAC-SM3"), "AuthFailure.InvalidAuthorization"),
        (HEADERS["authorization"].replace(GOLDEN, GOLDEN[1:]), "AuthFailure.InvalidAuthorization"),
        (HEADERS["authorization"].replace("content-type;host", "host"), "AuthFailure.InvalidAuthorization"),
        (HEADERS["authorization"].replace(";host", ";host;x-none"), "AuthFailure.InvalidAuthorization"),
        (HEADERS["authorization"].replace("2019-02-25", "2019-02-24"), "AuthFailure.SignatureFailure"),
        (HEADERS["authorization"].replace(ID, "AKIDother"), "AuthFailure.SecretIdNotFound"),
        (HEADERS["authorization"].replace(GOLDEN, "0" * 64), "AuthFailure.SignatureFailure"),
    ],
)
def test_each_broken_authorization_has_its_code(authorization: str, code: str) -> None:
    """Every way an Authorization header can be wrong ends in the documented code."""
    with pytest.raises(ApiError) as refusal:
        check({"authorization": authorization})
    assert code == refusal.value.code


@pytest.mark.parametrize(
    ("headers", "code"),
    [
        ({"x-tc-timestamp": ""}, "MissingParameter"),
        ({"x-tc-timestamp": "now"}, "AuthFailure.InvalidAuthorization"),
        ({"x-tc-timestamp": str(NOW - 301)}, "AuthFailure.SignatureExpire"),
        ({"x-tc-timestamp": str(NOW + 301)}, "AuthFailure.SignatureExpire"),
        ({"x-tc-timestamp": str(NOW - 300)}, "AuthFailure.SignatureFailure"),  # in time, but not what was signed
        ({"host": "trtc.tencentcloudapi.com"}, "AuthFailure.SignatureFailure"),
        ({"x-tc-token": "uninvited"}, "AuthFailure.TokenFailure"),
    ],
)
def test_changed_headers_are_noticed(headers: dict[str, str], code: str) -> None:
    """Time, signed headers and token count."""
    with pytest.raises(ApiError) as refusal:
        check(headers)
    assert code == refusal.value.code


def test_body_and_service_are_covered() -> None:
    """A changed body, and a signature made for another product, are refused."""
    for body, service in ((BODY + b" ", "cvm"), (BODY, "trtc")):
        with pytest.raises(ApiError) as refusal:
            check(None, body, service)
        assert "AuthFailure.SignatureFailure" == refusal.value.code


def test_a_credential_does_not_print_its_key() -> None:
    """The repr of a credential shows the SecretId only."""
    assert "KeyPair(secret_id='a')" == repr(KeyPair("a", "b", "c"))


@pytest.mark.parametrize("host", ["127.0.0.1:9471", "localhost:9471", "localhost"])
@pytest.mark.parametrize("signed_host", ["as sent", "without its port"])
def test_an_address_is_signed_as_sdks_do(host: str, signed_host: str) -> None:
    """Some SDKs leave the port out, some take the service from the endpoint's first label; both hold for addresses."""
    service = host.partition(":")[0].partition(".")[0]
    told = host if signed_host == "as sent" else host.partition(":")[0]
    signed = {"content-type": HEADERS["content-type"], "host": told}
    digits = signature(KEY, "POST", "", signed, BODY, str(NOW), "2019-02-25", service)
    scope = f"{ID}/2019-02-25/{service}/tc3_request"
    authorization = f"TC3-HMAC-SHA256 Credential={scope}, SignedHeaders=content-type;host, Signature={digits}"
    assert ID == check({"host": host, "authorization": authorization}).secret_id
    with pytest.raises(ApiError) as refusal:  # a name in the cloud's domain is no address
        check({"host": "trtc.tencentcloudapi.com", "authorization": authorization})
    assert "AuthFailure.SignatureFailure" == refusal.value.code
