"""Each setting by itself."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from shared.doctor.run import FUNCTIONS, each, unknown
from shared.settings import load, variable

FIELDS = sorted({name for kind in FUNCTIONS.values() for name in kind.model_fields})


@pytest.mark.usefixtures("deployed")
@pytest.mark.parametrize("function", FUNCTIONS)
def test_what_is_right_is_what_the_function_reads(function: str) -> None:
    """The same value, of the same type, whether set or a default."""
    whole, (values, wrong) = load(FUNCTIONS[function]), each()
    assert vars(whole) == {field: values[field] for field in type(whole).model_fields}
    assert set() == wrong


@given(st.sampled_from(FIELDS), st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=30))
def test_one_that_is_wrong_hides_no_other(name: str, value: str) -> None:
    """Whatever a variable holds, the others are read."""
    right = {"WEBRECORD_BUCKET": "b-1", "WEBRECORD_SDK_APP_ID": "5", "WEBRECORD_CALLBACK_KEYS": "k" * 32}
    values, wrong = each({**right, variable(name): value})
    assert {name, "bucket_region"} >= wrong
    expected = {"sdk_app_id": (5,), "bucket": "b-1", "callback_keys": (SecretStr("k" * 32),), "max_attempts": 3}
    assert {field: each for field, each in expected.items() if field != name} == {
        field: values[field] for field in expected if field != name
    }


def test_what_is_missing_or_wrong_is_none() -> None:
    """A default where there is one, also for an empty variable; a name in any case, as the functions read it."""
    values, wrong = each({"WEBRECORD_MAX_ATTEMPTS": "many", "WEBRECORD_START_WITHIN": "", "webrecord_bucket": "b-1"})
    assert (None, 3_600, "b-1") == (values["max_attempts"], values["start_within"], values["bucket"])
    assert {"max_attempts", "bucket_region", "sdk_app_id", "callback_keys"} == wrong


def test_what_may_be_missing_is_not_wrong() -> None:
    """An endpoint may be missing, and is then None as one that is wrong is; a bucket may not."""
    assert "cos_endpoint" not in each({})[1]
    assert "cos_endpoint" in each({"WEBRECORD_COS_ENDPOINT": "no host"})[1]
    assert "bucket" in each({})[1]


def test_likely_typos_are_told_from_settings() -> None:
    """With the one that was meant, where something is near; others' variables are not ours to judge."""
    environ = {
        "WEBRECORD_PREFX": "x",
        "WEBRECORD_ZZZZZZZZ": "1",
        "WEBRECORD_ROLE": "r",
        "WEBRECORD_ENDPOINT": "https://x.invalid",
        "WEBRECORD_TOKEN": "of-the-command-line",
        "WEBRECORD_LANG": "zh",
        "PATH": "/",
        "WEBRECORD_PREFIX": "",
    }
    assert {"WEBRECORD_PREFX": "WEBRECORD_PREFIX", "WEBRECORD_ZZZZZZZZ": None} == unknown(environ)
