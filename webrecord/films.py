"""What the film check says, as people read it: findings in words, and what to do about each."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from webrecord.seen import told
from webrecord.text import safe
from webrecord.words import said, t

STYLES = {"good": "green", "suspect": "yellow", "bad": "red", "unchecked": "dim"}
FIELDS = ("film", "film_reason", "film_findings")
ADVICE = {
    "unplayable": "ask TRTC's support at once, with the TaskId; a local copy may be incomplete: download it again",
    "empty": "ask TRTC's support at once, with the TaskId; `webrecord show ID` has the timeline",
    "shorter": "`webrecord show ID` has gaps and the timeline; a local copy may be incomplete: download it again",
    "no_sound_track": "does the page play sound? run `webrecord check URL`",
    "silent": "does the page play without a click, and unmuted? run `webrecord check URL`",
    "silent_stretch": "was the room muted then?",
    "still": "watch the film: the page may show a login or an error; run `webrecord check URL`",
    "blank": "the page did not draw: run `webrecord check URL`",
    "gap": "`webrecord show ID` has the timeline",
}
"""Advice by a finding's code. For an unknown code of a later release only its words are shown."""
_NONE = "it was not checked: it is not final yet, or an earlier release recorded it"


def verdict(one: Mapping[str, Any]) -> Text:
    """Return the verdict alone; empty where there is none."""
    found = one.get("film")
    return Text("" if found is None else safe(said(f"film.{found}", found)), STYLES.get(str(found), ""))


def film(one: Mapping[str, Any]) -> RenderableType:
    """Return the verdict, its reason, and the findings with what to do."""
    line = verdict(one)
    if reason := one.get("film_reason") or ("" if line else t(_NONE)):
        line = Text.assemble(line or Text(t("unchecked"), "dim"), f"{t(': ')}{safe(told(str(reason)))}")
    parts: list[RenderableType] = [Text.assemble(t("film: "), line)]
    table = Table.grid(padding=(0, 2))
    for folds in (False, True):
        table.add_column(no_wrap=not folds, overflow="fold")
    listed = one.get("film_findings")
    for finding in listed if isinstance(listed, list) else []:
        if isinstance(finding, Mapping):
            code, file = finding.get("code"), finding.get("file")
            where = f"{safe(file)}: " if file and file != one.get("file") else ""
            table.add_row(
                Text(safe(code), "bold"), Text(f"{where}{safe(said(f'film.{code}', finding.get('words', '')))}")
            )
            if advice := ADVICE.get(str(code)) and said(f"film.{code}.do", ADVICE[str(code)]):
                table.add_row("", Text(f"→ {advice}"))
    if table.row_count:
        parts.append(table)
    untold = one.get("untold")
    if isinstance(untold, list) and untold:
        parts.append(
            Text(
                t("could not be determined: {names}", names=safe(t(", ").join(told(str(one)) for one in untold))), "dim"
            )
        )
    return Group(*parts)
