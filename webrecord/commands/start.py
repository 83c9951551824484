"""`start` and `schedule`: start a recording, and wait for its end on request."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import datetime, tzinfo
from pathlib import Path
from typing import Annotated, Any, Literal, NoReturn

import typer
from ulid import ULID

from webrecord import body as bodies
from webrecord import tables
from webrecord.api import FINAL
from webrecord.errors import BadUsage, CliError, Interrupted, TimedOut
from webrecord.instants import at_of, instant
from webrecord.replies import Document
from webrecord.session import Session, Zone, command
from webrecord.watching import WHOLE_S, Deadline, changes, check_ended_well, until_final
from webrecord.words import t
from webrecord.zones import zone_of

Url = Annotated[str, typer.Argument(metavar="URL", help="The page's address.")]
Key = Annotated[
    str | None, typer.Option("--key", help="Idempotency-Key: the same key never records twice. Default: a new key.")
]
Labels = Annotated[list[str] | None, typer.Option("--label", "-l", metavar="NAME=VALUE", help="May be repeated.")]
Format = Annotated[Literal["mp4", "hls"] | None, typer.Option("--format", help="Format of the files. Default: mp4.")]
Storage = Annotated[
    Literal["cos", "vod"] | None, typer.Option("--storage", help="Where the files are stored. Default: cos.")
]
Width = Annotated[int | None, typer.Option("--width", help="Size of the picture, in pixels.")]
Height = Annotated[int | None, typer.Option("--height", help="Size of the picture, in pixels.")]
Until = Annotated[str | None, typer.Option("--until", metavar="TIME", help="When the service stops it.")]
BodyFile = Annotated[
    Path | None,
    typer.Option(
        "--json-body", metavar="FILE", help="A file with the request as JSON; - is stdin. Options override it."
    ),
]
LIMIT, MOST_S = "MaxDurationLimit", 86_400
"""When TRTC ends a recording at the latest, and the most that it takes, seconds."""
UNSAID_S, STOP_S = 36_000, 120
"""The limit of a request that says none, and how long a stop may take."""
WHEN = "2026-01-31T09:00:00+08:00, 09:00 (here), +10m, or epoch seconds"


def register(app: typer.Typer) -> None:
    command(app, example="start https://example.com --seconds 60 --wait")(start)
    command(app, example='schedule https://example.com --at "2026-01-31 09:00" --until "2026-01-31 10:30"')(schedule)


def start(
    session: Session,
    url: Annotated[
        str | None, typer.Argument(metavar="URL", help="The page's address; may be in --json-body instead.")
    ] = None,
    *,
    wait: Annotated[bool, typer.Option("--wait", help="Wait until its files are ready.")] = False,
    seconds: Annotated[
        float | None,
        typer.Option("--seconds", min=1, max=MOST_S, help="Wait, and stop it when this many seconds are recorded."),
    ] = None,
    timeout: Annotated[float | None, typer.Option("--timeout", min=1, help="Wait at most this many seconds.")] = None,
    key: Key = None,
    label: Labels = None,
    format: Format = None,  # noqa: A002 (the option's name)
    storage: Storage = None,
    width: Width = None,
    height: Height = None,
    at: Annotated[str | None, typer.Option("--at", metavar="TIME", help=f"When to start: {WHEN}.")] = None,
    until: Until = None,
    zone: Zone = None,
    json_body: BodyFile = None,
) -> None:
    """Start recording a page."""
    given = {"url": url, "format": format, "storage": storage, "width": width, "height": height}
    request = build(json_body, label or [], {**given, "at": at, "until": until}, zone_of(zone))
    typed = _typed(given, at, until, label)
    if seconds is not None and seconds + STOP_S > UNSAID_S and bodies.spelled(request, LIMIT) not in request:
        request[LIMIT], typed[LIMIT] = min(math.ceil(seconds) + STOP_S, MOST_S), "--seconds"
    if timeout is not None and not (wait or seconds is not None):
        raise BadUsage(t("--timeout needs --wait or --seconds; without them the command does not wait"))
    stay = Deadline(timeout or WHOLE_S) if wait or seconds is not None else None
    recording = run(session, request, key_for(request, key), stay, seconds, wait=wait, typed=typed)
    session.out.result(recording, lambda: tables.recording(recording))
    if recording.get("state") in FINAL:
        check_ended_well(recording)


def schedule(
    session: Session,
    url: Url,
    *,
    at: Annotated[str, typer.Option("--at", metavar="TIME", help=WHEN)],
    until: Until = None,
    zone: Zone = None,
    key: Key = None,
    label: Labels = None,
    format: Format = None,  # noqa: A002 (the option's name)
    storage: Storage = None,
    width: Width = None,
    height: Height = None,
) -> None:
    """Record a page later."""
    given = {"url": url, "format": format, "storage": storage, "width": width, "height": height}
    request = build(None, label or [], {**given, "at": at, "until": until}, zone_of(zone))
    recording = run(
        session, request, key_for(request, key), None, None, wait=False, typed=_typed(given, at, until, label)
    )
    session.out.result(recording, lambda: tables.recording(recording))


def build(json_body: Path | None, labels: list[str], given: dict[str, Any], zone: tzinfo | None) -> bodies.Body:
    """Return the request that file and options make.

    Raises:
        BadUsage: there is no page, or a time or label is wrong.
    """
    request = bodies.read_body(json_body) if json_body else {}
    now, begin = datetime.now(), None  # noqa: DTZ005 (this machine's clock, unless a zone is named)
    for name, value in given.items():
        if value is None:
            continue
        if name in ("at", "until"):
            value = instant(value, now, zone, begin)  # noqa: PLW2901 (as the API takes it)
            begin = at_of(value)
        bodies.put(request, bodies.SHORT.get(name, (name,)), value)
    bodies.add_labels(request, labels)
    if bodies.spelled(request, "RecordUrl") not in request:
        raise BadUsage(t("which page? give its URL, or --json-body with RecordUrl"))
    return request


def _typed(given: Mapping[str, Any], at: str | None, until: str | None, label: list[str] | None) -> dict[str, str]:
    """Return the options that were given, by the API's fields; every label has the same one."""
    names = [name for name, value in {**given, "at": at, "until": until}.items() if value is not None]
    options = bodies.typed("URL" if name == "url" else f"--{name}" for name in names)
    return {**options, **({"Labels": "--label"} if label else {})}


def key_for(request: bodies.Body, key: str | None) -> str:
    """Return the Idempotency-Key: as given, else the body's own id, else a new one, ordered by time.

    Raises:
        BadUsage: it does not fit into a header.
    """
    named = (request.get(bodies.spelled(request, name)) for name in ("RecordingId", "RecordId"))
    own = next((name for name in named if isinstance(name, str) and name), None)
    chosen = key if key is not None else own or str(ULID())
    if not chosen or not all("!" <= char <= "~" for char in chosen) or len(chosen) > 255:
        raise BadUsage(t("a key is 1 to 255 ASCII characters without spaces"))
    return chosen


def run(
    session: Session,
    request: bodies.Body,
    key: str,
    stay: Deadline | None,
    seconds: float | None,
    *,
    wait: bool,
    typed: Mapping[str, str],
) -> Document:
    """Start, and stay as long as is asked for; return the recording as it then is.

    Raises:
        Interrupted: by Ctrl-C; the recording goes on.
    """
    recording_id, known = key, False
    try:
        _, recording = session.api.start(request, key, typed)
        recording_id, known = str(recording.get("recording_id")), True
        if stay is None:
            return recording
        until = t("its files are ready") if wait else t("it recorded for {seconds:g} s", seconds=seconds)
        session.out.note(
            t(
                "{recording_id} is {state}: waiting until {until}, at most {stay}",
                recording_id=recording_id,
                state=recording.get("state"),
                until=until,
                stay=stay,
            )
        )
        with session.out.working(f"{recording_id} {recording.get('state')}", told=True) as working:

            def seen(now: Document) -> None:
                line = f"{recording_id} {tables.state_line(now)}"
                working(line)
                session.out.note(line, tables.state_style(now.get("state")))

            if seconds is not None:
                recording = record_for(session, recording_id, seconds, stay, seen)
            if wait:
                recording = until_final(session, recording_id, stay, seen)
    except KeyboardInterrupt:
        what = (
            t("the recording {recording_id} continues", recording_id=recording_id)
            if known
            else t("the recording {recording_id} may have begun", recording_id=recording_id)
        )
        stops, shows = session.again("stop", recording_id), session.again("watch", recording_id)
        raise Interrupted(
            t("{what}; `{stops}` ends it, `{shows}` shows it", what=what, stops=stops, shows=shows)
        ) from None
    return recording


def record_for(session: Session, recording_id: str, seconds: float, stay: Deadline, seen: Any) -> Document:  # noqa: ANN401
    """Wait until it records, let it record so long, and stop it.

    Raises:
        TimedOut: the deadline came first. It is stopped all the same: nobody else would.
    """
    recording: Document = {}
    for recording in changes(session.api, recording_id, stay):
        seen(recording)
        if recording.get("state") not in ("scheduled", "queued", "starting"):
            break
    else:
        _stop_late(session, recording_id, t("was still {state} after {stay}", state=recording.get("state"), stay=stay))
    short = stay.left_s < seconds
    for recording in changes(session.api, recording_id, Deadline(min(seconds, stay.left_s))):
        if recording.get("state") not in ("recording", "paused", "queued", "starting"):
            return recording
    if short:
        _stop_late(
            session, recording_id, t("had not recorded for {seconds:g} s after {stay}", seconds=seconds, stay=stay)
        )
    return session.api.stop(recording_id)


def _stop_late(session: Session, recording_id: str, why: str) -> NoReturn:
    stops, shows = session.again("stop", recording_id), session.again("watch", recording_id)
    try:
        session.api.stop(recording_id)
    except CliError as error:
        raise TimedOut(
            t(
                "{recording_id} {why}, and could not be stopped ({error}): `{stops}` ends it",
                recording_id=recording_id,
                why=why,
                error=error,
                stops=stops,
            )
        ) from None
    raise TimedOut(
        t(
            "{recording_id} {why}, so it was stopped, as `{stops}` does; `{shows}` shows its end",
            recording_id=recording_id,
            why=why,
            stops=stops,
            shows=shows,
        )
    )
