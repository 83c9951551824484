"""Redaction: no secret in an error, whoever made it, in whichever spelling; what is no secret stays readable."""

from __future__ import annotations

import json
import re
from base64 import b64decode, b64encode, urlsafe_b64encode
from collections.abc import Callable
from typing import Any
from urllib.parse import quote, unquote

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from shared.domain import redaction
from shared.domain.errors import FieldError, InvalidRequest, RecorderBusy, StoreError
from shared.domain.notify_hosts import NotificationError
from shared.domain.redaction import REDACTED, hiding, redact, secrets_of


@pytest.mark.parametrize(
    "text",
    [
        "https://b.cos.example/film.mp4?q-ak=a&q-signature=THE-SECRET",
        "rtmp://me:THE-SECRET@live.example/app",
        "q-sign-algorithm=sha1&q-signature=THE-SECRET&x=1",
        "x-cos-security-token=THE-SECRET",
        "x-cos-security-token: THE-SECRET",
        '{"AccessKey":"THE-SECRET","SecretKey": "THE-SECRET"}',
        "{'secret_key': 'THE-SECRET'}",
        '{\\"SecretKey\\":\\"THE-SECRET\\"}',
        "Authorization: Bearer THE-SECRET",
        "{'Authorization': 'TC3-HMAC-SHA256 Credential=THE-SECRET/a, Signature=THE-SECRET'}",
        "the key AKIDTHE0SECRET is not known",
        r'{"a":"{\"b\":\"{\\\"SecretKey\\\":\\\"THE-SECRET\\\"}\"}"}',
        "%7B%22SecretKey%22%3A%22THE-SECRET%22%7D",
        "body=%257B%2522SecretKey%2522%253A%2522THE-SECRET%2522%257D",
        "<Error><SecretKey>THE-SECRET</SecretKey><SignatureProvided>THE-SECRET</SignatureProvided></Error>",
        "to https%3A%2F%2Fb.cos.example%2Ffilm.mp4%3Fq-signature%3DTHE-SECRET",
    ],
)
def test_secrets_by_their_names(text: str) -> None:
    """Queries, forms, JSON, headers, logins and the cloud's own ids."""
    assert "SECRET" not in redact(text).replace("SecretKey", "").replace("secret_key", "")


@pytest.mark.parametrize(
    "text",
    [
        "no token was sent; send `Authorization: Bearer <token>`",
        "WEBRECORD_NOTIFY_SECRET: begins with a quotation mark: write it without quotes",
        "authorization, content-type: send it once, or every time with the same value",
        "authorization: send it once, or every time with the same value",
        "the token is not one of WEBRECORD_API_TOKENS",
        'must be a JSON object, such as {"RecordUrl": "https://example.com"}',
        "there is no route /recordings/a=b; see /openapi.json",
        "there is no route /recordings/a%3Db%22; see /openapi.json",
        "send `<token>` in the header, as in <Authorization>, or <secret></secret>",
    ],
)
def test_what_is_no_secret_stays(text: str) -> None:
    """Our own sentences about secrets hold none."""
    assert text == redact(text)


@given(st.text(st.sampled_from("ab/+=?&#:@\"' \\%é"), max_size=30), st.text(max_size=60), st.text(max_size=60))
@example("ab+/ab==", "", "")
def test_what_is_hidden_is_in_no_error(secret: str, before: str, behind: str) -> None:
    """By value: in every error's words, code, fields and paths, also as an address has it, while the call lasts."""
    if len(secret) < redaction.SHORTEST:
        return
    said = f"{before}{secret}{behind} {quote(secret, safe='')}"
    with hiding([secret]):
        refused = RecorderBusy(said, said, said, answered=True)
        invalid = InvalidRequest([FieldError(said, said, values={"host": said})])
        errors = [refused, invalid, StoreError(said), NotificationError(said)]
        told = [
            *map(str, errors),
            refused.code,
            refused.message,
            str(refused.request_id),
            *invalid.errors[0][:2],
            *invalid.errors[0].values.values(),
        ]
    assert [] == [text for text in told if secret in text.replace(REDACTED, "\0")]


@pytest.mark.parametrize("size", [1, 100_000])
def test_nothing_is_too_long(size: int) -> None:
    """Megabytes of anything are read, and their secrets taken out."""
    for text in ("a=", "secret", "://", "token token ", "-:", "Authorization: "):
        assert "THE-SECRET" not in redact(f"{text * size} token=THE-SECRET")


def test_a_calls_secrets_are_its_keys_and_the_keys_in_its_addresses() -> None:
    """By name wherever they are; of a relay what is behind its application, of a page its tickets."""
    parameters: dict[str, Any] = {
        "RecordUrl": "https://page.example/class?ticket=s3cr3tticket&room=lesson-17",
        "StorageParams": {"CloudStorage": {"AccessKey": "caller-id", "SecretKey": "caller-key", "Bucket": "b-125"}},
        "PublishCdnParams": [{"PublishCdnUrl": "rtmp://live.example/app/str3amkey?txSecret=0a1b2c3d"}],
    }  # fmt: skip
    found = set(secrets_of(parameters))
    assert {"caller-id", "caller-key", "str3amkey", "0a1b2c3d", "s3cr3tticket"} <= found
    assert not found & {"b-125", "live.example", "app", "class"}


@pytest.mark.parametrize(
    "before", ["http://page.example", "https:/page.example/a", r"http:\\page.example\a", "HTTP:page.example"]
)
def test_a_ticket_is_a_secret_however_the_page_is_spelled(before: str) -> None:
    """As browsers read addresses: with any slashes, without a path."""
    assert "s3cr3tticket" in set(secrets_of({"RecordUrl": f"{before}?ticket=s3cr3tticket"}))


@pytest.mark.parametrize(
    "name",
    ["Secret", "ſecret", "TOKEN", "accessKey", "API_KEY", "Set-Cookie", "paSSword", "q-ak", "x-signature", "toKen"],
)
def test_a_name_in_any_case_is_that_of_a_secret(name: str) -> None:
    """Also with the letters that Unicode takes for the same."""
    assert f"{name}={redaction.REDACTED} rest" == redaction.redact(f"{name}=0123456789 rest")


SPELLINGS: dict[str, Callable[[str], str]] = {
    "base64": lambda text: b64encode(text.encode()).decode(),
    "base64 of a login": lambda text: b64encode(f"me:{text}".encode()).decode(),
    "base64 within": lambda text: urlsafe_b64encode(f"{{{text}}}".encode()).decode(),
    "every letter quoted": lambda text: "".join(f"%{ord(letter):02x}" for letter in text),
    "quoted in lower case": lambda text: quote(text, safe="").replace("%2B", "%2b").replace("%2F", "%2f"),
    "quoted twice": lambda text: quote(quote(text, safe=""), safe=""),
    "quoted, a slash left": quote,
    "escaped in JSON": lambda text: text.replace("/", "\\/").replace("+", "\\u002B"),
    "quoted in JSON": lambda text: json.dumps({"a": quote(text, safe="").replace("%", "\\u0025")}),
}


@pytest.mark.parametrize("spelling", sorted(SPELLINGS))
def test_what_is_hidden_is_so_in_every_spelling_that_software_gives_it(spelling: str) -> None:
    """An error may quote a header, an address or a body: no five letters of the secret can be had from it."""
    secret = "Zz9+vB/nM4pLwKc7-RsYd2fG"
    said = f"denied: {SPELLINGS[spelling](secret)} (403)"
    with hiding([secret]):
        told = RecorderBusy("InternalError", said, answered=True).message
    assert REDACTED in told
    assert told.startswith("denied: ")
    plain = unquote(unquote(told.replace("\\/", "/").replace("\\u0025", "%")))
    for letters in re.findall(r"[A-Za-z0-9+/_-]{8,}", told):
        for cut in range(4):
            whole = letters[cut : cut + (len(letters) - cut) // 4 * 4].replace("-", "+").replace("_", "/")
            plain += b64decode(whole).decode("latin-1")
    assert not any(secret[at : at + 5] in plain for at in range(len(secret) - 4))


def test_a_text_without_a_secret_keeps_its_spelling() -> None:
    """What is quoted in it stays quoted."""
    with hiding(["some-secret-value"]):
        assert "GET /a%20b%2Fc \\/ \\u002b: 404" == redact("GET /a%20b%2Fc \\/ \\u002b: 404")
