"""Sections as tables on a terminal, and as docs/performance.md."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from rich import markup
from rich import table as rich_table
from rich.console import Console

from bench.result import Section, Table

NOTES = Path(__file__).with_name("notes.md")
TITLES = {
    "cold": "the first call of a new instance",
    "warm": "a call in a running instance",
    "latency": "how long a caller waits",
    "wakes": "how soon a wake starts and notifies",
    "callbacks": "a recording with many callbacks",
    "tick": "one run of the timer",
    "film": "the check of a long film",
    "recorder": "the local recorder beside others",
}
"""What each section measures, as its heading says it behind the name that `python -m bench` takes."""


def show(section: Section, console: Console) -> None:
    """Print a section."""
    for table in section.tables:
        made = rich_table.Table(title=table.title, title_justify="left")
        for number, column in enumerate(table.columns):
            made.add_column(column, justify="right" if number else "left")
        for row in table.rows:
            made.add_row(*row)
        console.print(made)
    for target in section.targets:
        colour = {True: "green", False: "red", None: "yellow"}[target.met]
        console.print(f"[{colour}]{target.verdict}[/]: {markup.escape(target.what)}: {target.measured}")
    for line in section.skipped:
        console.print(f"[bold yellow]SKIPPED: {markup.escape(line)}[/]")


def document(
    sections: Sequence[Section], machine: Mapping[str, str], date: str, command: str, notes: str | None = None
) -> str:
    """Return docs/performance.md.

    Args:
        sections: what was measured.
        machine: what it was measured on.
        date: when, ISO.
        command: what the reader types to repeat it.
        notes: Markdown, for each section what remains and why, below its name as a heading; bench/notes.md.
    """
    said = _notes(NOTES.read_text() if notes is None else notes)
    lines = ["# Performance", "", said.get("", ""), "", f"Written by `{command}` on {date}; not edited by hand.", ""]
    lines += ["| measured on | |", "|---|---|", *(f"| {name} | {value} |" for name, value in machine.items()), ""]
    targets = [target for section in sections for target in section.targets]
    met = sum(target.met is True for target in targets)
    lines += [f"{met} of {len(targets)} targets were met.", ""]
    for section in sections:
        lines += [f"## {section.name}: {TITLES[section.name]}", section.how, ""]
        for table in section.tables:
            lines += [f"**{table.title}**", "", *_markdown(table), ""]
        if section.targets:
            rows: list[tuple[str, ...]] = [(target.what, target.measured, target.verdict) for target in section.targets]
            lines += [*_markdown(Table("", ("target", "measured", "verdict"), rows)), ""]
        lines += [f"**Skipped**: {line}." for line in section.skipped] + [""] * bool(section.skipped)
        if said.get(section.name):
            lines += [said[section.name], ""]
    return "\n".join(lines).rstrip() + "\n"


def _markdown(table: Table) -> list[str]:
    rule = "|".join("---" if number == 0 else "---:" for number in range(len(table.columns)))
    rows = [table.columns, *table.rows]
    cells = ["| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |" for row in rows]
    return [cells[0], f"|{rule}|", *cells[1:]]


def _notes(text: str) -> dict[str, str]:
    parts = re.split(r"^## (\w+)\n", text, flags=re.MULTILINE)
    named = dict(zip(parts[1::2], parts[2::2], strict=True))
    return {"": parts[0].strip(), **{name: body.strip() for name, body in named.items()}}
