"""What is wrong with a command line, and the line that was meant."""

from __future__ import annotations

import difflib
import re
import shlex
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any, get_args

import typer

from webrecord.errors import BadUsage
from webrecord.words import is_english, t

NEVER_TYPED = (
    "there is no --token, since others could read it on the command line: "
    "use --token-file FILE, WEBRECORD_TOKEN or `webrecord config set token`"
)
_NO_OPTION = "no such option: "
_TYPER = (
    (r"Missing (?:argument|option|parameter):? '?(.+?)'?\.?", "{name} is missing."),
    (r"No such command '(.+?)'.*", "there is no command {name}."),
    (r"No such option:? '?(\S+?)'?[ .].*|No such option:? '?\S+", "there is no such option: {name}."),
    (r"Got unexpected extra arguments?(?:\(s\))? \((.+)\)\.?", "unexpected argument: {name}."),
    (r"Option '?(.+?)'? requires an argument\.?", "{name} needs a value."),
)
"""What typer says in English alone, and the sentence that stands for it."""


def usage(error: typer.TyperException, words: Sequence[str], group: Any) -> str:  # noqa: ANN401 (typer's own group)
    """Return one line about a command line that can't be understood, with the nearest one that can."""
    option = str(getattr(error, "option_name", None) or "")
    said = error.format_message()
    context = getattr(error, "ctx", None)
    if said.lower().startswith(_NO_OPTION):
        if option == "--token":
            return t(NEVER_TYPED)
        if context is not None and context.parent is None and (meant := _behind(list(words), group.commands)):
            return t("options go behind the command: {meant}", meant=meant)
        if context is not None and (meant := _valued(option, context.command)):
            said = t("there is no {option}: write {meant}.", option=option, meant=meant)
    if said.startswith("Usage:"):  # a group without a command
        names = ", ".join(getattr(context.command, "commands", {})) if context else ""
        said = t("the command is missing: {names}.", names=names)
    said = _value(error) or _own(said)
    path = context.command_path if context is not None else "webrecord"
    return t("{said} See: {path} --help", said=said, path=path)


def refuse_empty(words: Sequence[str]) -> None:
    """Raise BadUsage for an option whose value is empty, as of a variable that is not set.

    `--profile ""` would be the default profile, and `--output ""` this folder.
    """
    for before, word in pairwise(["", *words]):
        if before == "--":
            return
        option = before if word == "" and before.startswith("-") else word if re.fullmatch("--[^=]+=", word) else ""
        if option:
            raise BadUsage(t("nothing stands behind {option}: is a variable unset?", option=option.rstrip("=")))


def _own(said: str) -> str:
    """Return what typer says, in the reader's language as far as it is known."""
    for pattern, sentence in _TYPER:
        if not is_english() and (found := re.fullmatch(pattern, said, re.IGNORECASE)):
            return t(sentence, name=found[1])
    return said


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
        mean = t("; did you mean {like}?", like=like[0]) if like else "."
        return t(
            "{name} must be one of {choices}, not {given!r}{mean}",
            name=name,
            choices=", ".join(choices),
            given=given,
            mean=mean,
        )
    kinds = {
        "int": t("a whole number"),
        "float": t("a number"),
        "greater": t("at least {limit:g}", limit=context.get("ge", 0)),
        "less": t("at most {limit:g}", limit=context.get("le", 0)),
        "finite": t("a number"),
    }
    kind = next((words for start, words in kinds.items() if str(wrong["type"]).startswith(start)), t("something else"))
    return t("{name} must be {kind}, not {given!r}.", name=name, kind=kind, given=given)


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
