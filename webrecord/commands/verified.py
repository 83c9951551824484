"""Verify a deployment once its changes are made, and print its addresses and the steps that are left."""

from __future__ import annotations

from collections.abc import Mapping

from webrecord.commands.account import Given, told
from webrecord.deploy import envfile
from webrecord.errors import CliError
from webrecord.words import t


def verified(given: Given, made: int, build: str, *, steps: bool = True) -> None:
    """Print what the doctor and the two addresses answer, and which version is live.

    Args:
        given: the deployment.
        made: how many changes were made.
        build: what was deployed says that it is this build; "" where it does not say.
        steps: also print what only a person can do.

    Raises:
        CliError: something does not work.
    """
    from webrecord.deploy.verify import verify

    addresses = given.addresses()
    reconcile = given.deployment.description.function("reconcile").name
    wrong = []
    with given.out.waits(t("checking the deployment …")) as tell:
        for finding in verify(given.cloud, reconcile, addresses, envfile.read(given.env), build, tell=tell):
            mark = "ok  " if finding.ok else "FAIL"
            row = {"check": finding.name, "ok": finding.ok, "detail": finding.line}
            given.out.row(row, f"{mark}  {finding.name}: {finding.line}", "" if finding.ok else "red")
            wrong += [] if finding.ok else [finding.name]
    end(given, addresses, steps=steps)
    if wrong:
        names = ", ".join(wrong)
        raise CliError(
            t("{made} changes are made, but it does not work yet: {names}; see above", made=made, names=names)
        )


def end(given: Given, addresses: Mapping[str, str | None], *, steps: bool = True) -> None:
    """Print the addresses, and the `steps` that only a person can do."""
    from webrecord.deploy.verify import left_to_do

    for key, url in addresses.items():
        given.out.row({"output": key, "url": url}, f"{key}  {url or t('no address yet')}")
    if not steps:
        return
    silent = told(t("the alarms"), given.deployment.silent_alarms)
    for number, line in enumerate(left_to_do(addresses.get("callback"), given.site, silent), 1):
        given.out.row({"to_do": line}, t("to do {number}: {line}", number=number, line=line))
