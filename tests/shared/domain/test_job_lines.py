"""What a job object holds, decided by its content."""

from __future__ import annotations

import gzip
import json
import tracemalloc
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.errors import MalformedJson, TooLarge
from shared.domain.job_lines import MAX_JOB_LINES, read_job
from tests.anything import json_values

ONE = {"RecordUrl": "https://example.com/课?a=1,2"}
LINE = json.dumps(ONE, ensure_ascii=False)
BROKEN = LINE[:-1]
ANYTHING = json_values(st.none() | st.text(), st.text())


def read(text: str, encoding: str = "utf-8") -> list[tuple[int, bool]]:
    """Return the number of each document, and whether it is the one that was meant."""
    return [(number, is_one(document)) for number, document in read_job(text.encode(encoding))]


def is_one(document: bytes) -> bool:
    try:
        return bool(json.loads(document) == ONE)
    except (ValueError, RecursionError):
        return False


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r", "\n\n", "\n  \t\n", ",\n", " , \r\n"])
def test_lines_in_any_encoding_with_any_ends(encoding: str, end: str) -> None:
    """A byte order mark or none, two bytes a character, empty lines, commas: three lines are three."""
    numbers = [number for number, fine in read(f"{LINE}{end}{LINE}{end}{LINE}{end}", encoding) if fine]
    assert 3 == len(numbers) == len(set(numbers))


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32-be"])
@pytest.mark.parametrize("indent", [None, 0, 2, "\t"])
def test_one_document_is_number_nought(encoding: str, indent: int | str | None) -> None:
    """Pretty or not, with an empty line behind it, or a comma."""
    assert [(0, True)] == read(json.dumps(ONE, indent=indent), encoding)
    assert [(0, True)] == read(json.dumps(ONE, indent=indent) + "\r\n\r\n", encoding)
    assert [(0, True)] == read(json.dumps(ONE) + ",", encoding)


@pytest.mark.parametrize(
    "bad", ["{bad", BROKEN, "nope", "[" * 100_000, '{"a":' * 100_000, "9" * 5_000, "1", "null", "]"]
)
@pytest.mark.parametrize("at", [1, 2, 3])
def test_a_bad_line_stands_for_itself(bad: str, at: int) -> None:
    """First, middle or last: the others are read, and it is there with its number."""
    lines = [LINE, LINE]
    lines.insert(at - 1, bad)
    assert [(number, number != at) for number in (1, 2, 3)] == read("\n".join(lines))


@pytest.mark.parametrize(
    "lines", [["{bad", "{worse"], ["1", "2"], ["{}", "{}"], ["{bad", '{"RecordURL": "https://a.example.com"}']]
)
def test_lines_that_are_all_bad_are_lines(lines: list[str]) -> None:
    """Each is reported by itself."""
    assert [1, 2] == [number for number, _ in read("\n".join(lines))]


@pytest.mark.parametrize(
    "text", ["", " ", "{", "nope", "[]", "{}", "3", '{\n "RecordUrl": "https://example.com/",\n "Labels": {"a": "b"\n}']
)
def test_what_is_no_lines_is_one_document(text: str) -> None:
    """Also a pretty one that is broken: one report about it."""
    assert [0] == [number for number, _ in read(text)]


def test_a_pretty_document_that_is_broken_is_not_taken_for_lines() -> None:
    """Objects inside of it have lines of their own."""
    relays = [{"PublishCdnUrl": "rtmp://a/b", "IsTencentCdn": 0}] * 2
    text = '{\n "RecordUrl": "https://example.com/",\n "PublishCdnParams": [\n  ' + ",\n  ".join(
        map(json.dumps, relays)
    )
    assert [0] == [number for number, _ in read(text)]


def test_a_list_is_many() -> None:
    """Numbered by place, on one line or on several."""
    assert [(1, True), (2, True)] == read(json.dumps([ONE, ONE])) == read(f"[\n{LINE},\n{LINE}\n]")
    assert [(2, True), (3, True)] == [row for row in read(f"[\n{LINE},\n{LINE},\n]") if row[1]]


def test_a_damaged_line_of_utf_16_is_bad_alone() -> None:
    """Half a character makes its line no JSON, and no page with another address."""
    body = f"{LINE}\n".encode("utf-16-le") + f"{LINE}\n".replace("课", "X").encode("utf-16-le").replace(
        b"X\0", b"\0\xdc"
    )
    assert [True, False] == [is_one(document) for _, document in read_job(b"\xff\xfe" + body)]
    assert [True, True] == [is_one(document) for _, document in read_job(f"{LINE}\n{LINE}\n".encode("utf-16") + b"\0")][
        :2
    ]


def test_what_is_compressed_says_so() -> None:
    """Not "not JSON at character 1"."""
    with pytest.raises(MalformedJson, match="gzip"):
        read_job(gzip.compress(LINE.encode()))


@pytest.mark.parametrize(
    "body", [b"{}\n" * (MAX_JOB_LINES + 1), b"[" + b"{}," * MAX_JOB_LINES + b"{}]", b" " * 6_000_001]
)
def test_too_much_is_refused_whole(body: bytes) -> None:
    """A limit that is said beats a function that times out half-way."""
    with pytest.raises(TooLarge):
        read_job(body)


@given(
    st.one_of(
        st.binary(max_size=60),
        st.lists(st.sampled_from([LINE, BROKEN, "", "[", "]", ",", "{"])).map("\n".join).map(str.encode),
    )
)
def test_any_bytes_are_documents(body: bytes) -> None:
    """Never an exception; every document once."""
    try:
        found = read_job(body)
    except MalformedJson:
        assert body.startswith(b"\x1f\x8b")
        return
    assert found
    assert len({number for number, _ in found}) == len(found)


@pytest.mark.parametrize(
    "body",
    [
        b"1\n" * 3_000_000,
        b"1\r\n" * 2_000_000,
        b" 1\r" * 2_000_000,
        b"\n" * 6_000_000,
        b"  \r\n" * 1_500_000,
        b"[" + b"1000," * 1_199_990 + b"1]",
        b"[[" + b"1000," * 1_199_990 + b"1]]",
        b'{"a": [' + b"1000," * 1_199_990 + b"1]}",
        b"[" + b'"ab",' * 1_199_990 + b"1]\n{}",
        b"\xff\n" * 3_000_000,
        b'\\"' * 3_000_000,
    ],
    ids=lambda body: f"{body[:12]!r}",
)
def test_megabytes_of_whatever_take_little_memory(body: bytes) -> None:
    """Lines, blanks, numbers, words, fields: a function of 256 MB reads them, or says that they are too many."""
    tracemalloc.start()
    try:
        with suppress(TooLarge):
            assert {number for number, _ in read_job(body)} <= {0, 1, 2}
        assert tracemalloc.get_traced_memory()[1] < 30_000_000
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("ends", ["}", "]"])
def test_lines_between_brackets_that_are_no_list_are_lines(ends: str) -> None:
    """A comma is missing, a quote is odd, the last bracket is another's: each good line is taken by itself."""
    lines = [LINE] * 2_000
    for first in ("[", "{", '{"a": "x}', "[[", '["'):
        assert [True] * 2_000 == [fine for _, fine in read("\n".join([first, *lines, ends])) if fine]


@given(st.lists(ANYTHING))
def test_a_list_of_anything_is_its_elements(values: list[Any]) -> None:
    """Whatever brackets, commas, quotes and line ends its texts hold."""
    for text in (json.dumps(values), json.dumps(values, indent=1, ensure_ascii=False)):
        found = read_job(text.encode())
        assert [(n, each) for n, each in enumerate(values, 1)] == [
            (number, json.loads(one)) for number, one in found
        ] or (not values and [0] == [number for number, _ in found])


@pytest.mark.parametrize("piece", [b'{"":0},', b"[[0]],", b"{}\n"])
def test_megabytes_of_small_objects_are_refused_before_they_are_parsed(piece: bytes) -> None:
    """Parsed they take 30 times their bytes: a function of 256 MB would be gone without a report."""
    body = b"[" + piece * (5_900_000 // len(piece))
    tracemalloc.start()
    try:
        with pytest.raises(TooLarge, match="400000"):
            read_job(body)
        assert tracemalloc.get_traced_memory()[1] < 10_000_000
    finally:
        tracemalloc.stop()
