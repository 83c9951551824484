"""`deploy destroy`: list what a deployment created, then remove it; films and facts stay."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from webrecord.commands.account import (
    Build,
    CosEndpoint,
    Endpoint,
    Env,
    Given,
    Json,
    Name,
    Site,
    apply,
    head,
    show,
    told,
)
from webrecord.deploy import envfile
from webrecord.deploy.deployment import planned
from webrecord.deploy.lock import held
from webrecord.errors import BadUsage, Refused
from webrecord.words import t

YesTo = Annotated[
    str | None, typer.Option("--yes", metavar="NAME", help="The deployment's name; required without a terminal.")
]


def register(group: typer.Typer) -> None:
    group.command("destroy")(_destroy)


def _destroy(
    env: Env = Path(".env"),
    build: Build = None,
    deployment: Name = "scf-webrecord",
    site: Site = "china",
    endpoint: Endpoint = None,
    cos_endpoint: CosEndpoint = None,
    delete_logs: Annotated[
        bool, typer.Option("--delete-logs", help="Also delete the log topic with all its lines.")
    ] = False,
    yes: YesTo = None,
    as_json: Json = False,
) -> None:
    """List what the deployment created, and remove it. The bucket, films and facts stay."""
    given = Given(env, build, deployment, site, endpoint, cos_endpoint, as_json=as_json)
    envfile.refuse_tracked(env)
    if yes is not None and yes != deployment:
        raise BadUsage(
            t("--yes {yes}: the deployment's name is {deployment}; nothing was changed", yes=yes, deployment=deployment)
        )
    with held(env, "webrecord deploy destroy"):
        head(given)
        resources = list(given.deployment.removals(logs=delete_logs))
        with given.out.working(t("reading the account …")):
            changes = planned(resources)
        show(given.out, changes)
        _stays(given, delete_logs=delete_logs)
        if changes:
            if yes is None:
                _ask(deployment)
            apply(given, resources)
            _stays(given, delete_logs=delete_logs)


def _stays(given: Given, *, delete_logs: bool) -> None:
    lines = [told(one.name, one.stays) for one in given.deployment.removals(logs=delete_logs)]
    lines.append(t("bucket {bucket} with all films and facts", bucket=given.deployment.description.bucket))
    if not delete_logs:
        lines.append(
            t("logs {deployment}: --delete-logs removes them, too", deployment=given.deployment.options.deployment)
        )
    for line in dict.fromkeys(line for line in lines if line):
        given.out.row({"stays": line}, f"= {line}")


def _ask(deployment: str) -> None:
    if not sys.stdin.isatty():
        raise BadUsage(t("there is no terminal to ask: --yes {deployment} removes everything", deployment=deployment))
    answer = typer.prompt(
        t("To remove everything, type the deployment's name, {deployment}", deployment=deployment), err=True
    )
    if answer.strip() != deployment:
        raise Refused(t("that is not the deployment's name; nothing was changed"))
