"""`webrecord`: the commands together, and the one place where errors become a line and an exit status."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from webrecord import early, helptext, streams
from webrecord import words as tongue
from webrecord.errors import EXIT_STATUSES, INTERRUPTED, CliError, Interrupted, ReaderLeftError
from webrecord.text import safe
from webrecord.usage import refuse_empty, usage
from webrecord.words import t

COMMANDS: Mapping[str, Sequence[str]] = {
    "start": ("start", "schedule"),
    "read": ("list", "show", "watch", "events"),
    "end": ("stop", "cancel", "delete"),
    "download": ("download",),
    "inspect": ("inspect",),
    "batch": ("batch",),
    "check": ("check",),
    "doctor": ("doctor",),
    "config": ("config",),
    "deploy": ("deploy",),
    "init": ("init",),
}
"""The modules, in the order of `--help`, each with the commands that it registers."""
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
        words = [_whole(word) for word in (sys.argv[1:] if args is None else args)]
        tongue.speak("en" if "--json" in words else tongue.language(os.environ, sys.stderr.encoding or "ascii"))
        if not tongue.is_english():
            helptext.translate(self)
        try:
            refuse_empty(words)
            status = super().main(
                words,
                prog_name or "webrecord",
                complete_var,
                False,
                windows_expand_args,
                **extra,
            )
            _raise_unheard(status)
            sys.stdout.flush()
        except Interrupted as error:
            status = _say(str(error), INTERRUPTED, t("interrupted"))
        except CliError as error:
            status = _say(str(error), error.exit_status)
        except typer.TyperException as error:  # the command line itself
            status = _say(usage(error, words, self), 2)
        except (KeyboardInterrupt, typer.Abort):
            status = _say(t("nothing more is done"), INTERRUPTED, t("interrupted"))
        except (BrokenPipeError, ReaderLeftError):  # `webrecord list | head`: the reader has what it wanted
            status = 0
        except OSError as error:  # of a file, a folder, a full disk: the environment's, not a defect
            where = f"{error.filename}: " if error.filename else t("the output can't be written: ")
            status = _say(f"{where}{error.strerror or error}", 2)
        except Exception as error:
            if os.environ.get("WEBRECORD_DEBUG"):
                raise
            said = f"{type(error).__name__}: {error}"
            status = _say(t("this should not happen: {said} (WEBRECORD_DEBUG=1 shows where)", said=said), _DEFECT)
        streams.flush()
        sys.exit(status if isinstance(status, int) else 0)


app = typer.Typer(
    cls=Commands,
    help="Record web pages, and show how each recording ended.",
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


def modules(words: Sequence[str]) -> list[str]:
    """Return the modules that a command line needs: its command's alone, all of them where no command comes first."""
    return [module for module, commands in COMMANDS.items() if words[:1] and words[0] in commands] or list(COMMANDS)


for name in modules(sys.argv[1:] if early.is_command() else ()):  # one loads in two thirds of the time of all
    import_module(f"webrecord.commands.{name}").register(app)


def main() -> None:
    """Run the command line; the entry point."""
    early.look_for_garbage()
    streams.open_closed()
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")  # a terminal of another encoding still gets every line
    if signal.getsignal(signal.SIGINT) in (signal.default_int_handler, early.end):  # it is ignored behind nohup … &
        signal.signal(signal.SIGINT, _interrupt)
    try:
        app()
    except KeyboardInterrupt:  # before the command began, or behind its end
        sys.exit(_say(t("nothing more is done"), INTERRUPTED, t("interrupted")))
    finally:
        if signal.getsignal(signal.SIGINT) is _interrupt:
            signal.signal(signal.SIGINT, _end_at_once)  # Python's own end would print where it was


def _interrupt(*_: object) -> None:
    signal.signal(signal.SIGINT, _end_at_once)
    raise KeyboardInterrupt


def _end_at_once(*_: object) -> None:
    """End at the second Ctrl-C, whatever is still waited for."""
    with suppress(OSError):
        line = t("interrupted: started recordings continue; `webrecord list` shows it, `webrecord stop ID` ends it")
        os.write(2, f"{line}\n".encode(sys.stderr.encoding or "ascii", "backslashreplace"))
    os._exit(INTERRUPTED)


def _raise_unheard(status: object) -> None:
    """Raise the KeyboardInterrupt again of which the library makes a status, where no command heard it."""
    if status == INTERRUPTED:
        raise KeyboardInterrupt


def _version() -> str:
    try:
        return version("scf-webrecord")
    except PackageNotFoundError:  # run from a checkout that was not installed
        return t("of an unknown version; install it to see the version")


def _say(line: str, status: int, kind: str | None = None) -> int:
    with suppress(OSError):
        typer.echo(t("{kind}: {line}", kind=kind or t("error"), line=safe(line)), err=True)
    return status


def _whole(word: str) -> str:
    """Return a word of the command line as it was typed: UTF-8, also where the locale says ASCII."""
    try:
        return os.fsencode(word).decode("utf-8")
    except UnicodeError:
        return word
