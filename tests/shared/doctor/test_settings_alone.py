"""Each setting by itself."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.doctor.settings_alone import FUNCTIONS, alone, secrets, unknown, usable
from shared.settings import load, variable

FIELDS = sorted({name for kind in FUNCTIONS.values() for name in kind.model_fields})


@pytest.mark.usefixtures("deployed")
@pytest.mark.parametrize("function", FUNCTIONS)
def test_what_is_right_is_what_the_function_reads(function: str) -> None:
    """The same value, of the same type, whether set or a default."""
    whole = load(FUNCTIONS[function])
    assert vars(whole) == {field: alone(field) for field in type(whole).model_fields}


@given(st.sampled_from(FIELDS), st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=30))
def test_one_that_is_wrong_hides_no_other(wrong: str, value: str) -> None:
    """Whatever a variable holds, the others are read."""
    right = {"WEBRECORD_BUCKET": "b-1", "WEBRECORD_SDK_APP_ID": "5", "WEBRECORD_CALLBACK_KEYS": "k" * 32}
    environ = {**right, variable(wrong): value}
    alone(wrong, environ)
    if wrong != "sdk_app_id":
        assert (5,) == alone("sdk_app_id", environ)
    if wrong != "bucket":
        assert "b-1" == alone("bucket", environ)
    if wrong != "callback_keys":
        assert "k" * 32 in secrets(environ)


def test_what_is_missing_or_wrong_is_none() -> None:
    """A default where there is one, also for an empty variable; a name in any case, as the functions read it."""
    assert alone("bucket", {}) is None
    assert alone("max_attempts", {"WEBRECORD_MAX_ATTEMPTS": "many"}) is None
    assert 3 == alone("max_attempts", {"WEBRECORD_MAX_ATTEMPTS": ""})
    assert "b-1" == alone("bucket", {"webrecord_bucket": "b-1"})


def test_usable_is_right_or_rightly_missing() -> None:
    """An endpoint may be missing, and is then None as one that is wrong is; a bucket may not."""
    assert usable("cos_endpoint", {})
    assert not usable("cos_endpoint", {"WEBRECORD_COS_ENDPOINT": "no host"})
    assert usable("bucket", {"WEBRECORD_BUCKET": "b-1"})
    assert not usable("bucket", {})


def test_likely_typos_are_told_from_settings() -> None:
    """With the one that was meant, where something is near; others' variables are not ours to judge."""
    environ = {
        "WEBRECORD_PREFX": "x",
        "WEBRECORD_ZZZZZZZZ": "1",
        "WEBRECORD_ROLE": "r",
        "WEBRECORD_ENDPOINT": "https://x.invalid",
        "WEBRECORD_TOKEN": "of-the-command-line",
        "PATH": "/",
        "WEBRECORD_PREFIX": "",
    }
    assert {"WEBRECORD_PREFX": "WEBRECORD_PREFIX", "WEBRECORD_ZZZZZZZZ": None} == unknown(environ)
