"""What the groups of commands share."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any, get_args

import typer
from rich.console import Console
from rich.markup import escape
from typer.core import TyperCommand, TyperGroup

from local.client import ClientError
from local.early import STOPPED


def folder(named: str | Path) -> Path:
    """Return the folder; an empty name, as of a variable that is not set, would mean the current one."""
    if not str(named).strip():
        raise typer.BadParameter("the name is empty; name a folder, or leave the option out")
    return Path(named)


def existing(state_dir: Path) -> Path:
    """Return the folder of a local cloud that has run; raise ClientError where there is none, and make none."""
    if not state_dir.is_dir():
        raise ClientError(f"no local cloud has run in {state_dir}: there is no such folder; name one by --state-dir")
    return state_dir


StateDir = Annotated[Path, typer.Option(parser=folder, metavar="FOLDER", help="Folder of objects, keys and logs.")]


class Commands(TyperGroup):
    """Ends at Ctrl-C in one line, where the command does not say more; without a word where its reader left."""

    def invoke(self, ctx: Any) -> Any:  # noqa: ANN401 (typer's own context)
        try:
            return super().invoke(ctx)
        except typer.BadParameter as error:
            error.message = _said(error)
            raise
        except KeyboardInterrupt:
            print(STOPPED, file=sys.stderr)
            raise typer.Exit(130) from None
        except BrokenPipeError:  # `… | head`: the reader has what it wanted; typer would end with 1
            os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
            raise typer.Exit(0) from None


def _said(error: typer.BadParameter) -> str:
    """Return what is wrong with an option's value, in words of ours where the validator's would be shown."""
    if (errors := getattr(error.__cause__, "errors", None)) is None:
        return str(error.message)
    wrong = errors(include_url=False)[0]
    context = wrong.get("ctx", {})
    allowed = context.get("expected") or str(context.get("error", "")).rpartition(" is not one of ")[2].rstrip(".")
    ends = {"greater": f"at least {context.get('ge', 0):g}", "less": f"at most {context.get('le', 0):g}"}
    kinds = {"int": "a whole number", "float": "a number", "finite": "a number", **ends}
    kind = next((words for start, words in kinds.items() if str(wrong["type"]).startswith(start)), "something else")
    return f"must be {f'one of {allowed}' if allowed else kind}, not {str(wrong.get('input', ''))[:40]!r}"


class Valued(TyperCommand):
    """A command that answers `--hls` with the option that has such a value: `--format hls`."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:  # noqa: ANN401 (typer's own context)
        try:
            return super().parse_args(ctx, args)
        except typer.TyperException as error:
            value = str(getattr(error, "option_name", "")).lstrip("-")
            for parameter in self.params:
                kind = getattr(getattr(parameter, "type_descriptor", None), "annotation", None)
                if value in get_args(kind):
                    raise typer.BadParameter(
                        f"there is no --{value}: write {parameter.opts[0]} {value}", ctx=ctx
                    ) from None
            raise


@contextmanager
def mistakes_are_lines() -> Iterator[Console]:
    """End with status 2 and one line, where the local cloud or a file says no."""
    console = Console(stderr=True, soft_wrap=True)
    try:
        yield console
    except ClientError as error:
        console.print(f"[red]error:[/red] {escape(str(error))}", highlight=False)
        raise typer.Exit(2) from error


@contextmanager
def ends_like_ctrl_c() -> Iterator[None]:
    """Release browser, folder and partial file at every kind of end, as after a Ctrl-C."""
    numbers = [number for name in ("SIGTERM", "SIGHUP") if (number := getattr(signal, name, None))]
    numbers = [number for number in numbers if signal.getsignal(number) is not signal.SIG_IGN]  # as behind nohup
    before = [(number, signal.signal(number, signal.default_int_handler)) for number in numbers]
    try:
        yield
    finally:
        for number, handler in before:
            signal.signal(number, handler)
