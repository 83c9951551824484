"""`batch`: start every line of a file in parallel; a second run continues and starts nothing twice."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from datetime import datetime, timezone
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.progress import Progress

from webrecord import tables
from webrecord.api import Api, Patience
from webrecord.batch import Line, past, read
from webrecord.errors import BadUsage, CliError, Interrupted, NotTheApi, RecordingFailed, Refused, ServiceFailed
from webrecord.journal import ACCEPTED, REFUSED, UNAVAILABLE, Journal
from webrecord.session import Session, Zone, command
from webrecord.settings import resolve
from webrecord.text import to_json
from webrecord.words import t
from webrecord.zones import zone_of

Result = dict[str, Any]
_SHOWN = 20
"""Failed lines that the summary names; the results file has all."""


def register(app: typer.Typer) -> None:
    command(app, example="batch lessons.csv --zone Asia/Shanghai --dry-run")(batch)


def batch(
    session: Session,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="CSV with a header, or JSON Lines.")],
    *,
    parallel: Annotated[int, typer.Option("--parallel", "-j", min=1, max=32, help="Number of parallel calls.")] = 4,
    retries: Annotated[
        int, typer.Option("--retries", min=0, max=100, help="Retries of a line while TRTC is busy.")
    ] = 8,
    run: Annotated[
        str, typer.Option("--run", metavar="NAME", help="Record the same lines once more, under this name.")
    ] = "",
    zone: Zone = None,
    late: Annotated[bool, typer.Option("--late", help="Also send lines whose time is past.")] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Read the file and print what would start; send nothing.")
    ] = False,
) -> None:
    """Start one recording for each line of a file. Run it again to continue: nothing starts twice."""
    lines, encoding = read(file, run, zone_of(zone))
    if encoding:
        session.out.note(encoding)
    if not lines:
        session.out.note(t("{file} has no line with a recording", file=file))
    known = Journal.outcomes(file.with_name(f"{file.name}.results.jsonl"))
    left = [line for line in lines if known.get(line.key) != ACCEPTED]
    if not late:
        _check_times(left, file)
    if dry_run:
        _tell_dry_run(session, lines, left)
        return
    stopped = threading.Event()

    def pause(seconds: float) -> None:
        if stopped.wait(seconds):
            raise Interrupted("stopped")

    target = resolve(session.choices, os.environ)
    with (
        Journal(file.with_name(f"{file.name}.results.jsonl")) as journal,
        Api(target, Patience(retries + 1, 3600.0), pause, session.out.waits) as api,
        Progress(console=session.out.notes, disable=not session.out.notes.is_terminal, transient=True) as progress,
    ):
        done = [line for line in lines if journal.is_done(line.key)]
        todo = [line for line in lines if not journal.is_done(line.key)]
        bar = progress.add_task(file.name, total=len(lines), completed=len(done))

        def keep(result: Result) -> None:
            journal.add(result)
            progress.advance(bar)

        fatal = start_all(todo, parallel, lambda line: start_line(api, line), keep, stopped)
        told = summary(lines, {line.key for line in done}, journal)
    session.out.result(told, lambda: _table(told))
    _end(told, fatal, file)


def _check_times(lines: list[Line], file: Path) -> None:
    if found := past(lines, datetime.now(timezone.utc)):
        line, at = found[0]
        numbers = ", ".join(str(one.number) for one, _ in found[:_SHOWN])
        more = t(" and {number} more", number=len(found) - _SHOWN) if len(found) > _SHOWN else ""
        raise BadUsage(
            t(
                "{file}: nothing was started: the times of lines {numbers}{more} are past (line {number}: {at});"
                " correct or remove them, or send them anyway with --late",
                file=file,
                numbers=numbers,
                more=more,
                number=line.number,
                at=at,
            )
        )


def _tell_dry_run(session: Session, lines: list[Line], left: list[Line]) -> None:
    would = [{"line": line.number, "key": line.key, "request": line.body} for line in left if line.problem is None]
    failed = [{"line": line.number, "error": line.problem} for line in left if line.problem is not None]
    table = tables.table_of("line", t("would start"))
    for one in would:
        tables.row(table, one["line"], to_json(one["request"]))
    for wrong in failed:
        tables.row(table, wrong["line"], wrong["error"], style="red")
    done = len(lines) - len(left)
    session.out.result(
        {"lines": len(lines), "accepted_before": done, "would_start": would, "failed": failed}, lambda: table
    )
    session.out.note(
        t(
            "nothing was sent: {count} of {count2} lines would start; {done} started before",
            count=len(would),
            count2=len(lines),
            done=done,
        )
    )
    if failed:
        raise RecordingFailed(t("{count} of {count2} lines are wrong", count=len(failed), count2=len(lines)))


def start_line(api: Api, line: Line) -> Result:
    """Start one line; return what came of it.

    Raises:
        NotAuthorized, Unreachable, NotFound, NotTheApi: no line can be started.
        Interrupted: somebody stopped the batch.
    """
    result: Result = {"line": line.number, "key": line.key, "at_ms": time.time_ns() // 1_000_000}
    if line.problem is not None:
        return {**result, "outcome": REFUSED, "error": line.problem}
    try:
        status, recording = api.start(line.body, line.key, line.typed)
    except Refused as error:
        deleted = t(" (to record the lines of this file once more, give them new keys by --run NAME)")
        return {**result, "outcome": REFUSED, "error": f"{error}{deleted if 'that is deleted' in str(error) else ''}"}
    except NotTheApi:
        raise
    except ServiceFailed as error:
        return {**result, "outcome": UNAVAILABLE, "error": str(error)}
    told = {name: recording.get(name) for name in ("recording_id", "state")}
    return {**result, "outcome": ACCEPTED, "status": status, **told}


def start_all(
    lines: list[Line],
    parallel: int,
    start: Callable[[Line], Result],
    keep: Callable[[Result], None],
    stopped: threading.Event,
) -> CliError | None:
    """Start the lines in parallel; store each result in this thread as it arrives.

    Returns:
        What ended it before every line had its turn; None where nothing did.
    """
    fatal: CliError | None = None
    left = iter(lines)
    open_: set[Future[Result]] = set()
    with ThreadPoolExecutor(parallel) as pool:
        try:
            while True:
                while fatal is None and len(open_) < 2 * parallel and (line := next(left, None)) is not None:
                    with _uninterrupted():
                        open_.add(pool.submit(start, line))
                if not open_:
                    return fatal
                finished, _ = wait(open_, return_when=FIRST_COMPLETED)
                with _uninterrupted():
                    open_ -= finished
                    fatal = _take(finished, keep) or fatal
                if fatal is not None:
                    stopped.set()
        except KeyboardInterrupt:
            stopped.set()
            pool.shutdown(wait=True, cancel_futures=True)
            _take({future for future in open_ if not future.cancelled()}, keep)
            return Interrupted(t("started recordings continue; the same command starts the rest"))


@contextmanager
def _uninterrupted() -> Iterator[None]:
    """Delay a Ctrl-C, so that no call is made without a stored result."""
    came: list[int] = []
    before = signal.signal(signal.SIGINT, lambda number, _: came.append(number))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
    for number in came[:1]:
        signal.raise_signal(number)


def _take(finished: set[Future[Result]], keep: Callable[[Result], None]) -> CliError | None:
    """Keep the results; return what ends the batch, where something does."""
    for future in finished:
        if future.exception() is None:
            keep(future.result())
    failed = [error for future in finished if (error := future.exception()) is not None]
    for error in failed:
        if not isinstance(error, CliError):
            raise error
    # A line that waited for a retry when the batch stopped is Interrupted; that is no reason to stop.
    return next((error for error in failed if isinstance(error, CliError) and not isinstance(error, Interrupted)), None)


def summary(lines: list[Line], before: set[str], journal: Journal) -> Result:
    """Return how many lines ended how, and those that failed."""
    results = [(line, journal.known.get(line.key)) for line in lines]
    counts = Counter(_outcome(line, result, before) for line, result in results)
    bad = (REFUSED, UNAVAILABLE)
    failed = [{**result, "line": line.number} for line, result in results if result and result.get("outcome") in bad]
    names = (ACCEPTED, "accepted_before", REFUSED, UNAVAILABLE, "not_tried")
    numbers = {name: counts.get(name, 0) for name in names}
    return {"lines": len(lines), **numbers, "results": str(journal.path), "failed": failed}


def _outcome(line: Line, result: Result | None, before: set[str]) -> str:
    if line.key in before:
        return "accepted_before"
    return str(result.get("outcome")) if result else "not_tried"


def _table(told: Result) -> Any:  # noqa: ANN401 (what rich prints)
    table = tables.table_of("lines", t("results"))
    for name in (ACCEPTED, "accepted_before", REFUSED, UNAVAILABLE, "not_tried"):
        if told[name]:
            tables.row(table, told[name], name.replace("_", " "), style="red" if name == REFUSED else "")
    for one in told["failed"][:_SHOWN]:
        tables.row(table, t("line {line}", line=one["line"]), one.get("error"))
    if len(told["failed"]) > _SHOWN:
        tables.row(
            table, "…", t("{number} more in {results}", number=len(told["failed"]) - _SHOWN, results=told["results"])
        )
    return table


def _end(told: Result, fatal: CliError | None, file: Path) -> None:
    if fatal is not None:
        raise fatal
    if told[REFUSED]:
        raise RecordingFailed(
            t(
                "{told} of {lines} lines failed for good; fix them in {file}",
                told=told[REFUSED],
                lines=told["lines"],
                file=file,
            )
        )
    if told[UNAVAILABLE]:
        raise ServiceFailed(
            t(
                "{told} of {lines} lines found the service busy; run the command again",
                told=told[UNAVAILABLE],
                lines=told["lines"],
            )
        )
