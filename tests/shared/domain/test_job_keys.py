"""Keys of job objects: whichever way an event spells one, the object is found; reports lie where nothing else does."""

from __future__ import annotations

from collections.abc import Callable
from itertools import product
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.job_keys import report_key, spellings

APPID = "1250000000"
OBJECTS = ["jobs/a.json", "jobs/lesson one.json", "jobs/a+b c%.json", "jobs/课 1/100%25.jsonl", "jobs/jobs/a&b=c.json"]


Encode = Callable[[str], str]


def as_came(text: str) -> str:
    return text


def whole(text: str) -> str:
    return quote(text, safe="")


@pytest.mark.parametrize("name", ["jobs", f"jobs-{APPID}"])
def test_every_spelling_leads_to_the_object(name: str) -> None:
    """With and without what stands before it, encoded once or twice, whole or in part."""
    places = [f"/{APPID}/jobs/", f"{APPID}/jobs/", f"/{APPID}/jobs-{APPID}/", "/", ""]
    once: list[Encode] = [as_came, quote, quote_plus, whole]
    again: list[Encode] = [as_came, quote, whole]
    for key, before, first, second in product(OBJECTS, places, once, again):
        came = second(first(before + key))
        found = spellings(came, name, APPID)
        assert key in found, came
        assert len(found) <= 24, came


def test_a_key_as_it_came_goes_first() -> None:
    """A name may hold `+` and `%`; then the blank, then what is decoded."""
    assert ("jobs/a+b.json", "jobs/a b.json") == spellings(f"/{APPID}/jobs/jobs/a+b.json", "jobs", APPID)
    assert "jobs/a%2Bb.json" == spellings("jobs/a%2Bb.json", "jobs", APPID)[0]
    assert ("jobs/jobs/a",) == spellings(f"/{APPID}/jobs/jobs/jobs/a", "jobs", APPID)


@pytest.mark.parametrize(
    "key", ["jobs/../../open/1", "jobs/./a", "..", "jobs/%2e%2e/%2E%2E/open/1", "jobs/%252e%252e/a"]
)
def test_no_key_leaves_its_folder(key: str) -> None:
    """Clients resolve `..` to another object."""
    assert not [one for one in spellings(key, "jobs", APPID) if ".." in one.split("/") or "." in one.split("/")]


@given(st.text(), st.text(max_size=5), st.text(max_size=5))
def test_any_text_has_spellings(text: str, name: str, appid: str) -> None:
    """Never an exception, never an empty key."""
    assert all(spellings(text, name, appid))


@pytest.mark.parametrize("key", ["jobs/a.json", "in/课 1.jsonl", "a.json"])
def test_a_report_lies_beside_its_jobs_name(key: str) -> None:
    """So that people find it."""
    assert f"{key}.error.json" == report_key(key)


@pytest.mark.parametrize(
    "key",
    [
        "open/1",
        "due/1-a",
        "ask/1-a",
        "tell/1-a",
        "recordings/k1/facts/1",
        "tasks/x",
        "jobs/\x1b[2J\n",
        "jobs/" + "课" * 280,
    ],
)
def test_a_report_lies_among_nothing_else(key: str) -> None:
    """Not among markers or facts, not under a name with control characters, not under one that is too long."""
    assert report_key(key).startswith("jobs/")
    assert report_key(key).isprintable()
    assert len(report_key(key)) < 60
    assert report_key(key) != report_key(key + "2")
