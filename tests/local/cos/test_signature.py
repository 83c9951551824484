"""The signature check, against the documentation's own example and against the official SDK."""

from __future__ import annotations

from urllib.parse import parse_qsl, urlencode

import pytest

from local.cos.errors import CosError
from local.cos.model import Credential
from local.cos.signature import Claim, calculate, verify
from tests.local.cos.running import BUCKET, HOST, SECRET_KEY, TEMPORARY_ID, TEMPORARY_KEY, TOKEN, RunningCos, refusal

# Document "Request Signature", section "Use Case": credentials, requests and signatures are its own.
_ID, _KEY = "AKIDQjz3ltompVjBni5LitkWHFlFpwkn9U5q", "BQYIM75p8x0iWVFSIgqEKwFprpRSVHlz"
_PATH = "/exampleobject(腾讯云)".encode()
_EXAMPLE_HOST = b"examplebucket-1250000000.cos.ap-beijing.myqcloud.com"
_UPLOAD = (
    f"q-sign-algorithm=sha1&q-ak={_ID}&q-sign-time=1557989151;1557996351&q-key-time=1557989151;1557996351"
    "&q-header-list=content-length;content-md5;content-type;date;host;x-cos-acl;x-cos-grant-read"
    "&q-url-param-list=&q-signature=3b8851a11a569213c17ba8fa7dcf2abec6935172"
)
_UPLOAD_HEADERS = {
    "date": b"Thu, 16 May 2019 06:45:51 GMT",
    "host": _EXAMPLE_HOST,
    "content-type": b"text/plain",
    "content-length": b"13",
    "content-md5": b"mQ/fVh815F3k6TAUm8m0eg==",
    "x-cos-acl": b"private",
    "x-cos-grant-read": b'uin="100000000011"',
}
_DOWNLOAD = (
    f"q-sign-algorithm=sha1&q-ak={_ID}&q-sign-time=1557989753;1557996953&q-key-time=1557989753;1557996953"
    "&q-header-list=date;host&q-url-param-list=response-cache-control;response-content-type"
    "&q-signature=01681b8c9d798a678e43b685a9f1bba0f6c0e012"
)


def _claim(authorization: str) -> Claim:
    claim = Claim.read(authorization, {})
    assert claim is not None
    return claim


def _verify(now: float, authorization: str = _UPLOAD, token: str | None = None) -> None:
    verify(
        Claim.read(authorization, {}),
        {_ID: Credential(_KEY)}.get,
        token=token,
        method="PUT",
        paths=[_PATH],
        params={},
        headers=_UPLOAD_HEADERS,
        now=now,
    )


def test_documented_upload() -> None:
    """The documentation's upload has the signature that the documentation gives."""
    assert (
        calculate(_claim(_UPLOAD), _KEY, "PUT", _PATH, {}, _UPLOAD_HEADERS)
        == "3b8851a11a569213c17ba8fa7dcf2abec6935172"
    )


def test_documented_download() -> None:
    """The documentation's download, with signed parameters, has the signature that the documentation gives."""
    params = {"response-content-type": b"application/octet-stream", "response-cache-control": b"max-age=600"}
    headers = {"date": b"Thu, 16 May 2019 06:55:53 GMT", "host": _EXAMPLE_HOST}
    actual = calculate(_claim(_DOWNLOAD), _KEY, "GET", _PATH, params, headers)
    assert actual == "01681b8c9d798a678e43b685a9f1bba0f6c0e012"


@pytest.mark.parametrize("now", [1557989151 - 899, 1557989151, 1557996351])
def test_valid_within_its_period(now: float) -> None:
    """A signature holds from 15 minutes before its start (clocks differ) to its end, both included."""
    _verify(now)


@pytest.mark.parametrize(
    ("now", "code", "message"),
    [
        (1557996352, "AccessDenied", "Request has expired"),
        (1557989151 - 901, "RequestTimeTooSkewed", "The difference between the request time and ours is too large."),
    ],
)
def test_outside_its_period(now: float, code: str, message: str) -> None:
    """A signature is refused after its end and long before its start."""
    with pytest.raises(CosError) as caught:
        _verify(now)
    assert (caught.value.status, caught.value.code, caught.value.message) == (403, code, message)


@pytest.mark.parametrize(
    "authorization",
    [
        "",
        "Bearer something",
        "q-sign-algorithm=sha1",
        _UPLOAD.replace("=sha1", "=md5"),
        _UPLOAD.replace("1557989151;1557996351", "yesterday"),
        _UPLOAD.replace("&q-key-time", "&key-time"),
    ],
)
def test_malformed_or_missing(authorization: str) -> None:
    """A request without a signature, or with one of another shape, is denied."""
    with pytest.raises(CosError) as caught:
        _verify(1557989151, authorization)
    assert caught.value.code == "AccessDenied"


def test_token_with_a_permanent_key() -> None:
    """A token that does not belong to the key is refused: the caller's settings are mixed up."""
    with pytest.raises(CosError) as caught:
        _verify(1557989151, token="stray")
    assert caught.value.code == "InvalidAccessKeyId"


def test_wrong_key(shared: RunningCos) -> None:
    """Another secret key does not sign for this id."""
    wrong = shared.sdk(secret_key="another")
    assert refusal(wrong.put_object, Bucket=BUCKET, Key="k", Body=b"") == (403, "SignatureDoesNotMatch")


def test_unknown_id(shared: RunningCos) -> None:
    """An unknown secret id is named as the reason."""
    assert refusal(shared.sdk(secret_id="AKIDnobody").list_objects, Bucket=BUCKET) == (403, "InvalidAccessKeyId")


def test_expired(shared: RunningCos) -> None:
    """A presigned URL is refused once its time is over."""
    response = shared.http.get(shared.client.get_presigned_url(BUCKET, "k", "GET", Expired=-1), headers={"Host": HOST})
    assert (response.status_code, "<Message>Request has expired</Message>" in response.text) == (403, True)


def test_anonymous(shared: RunningCos) -> None:
    """Everything is private."""
    response = shared.http.get("/k", headers={"Host": HOST})
    assert (response.status_code, "<Code>AccessDenied</Code>" in response.text) == (403, True)


@pytest.mark.parametrize("token", [None, "", "another"])
def test_temporary_key_without_its_token(shared: RunningCos, token: str | None) -> None:
    """A temporary key is worth nothing without its token."""
    client = shared.sdk(TEMPORARY_ID, TEMPORARY_KEY, token)
    assert refusal(client.list_objects, Bucket=BUCKET) == (403, "InvalidAccessKeyId")


def test_temporary_key_with_its_token(shared: RunningCos) -> None:
    """A temporary key works with its token, in the header and in a presigned URL."""
    client = shared.sdk(TEMPORARY_ID, TEMPORARY_KEY, TOKEN)
    client.put_object(Bucket=BUCKET, Key="temporary", Body=b"x")
    params, headers = {"x-cos-security-token": TOKEN}, {"host": HOST}
    url = client.get_presigned_url(BUCKET, "temporary", "GET", Params=params, Headers=headers)
    assert shared.http.get(url, headers={"Host": HOST}).content == b"x"
    bare = client.get_presigned_url(BUCKET, "temporary", "GET", Headers=headers)
    assert shared.http.get(bare, headers={"Host": HOST}).status_code == 403


def _presigned(cos: RunningCos, **params: str) -> str:
    cos.client.put_object(Bucket=BUCKET, Key="presigned file", Body=b"content")
    url = cos.client.get_presigned_url(BUCKET, "presigned file", "GET", Params=params, Headers={"host": HOST})
    return str(url)


def test_presigned_get(shared: RunningCos) -> None:
    """A presigned URL needs nothing but itself; its signed parameters take effect."""
    url = _presigned(shared, **{"response-content-type": "video/mp4; a=1+1"})
    response = shared.http.get(url, headers={"Host": HOST})
    assert (response.content, response.headers["Content-Type"]) == (b"content", "video/mp4; a=1+1")


@pytest.mark.parametrize("change", ["path", "param", "method", "host", "signature", "time"])
def test_changed_after_signing(shared: RunningCos, change: str) -> None:
    """Nothing that was signed can be changed: not the path, a parameter, the method, Host, or the period."""
    url, query = _presigned(shared, **{"response-content-type": "video/mp4"}).split("?")
    fields, host, method = dict(parse_qsl(query)), HOST, "GET"
    if change == "path":
        url += "x"
    elif change == "param":
        fields["response-content-type"] = "text/html"
    elif change == "method":
        method = "DELETE"
    elif change == "host":
        host = HOST.replace("recordings", "another")
    elif change == "signature":
        fields["q-signature"] = "0" * 40
    else:
        fields["q-sign-time"] = fields["q-sign-time"].replace(";", ";9")
    response = shared.http.request(method, f"{url}?{urlencode(fields)}", headers={"Host": host})
    assert (response.status_code, "SignatureDoesNotMatch" in response.text) == (403, True)


def test_changed_header(shared: RunningCos) -> None:
    """A signed header cannot be changed or left out."""
    signed = {"host": HOST, "x-cos-meta-a": "1"}
    authorization = shared.client.get_auth("PUT", BUCKET, "header", Headers=signed)
    statuses = [
        shared.http.put("/header", headers={"Host": HOST, "Authorization": authorization, **more}).status_code
        for more in ({"x-cos-meta-a": "1"}, {"x-cos-meta-a": "2"}, {})
    ]
    assert statuses == [200, 403, 403]


def test_secret_is_never_shown() -> None:
    """Neither half of a credential that must stay secret is in its repr."""
    assert "Credential()" == repr(Credential(SECRET_KEY, TOKEN))
