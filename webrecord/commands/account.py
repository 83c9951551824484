"""The common options of `webrecord deploy`: account, checkout, names."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

import typer

from webrecord.deploy import envfile
from webrecord.deploy.change import Applying, Change, Resource
from webrecord.deploy.cloud import Tencent
from webrecord.deploy.deployment import Deployment, undocumented
from webrecord.deploy.errors import ApiError
from webrecord.deploy.options import Options, serverless
from webrecord.errors import BadUsage, Refused
from webrecord.output import Output
from webrecord.words import t

_PANEL = "Account"
CREDENTIALS = (
    ("TENCENTCLOUD_SECRET_ID", "TENCENTCLOUD_SECRET_KEY", "TENCENTCLOUD_TOKEN"),
    ("TENCENTCLOUD_SECRETID", "TENCENTCLOUD_SECRETKEY", "TENCENTCLOUD_SESSIONTOKEN"),
    ("TENCENT_SECRET_ID", "TENCENT_SECRET_KEY", "TENCENT_TOKEN"),
)
"""The names that people, SDKs and SCF's CLI use; the first that is whole counts."""
REGION_OF = {"china": "ap-guangzhou", "international": "ap-singapore"}
TRTC_OF = {
    "china": {},
    "international": {
        "WEBRECORD_TRTC_REGION": "ap-singapore",
        "WEBRECORD_TRTC_ENDPOINT": "trtc.intl.tencentcloudapi.com",
    },
}
"""What functions of a site's account need to reach its TRTC, where .env says nothing else."""

Yes = Annotated[bool, typer.Option("--yes", help="Do not ask; required without a terminal.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON on stdout, one object per line.")]
Env = Annotated[Path, typer.Option("--env", help="The .env file.")]
Build = Annotated[Path | None, typer.Option("--build", help="Folder with the packages. Default: build/.")]
Name = Annotated[str, typer.Option("--deployment", help="Prefix of all resource names.")]
Site = Annotated[
    Literal["china", "international"],
    typer.Option("--site", help="The site where the account is registered.", rich_help_panel=_PANEL),
]
Endpoint = Annotated[
    str | None,
    typer.Option("--endpoint", help="Another address for all APIs, such as a local cloud's.", rich_help_panel=_PANEL),
]
CosEndpoint = Annotated[
    str | None, typer.Option("--cos-endpoint", help="Another address for COS.", rich_help_panel=_PANEL)
]
Only = Annotated[
    Literal["functions"] | None,
    typer.Option("--only", help="`functions`: skip what only an administrator may create (CI)."),
]
Adopt = Annotated[bool, typer.Option("--adopt", help="Take over resources that have our names and another origin.")]

Alarms = Annotated[bool, typer.Option("--alarms", help="Also create the six alarms of docs/operations.md.")]
Notice = Annotated[
    str | None,
    typer.Option("--alarm-notice", metavar="NAME", help="CLS's notification channel group that the alarms notify."),
]


class Given:
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
        alarms: bool = False,
        notice: str | None = None,
        as_json: bool = False,
    ) -> None:
        if (alarms or notice) and only:
            raise BadUsage(t("--alarms needs the rights of the first deployment: leave out --only functions"))
        for option, address in (("--endpoint", endpoint), ("--cos-endpoint", cos_endpoint)):
            if address is not None and not _is_address(address):
                raise BadUsage(t("{option} {address!r}: write it as http://HOST:PORT", option=option, address=address))
        if not env.exists():
            raise BadUsage(t("{env} does not exist: `webrecord init` writes it", env=env))
        self.out, self.env, self.site = Output(as_json=as_json), env, site
        self.values = envfile.read(env)
        root = env.absolute().parent
        serverless(root)  # said before keys are asked for
        secret_id, secret_key, token, where = _credentials(os.environ, self.values)
        self.credentials = where
        region = self.values.get("TENCENT_REGION") or REGION_OF[site]
        self.cloud = Tencent(secret_id, secret_key, region, token, site, endpoint, cos_endpoint, waits=self.out.waits)
        # What is deployed calls the same services as its deployer.
        own = {"WEBRECORD_TRTC_ENDPOINT": endpoint, "WEBRECORD_COS_ENDPOINT": cos_endpoint}
        told_too = {**TRTC_OF[site], "TENCENT_REGION": region, **{name: value for name, value in own.items() if value}}
        build, functions, alarms = build or root / "build", only == "functions", alarms or notice is not None
        options = Options(root, env, build, deployment, _version(), functions, adopt, told_too, alarms, notice)
        self.deployment = Deployment(self.cloud, options)

    def addresses(self) -> dict[str, str | None]:
        """Return the Function URLs; those of new functions take some seconds."""
        with self.out.working(t("reading the account …")):
            return told(t("the addresses"), self.deployment.addresses)  # type: ignore[no-any-return]

    def who(self) -> dict[str, Any]:
        """Return whose account it is."""
        try:
            caller = self.cloud.call("sts", "GetCallerIdentity")
            app_id = self.cloud.call("cam", "GetUserAppId")
        except ApiError as error:
            raise error.told(t("the account")) from None
        bucket = self.deployment.description.bucket
        if not bucket.endswith(f"-{app_id['AppId']}"):
            raise BadUsage(
                t(
                    "WEBRECORD_BUCKET {bucket} must end with this account's number, -{appid}",
                    bucket=bucket,
                    appid=app_id["AppId"],
                )
            )
        return {"account": app_id["OwnerUin"], "app_id": app_id["AppId"], "caller": caller["Arn"]}


def head(given: Given) -> None:
    """Say whose account it is, as the first line."""
    who = given.who()
    options, region = given.deployment.options, given.cloud.region
    whose = t(
        "account {account} ({site}), region {region}, deployment {deployment}",
        account=who["account"],
        site=given.site,
        region=region,
        deployment=options.deployment,
    )
    line = t("{whose}, keys from {credentials}", whose=whose, credentials=given.credentials)
    given.out.row({**who, "site": given.site, "region": region, "deployment": options.deployment}, line)


def built(given: Given, *, here: bool = True) -> str:
    """Say which packages are deployed, and warn of what is odd; return their build, "" where they do not say it.

    Args:
        here: they should be from this checkout.
    """
    packages, root = given.deployment.built(), given.deployment.options.root
    warnings = packages.warnings(root if here else None)
    row = {
        "packages": str(packages.folder),
        "release": packages.release,
        "build": packages.build,
        "written": packages.written.isoformat(timespec="seconds"),
        "warnings": warnings,
    }
    given.out.row(row, packages.line)
    for line in warnings:
        given.out.note(t("warning: {line}", line=line), "yellow")
    return packages.build


def show(out: Output, changes: list[Change]) -> None:
    """Print a plan."""
    for change in changes:
        out.row({"change": change.sign, "what": change.what, "fields": list(change.fields)}, change.line)
    if not changes:
        out.row({"changes": 0}, t("nothing to change"))


def carry_out(given: Given, changes: list[Change], resources: Iterable[Resource], *, yes: bool) -> int:
    """Show a plan, ask once, and make its changes; return how many were made."""
    show(given.out, changes)
    if not changes:
        return 0
    agreed(len(changes), yes=yes)
    return apply(given, resources)


def agreed(count: int, *, yes: bool) -> None:
    """Ask once, unless that was answered on the command line."""
    if yes:
        return
    if not sys.stdin.isatty():
        raise BadUsage(t("there is no terminal to ask: --yes applies the plan"))
    if not typer.confirm(t("Apply {count} changes?", count=count), err=True):
        raise Refused(t("nothing was changed"))


def apply(given: Given, resources: Iterable[Resource]) -> int:
    """Make every change of these, one after the other, each said; return how many."""
    done = list[Change]()

    def say(change: Change, seconds: float) -> None:
        done.append(change)
        given.out.row(
            {"done": change.what, "seconds": round(seconds, 1)},
            t("done  {what}  {seconds:.0f} s", what=change.what, seconds=seconds),
        )

    applying, resource = Applying(say), None
    try:
        for resource in resources:
            with given.out.working(f"{resource.name} …"):
                applying.apply(resource)
    except ApiError as error:
        told = error.told(resource.name if resource else t("the deployment"))
        raise type(told)(t("{told} ({count} changes are made)", told=told, count=len(done))) from None
    except (KeyError, TypeError, ValueError) as error:
        raise undocumented(resource.name if resource else t("the deployment"), error) from None
    return len(done)


def told(name: str, do: Any) -> Any:  # noqa: ANN401 (whatever is read)
    """Read a resource; turn a refusal into the error that ends the command."""
    try:
        return do()
    except ApiError as error:
        raise error.told(name) from None


def _credentials(environ: Mapping[str, str], values: Mapping[str, str]) -> tuple[str, str, str | None, str]:
    for where, known in ((t("the environment"), environ), (".env", values)):
        for secret_id, secret_key, token in CREDENTIALS:
            if known.get(secret_id) and known.get(secret_key):
                return known[secret_id], known[secret_key], known.get(token) or None, f"{where} ({secret_id})"
    names = t(" and ").join(CREDENTIALS[0][:2])
    raise BadUsage(
        t(
            "no key of the account: set {names}, of a sub-user that may deploy (`webrecord deploy policies`)",
            names=names,
        )
    )


def _is_address(text: str) -> bool:
    """Return True if an address can be called. An empty one, as from an unset variable, would mean the real service."""
    try:
        parts = urlsplit(text)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False


def _version() -> str:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("scf-webrecord")
    except PackageNotFoundError:
        return "0"
