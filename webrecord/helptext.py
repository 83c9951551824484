"""What `--help` says, in the reader's language: the texts of commands and options, and the headings around them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from webrecord.words import is_english, t

HEADINGS = (
    "Usage:",
    "Arguments",
    "Options",
    "Commands",
    "Show this message and exit.",
    "Install completion for the current shell.",
    "Show completion for the current shell, to copy it or customize the installation.",
)
"""What typer says around the texts."""
_EXAMPLE = "Example: webrecord "


def translate(command: Any) -> None:  # noqa: ANN401 (typer's own commands)
    """Put the texts of a command, and of the commands in it, into the reader's language."""
    for name in ("help", "short_help"):
        if text := getattr(command, name, None):
            setattr(command, name, _said(text))
    if epilog := command.epilog:
        rest = epilog.removeprefix(_EXAMPLE)
        command.epilog = _said(epilog) if rest == epilog else t("Example: webrecord {rest}", rest=rest)
    for parameter in command.params:
        if getattr(parameter, "help", None):
            parameter.help = _said(parameter.help)
    command.context_class = _context(command.context_class)
    for inner in getattr(command, "commands", {}).values():
        translate(inner)


def _said(text: str) -> str:
    return t(text.replace("{", "{{").replace("}", "}}"))


def _context(base: Any) -> Any:  # noqa: ANN401 (typer's own classes, which have no public name)
    class Formatter(base.formatter_class):  # type: ignore[misc]
        def write_usage(self, prog: str, args: str = "", prefix: str | None = None) -> None:
            super().write_usage(prog, args, prefix or (f"{t('Usage:')} " if is_english() else t("Usage:")))

        def write_heading(self, heading: str) -> None:
            self.write(f"{'':>{self.current_indent}}{t(heading)}{t(':')}\n")

        def write_dl(self, rows: Sequence[tuple[str, str]], *args: Any, **more: Any) -> None:  # noqa: ANN401
            super().write_dl([(name, _row(text)) for name, text in rows], *args, **more)

    class Context(base):  # type: ignore[misc]
        formatter_class = Formatter

    return Context


def _row(text: str) -> str:
    if text in HEADINGS:
        return t(text)
    before, found, default = text.rpartition("[default: ")
    if found:
        text = before + t("[default: {value}]", value=default.removesuffix("]"))
    return text.replace("[required]", t("[required]"))
