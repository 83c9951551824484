"""What is printed: safe for any terminal, JSON for any parser, times as people and programs want them."""

from __future__ import annotations

import io
import json
import os
import pty
import re
import unicodedata
from datetime import datetime, timezone

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from rich.console import Console

from tests.cli.calls import Cli, patient, said
from tests.cli.scripted import Answer, scripted
from webrecord import films, tables
from webrecord.errors import EXIT_STATUSES, BadUsage
from webrecord.instants import instant
from webrecord.text import length, local_time, safe, size, to_json

NASTY = "[red]x[/] \x1b]0;owned\x07 \x9b2J \u202egnp.exe :smile: \ud800\n\r<b>"


@patient
@example("\u202e\u2066\u200b\ufeff\u2028\x9b\x7f\x00")
@given(st.text(st.characters(exclude_characters="\u200c\u200d")))
def test_safe_text_is_one_line_that_steers_nothing(text: str) -> None:
    """No control, no override of direction, no half of a surrogate, no line break; the rest stays as it is."""
    shown = safe(text)
    assert len(text) == len(shown)
    assert not any(unicodedata.category(char) in ("Cc", "Cf", "Cs", "Zl", "Zp") for char in shown)
    assert shown == safe(shown)


@patient
@given(st.recursive(st.text(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)), st.booleans())
def test_json_is_the_same_to_a_parser_and_harmless_to_a_terminal(value: object, ascii_only: bool) -> None:
    """Escaped, not changed."""
    text = to_json(value, ascii_only=ascii_only)
    assert value == json.loads(text)
    assert not any(unicodedata.category(char) in ("Cc", "Cs") for char in text)
    assert not ascii_only or text.isascii()


nasty = st.text() | st.just(NASTY) | st.integers() | st.none()
documents = st.fixed_dictionaries(
    {},
    optional={
        **dict.fromkeys(("recording_id", "state", "reason", "page_url", "created_ms", "duration_ms", "source"), nasty),
        "labels": st.dictionaries(st.text(), st.text(), max_size=3) | nasty,
        "files": st.lists(st.dictionaries(st.sampled_from(["name", "size", "start_ms"]), nasty), max_size=3) | nasty,
        "gaps": st.lists(st.dictionaries(st.sampled_from(["start_ms", "end_ms"]), nasty), max_size=3) | nasty,
        "film": st.sampled_from(["good", "bad"]) | nasty,
        "film_reason": nasty,
        "film_findings": st.lists(
            st.dictionaries(st.sampled_from(["code", "words", "file"]), nasty | st.just("silent")) | nasty, max_size=3
        )
        | nasty,
        "untold": st.lists(nasty, max_size=2) | nasty,
        "timeline": st.lists(st.dictionaries(st.sampled_from(["at_ms", "kind", "text"]), nasty), max_size=3) | nasty,
    },
)


@patient
@given(documents)
def test_any_document_can_be_shown(document: dict[str, object]) -> None:
    """Whatever the API sends: shown without an error, without a control character, not taken for markup."""
    console = Console(file=io.StringIO(), width=200, markup=False, emoji=False, highlight=False)
    console.print(tables.recording(document))
    console.print(tables.recordings([document]))
    console.print(films.film(document))
    out = console.file
    assert isinstance(out, io.StringIO)
    assert not any(unicodedata.category(char) in ("Cc", "Cs") for char in out.getvalue().replace("\n", ""))


@pytest.mark.usefixtures("home")
def test_a_page_can_not_take_over_the_terminal() -> None:
    """In tables and in errors: markup, emoji names and escape sequences are shown, not obeyed."""
    title = NASTY.replace("\ud800", "")
    recording = {"recording_id": "x", "state": "failed", "reason": title, "page_url": title, "labels": {"a": title}}

    with scripted(
        lambda call: Answer(404, {"detail": title}) if call.path.endswith("y") else Answer(200, recording)
    ) as s:
        cli = Cli({"WEBRECORD_ENDPOINT": s.url})
        for ran in (cli("show", "x"), cli("watch", "x"), cli("show", "y"), cli("show", "x", "--json")):
            said = ran.out + ran.err
            assert "[red]x[/]" in said
            assert ":smile:" in said
            assert not re.search("[\x1b\x07\x9b\u202e\r]", said)


@pytest.mark.process
@pytest.mark.usefixtures("home")
@pytest.mark.parametrize(("more", "coloured"), [({}, True), ({"NO_COLOR": "1"}, False)])
def test_colours_are_for_terminals_that_want_them(more: dict[str, str], coloured: bool) -> None:
    """On a terminal there are some, unless NO_COLOR is set; JSON has none at all."""
    with scripted(lambda _: Answer(200, {"recording_id": "x", "state": "failed"})) as server:
        for arguments, wanted in ((("show", "x"), coloured), (("show", "x", "--json"), False)):
            ours, theirs = pty.openpty()
            env = {"WEBRECORD_ENDPOINT": server.url, "TERM": "xterm-256color", **more}
            with Cli(env).process(*arguments, stdout=theirs) as process:
                os.close(theirs)
                said = b""
                while b"failed" not in said:
                    said += os.read(ours, 65536)
                process.communicate(timeout=300)
            os.close(ours)
            assert wanted == (b"\x1b[31m" in said), said


@pytest.mark.process
@pytest.mark.usefixtures("home")
def test_json_for_an_encoding_that_is_not_utf8() -> None:
    """Still the same document."""
    with scripted(lambda _: Answer(200, {"state": "课程 \U0001f600"})) as server:
        env = {"WEBRECORD_ENDPOINT": server.url, "PYTHONIOENCODING": "latin-1"}
        with Cli(env).process("show", "x", "--json") as process:
            out, err = process.communicate(timeout=300)
    assert (0, "") == (process.returncode, said(err))
    assert {"state": "课程 \U0001f600"} == json.loads(out)


def test_units() -> None:
    """Lengths and sizes as people say them; nonsense is nothing."""
    assert ["0:00:07", "1:01:01", "", ""] == [length(ms) for ms in (7_400, 3_661_000, None, "x")]
    assert ["0 B", "999 B", "1.0 kB", "12.3 MB", "1.5 TB"] == [
        size(n) for n in (0, 999, 1000, 12_345_678, 1_500 * 10**9)
    ]
    assert ("", "") == (local_time(None), local_time(True))
    assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", local_time(1_795_352_379_472))
    assert str(10**20) == local_time(10**20)


NOW = datetime(2026, 1, 31, 10, 0, tzinfo=timezone.utc)


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("2026-01-31T09:00:00+08:00", "2026-01-31T09:00:00+08:00"),
        ("2026-01-31T09:00Z", "2026-01-31T09:00:00Z"),
        ("2026-01-31 09:00:00.5-05:30", "2026-01-31T09:00:00.5-05:30"),
        ("2026-02-01 09:00", "2026-02-01T09:00:00+00:00"),
        ("1795352379", 1795352379),
        ("10:01", "2026-01-31T10:01:00+00:00"),
        ("9:59", "2026-02-01T09:59:00+00:00"),
        ("+90s", "2026-01-31T10:01:30+00:00"),
        ("+2h", "2026-01-31T12:00:00+00:00"),
    ],
)
def test_times_as_people_write_them(text: str, wanted: str | int, monkeypatch: pytest.MonkeyPatch) -> None:
    """They become what the API takes; an hour that is over today is tomorrow's."""
    monkeypatch.setenv("TZ", "UTC")
    assert wanted == instant(text, NOW)


@patient
@given(st.text() | st.from_regex(r"\A[0-9T: +.Z-]{1,30}\Z"), st.booleans())
def test_any_text_is_a_time_or_refused(text: str, fixed: bool) -> None:
    """Never another error; what means another time tomorrow is none where that matters."""
    try:
        got = instant(text, None if fixed else NOW)
    except BadUsage:
        return
    assert isinstance(got, int) or re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)", got)
    assert not (fixed and text.strip().startswith("+"))


def test_help_suffices() -> None:
    """Every command explains itself; the exit statuses are at the end of the first help."""
    cli = Cli({})
    top = " ".join(cli("--help").out.split())
    for status, meaning in EXIT_STATUSES.items():
        assert f"{status} {meaning}" in top
    commands = re.findall(r"^  ([a-z]+)  ", cli("--help").out.partition("Commands:")[2], re.MULTILINE)
    assert {"start", "list", "show", "watch", "stop", "cancel", "delete", "events", "download", "batch"} <= {*commands}
    for command in commands:
        ran = cli(command, "--help")
        assert 0 == ran.status
        assert command in ("config", "init") or "--json" in ran.out
    assert cli("--version").out.startswith("webrecord ")
    assert "Commands:" in cli().out


@pytest.mark.process
@pytest.mark.usefixtures("home")
@pytest.mark.parametrize(
    ("shell", "has"), [("bash", "complete -o"), ("zsh", "#compdef webrecord"), ("fish", "complete")]
)
def test_each_shell_gets_its_completion(shell: str, has: str) -> None:
    """A script on stdout that names the command."""
    cli = Cli({"_WEBRECORD_COMPLETE": f"source_{shell}"})
    if shell == "bash":
        with cli.process() as process:
            out, _ = process.communicate(timeout=300)
    else:
        out = cli().out
    assert has in out
    assert "_WEBRECORD_COMPLETE" in out
