"""`doctor`: check the way from this machine to the API, one line per check."""

from __future__ import annotations

import os

import typer

from webrecord import tables
from webrecord.doctor import examine
from webrecord.errors import CliError
from webrecord.session import Session, command
from webrecord.words import t


def register(app: typer.Typer) -> None:
    command(app, example="doctor --profile prod")(doctor)


def doctor(session: Session) -> None:
    """Check whether this machine can call the API: configuration, endpoint, clock, health, token."""
    with session.out.working(t("checking …"), told=True):
        findings = list(examine(session.choices, os.environ, session.out.waits))
    table = tables.table_of("", "check", t("result"))
    for finding in findings:
        mark, style = (t("bad"), "red") if finding.status else (t("ok"), "")
        tables.row(table, mark, t(finding.name), finding.line, style=style)
    told = [{"check": one.name, "ok": one.status == 0, "detail": one.line} for one in findings]
    session.out.result({"checks": told}, lambda: table)
    wrong = [finding for finding in findings if finding.status]
    if wrong:
        error = CliError(t("; ").join(f"{t(finding.name)}{t(': ')}{finding.line}" for finding in wrong))
        error.exit_status = wrong[-1].status
        raise error
