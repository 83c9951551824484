"""`deploy` and `init`: from an empty account to a deployment, from a checkout, with keys of the account."""

from __future__ import annotations

import json
import os
import secrets
import sys
from base64 import b64encode
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from webrecord.deploy import envfile
from webrecord.deploy.change import Applying, Change
from webrecord.deploy.cloud import Tencent
from webrecord.deploy.deployment import Deployment, Options, serverless
from webrecord.deploy.errors import ApiError, DeployFailed
from webrecord.errors import BadUsage, CliError, Refused
from webrecord.output import Output

_PANEL = "Account"
CREDENTIALS = (
    ("TENCENTCLOUD_SECRET_ID", "TENCENTCLOUD_SECRET_KEY", "TENCENTCLOUD_TOKEN"),
    ("TENCENTCLOUD_SECRETID", "TENCENTCLOUD_SECRETKEY", "TENCENTCLOUD_SESSIONTOKEN"),
    ("TENCENT_SECRET_ID", "TENCENT_SECRET_KEY", "TENCENT_TOKEN"),
)
"""The names that people, SDKs and SCF's CLI use; the first that is whole counts."""
REGION_OF = {"china": "ap-guangzhou", "international": "ap-singapore"}

Yes = Annotated[bool, typer.Option("--yes", help="Do not ask; needed where there is no terminal.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON on stdout, one object a line.")]
Env = Annotated[Path, typer.Option("--env", help="The .env file.")]
Build = Annotated[Path | None, typer.Option("--build", help="Folder with the packages; build/ without it.")]
Name = Annotated[str, typer.Option("--deployment", help="The beginning of every name in the account.")]
Site = Annotated[
    Literal["china", "international"], typer.Option("--site", help="Whose account it is.", rich_help_panel=_PANEL)
]
Endpoint = Annotated[
    str | None,
    typer.Option("--endpoint", help="Another address for all APIs, as of a local cloud.", rich_help_panel=_PANEL),
]
CosEndpoint = Annotated[
    str | None, typer.Option("--cos-endpoint", help="Another address for COS.", rich_help_panel=_PANEL)
]
Only = Annotated[
    Literal["functions"] | None, typer.Option("--only", help="`functions`: leave out what an administrator makes (CI).")
]
Adopt = Annotated[bool, typer.Option("--adopt", help="Take over what has our names and was made by others.")]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    group = typer.Typer(
        help="Deploy into an account of Tencent Cloud: plan, ask once, apply, verify.",
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
    app.add_typer(group, name="deploy")
    app.command("init", epilog="Example: webrecord init")(_init)


class _Given:
    """What every command of the group is given."""

    def __init__(
        self,
        env: Path,
        build: Path | None,
        deployment: str,
        site: str,
        endpoint: str | None,
        cos_endpoint: str | None,
        *,
        only: str | None = None,
        adopt: bool = False,
        as_json: bool = False,
    ) -> None:
        if not env.exists():
            raise BadUsage(f"{env} is not there: `webrecord init` asks for what is needed and writes it")
        self.out, self.env, self.site = Output(as_json=as_json), env, site
        self.values = envfile.read(env)
        root = env.absolute().parent
        if not (root / "serverless.yml").exists():
            raise BadUsage(f"{root / 'serverless.yml'} is not there: deploy from a checkout, with .env in it")
        secret_id, secret_key, token, where = _credentials(os.environ, self.values)
        self.credentials = where
        region = self.values.get("TENCENT_REGION") or REGION_OF[site]
        self.cloud = Tencent(secret_id, secret_key, region, token, site, endpoint, cos_endpoint)
        self.deployment = Deployment(
            self.cloud,
            Options(root, env, build or root / "build", deployment, _version(), only == "functions", adopt),
        )

    def who(self) -> dict[str, Any]:
        """Return whose account it is."""
        try:
            caller = self.cloud.call("sts", "GetCallerIdentity")
            app_id = self.cloud.call("cam", "GetUserAppId")
        except ApiError as error:
            raise error.told("the account") from None
        bucket = self.deployment.description.bucket
        if not bucket.endswith(f"-{app_id['AppId']}"):
            raise BadUsage(f"WEBRECORD_BUCKET {bucket} must end with this account's number, -{app_id['AppId']}")
        return {"account": app_id["OwnerUin"], "app_id": app_id["AppId"], "caller": caller["Arn"]}


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
    yes: Yes = False,
    as_json: Json = False,
) -> None:
    """Show what would change, ask once, change it, and verify that it works."""
    if ctx.invoked_subcommand is not None:
        return
    given = _Given(env, build, deployment, site, endpoint, cos_endpoint, only=only, adopt=adopt, as_json=as_json)
    envfile.refuse_tracked(env)
    _head(given)
    with given.out.working("reading the account …"):
        changes = given.deployment.plan()
    _show(given.out, changes)
    if changes and not yes:
        _ask(len(changes))
    made = _apply(given) if changes else 0
    _verify(given, made)


def _plan(
    env: Env = Path(".env"),
    build: Build = None,
    deployment: Name = "scf-webrecord",
    site: Site = "china",
    endpoint: Endpoint = None,
    cos_endpoint: CosEndpoint = None,
    only: Only = None,
    adopt: Adopt = False,
    detailed: Annotated[
        bool, typer.Option("--detailed-exitcode", help="Exit with 2 where something would change.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Show what would change; nothing is changed."""
    given = _Given(env, build, deployment, site, endpoint, cos_endpoint, only=only, adopt=adopt, as_json=as_json)
    _head(given)
    with given.out.working("reading the account …"):
        changes = given.deployment.plan()
    _show(given.out, changes)
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
    """Show what is deployed: each function's state and version, and where it answers."""
    given = _Given(env, build, deployment, site, endpoint, cos_endpoint, as_json=as_json)
    addresses = _told("the addresses", given.deployment.addresses)
    for function in given.deployment.description.functions:
        found = _told(function.name, lambda key=function.key: given.deployment.deployed(key))
        state = found.get("Status") if found else "absent"
        what = (found or {}).get("Description") or ""
        url = addresses.get(function.key)
        row = {"function": function.name, "status": state, "deployed": what, "url": url}
        given.out.row(row, "  ".join(str(part) for part in (function.name, state, what, url) if part))


def _outputs(
    env: Env = Path(".env"),
    build: Build = None,
    deployment: Name = "scf-webrecord",
    site: Site = "china",
    endpoint: Endpoint = None,
    cos_endpoint: CosEndpoint = None,
    as_json: Json = False,
) -> None:
    """Print the two addresses, and what is left to do in the TRTC console."""
    given = _Given(env, build, deployment, site, endpoint, cos_endpoint, as_json=as_json)
    _end(given, _told("the addresses", given.deployment.addresses))


def _policies(
    env: Env = Path(".env"),
    deployment: Name = "scf-webrecord",
    site: Site = "china",
    uin: Annotated[str, typer.Option("--uin", help="The account's number, for the deployer's own policy.")] = "<uin>",
) -> None:
    """Print all policies as JSON, for whoever must enter them by hand; no keys are needed."""
    from webrecord.deploy import policies
    from webrecord.deploy.description import describe

    root = env.absolute().parent
    plan = describe(serverless(root), envfile.read(env), deployment)
    del site
    named = {f"role {one.role}": policies.of_function(plan, one.key) for one in plan.functions}
    named[f"user {deployment}-upload"] = policies.of_upload(plan)
    named["who may take the roles (trust)"] = policies.TRUST
    named["the deployer, first time"] = policies.of_setup(plan, uin)
    named["the deployer, later and CI"] = policies.of_deployer(plan, uin)
    typer.echo(json.dumps(named, indent=2))


def _init(
    env: Env = Path(".env"),
    region: Annotated[str | None, typer.Option("--region", help="Of functions and bucket: ap-guangzhou.")] = None,
    sdk_app_id: Annotated[str | None, typer.Option("--sdk-app-id", help="TRTC's SdkAppId.")] = None,
    bucket: Annotated[str | None, typer.Option("--bucket", help="NAME-APPID; it is made if it is not there.")] = None,
    site: Site = "china",
) -> None:
    """Ask for what only a person knows, and write .env with fresh tokens and keys (mode 600)."""
    import re

    envfile.refuse_tracked(env)
    before = envfile.read(env)
    asked = {
        "TENCENT_REGION": (region, "Region of functions and bucket", REGION_OF[site], r"[a-z]+-[a-z]+(-\d)?"),
        "WEBRECORD_SDK_APP_ID": (sdk_app_id, "TRTC's SdkAppId", None, r"\d{10}(,\d{10})*"),
        "WEBRECORD_BUCKET": (
            bucket,
            "Bucket, NAME-APPID (your account's number behind it)",
            None,
            r"[a-z0-9][a-z0-9-]*-\d+",
        ),
    }
    values: dict[str, str] = {}
    for name, (given, question, default, form) in asked.items():
        if before.get(name):
            continue
        answer = (given or _answer(name, question, default)).strip()
        if not re.fullmatch(form, answer):
            raise BadUsage(f"{name}: {answer!r} has not the form of {question[0].lower()}{question[1:]}")
        values[name] = answer
    fresh = {
        "WEBRECORD_ROLE": "scf-webrecord",
        "WEBRECORD_CALLBACK_KEYS": secrets.token_hex(16),
        "WEBRECORD_API_TOKENS": f"backend:{secrets.token_urlsafe(30)}",
        "WEBRECORD_NOTIFY_SECRET": f"whsec_{b64encode(secrets.token_bytes(32)).decode()}",
    }
    if site == "international":
        fresh |= {"WEBRECORD_TRTC_REGION": "ap-singapore", "WEBRECORD_TRTC_ENDPOINT": "trtc.intl.tencentcloudapi.com"}
    values |= {name: value for name, value in fresh.items() if not before.get(name)}
    if values:
        envfile.write(env, values)
    else:
        env.chmod(0o600)
    names = ", ".join(values) or "nothing: all of it was there"
    typer.echo(f"wrote {env}: {names}. Next: make package, then webrecord deploy")


def _answer(name: str, question: str, default: str | None) -> str:
    if not sys.stdin.isatty():
        option = {"TENCENT_REGION": "--region", "WEBRECORD_SDK_APP_ID": "--sdk-app-id", "WEBRECORD_BUCKET": "--bucket"}
        raise BadUsage(f"{name} is not known and there is no terminal to ask on: give {option[name]}")
    return str(typer.prompt(question, default=default, err=True))


def _ask(count: int) -> None:
    if not sys.stdin.isatty():
        raise BadUsage("there is no terminal to ask on: --yes applies the plan")
    if not typer.confirm(f"Apply {count} changes?", err=True):
        raise Refused("nothing was changed")


def _apply(given: _Given) -> int:
    done = list[Change]()

    def say(change: Change, seconds: float) -> None:
        done.append(change)
        given.out.row({"done": change.what, "seconds": round(seconds, 1)}, f"done  {change.what}  {seconds:.0f} s")

    applying, resource = Applying(say), None
    try:
        for resource in given.deployment.resources():
            with given.out.working(f"{resource.name} …"):
                applying.apply(resource)
    except ApiError as error:
        told = error.told(resource.name if resource else "the deployment")
        raise type(told)(f"{told} ({len(done)} changes are made)") from None
    except (KeyError, TypeError, ValueError) as error:
        where = resource.name if resource else "the deployment"
        raise DeployFailed(f"{where}: an answer is not as documented: {type(error).__name__}: {error}") from None
    return len(done)


def _verify(given: _Given, made: int) -> None:
    from webrecord.deploy.verify import verify

    addresses = _told("the addresses", given.deployment.addresses)
    reconcile = given.deployment.description.function("reconcile").name
    wrong = []
    for finding in verify(given.cloud, reconcile, addresses, envfile.read(given.env)):
        mark = "ok  " if finding.ok else "FAIL"
        row = {"check": finding.name, "ok": finding.ok, "detail": finding.line}
        given.out.row(row, f"{mark}  {finding.name}: {finding.line}", "" if finding.ok else "red")
        wrong += [] if finding.ok else [finding.name]
    _end(given, addresses)
    if wrong:
        raise CliError(f"{made} changes are made, but it does not work yet: {', '.join(wrong)}; see above")


def _end(given: _Given, addresses: Mapping[str, str | None]) -> None:
    from webrecord.deploy.verify import left_to_do

    for key, url in addresses.items():
        given.out.row({"output": key, "url": url}, f"{key}  {url or 'no address yet'}")
    for number, line in enumerate(left_to_do(addresses.get("callback"), given.site), 1):
        given.out.row({"to_do": line}, f"to do {number}: {line}")


def _head(given: _Given) -> None:
    who = given.who()
    options, region = given.deployment.options, given.cloud.region
    whose = f"account {who['account']} ({given.site}), region {region}, deployment {options.deployment}"
    line = f"{whose}, keys from {given.credentials}"
    given.out.row({**who, "site": given.site, "region": region, "deployment": options.deployment}, line)


def _show(out: Output, changes: list[Change]) -> None:
    for change in changes:
        out.row({"change": change.sign, "what": change.what, "fields": list(change.fields)}, change.line)
    if not changes:
        out.row({"changes": 0}, "nothing to change")


def _told(name: str, do: Any) -> Any:  # noqa: ANN401 (whatever is read)
    try:
        return do()
    except ApiError as error:
        raise error.told(name) from None


def _credentials(environ: Mapping[str, str], values: Mapping[str, str]) -> tuple[str, str, str | None, str]:
    for where, known in (("the environment", environ), (".env", values)):
        for secret_id, secret_key, token in CREDENTIALS:
            if known.get(secret_id) and known.get(secret_key):
                return known[secret_id], known[secret_key], known.get(token) or None, f"{where} ({secret_id})"
    names = " and ".join(CREDENTIALS[0][:2])
    raise BadUsage(f"no key of the account: set {names}, of a sub-user that may deploy (`webrecord deploy policies`)")


def _version() -> str:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("scf-webrecord")
    except PackageNotFoundError:
        return "0"
