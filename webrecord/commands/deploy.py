"""`deploy`: from an empty account to a deployment, from a checkout, with keys of the account."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from webrecord.commands import destroy, rotate
from webrecord.commands.account import (
    Adopt,
    Alarms,
    Build,
    CosEndpoint,
    Endpoint,
    Env,
    Given,
    Json,
    Name,
    Notice,
    Only,
    Site,
    Yes,
    built,
    carry_out,
    head,
    show,
    told,
)
from webrecord.commands.verified import end, verified
from webrecord.deploy import envfile
from webrecord.deploy.lock import held
from webrecord.deploy.options import serverless
from webrecord.words import t


def register(app: typer.Typer) -> None:
    group = typer.Typer(
        help="Deploy to a Tencent Cloud account: plan, ask once, apply, verify.",
        rich_markup_mode=None,
        invoke_without_command=True,
        context_settings={"help_option_names": ["-h", "--help"]},
        epilog="Example: webrecord deploy --env .env",
    )
    group.callback()(_deploy)
    group.command("plan")(_plan)
    group.command("status")(_status)
    group.command("outputs")(_outputs)
    group.command("policies")(_policies)
    destroy.register(group)
    rotate.register(group)
    app.add_typer(group, name="deploy")


def _deploy(
    ctx: typer.Context,
    env: Env = Path(".env"),
    build: Build = None,
    deployment: Name = "scf-webrecord",
    site: Site = "china",
    endpoint: Endpoint = None,
    cos_endpoint: CosEndpoint = None,
    only: Only = None,
    adopt: Adopt = False,
    alarms: Alarms = False,
    alarm_notice: Notice = None,
    yes: Yes = False,
    as_json: Json = False,
) -> None:
    """Show what would change, ask once, change it, and verify that it works."""
    if ctx.invoked_subcommand is not None:
        return
    places = (env, build, deployment, site, endpoint, cos_endpoint)
    given = Given(*places, only=only, adopt=adopt, alarms=alarms, notice=alarm_notice, as_json=as_json)
    envfile.refuse_tracked(env)
    given.deployment.check_packages()
    with held(env, "webrecord deploy"):
        head(given)
        build_id = built(given)
        with given.out.working(t("reading the account …")):
            changes = given.deployment.plan()
        verified(given, carry_out(given, changes, given.deployment.resources(), yes=yes), build_id)


def _plan(
    env: Env = Path(".env"),
    build: Build = None,
    deployment: Name = "scf-webrecord",
    site: Site = "china",
    endpoint: Endpoint = None,
    cos_endpoint: CosEndpoint = None,
    only: Only = None,
    adopt: Adopt = False,
    alarms: Alarms = False,
    alarm_notice: Notice = None,
    detailed: Annotated[
        bool, typer.Option("--detailed-exitcode", help="Exit with status 2 if something would change.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Show what would change, and change nothing."""
    places = (env, build, deployment, site, endpoint, cos_endpoint)
    given = Given(*places, only=only, adopt=adopt, alarms=alarms, notice=alarm_notice, as_json=as_json)
    given.deployment.check_packages()
    head(given)
    built(given)
    with given.out.working(t("reading the account …")):
        changes = given.deployment.plan()
    show(given.out, changes)
    if detailed and changes:
        raise typer.Exit(2)


def _status(
    env: Env = Path(".env"),
    build: Build = None,
    deployment: Name = "scf-webrecord",
    site: Site = "china",
    endpoint: Endpoint = None,
    cos_endpoint: CosEndpoint = None,
    as_json: Json = False,
) -> None:
    """Show what is deployed: each function's state, version and address."""
    given = Given(env, build, deployment, site, endpoint, cos_endpoint, as_json=as_json)
    addresses = given.addresses()
    for function in given.deployment.description.functions:
        found = told(function.name, lambda key=function.key: given.deployment.deployed(key))
        state = found.get("Status") if found else "absent"
        what = (found or {}).get("Description") or ""
        url = addresses.get(function.key)
        row = {"function": function.name, "status": state, "deployed": what, "url": url}
        shown = state if found else t("absent")
        given.out.row(row, "  ".join(str(part) for part in (function.name, shown, what, url) if part))


def _outputs(
    env: Env = Path(".env"),
    build: Build = None,
    deployment: Name = "scf-webrecord",
    site: Site = "china",
    endpoint: Endpoint = None,
    cos_endpoint: CosEndpoint = None,
    as_json: Json = False,
) -> None:
    """Print the two addresses and the remaining steps in the TRTC console."""
    given = Given(env, build, deployment, site, endpoint, cos_endpoint, as_json=as_json)
    end(given, given.addresses())


def _policies(
    env: Env = Path(".env"),
    deployment: Name = "scf-webrecord",
    site: Site = "china",
    uin: Annotated[str, typer.Option("--uin", help="The account's number, for the deployer's own policy.")] = "<uin>",
) -> None:
    """Print all policies as JSON, to enter them by hand. Needs no keys."""
    from webrecord.deploy import policies
    from webrecord.deploy.description import describe

    root = env.absolute().parent
    plan = describe(serverless(root), envfile.read(env), deployment)
    del site
    named = {f"role {one.role}": policies.of_function(plan, one.key) for one in plan.functions}
    named[f"user {deployment}-upload"] = policies.of_upload(plan)
    named["who may take the roles (trust)"] = policies.TRUST
    named["the deployer, first time"] = policies.of_setup(plan, uin)
    named["who destroys it, or rotates the key"] = policies.of_removal(plan, uin)
    named["the deployer, later and CI"] = policies.of_deployer(plan, uin)
    typer.echo(json.dumps(named, indent=2))
