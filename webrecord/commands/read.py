"""`list`, `show`, `watch` and `events`: what became of recordings."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timezone
from enum import Enum
from typing import Annotated, Any

import typer

from webrecord import tables
from webrecord.api import FINAL
from webrecord.body import label_filter
from webrecord.errors import CliError, Interrupted
from webrecord.instants import Span
from webrecord.session import Session, Zone, command
from webrecord.text import clock, local_time, to_json, zone
from webrecord.watching import Deadline, changes, check_ended_well, goes_on, still
from webrecord.words import t
from webrecord.zones import zone_of

_SHOWN = 500
"""Characters of a cursor that a line has; JSON has it whole."""
Id = Annotated[str, typer.Argument(metavar="ID", help="The recording's id.")]


class State(str, Enum):
    """The states that a list may be asked for."""

    SCHEDULED = "scheduled"
    QUEUED = "queued"
    STARTING = "starting"
    RECORDING = "recording"
    PAUSED = "paused"
    STOPPING = "stopping"
    UPLOADING = "uploading"
    COMPLETED = "completed"
    FAILED = "failed"
    LOST = "lost"
    CANCELLED = "cancelled"


class Film(str, Enum):
    """The verdicts that a list may be asked for."""

    GOOD = "good"
    SUSPECT = "suspect"
    BAD = "bad"
    UNCHECKED = "unchecked"


def register(app: typer.Typer) -> None:
    command(app, "list", example="list --state failed --from yesterday")(list_recordings)
    command(app, example="show lesson-4711 --json")(show)
    command(app, example="watch lesson-4711 --timeout 3600")(watch)
    command(app, example="events lesson-4711 --json")(events)


def list_recordings(
    session: Session,
    *,
    state: Annotated[
        list[State] | None, typer.Option("--state", help="Only recordings in this state; may be repeated.")
    ] = None,
    film: Annotated[
        list[Film] | None, typer.Option("--film", help="Only films with this verdict; may be repeated.")
    ] = None,
    since: Annotated[
        str | None, typer.Option("--from", metavar="DAY", help="First day: 2026-01-31, yesterday, monday.")
    ] = None,
    to: Annotated[str | None, typer.Option("--to", metavar="DAY", help="Last day.")] = None,
    zone: Zone = None,
    label: Annotated[
        list[str] | None,
        typer.Option(
            "--label",
            "-l",
            metavar="NAME[=VALUE]",
            help="Only recordings with this label; may be repeated, all must match.",
        ),
    ] = None,
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, help="List at most this many.")] = 50,
    everything: Annotated[bool, typer.Option("--all", help="List all, up to 50,000, regardless of --limit.")] = False,
    cursor: Annotated[str | None, typer.Option("--cursor", help="Continue a list from its next_cursor.")] = None,
) -> None:
    """List recordings, newest first. Default: the last 31 days."""
    labels = [label_filter(one) for one in label or []]
    span = Span.of(since, to, datetime.now(timezone.utc), zone_of(zone))
    given = (("state", ",".join(one.value for one in state or [])), *span.utc_days())
    verdicts = ",".join(one.value for one in film or [])
    filters = [(name, value) for name, value in (*given, ("film", verdicts), ("label", ",".join(labels))) if value]
    found: list[dict[str, Any]] = []
    more = None
    with session.out.working(t("reading the list …")) as working:
        for page in session.api.pages(filters, None if everything else limit, cursor, span.holds):
            found += page.get("recordings", [])
            more = page.get("next_cursor")
            working(t("reading the list … {count}", count=len(found)))
    listed = {"recordings": found, **({"next_cursor": more} if more else {})}
    session.out.result(listed, lambda: tables.recordings(found))
    if more and (everything or len(found) < limit):
        raise _cut(t("{count} recordings: `--cursor {cursor}` lists on", count=len(found), cursor=str(more)[:_SHOWN]))
    if not session.out.as_json and (more or not found):
        session.out.note(t("there may be more: --all, or a larger --limit") if more else t("no recordings"))


def _cut(what: str) -> CliError:
    """Return what ends a list that the server has more of than one command reads."""
    return CliError(t("the list is cut after {what}", what=what))


def show(session: Session, recording_id: Id) -> None:
    """Show everything about one recording."""
    recording, _ = session.api.get(recording_id)
    session.out.result(recording, lambda: tables.recording(recording))


def watch(
    session: Session,
    recording_id: Id,
    *,
    timeout: Annotated[float | None, typer.Option("--timeout", min=1, help="Watch at most this many seconds.")] = None,
) -> None:
    """Show each state of a recording until it is final. With --json, print one line of JSON for each change."""
    deadline = Deadline(timeout)
    state, recording = None, {}
    try:
        with session.out.working(recording_id, told=True):
            for recording in changes(session.api, recording_id, deadline):
                if session.out.as_json or recording.get("state") != state:
                    state = recording.get("state")
                    line = f"{clock()}  {tables.state_line(recording)}"
                    session.out.row(recording, line, tables.state_style(state))
    except KeyboardInterrupt:
        raise Interrupted(f"{recording_id}: {goes_on(session, recording_id, state)}") from None
    if recording.get("state") not in FINAL:
        raise still(session, recording_id, recording.get("state"), deadline)
    check_ended_well(recording)


def events(session: Session, recording_id: Id) -> None:
    """Show the callbacks about a recording, as TRTC sent them."""
    document = session.api.events(recording_id)
    table = tables.table_of(t("received ({zone})", zone=zone()), "type", "event")
    rows = document.get("events", [])
    for event in rows:
        body = event.get("body")
        told = body if isinstance(body, Mapping) else {}
        shown = to_json(told.get("EventInfo", body))
        tables.row(table, local_time(event.get("received_ms")), told.get("EventType"), shown)
    session.out.result(document, lambda: table)
    if document.get("next_after"):
        raise _cut(
            t(
                "{count} events: the API lists on, `?after={after}`",
                count=len(rows),
                after=str(document["next_after"])[:_SHOWN],
            )
        )
