"""`python -m local faults`: what goes wrong on purpose in a running local cloud."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer
from pydantic import ValidationError
from rich.console import Console
from rich.table import Table

from local.client import Client, ClientError
from local.commands.common import StateDir, mistakes_are_lines
from local.config import STATE_DIR
from local.faults import FaultFile
from local.faults.model import mistakes
from local.regular import why_not
from local.running import running_cloud
from local.waiting import waiting

app = typer.Typer(no_args_is_help=True, help="Inject faults into the running local cloud.")


def read_file(path: Path) -> FaultFile:
    """Read a faults file.

    Raises:
        ClientError: it can't be read, or one of its rules is none.
    """
    if why := why_not(path):
        raise ClientError(f"{path}: {why}")
    try:
        return FaultFile.model_validate_json(path.read_bytes())
    except OSError as error:
        raise ClientError(f"{path}: {error.strerror}") from error
    except ValidationError as error:
        raise ClientError(f"{path}: {mistakes(error)}") from error


@app.command()
def add(
    on: Annotated[str, typer.Argument(help="callback, trtc, scf, cam, cls, sts, cos, listing or browser")],
    do: Annotated[str, typer.Argument(help="drop, delay, duplicate, reorder | fail, hang, lose, delay | stale, late | "
                                           "crash")],
    types: Annotated[list[int] | None, typer.Option("--type", help="Event type of callbacks; may be repeated.")] = None,
    task: Annotated[str | None, typer.Option(help="Glob of the TaskId, of callbacks and browsers.")] = None,
    action: Annotated[str | None, typer.Option(help="Glob of the action of an API.")] = None,
    method: Annotated[str | None, typer.Option(help="HTTP method of COS calls.")] = None,
    key: Annotated[str | None, typer.Option(help="Glob of the object's key, or of a listing's prefix.")] = None,
    code: Annotated[str | None, typer.Option(help="Error code of fail.")] = None,
    status: Annotated[int | None, typer.Option(help="HTTP status of a COS code that is not documented.")] = None,
    seconds: Annotated[float | None, typer.Option(help="Seconds of a delay or hang, or before a crash.")] = None,
    nth: Annotated[int | None, typer.Option(help="Skip the calls before the n-th; alone: strike only it.")] = None,
    count: Annotated[int | None, typer.Option(help="Strike at most this many calls.")] = None,
    share: Annotated[float | None, typer.Option(help="Strike each call with this probability, 0 to 1.")] = None,
    state_dir: StateDir = STATE_DIR,
) -> None:  # fmt: skip
    """Add one rule: `faults add trtc fail --action StartWebRecord --code InternalError --nth 2`."""
    given: dict[str, Any] = {
        "types": types, "task": task, "action": action, "method": method, "key": key, "code": code, "status": status,
        "seconds": seconds, "nth": nth, "count": count, "share": share,
    }  # fmt: skip
    rule = {"on": on, "do": do} | {name: value for name, value in given.items() if value is not None}
    with mistakes_are_lines():
        try:
            FaultFile.model_validate({"faults": [rule]})
        except ValidationError as error:
            raise ClientError(mistakes(error).replace("faults.0.", "")) from error
        with _asked(state_dir) as client:
            print(*client.add_faults({"faults": [rule]}))


@app.command()
def load(
    file: Annotated[Path, typer.Argument(help="A faults file, as `up --faults` takes it.")],
    state_dir: StateDir = STATE_DIR,
) -> None:
    """Add all rules of a faults file."""
    with _asked(state_dir) as client:
        print(*client.add_faults(read_file(file).model_dump(mode="json", exclude_none=True)))


@app.command("list")
def show(
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
    state_dir: StateDir = STATE_DIR,
) -> None:
    """List the rules, and how many calls each matched and struck."""
    with _asked(state_dir) as client:
        rules = client.faults()
    if as_json:
        print(json.dumps(rules, ensure_ascii=False, indent=2))
        return
    table = Table("name", "on", "do", "which", "matched", "struck", box=None, pad_edge=False)
    for rule in rules:
        fault = rule["fault"]
        which = ", ".join(f"{name}={_text(value)}" for name, value in fault.items() if name not in ("on", "do"))
        table.add_row(rule["name"], fault["on"], fault["do"], which, str(rule["fitting"]), str(rule["struck"]))
    Console(soft_wrap=True).print(table)


@app.command()
def clear(
    names: Annotated[list[str] | None, typer.Argument(help="Names of rules. Default: all.")] = None,
    state_dir: StateDir = STATE_DIR,
) -> None:
    """Remove rules."""
    with _asked(state_dir) as client:
        print(f"{len(client.clear_faults(names or []))} cleared")


@contextmanager
def _asked(state_dir: Path) -> Iterator[Client]:
    wait = "waiting for the local cloud …"
    with mistakes_are_lines() as console, running_cloud(state_dir) as client, waiting(console, wait):
        yield client


def _text(value: object) -> str:
    return "|".join(map(str, value)) if isinstance(value, list) else str(value)
