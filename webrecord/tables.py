"""Recordings as people read them: tables and lines made of the API's documents."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from webrecord import films
from webrecord.text import length, local_time, safe, size, zone
from webrecord.words import filled, is_english, said, t

Document = Mapping[str, Any]
_STYLES = {
    "completed": "green",
    "failed": "red",
    "lost": "red",
    "cancelled": "dim",
    "recording": "bold cyan",
    "paused": "yellow",
}


def state_style(state: object) -> str:
    """Return the colour of a state."""
    return _STYLES.get(str(state), "")


def recordings(documents: Sequence[Document]) -> RenderableType:
    """Return the table of a list, one row a recording."""
    table = table_of(t("created ({zone})", zone=zone()), "id", "state", "length", "files", "film", "page", "labels")
    for column in (0, 1, 2, 3):
        table.columns[column].no_wrap = True
    for one in documents:
        table.add_row(
            _text(local_time(one.get("created_ms"))),
            _text(one.get("recording_id")),
            _text(_state(one), state_style(one.get("state"))),
            _text(length(one.get("duration_ms"))),
            _text(len(_items(one, "files"))),
            films.verdict(one),
            _text(one.get("page_url")),
            _text(labels(one)),
        )
    return table


def recording(one: Document) -> RenderableType:
    """Return everything about one recording."""
    facts = Table.grid(padding=(0, 2))
    facts.add_column(no_wrap=True)
    facts.add_column(overflow="fold")
    facts.add_row(t("id"), _text(one.get("recording_id"), "bold"))
    facts.add_row(t("state"), _text(_state(one), state_style(one.get("state"))))
    for name, value in _fields(one):
        if value:
            facts.add_row(name, _text(value))
    parts: list[RenderableType] = [facts]
    if files := _items(one, "files"):
        parts += ["", _files(files)]
    if one.get("film") is not None:
        parts += ["", films.film(one)]
    if gaps := _items(one, "gaps"):
        spans = [(local_time(gap.get("start_ms")), local_time(gap.get("end_ms"))) for gap in gaps]
        lines = ", ".join(t("{begin} to {end}", begin=begin, end=end) for begin, end in spans)
        parts += ["", _text(t("not recorded: {lines}", lines=lines), "yellow")]
    if timeline := _items(one, "timeline"):
        parts += ["", timeline_of(timeline)]
    return Group(*parts)


def timeline_of(entries: Iterable[Document]) -> RenderableType:
    """Return the table of what happened."""
    table = table_of(t("time ({zone})", zone=zone()), "kind", "what")
    for entry in entries:
        table.add_row(*(_text(part) for part in (local_time(entry.get("at_ms")), entry.get("kind"), _happened(entry))))
    return table


def table_of(*columns: str) -> Table:
    """Return an empty table without frames."""
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False)
    for column in columns:
        table.add_column(t(column), overflow="fold")
    return table


def row(table: Table, *values: object, style: str = "") -> None:
    """Add a row of values that came from elsewhere."""
    table.add_row(*(_text(value, style) for value in values))


def labels(one: Document) -> str:
    """Return the labels as they are given on the command line."""
    found = one.get("labels")
    return " ".join(f"{name}={value}" for name, value in found.items()) if isinstance(found, Mapping) else ""


def state_line(one: Document) -> str:
    """Return the state in one line, with its reason."""
    why = f" ({reason(one)})" if one.get("reason") else ""
    return f"{_state(one)}{why}"


def reason(one: Document) -> str:
    """Return why a recording is in its state: by the code, where it says something and the reader's language has it."""
    code, text = str(one.get("reason_code")), str(one.get("reason") or "")
    words = said(f"reason.{code}") if code != "other" else ""
    if not words:
        return text
    part = one.get("state") == "completed" and code != "ended_at_limit"
    again = one.get("state") == "queued" and code.startswith(("page_", "recorder_"))
    return f"{said('reason.partial') if part else said('reason.again') if again else ''}{words}"


def advice(one: Document) -> str:
    """Return what to do, by the code."""
    return said(f"advice.{one.get('advice_code')}", one.get("advice"))


def _state(one: Document) -> str:
    return said(f"state.{one.get('state')}", one.get("state"))


def _happened(entry: Document) -> str:
    """Return what a line of the timeline says: by its code, with what it is about, else in its own words."""
    values = {"said": said(f"state.{entry.get('said')}", entry.get("said"))}
    words = filled(f"event.{entry.get('code')}", values, entry.get("text"))
    why = said(f"reason.{entry.get('reason_code')}")
    return t("{words}: {why}", words=words, why=why) if why else words


def _fields(one: Document) -> list[tuple[str, object]]:
    kept = (
        t("{format} in {storage}", format=one.get("format"), storage=one.get("storage")) if one.get("storage") else None
    )
    billed = t("{minutes} min", minutes=one["billed_minutes"]) if one.get("billed_minutes") is not None else None
    return [
        (t("reason"), reason(one) if one.get("reason") else None),
        (t("original words"), None if is_english() else one.get("reason")),
        (t("code"), one.get("reason_code")),
        (t("advice"), advice(one) if one.get("advice") else None),
        (t("page"), one.get("page_url")),
        (t("stored as"), kept),
        (t("labels"), labels(one)),
        (t("started by"), one.get("source")),
        (t("created"), local_time(one.get("created_ms"))),
        (t("starts"), local_time(one.get("start_at_ms"))),
        (t("stops"), local_time(one.get("stop_at_ms"))),
        (t("began"), local_time(one.get("started_ms"))),
        (t("ended"), local_time(one.get("ended_ms"))),
        (t("length"), length(one.get("duration_ms"))),
        (t("billed"), billed),
        (t("attempts"), one.get("attempts")),
        (t("task"), one.get("task_id")),
        (t("trace"), one.get("trace_id")),
    ]


def _files(files: Sequence[Document]) -> RenderableType:
    table = table_of("file", t("from ({zone})", zone=zone()), "length", "size")
    for file in files:
        span = file.get("duration_ms")
        row(table, file.get("name", ""), local_time(file.get("start_ms")), length(span), size(file.get("size")))
    return table


def _items(one: Document, name: str) -> list[Document]:
    found = one.get(name)
    return [item for item in found if isinstance(item, Mapping)] if isinstance(found, list) else []


def _text(value: object, style: str = "") -> Text:
    return Text("" if value is None else safe(value), style)
