"""`deploy rotate-key` and `deploy rollback`."""

from __future__ import annotations

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
    Yes,
    built,
    carry_out,
    head,
    told,
)
from webrecord.commands.verified import verified
from webrecord.deploy import envfile
from webrecord.deploy.deployment import ORDER, planned
from webrecord.deploy.lock import held
from webrecord.errors import BadUsage
from webrecord.words import t


def register(group: typer.Typer) -> None:
    group.command("rotate-key")(_rotate)
    group.command("rollback")(_rollback)


def _rotate(
    env: Env = Path(".env"),
    build: Build = None,
    deployment: Name = "scf-webrecord",
    site: Site = "china",
    endpoint: Endpoint = None,
    cos_endpoint: CosEndpoint = None,
    yes: Yes = False,
    as_json: Json = False,
) -> None:
    """Replace the upload key; end the old one when no recording needs it. Run it again to continue."""
    given = Given(env, build, deployment, site, endpoint, cos_endpoint, as_json=as_json)
    envfile.refuse_tracked(env)
    with held(env, "webrecord deploy rotate-key"):
        head(given)
        rotation = given.deployment.rotation()
        with given.out.working(t("reading the account …")):
            changes = planned([rotation])
        carry_out(given, changes, [rotation], yes=yes)
        for line in told(rotation.name, rotation.stays):
            given.out.row({"stays": line}, f"= {line}")


def _rollback(
    folder: Annotated[Path, typer.Argument(help="Folder with the three packages of that release.")],
    env: Env = Path(".env"),
    deployment: Name = "scf-webrecord",
    site: Site = "china",
    endpoint: Endpoint = None,
    cos_endpoint: CosEndpoint = None,
    yes: Yes = False,
    as_json: Json = False,
) -> None:
    """Deploy the packages of a folder again, with the settings of .env, and verify. Only the functions change."""
    missing = [f"{key}.zip" for key in ORDER if not (folder / f"{key}.zip").exists()]
    if missing:
        raise BadUsage(
            t(
                "{folder} has no {names}: give a folder that `make package` filled",
                folder=folder,
                names=", ".join(missing),
            )
        )
    given = Given(env, folder, deployment, site, endpoint, cos_endpoint, only="functions", as_json=as_json)
    given.deployment.check_packages()
    with held(env, "webrecord deploy rollback"):
        head(given)
        build_id = built(given, here=False)
        resources = [given.deployment.function(key) for key in ORDER]
        with given.out.working(t("reading the account …")):
            changes = planned(resources)
        new = [change for change in changes if change.sign == "+"]
        if new:
            raise BadUsage(
                t("{what} does not exist, so there is nothing to roll back: run `webrecord deploy`", what=new[0].what)
            )
        verified(given, carry_out(given, changes, resources, yes=yes), build_id, steps=False)
