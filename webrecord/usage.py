"""What is wrong with a command line, and the line that was meant."""

from __future__ import annotations

import difflib
import re
import shlex
from collections.abc import Mapping, Sequence
from typing import Any, get_args

import typer

NEVER_TYPED = (
    "there is no --token, since others could read it on the command line: "
    "use --token-file FILE, WEBRECORD_TOKEN or `webrecord config set token`"
)
_NO_OPTION = "no such option: "


def usage(error: typer.TyperException, words: Sequence[str], group: Any) -> str:  # noqa: ANN401 (typer's own group)
    """Return one line about a command line that can't be understood, with the nearest one that can."""
    option = str(getattr(error, "option_name", None) or "")
    said = error.format_message()
    context = getattr(error, "ctx", None)
    if said.lower().startswith(_NO_OPTION):
        if option == "--token":
            return NEVER_TYPED
        if context is not None and context.parent is None and (meant := _behind(list(words), group.commands)):
            return f"options go behind the command: {meant}"
        if context is not None and (meant := _valued(option, context.command)):
            said = f"there is no {option}: write {meant}."
    if said.startswith("Usage:"):  # a group without a command
        said = f"which one? {', '.join(getattr(context.command, 'commands', {})) if context else ''}."
    said = _value(error) or said
    path = context.command_path if context is not None else "webrecord"
    return f"{said} See: {path} --help"


def _valued(option: str, command: Any) -> str:  # noqa: ANN401 (typer's own command)
    """Return the option that has this one's name among its values, with it: `--format hls` for `--hls`."""
    for parameter in command.params:
        kind = getattr(getattr(parameter, "type_descriptor", None), "annotation", None)
        if option.lstrip("-") in {value for one in (kind, *get_args(kind)) for value in get_args(one)}:
            return f"{parameter.opts[0]} {option.lstrip('-')}"
    return ""


def _value(error: typer.TyperException) -> str:
    """Return what is wrong with the value of an option or argument; "" where it is something else."""
    parameter, found = getattr(error, "param", None), getattr(error.__cause__, "errors", None)
    if parameter is None or found is None:
        return ""
    wrong = found(include_url=False)[0]
    given, context = str(wrong.get("input", ""))[:40], wrong.get("ctx", {})
    name = next((one for one in parameter.opts if one.startswith("--")), str(parameter.name).upper())
    text = str(context.get("expected") or str(context.get("error", "")).rpartition(" is not one of ")[2])
    choices = re.findall("'([^']*)'", text)
    if choices:
        like = difflib.get_close_matches(given, choices, 1)
        mean = f"; did you mean {like[0]}?" if like else "."
        return f"{name} must be one of {', '.join(choices)}, not {given!r}{mean}"
    kinds = {
        "int": "a whole number",
        "float": "a number",
        "greater": f"at least {context.get('ge', 0):g}",
        "less": f"at most {context.get('le', 0):g}",
        "finite": "a number",
    }
    kind = next((words for start, words in kinds.items() if str(wrong["type"]).startswith(start)), "something else")
    return f"{name} must be {kind}, not {given!r}."


def _behind(words: list[str], commands: Mapping[str, Any]) -> str:
    """Return the command line with its options behind the command; "" where no command knows them all."""
    at = next((number for number, word in enumerate(words) if word in commands), None)
    if at is None:
        return ""
    known = {name for parameter in _leaf(commands[words[at]], words[at + 1 :]).params for name in parameter.opts}
    before = words[:at]
    if not all(word.partition("=")[0] in known for word in before if word.startswith("-")):
        return ""
    return shlex.join(["webrecord", *words[at:], *before])


def _leaf(command: Any, after: Sequence[str]) -> Any:  # noqa: ANN401 (typer's own commands)
    inner = getattr(command, "commands", {})
    return next((inner[word] for word in after if word in inner), command)
