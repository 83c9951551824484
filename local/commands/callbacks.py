"""`python -m local callbacks`: what became of every callback, and sending one again."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from local.callbacks.log import FILE_NAME, Delivery, DeliveryLog, matches
from local.client import ClientError
from local.commands.common import StateDir, existing, folder, mistakes_are_lines
from local.config import STATE_DIR
from local.running import cloud_in
from local.waiting import waiting

app = typer.Typer(help="Show the callbacks of a running or past local cloud, or send them again.")

FOLLOW_S = 0.2
_ROW = "{:<23} {:<8} {:>4}  {:<12} {:>3}  {:<12} {:<24} {:>7}  {}"


@app.callback(invoke_without_command=True)
def show(
    context: typer.Context,
    task: Annotated[str, typer.Option(help="Only callbacks of TaskIds with this beginning.")] = "",
    types: Annotated[list[int] | None, typer.Option("--type", help="Only this event type; may be repeated.")] = None,
    failed: Annotated[bool, typer.Option("--failed", help="Only callbacks that did not arrive.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON lines, with EventInfo.")] = False,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Print new callbacks until Ctrl-C.")] = False,
    state_dir: StateDir = STATE_DIR,
) -> None:
    """Show every attempt to deliver a callback."""
    if context.invoked_subcommand is not None:
        context.obj = state_dir  # `callbacks --state-dir X resend` and `callbacks resend --state-dir X` are one
        return
    if not follow:
        with mistakes_are_lines():
            existing(state_dir)
    if not as_json:
        print(_ROW.format("time", "id", "type", "task", "try", "outcome", "detail", "ms", "payload").rstrip())
    with suppress(KeyboardInterrupt), mistakes_are_lines():  # Ctrl-C is the way to end --follow
        for delivery in _lines(DeliveryLog(state_dir / FILE_NAME), follow=follow):
            if matches(delivery, task=task, types=types or (), failed=failed):
                print(json.dumps(asdict(delivery), ensure_ascii=False) if as_json else _row(delivery), flush=True)


@app.command()
def resend(
    context: typer.Context,
    ids: Annotated[list[str] | None, typer.Argument(help="Ids from the log, or their first characters.")] = None,
    task: Annotated[str, typer.Option(help="All callbacks of TaskIds with this beginning.")] = "",
    failed: Annotated[
        bool, typer.Option("--failed", help="All callbacks that never arrived and are not retried any more.")
    ] = False,
    own_state_dir: Annotated[
        Path | None,
        typer.Option("--state-dir", parser=folder, metavar="FOLDER", help="Folder of objects, keys and logs."),
    ] = None,
) -> None:
    """Send callbacks again with the same EventInfo; start a local cloud if none is up."""
    with mistakes_are_lines() as console:
        if not (ids or task or failed):
            raise ClientError("name the callbacks: ids from the log, --task or --failed")
        state_dir = existing(own_state_dir or context.obj)
        with cloud_in(state_dir, console) as client:
            with waiting(console, "sending callbacks again …"):
                sent = client.resend({"ids": ids or [], "task": task, "failed": failed})
            _say(console, sent, DeliveryLog(state_dir / FILE_NAME))


def _lines(log: DeliveryLog, *, follow: bool) -> Iterator[Delivery]:
    offset = 0
    while True:
        try:
            found, offset = log.read_from(offset)
        except OSError as error:
            raise ClientError(f"{log.path}: {error.strerror or error}") from None
        yield from found
        if not follow:
            return
        time.sleep(FOLLOW_S)


def _row(delivery: Delivery) -> str:
    when = datetime.fromtimestamp(delivery.time_ms / 1000).astimezone().isoformat(" ", "milliseconds")[:23]
    payload = json.dumps(delivery.event_info.get("Payload", {}), ensure_ascii=False)
    return _ROW.format(
        when, delivery.message_id[:8], delivery.event_type, delivery.task_id[:12], delivery.attempt,
        delivery.outcome, delivery.detail[:24], delivery.elapsed_ms, payload,
    )  # fmt: skip


def _say(console: Console, sent: dict[str, str], log: DeliveryLog, wait_s: float = 15.0) -> None:
    """Show the first attempts of what was sent again."""
    left: set[str] = set(sent.values())
    until = time.monotonic() + wait_s
    with waiting(console, "waiting for what their receiver answers …"):
        while left and time.monotonic() < until:
            time.sleep(FOLLOW_S)
            for delivery in _of(log.read(), left):
                left.discard(delivery.message_id)
                print(_row(delivery))
    console.print(f"{len(sent)} sent again", highlight=False)


def _of(deliveries: Iterable[Delivery], ids: set[str]) -> list[Delivery]:
    return [delivery for delivery in deliveries if delivery.message_id in ids]
