"""`init`: ask for region, SdkAppId and bucket, and write .env."""

from __future__ import annotations

import re
import secrets
import sys
from base64 import b64encode
from pathlib import Path
from typing import Annotated

import typer

from webrecord.commands.account import REGION_OF, TRTC_OF, Env, Site
from webrecord.deploy import envfile
from webrecord.deploy.lock import held
from webrecord.errors import BadUsage
from webrecord.words import t


def register(app: typer.Typer) -> None:
    app.command("init", epilog="Example: webrecord init")(_init)


def _init(
    env: Env = Path(".env"),
    region: Annotated[
        str | None, typer.Option("--region", help="Region of functions and bucket: ap-guangzhou.")
    ] = None,
    sdk_app_id: Annotated[str | None, typer.Option("--sdk-app-id", help="TRTC's SdkAppId.")] = None,
    bucket: Annotated[str | None, typer.Option("--bucket", help="NAME-APPID; created if it does not exist.")] = None,
    site: Site = "china",
) -> None:
    """Ask for region, SdkAppId and bucket, and write .env with new tokens and keys (mode 600)."""
    envfile.refuse_tracked(env)
    before = envfile.read(env)
    asked = {
        "TENCENT_REGION": (
            region,
            t("Region of functions and bucket, such as ap-guangzhou"),
            REGION_OF[site],
            r"[a-z]+-[a-z]+(-\d)?",
        ),
        "WEBRECORD_SDK_APP_ID": (sdk_app_id, t("TRTC's SdkAppId, 10 digits"), None, r"\d{10}(,\d{10})*"),
        "WEBRECORD_BUCKET": (
            bucket,
            t("Bucket, NAME-APPID (your account's number behind it)"),
            None,
            r"[a-z0-9][a-z0-9-]*-\d+",
        ),
    }
    values: dict[str, str] = {}
    for name, (given, question, default, form) in asked.items():
        if before.get(name) and given in (None, before[name].strip()):
            continue
        answer = (given or _answer(name, question, default)).strip()
        if not re.fullmatch(form, answer, re.ASCII):
            raise BadUsage(
                t(
                    "{name}: {answer!r} is not valid ({question})",
                    name=name,
                    answer=answer,
                    question=question,
                )
            )
        if before.get(name):
            raise BadUsage(
                t(
                    "{env} says {name}={before}, not {answer}: change that line, if {answer} is right",
                    env=env,
                    name=name,
                    before=before[name],
                    answer=answer,
                )
            )
        values[name] = answer
    fresh = {
        "WEBRECORD_ROLE": "scf-webrecord",
        "WEBRECORD_CALLBACK_KEYS": secrets.token_hex(16),
        "WEBRECORD_API_TOKENS": f"backend:{secrets.token_urlsafe(30)}",
        "WEBRECORD_NOTIFY_SECRET": f"whsec_{b64encode(secrets.token_bytes(32)).decode()}",
    }
    fresh |= TRTC_OF[site]
    values |= {name: value for name, value in fresh.items() if not before.get(name)}
    if values:
        with held(env, "webrecord init"):
            envfile.write(env, values)
    else:
        env.chmod(0o600)
    names = ", ".join(values) or t("nothing; every value was set")
    typer.echo(t("wrote {env}: {names}. Next: make package, then webrecord deploy", env=env, names=names))


def _answer(name: str, question: str, default: str | None) -> str:
    if not sys.stdin.isatty():
        option = {"TENCENT_REGION": "--region", "WEBRECORD_SDK_APP_ID": "--sdk-app-id", "WEBRECORD_BUCKET": "--bucket"}
        raise BadUsage(
            t("{name} is missing and there is no terminal to ask: give {option}", name=name, option=option[name])
        )
    return str(typer.prompt(question, default=default, err=True))
