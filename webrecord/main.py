"""`webrecord`: the commands together, and the one place where errors become a line and an exit status."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from webrecord.commands import batch, config, doctor, download, end, read, start
from webrecord.errors import EXIT_STATUSES, INTERRUPTED, CliError, Interrupted, ReaderLeftError
from webrecord.text import safe

_DEFECT = 70
"""Exit status for what should not happen, as in sysexits.h."""
EPILOG = "Exit status: " + "; ".join(f"{status} {meaning}" for status, meaning in EXIT_STATUSES.items()) + "."


class Commands(TyperGroup):
    """Runs a command and exits. Every error is one line on stderr."""

    def main(
        self,
        args: Sequence[str] | None = None,
        prog_name: str | None = None,
        complete_var: str | None = None,
        standalone_mode: bool = True,  # noqa: ARG002 (the base class's signature)
        windows_expand_args: bool = True,
        **extra: Any,  # noqa: ANN401 (the base class's signature)
    ) -> Any:  # noqa: ANN401 (the base class's signature)
        """Run, and exit with the status that the documents name."""
        try:
            status = super().main(
                args,
                prog_name or "webrecord",
                complete_var,
                False,
                windows_expand_args,
                **extra,
            )
            sys.stdout.flush()
        except Interrupted as error:
            status = _say(str(error), INTERRUPTED, "interrupted")
        except CliError as error:
            status = _say(str(error), error.exit_status)
        except typer.TyperException as error:  # the command line itself
            status = _say(f"{error.format_message()} {_help_line(error)}", 2)
        except (KeyboardInterrupt, typer.Abort):
            status = _say("nothing more is done", INTERRUPTED, "interrupted")
        except (BrokenPipeError, ReaderLeftError):  # `webrecord list | head`: the reader has what it wanted
            os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
            status = 0
        except Exception as error:
            if os.environ.get("WEBRECORD_DEBUG"):
                raise
            hint = "WEBRECORD_DEBUG=1 shows where"
            status = _say(f"this should not happen: {type(error).__name__}: {error} ({hint})", _DEFECT)
        sys.exit(status if isinstance(status, int) else 0)


app = typer.Typer(
    cls=Commands,
    help="Record web pages, and know what became of every recording.",
    epilog=EPILOG,
    no_args_is_help=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


@app.callback(invoke_without_command=True)
def _top(
    ctx: typer.Context,
    show_version: Annotated[bool, typer.Option("--version", help="Print the version and exit.", is_eager=True)] = False,
) -> None:
    if show_version:
        typer.echo(f"webrecord {_version()}")
        raise typer.Exit
    if ctx.invoked_subcommand is None:
        typer.echo(ctx.get_help())


for module in (start, read, end, download, batch, doctor, config):
    module.register(app)


def main() -> None:
    """Run the command line; the entry point."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")  # a terminal of another encoding still gets every line
    app()


def _version() -> str:
    try:
        return version("scf-webrecord")
    except PackageNotFoundError:  # run from a checkout that was not installed
        return "of an unknown number; install it to know"


def _say(line: str, status: int, kind: str = "error") -> int:
    typer.echo(f"{kind}: {safe(line)}", err=True)
    return status


def _help_line(error: typer.TyperException) -> str:
    context = getattr(error, "ctx", None)
    return f"See: {context.command_path if context else 'webrecord'} --help"
