"""`config`: the file with the profiles."""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path
from typing import Annotated, Literal

import tomlkit
import typer

from webrecord import tables
from webrecord.errors import BadUsage
from webrecord.session import Session, command
from webrecord.settings import (
    PROFILE,
    PROFILE_FIELDS,
    check_endpoint,
    check_profile,
    check_token,
    config_path,
    read_config,
    resolve,
)
from webrecord.words import t


def register(app: typer.Typer) -> None:
    group = typer.Typer(help=t("Manage saved endpoints and tokens."), rich_markup_mode=None, no_args_is_help=True)
    command(group, "set", example="config set endpoint https://… --profile prod")(set_value)
    command(group)(show)
    command(group)(path)
    app.add_typer(group, name="config")


def set_value(
    session: Session,
    name: Annotated[Literal["endpoint", "token", "token_file", "default"], typer.Argument(help="What to set.")],
    value: Annotated[str | None, typer.Argument(help="The value. A token is read from a prompt or from stdin.")] = None,
) -> None:
    """Set a value of a profile (--profile NAME), or which profile is the default."""
    file = config_path(os.environ)
    document = read_config(file)
    profile = session.choices.profile or os.environ.get(PROFILE) or str(document.get("default", "default"))
    if name == "token":
        if value is not None:
            raise BadUsage(
                t("other users can see a token on the command line; leave it out, and the command asks for it")
            )
        value = check_token(_secret(), t("the input"))
    if not value:
        raise BadUsage(t("the value is missing; write: webrecord config set {name} VALUE", name=name))
    if name == "token_file" and not value.startswith("~"):
        value = str(Path(value).absolute())  # a call may be made in another folder
    if name == "default":
        check_profile(value, document.get("profiles", {}), file)
        document["default"] = value
    else:
        profiles = document.setdefault("profiles", tomlkit.table(is_super_table=True))
        fields = profiles.setdefault(profile, tomlkit.table())
        fields[name] = check_endpoint(value) if name == "endpoint" else value
    _write(file, tomlkit.dumps(document))
    what = (
        t("default = {value}", value=value)
        if name == "default"
        else t("{name} of {profile} is set", name=name, profile=profile)
    )
    session.out.result({"path": str(file), "set": name}, lambda: t("{what} in {file}", what=what, file=file))


def show(session: Session) -> None:
    """Show the profiles, and which endpoint and token a call would use. Tokens are never printed."""
    file = config_path(os.environ)
    document = read_config(file)
    profiles = {name: _hidden(dict(fields)) for name, fields in document.get("profiles", {}).items()}
    try:
        target = resolve(session.choices, os.environ)
        used = {"endpoint": target.endpoint, "token": "set" if target.token else t("not set")}
    except BadUsage as error:  # what there is can be shown all the same
        used = {"endpoint": "", "token": ""}
        session.out.note(t("no call can be made: {error}", error=error))
    told = {"path": str(file), "default": str(document.get("default", "default")), "profiles": profiles, "used": used}
    table = tables.table_of("profile", *PROFILE_FIELDS)
    for name, fields in profiles.items():
        tables.row(table, name, *(fields.get(field, "") for field in PROFILE_FIELDS))
    tables.row(table, t("(used now)"), used["endpoint"], used["token"], "")
    session.out.result(told, lambda: table)


def path(session: Session) -> None:
    """Print the path of the configuration file."""
    file = config_path(os.environ)
    session.out.result({"path": str(file), "exists": file.exists()}, lambda: str(file))


def _hidden(fields: dict[str, object]) -> dict[str, str]:
    return {name: "set" if name == "token" else str(value) for name, value in fields.items()}


def _secret() -> str:
    if sys.stdin.isatty():
        return str(typer.prompt("Token", hide_input=True, err=True)).strip()
    return sys.stdin.read().strip()


def _write(file: Path, text: str) -> None:
    """Replace the file by one that only its owner may read."""
    try:
        file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        descriptor, name = tempfile.mkstemp(dir=file.parent, prefix=".config-")  # its mode is 600
        with os.fdopen(descriptor, "w", encoding="utf-8") as new:
            new.write(text)
        Path(name).replace(file)
    except OSError as error:
        raise BadUsage(t("{file} can't be written: {strerror}", file=file, strerror=error.strerror)) from None
