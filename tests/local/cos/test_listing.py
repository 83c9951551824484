"""Listing, as the official SDK sees it."""

from __future__ import annotations

import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local.cos.model import Attributes, Entry
from local.cos.view import ListingView
from local.faults import ListingFault
from tests.local.cos.running import BUCKET, RunningCos, refusal


def _keys(page: dict[str, Any]) -> list[str]:
    return [row["Key"] for row in page.get("Contents", [])]


def test_fields(cos: RunningCos) -> None:
    """A row says what a HEAD says."""
    cos.client.put_object(Bucket=BUCKET, Key="a b/é&<>.txt", Body=b"hello")
    page = cos.client.list_objects(Bucket=BUCKET, Prefix="a b/", Marker="a")
    head = cos.client.head_object(Bucket=BUCKET, Key="a b/é&<>.txt")
    row = page["Contents"][0]
    assert (row["Key"], row["Size"], row["ETag"]) == ("a b/é&<>.txt", "5", head["ETag"])
    assert (page["Name"], page["Prefix"], page["Marker"], page["IsTruncated"]) == (BUCKET, "a b/", "a", "false")
    raw = cos.client.list_objects(Bucket=BUCKET, EncodingType="url")
    assert _keys(raw) == ["a%20b/%C3%A9%26%3C%3E.txt"]


def test_order(cos: RunningCos) -> None:
    """Keys come in the order of their UTF-8 bytes."""
    keys = ["b", "a/1", "A", "é", "\U0001f600", "\uffee", "a!", "a"]
    for key in keys:
        cos.client.put_object(Bucket=BUCKET, Key=key, Body=b"")
    assert _keys(cos.client.list_objects(Bucket=BUCKET)) == sorted(keys, key=str.encode)


@pytest.mark.long
def test_paging(cos: RunningCos) -> None:
    """More than 1000 keys come page by page, each exactly once."""
    keys = [f"n/{number:05d}" for number in range(2345)]
    for key in keys:
        cos.store.put(BUCKET, key, b"")
    pages, marker = [], ""
    while True:
        page = cos.client.list_objects(Bucket=BUCKET, Marker=marker, MaxKeys=5000)
        pages.append(_keys(page))
        if page["IsTruncated"] == "false":
            break
        marker = page["NextMarker"]
    assert [len(page) for page in pages] == [1000, 1000, 345]
    assert [key for page in pages for key in page] == keys


def test_delimiter(cos: RunningCos) -> None:
    """With a delimiter, what lies deeper is folded into common prefixes, also across pages."""
    for key in ["a/1", "a/2", "b", "c/d/1", "c/e", "f"]:
        cos.client.put_object(Bucket=BUCKET, Key=key, Body=b"")
    page = cos.client.list_objects(Bucket=BUCKET, Delimiter="/")
    assert (_keys(page), [row["Prefix"] for row in page["CommonPrefixes"]]) == (["b", "f"], ["a/", "c/"])
    below = cos.client.list_objects(Bucket=BUCKET, Delimiter="/", Prefix="c/")
    assert (_keys(below), [row["Prefix"] for row in below["CommonPrefixes"]]) == (["c/e"], ["c/d/"])
    names, marker = [], ""
    for _ in range(4):
        page = cos.client.list_objects(Bucket=BUCKET, Delimiter="/", MaxKeys=1, Marker=marker)
        names += _keys(page) + [row["Prefix"] for row in page.get("CommonPrefixes", [])]
        marker = page.get("NextMarker", "")
    assert (names, marker) == (["a/", "b", "c/", "f"], "")


@given(
    keys=st.lists(st.text("ab/\U0010ffff", min_size=1, max_size=6), unique=True),
    prefix=st.text("ab/\U0010ffff", max_size=2),
    delimiter=st.sampled_from(["", "/", "b"]),
    limit=st.integers(1, 4),
)
def test_pages_against_a_model(keys: list[str], prefix: str, delimiter: str, limit: int) -> None:
    """Page by page, a listing is what the naive definition gives in one go."""
    view = ListingView(Entry(key, key, 0, "", 0, 0.0, 0, Attributes()) for key in keys)
    expected = set()
    for key in keys:
        if key.startswith(prefix):
            cut = key.find(delimiter, len(prefix)) if delimiter else -1
            expected.add(key if cut < 0 else key[: cut + len(delimiter)])
    actual: list[str] = []
    marker: str | None = ""
    while marker is not None:
        page = view.page(prefix, marker, delimiter, limit)
        names = sorted([entry.key for entry in page.entries] + page.prefixes)
        assert len(names) <= limit
        actual += names
        marker = page.next_marker
    assert actual == sorted(expected)


@pytest.mark.long
def test_large_bucket() -> None:
    """A page of a large bucket costs what a page costs: 400 pages of 100 000 keys take a moment, not minutes."""
    view = ListingView(Entry(f"k/{number:06d}", "", 0, "", 0, 0.0, 0, Attributes()) for number in range(100_000))
    started = time.thread_time()  # of a processor: others may have it, too
    for number in range(400):
        assert len(view.page("k/", f"k/{number * 200:06d}", "", 1000).entries) == 1000
    assert view.page("", "", "/", 1000).prefixes == ["k/"]
    assert time.thread_time() - started < 5


def test_delay(cos: RunningCos) -> None:
    """Listings learn late of new, overwritten and deleted keys; reads by key never do."""
    for key in ("old", "kept"):
        cos.client.put_object(Bucket=BUCKET, Key=key, Body=b"1")
    cos.settings.faults.add(ListingFault(do="late", seconds=0.3))
    started = time.monotonic()
    cos.client.put_object(Bucket=BUCKET, Key="new", Body=b"1")
    cos.client.put_object(Bucket=BUCKET, Key="kept", Body=b"22")
    cos.client.delete_object(Bucket=BUCKET, Key="old")
    early = cos.client.list_objects(Bucket=BUCKET)
    if time.monotonic() - started < 0.3:  # a stalled machine proves nothing
        assert [(row["Key"], row["Size"]) for row in early["Contents"]] == [("kept", "1"), ("old", "1")]
    assert refusal(cos.client.get_object, Bucket=BUCKET, Key="old") == (404, "NoSuchKey")
    assert cos.client.get_object(Bucket=BUCKET, Key="new")["Body"].read() == b"1"
    time.sleep(0.35)
    late = cos.client.list_objects(Bucket=BUCKET)
    assert [(row["Key"], row["Size"]) for row in late["Contents"]] == [("kept", "2"), ("new", "1")]


def test_delay_ends_with_the_rule(cos: RunningCos) -> None:
    """Without the rule everything is listed at once."""
    cos.settings.faults.add(ListingFault(do="late", seconds=60))
    cos.client.put_object(Bucket=BUCKET, Key="k", Body=b"")
    assert _keys(cos.client.list_objects(Bucket=BUCKET)) == []
    cos.settings.faults.clear()
    assert _keys(cos.client.list_objects(Bucket=BUCKET)) == ["k"]


def test_stale(cos: RunningCos) -> None:
    """For its seconds listings stand still, whatever is written; then they show everything."""
    cos.client.put_object(Bucket=BUCKET, Key="before", Body=b"")
    cos.settings.faults.add(ListingFault(do="stale", seconds=0.4))
    started = time.monotonic()
    cos.client.put_object(Bucket=BUCKET, Key="after", Body=b"")
    early = _keys(cos.client.list_objects(Bucket=BUCKET))
    if time.monotonic() - started < 0.4:  # a stalled machine proves nothing
        assert ["before"] == early
    time.sleep(0.45)
    assert ["after", "before"] == _keys(cos.client.list_objects(Bucket=BUCKET))


@pytest.mark.parametrize("params", [{"max-keys": "-1"}, {"max-keys": "x"}, {"encoding-type": "base64"}])
def test_invalid_arguments(shared: RunningCos, params: dict[str, str]) -> None:
    """Parameters without meaning are refused."""
    response = shared.signed("GET", "/", params=params)
    assert (response.status_code, "<Code>InvalidArgument</Code>" in response.text) == (400, True)
