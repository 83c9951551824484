"""Recordings as people read them: tables and lines made of the API's documents."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from webrecord import films
from webrecord.text import length, local_time, safe, size, zone

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
    table = table_of(f"created ({zone()})", "id", "state", "length", "files", "film", "page", "labels")
    for column in (0, 1, 2, 3):
        table.columns[column].no_wrap = True
    for one in documents:
        table.add_row(
            _text(local_time(one.get("created_ms"))),
            _text(one.get("recording_id")),
            _text(one.get("state"), state_style(one.get("state"))),
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
    facts.add_row("id", _text(one.get("recording_id"), "bold"))
    facts.add_row("state", _text(one.get("state"), state_style(one.get("state"))))
    for name, value in _fields(one):
        if value:
            facts.add_row(name, _text(value))
    parts: list[RenderableType] = [facts]
    if files := _items(one, "files"):
        parts += ["", _files(files)]
    if one.get("film") is not None:
        parts += ["", films.film(one)]
    if gaps := _items(one, "gaps"):
        lines = [f"{local_time(gap.get('start_ms'))} to {local_time(gap.get('end_ms'))}" for gap in gaps]
        parts += ["", _text("not recorded: " + ", ".join(lines), "yellow")]
    if timeline := _items(one, "timeline"):
        parts += ["", timeline_of(timeline)]
    return Group(*parts)


def timeline_of(entries: Iterable[Document]) -> RenderableType:
    """Return the table of what happened."""
    table = table_of(f"time ({zone()})", "kind", "what")
    for entry in entries:
        table.add_row(*(_text(part) for part in (local_time(entry.get("at_ms")), entry.get("kind"), entry.get("text"))))
    return table


def table_of(*columns: str) -> Table:
    """Return an empty table without frames."""
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False)
    for column in columns:
        table.add_column(column, overflow="fold")
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
    why = f" ({one['reason']})" if one.get("reason") else ""
    return f"{one.get('state')}{why}"


def _fields(one: Document) -> list[tuple[str, object]]:
    return [
        ("reason", one.get("reason")),
        ("code", one.get("reason_code")),
        ("advice", one.get("advice")),
        ("page", one.get("page_url")),
        ("kept as", f"{one.get('format')} in {one.get('storage')}" if one.get("storage") else None),
        ("labels", labels(one)),
        ("asked by", one.get("source")),
        *((name, local_time(one.get(key))) for name, key in _TIMES.items()),
        ("length", length(one.get("duration_ms"))),
        ("billed", f"{one['billed_minutes']} min" if one.get("billed_minutes") is not None else None),
        ("attempts", one.get("attempts")),
        ("task", one.get("task_id")),
        ("trace", one.get("trace_id")),
    ]


_TIMES = {
    "created": "created_ms",
    "starts": "start_at_ms",
    "stops": "stop_at_ms",
    "began": "started_ms",
    "ended": "ended_ms",
}


def _files(files: Sequence[Document]) -> RenderableType:
    table = table_of("file", f"from ({zone()})", "length", "size")
    for file in files:
        span = file.get("duration_ms")
        row(table, file.get("name", ""), local_time(file.get("start_ms")), length(span), size(file.get("size")))
    return table


def _items(one: Document, name: str) -> list[Document]:
    found = one.get(name)
    return [item for item in found if isinstance(item, Mapping)] if isinstance(found, list) else []


def _text(value: object, style: str = "") -> Text:
    return Text("" if value is None else safe(value), style)
