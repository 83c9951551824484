"""The callback signature: a golden vector, and a test per way to fail."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.signature import sign, verify

KEY = "123654"
BODY = (
    b'{\n\t"EventGroupId":\t2,\n\t"EventType":\t204,\n\t"CallbackTs":\t1664209748188,\n\t"EventInfo":\t{\n\t\t'
    b'"RoomId":\t8489,\n\t\t"EventTs":\t1664209748,\n\t\t"EventMsTs":\t1664209748180,\n\t\t'
    b'"UserId":\t"user_85034614",\n\t\t"Reason":\t0\n\t}\n}'
)
SIGN = "kkoFeO3Oh2ZHnjtg8tEAQhtXK16/KI05W3BQff8IvGA="


def test_golden_vector() -> None:
    """The documentation's own example signs and verifies."""
    assert SIGN == sign(KEY, BODY)
    assert verify([KEY], BODY, SIGN)


@pytest.mark.parametrize(
    "header",
    [
        None,
        "",
        "=",
        " ",
        SIGN[:-1],
        SIGN[:-2],
        SIGN[:40],
        SIGN[1:],
        SIGN + "=",
        SIGN[:-2] + "B=",  # decodes to the same bytes
        SIGN + "AAAA",
        SIGN + SIGN,
        SIGN.lower(),
        SIGN.replace("/", "_"),
        "*" + SIGN[1:],
        SIGN[:10] + "\n" + SIGN[10:],
        "sha256=" + SIGN,
        "签名",
        SIGN[:-1] + "＝",
        "\ud800",
        "\x00",
        "92ca0578edce8766479e3b60f2d100421b572b5ebf288d395b70507dff08bc60",
    ],
)
def test_not_a_signature(header: str | None) -> None:
    """A header that is missing, cut, bad base64, another alphabet or not ASCII verifies nothing and raises nothing."""
    assert not verify([KEY], BODY, header)


def test_wrong_key() -> None:
    """Another key's signature is none."""
    assert not verify(["123655"], BODY, SIGN)
    assert not verify(["123654 "], BODY, SIGN)


@pytest.mark.parametrize("body", [BODY + b"\n", BODY[:-1], BODY.replace(b"\t", b""), b"", BODY.replace(b"204", b"205")])
def test_changed_body(body: bytes) -> None:
    """The bytes are signed, not what they mean: white space counts."""
    assert not verify([KEY], body, SIGN)


@pytest.mark.parametrize("keys", [["old", KEY], [KEY, "new"], ["a", KEY, "b"], (KEY,), iter([KEY])])
def test_any_of_several_keys(keys: list[str]) -> None:
    """While a key is rotated the old and the new one are both good, wherever they stand."""
    assert verify(keys, BODY, SIGN)


def test_no_keys() -> None:
    """Without a key nothing is accepted, not even what an empty key signs."""
    assert not verify([], BODY, SIGN)
    assert not verify([], BODY, sign("", BODY))
    assert not verify([KEY], BODY, sign("", BODY))


def test_white_space_around_the_header() -> None:
    """A gateway may leave white space around a header's value."""
    assert verify([KEY], BODY, f" {SIGN}\r\n")


keys = st.text("abcdefXYZ0123456789", min_size=1, max_size=32)


@given(keys, st.binary(max_size=200))
def test_signed_verifies(key: str, body: bytes) -> None:
    """Whatever was signed with a key verifies with it."""
    assert verify([key], body, sign(key, body))


@given(keys, st.binary(min_size=1, max_size=200), st.data())
def test_changed_byte(key: str, body: bytes, data: st.DataObject) -> None:
    """Any single changed byte of the body is noticed."""
    at = data.draw(st.integers(0, len(body) - 1))
    other = data.draw(st.integers(1, 255))
    changed = body[:at] + bytes([body[at] ^ other]) + body[at + 1 :]
    assert not verify([key], changed, sign(key, body))


@given(st.integers(0, len(SIGN) - 1), st.characters(codec="ascii", categories=["L", "N", "P", "S"]))
def test_changed_character(at: int, character: str) -> None:
    """Any changed character of the signature is noticed."""
    changed = SIGN[:at] + character + SIGN[at + 1 :]
    assert (changed == SIGN) == verify([KEY], BODY, changed)


@given(st.one_of(st.none(), st.text(max_size=60)))
def test_any_header(header: str | None) -> None:
    """No header raises, and none but the right one is accepted."""
    assert not verify([KEY, "other"], b"a body", header)
