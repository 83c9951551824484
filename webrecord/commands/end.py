"""`stop`, `cancel` and `delete`."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from webrecord import tables
from webrecord.api import FINAL, WAITING
from webrecord.commands.read import Id
from webrecord.errors import BadUsage, CliError, Interrupted, Refused
from webrecord.replies import Document
from webrecord.session import Session, command
from webrecord.text import safe
from webrecord.watching import UPLOAD_S, Deadline, check_ended_well, until_final
from webrecord.words import t


def register(app: typer.Typer) -> None:
    command(app, example="stop lesson-4711 --wait")(stop)
    command(app, example="cancel lesson-4711")(cancel)
    command(app, example="delete lesson-4711 --files --yes")(delete)


def stop(
    session: Session,
    recording_id: Id,
    *,
    wait: Annotated[bool, typer.Option("--wait", help="Wait until its files are ready.")] = False,
    timeout: Annotated[float | None, typer.Option("--timeout", min=1, help="Wait at most this many seconds.")] = None,
) -> None:
    """Stop a recording. Its files come later."""
    recording = ended(session, recording_id)
    if wait and recording.get("state") not in FINAL:
        limit = Deadline(timeout or UPLOAD_S)
        session.out.note(
            t(
                "{recording_id} is {state}: waiting for its files, at most {limit}",
                recording_id=recording_id,
                state=recording.get("state"),
                limit=limit,
            )
        )
        try:
            with session.out.working(f"{recording_id} {recording.get('state')}", told=True):
                recording = until_final(session, recording_id, limit)
        except KeyboardInterrupt:
            shows = session.again("watch", recording_id)
            raise Interrupted(
                t(
                    "{recording_id} is stopped; TRTC is uploading its files: `{shows}` shows them",
                    recording_id=recording_id,
                    shows=shows,
                )
            ) from None
    session.out.result(recording, lambda: tables.recording(recording))
    if wait:
        check_ended_well(recording)


def cancel(session: Session, recording_id: Id) -> None:
    """Cancel a scheduled or queued recording. A recording that has begun continues."""
    recording, _ = session.api.get(recording_id)
    if recording.get("state") not in WAITING:
        state = recording.get("state")
        what = (
            t("it has ended") if state in FINAL else t("`{again}` ends it", again=session.again("stop", recording_id))
        )
        raise Refused(
            t(
                "{recording_id} is {state}, so there is nothing to cancel; {what}",
                recording_id=recording_id,
                state=state,
                what=what,
            )
        )
    # A stop, not a DELETE: should it begin and end this very moment, a DELETE would remove what it recorded.
    recording = ended(session, recording_id)
    session.out.result(recording, lambda: tables.recording(recording))


def ended(session: Session, recording_id: str) -> Document:
    """Stop or cancel a recording; return it as `show` has it, with files, sizes and advice."""
    stopped = session.api.stop(recording_id)
    try:
        return session.api.get(recording_id)[0]
    except CliError:  # it is stopped all the same
        return stopped


def delete(
    session: Session,
    recording_id: Id,
    *,
    files: Annotated[bool, typer.Option("--files", help="Delete its files, too. This can't be undone.")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
) -> None:
    """Delete a final recording, or cancel one that waits to start. Files stay without --files."""
    if not yes:
        if not sys.stdin.isatty():
            raise BadUsage(t("there is no terminal to ask; add --yes to delete"))
        what = (
            t("{recording_id} with its files", recording_id=recording_id)
            if files
            else t("{recording_id}, not its files", recording_id=recording_id)
        )
        typer.confirm(t("Delete {what}?", what=what), abort=True, err=True)
    outcome = t("cancelled") if session.api.delete(recording_id, files=files) == 202 else t("deleted")
    session.out.result({"recording_id": recording_id, "outcome": outcome}, lambda: f"{safe(recording_id)} {outcome}")
