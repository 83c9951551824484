"""Names: nothing collides, nothing leaves its folder, and lists come in the order that is promised."""

from __future__ import annotations

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from shared.domain import ids, keys
from shared.domain.errors import InvalidRequest

DOCUMENTED = "Vfn+FlMTUh1hL0a6kfBUPUsd9FmPLyznAsbd+QFsasqLg5UulUlA9JhYTw15YEYMCxXlfQwtl5cNmrbJqFubDTUp3OGPsU."
any_text = st.text(st.characters(), max_size=40)
task_ids = st.one_of(any_text, st.text("ab+/-.=*~2BFf_", max_size=12))


@given(task_ids, task_ids)
@example("?", "\ud800")
@example("+", "~2B")
@example("", "~none")
@example("a/b", "a~2Fb")
@example("x" * 401, "x" * 402)
def test_task_keys_are_injective(one: str, other: str) -> None:
    """Two tasks share a key only if they are the same task."""
    same = ids.bare_task_id(one) == ids.bare_task_id(other)
    assert same == (ids.task_key_of(one) == ids.task_key_of(other))


@given(st.one_of(task_ids, st.text(min_size=300, max_size=900)))
@example("../../etc")
@example("录" * 300)
@example("")
def test_task_keys_are_path_safe(task_id: str) -> None:
    """A task key is one short path segment, whatever the TaskId holds."""
    key = ids.task_key_of(task_id)
    assert re.fullmatch(r"[A-Za-z0-9_~-]{1,400}", key)


@given(st.one_of(st.text(max_size=40), st.text("ab+/-.=*~2BFf_", max_size=12)).filter(bool))
@example(DOCUMENTED)
def test_a_task_key_names_its_task(task_id: str) -> None:
    """What a start did not store any more is read from the key of its callbacks."""
    assert ids.bare_task_id(task_id) == ids.task_id_of(ids.task_key_of(task_id))


def test_a_key_without_a_task_names_none() -> None:
    """A callback without TaskId, and a TaskId of which the key holds the digest alone."""
    assert [None, None] == [ids.task_id_of(ids.task_key_of(task_id)) for task_id in ("", "x" * 401)]


def test_documented_task_id() -> None:
    """The example TaskId keeps its letters; what a path can't hold is written as its byte."""
    expected = DOCUMENTED.replace("+", "~2B").replace(".", "~2E")
    assert expected == ids.task_key_of(DOCUMENTED)


@pytest.mark.parametrize(
    ("task_id", "expected"),
    [
        (DOCUMENTED + "_StartTimeMs_1664209748180", DOCUMENTED),
        (DOCUMENTED, DOCUMENTED),
        ("a_StartTimeMs_166420974818", "a_StartTimeMs_166420974818"),
        ("a_StartTimeMs_16642097481800", "a_StartTimeMs_16642097481800"),
        ("a_StartTimeMs_1664209748180b", "a_StartTimeMs_1664209748180b"),
        ("a_StartTimeMs_1664209748180\n", "a_StartTimeMs_1664209748180\n"),
        ("a_StartTimeMs_١٢٣٤٥٦٧٨٩٠١٢٣", "a_StartTimeMs_١٢٣٤٥٦٧٨٩٠١٢٣"),
        ("", ""),
    ],
)
def test_start_time_suffix(task_id: str, expected: str) -> None:
    """Only the suffix that event 310 carries is taken off, and both spellings are one task."""
    assert expected == ids.bare_task_id(task_id)
    assert ids.task_key_of(expected) == ids.task_key_of(task_id)


@given(any_text.filter(bool), st.integers(1, 9999))
@example("x" * 26, 9999)
@example("录" * 26, 9999)
@example("123e4567-e89b-12d3-a456-426614174000", 1)
def test_record_ids_fit(key: str, attempt: int) -> None:
    """For any caller's key and 9999 attempts, RecordId is less than 32 bytes of safe characters."""
    recording_id = ids.recording_id_of(key)
    record_id = ids.record_id_of(recording_id, attempt)
    assert re.fullmatch(r"[A-Za-z0-9_-]{1,26}", recording_id)
    assert len(record_id.encode()) < 32
    assert record_id == ids.record_id_of(recording_id, attempt)


@given(st.from_regex(r"[A-Za-z0-9_-]{1,26}", fullmatch=True))
def test_a_short_key_is_the_id(key: str) -> None:
    """A key that fits is the recording's id itself, so that a caller can find it again."""
    assert key == ids.recording_id_of(key)


@given(st.integers(1, 9999), st.integers(1, 9999))
def test_attempts_differ(one: int, other: int) -> None:
    """Another attempt has another RecordId."""
    assert (one == other) == (ids.record_id_of("id", one) == ids.record_id_of("id", other))


@pytest.mark.parametrize("key", ["x" * 27, "a.b", "a b", "录", "a\n", "a/../b", "\ud800"])
def test_a_long_key_is_digested(key: str) -> None:
    """A key that does not fit is named by its digest: always the same, never itself."""
    recording_id = ids.recording_id_of(key)
    assert recording_id == ids.recording_id_of(key)
    assert re.fullmatch(r"[a-z2-7]{26}", recording_id)


def test_digests_know_their_parts() -> None:
    """Parts that only concatenate alike have different digests."""
    assert ids.digest_id("ab", "c") != ids.digest_id("a", "bc")
    assert ids.digest_id("ab", "c") == ids.digest_id("ab", "c")


@pytest.mark.parametrize(
    ("header", "recording_id", "record_id", "expected"),
    [
        (None, None, None, None),
        ("a", None, None, "a"),
        (None, "b", None, "b"),
        (None, None, "c", "c"),
        ("a", "a", "a", "a"),
        ("x" * 255, None, None, "x" * 255),
        ('!"~', None, None, '!"~'),
    ],
)
def test_caller_key(header: str | None, recording_id: str | None, record_id: str | None, expected: str | None) -> None:
    """A recording may be named in three places, as long as they agree."""
    assert expected == ids.caller_key(header, recording_id, record_id)


@pytest.mark.parametrize(
    ("header", "recording_id", "record_id"),
    [
        ("a", "b", None),
        ("a", None, "b"),
        (None, "a", "b"),
        ("a", "a", "b"),
        ("", None, None),
        ("x" * 256, None, None),
        ("a b", None, None),
        ("录", None, None),
        ("a\n", None, None),
    ],
)
def test_caller_key_refused(header: str | None, recording_id: str | None, record_id: str | None) -> None:
    """Different names, or a header that is not 1 to 255 printable ASCII characters, are the caller's error."""
    with pytest.raises(InvalidRequest) as refused:
        ids.caller_key(header, recording_id, record_id)
    assert ["Idempotency-Key"] == [error.path for error in refused.value.errors]


NOON = 1_767_268_800_000  # 2026-01-01T12:00:00Z


@given(st.lists(st.integers(1, 10**13 - 1), unique=True, max_size=20))
def test_newest_first(times: list[int]) -> None:
    """A listing of the index (COS lists by key) shows the newest recording first, whatever the day."""
    listed = sorted(keys.index_key(ms, f"id{ms}") for ms in times)
    assert [f"id{ms}" for ms in sorted(times, reverse=True)] == [key.split("-")[-1] for key in listed]
    assert [keys.recording_named(keys.indexed(key) or "") for key in listed] == [key.split("-")[-1] for key in listed]


def test_entries_of_the_former_index_have_the_same_names() -> None:
    """They lay in a folder for each day, which begins at midnight UTC."""
    assert "days/2026-01-01/" == keys.former_index_key(1_767_225_600_000, "a")[:16]
    assert "days/2025-12-31/" == keys.former_index_key(1_767_225_599_999, "a")[:16]
    assert keys.indexed(keys.index_key(NOON, "a")) == keys.indexed(keys.former_index_key(NOON, "a"))


@given(st.lists(st.integers(0, 10**13 - 1), unique=True, max_size=20))
def test_due_in_order(times: list[int]) -> None:
    """Due markers list in the order in which they are due."""
    assert [keys.due_key(ms, "a") for ms in sorted(times)] == sorted(keys.due_key(ms, "a") for ms in times)


@given(st.integers(0, 10**13 - 1), st.from_regex(r"[A-Za-z0-9_-]{1,26}", fullmatch=True))
def test_markers_are_read_back(at_ms: int, recording_id: str) -> None:
    """A marker's key tells its time and its recording, whatever the id looks like."""
    assert (at_ms, recording_id) == keys.marked(keys.open_key(at_ms, recording_id))
    assert (at_ms, recording_id) == keys.marked(keys.due_key(at_ms, recording_id))


def test_fact_name() -> None:
    """A fact's name never changes, since stored facts carry it; time, kind and body all count."""
    assert "0000000000007-801-ba7816bf8f01cfea" == ids.fact_name(7, "801", b"abc")
    assert 4 == len({ids.fact_name(*parts) for parts in [(7, "a", b""), (8, "a", b""), (7, "b", b""), (7, "a", b"x")]})


def test_layout() -> None:
    """Every object is where the documented layout says."""
    expected = [
        "recordings/r/request.json",
        "recordings/r/recording.json",
        "recordings/r/facts/",
        "tasks/t/facts/",
        "tasks/t/recording.json",
        "open/0000000000005-r",
        "due/0000000000005-r",
    ]
    actual = [
        keys.request_key("r"),
        keys.document_key("r"),
        keys.recording_facts("r"),
        keys.task_facts("t"),
        keys.pointer_key("t"),
        keys.open_key(5, "r"),
        keys.due_key(5, "r"),
    ]
    assert expected == actual
