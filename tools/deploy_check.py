"""Checks what `scf deploy` would create against what the functions need, without an account: `make deploy-check`.

serverless.yml is rendered by tencent-component-toolkit, as the platform's own component does it, with every variable
set and with the required ones alone, into the payloads of CreateFunction and CreateTrigger. One line per check. With
the values of a .env file that passes, what the CLI reads is written.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from local import early
from tools import deploy_check_functions, deploy_check_settings, deploy_check_triggers, deploy_file
from tools.deploy_payloads import ROOT, TOOLKIT, Check, Deployment, render
from tools.deploy_values import VARIABLE, examples, read_env
from tools.node_modules import NodeModulesMissingError, install

CHECKS: tuple[Check, ...] = (
    deploy_check_functions.check_functions,
    deploy_check_functions.check_handlers,
    deploy_check_functions.check_code,
    deploy_check_functions.check_runtime,
    deploy_check_functions.check_role,
    deploy_check_functions.check_memory,
    deploy_check_functions.check_timeouts,
    deploy_check_settings.check_environment,
    deploy_check_settings.check_size,
    deploy_check_settings.check_settings,
    deploy_check_settings.check_secrets,
    deploy_check_settings.check_example,
    deploy_check_triggers.check_triggers,
    deploy_check_triggers.check_http,
    deploy_check_triggers.check_cos,
    deploy_check_triggers.check_region,
    deploy_check_triggers.check_timer,
)


def problems(deployment: Deployment, check: Check) -> list[str]:
    """Return what a check finds; a payload that lacks what it needs is a finding too."""
    try:
        return list(check(deployment))
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        return [f"not as expected: {type(error).__name__} {error}"]


def run(deployments: Mapping[str, Deployment]) -> int:
    """Print one line per check over all renderings; return the exit status."""
    failed = 0
    for check in CHECKS:
        title = (check.__doc__ or "").splitlines()[0]
        found = dict.fromkeys(line for each in deployments.values() for line in problems(each, check))
        failed += bool(found)
        print(f"{'FAIL' if found else 'ok'}\t{title}", *(f"\t- {line}" for line in found), sep="\n")  # noqa: T201
    return 1 if failed else 0


def main(arguments: Sequence[str] | None = None) -> int:
    """Check, and return the exit status: 0 all is well, 1 something is wrong, 2 it could not be rendered."""
    parser = argparse.ArgumentParser(prog="python -m tools.deploy_check", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--env", type=Path, help="check with the values of this .env file; secrets are not printed")
    parser.add_argument(
        "--write", type=Path, metavar="FILE", help="with --env: write what `scf deploy` reads, if all is ok"
    )
    given = parser.parse_args(arguments)
    text, example = (ROOT / "serverless.yml").read_text(), (ROOT / ".env.example").read_text()
    try:
        environments = {str(given.env): read_env(given.env)} if given.env else examples()
        modules = install(TOOLKIT, "deploy_check")
        rendered = {name: render(text, example, values, modules) for name, values in environments.items()}
    except (NodeModulesMissingError, ValueError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)  # noqa: T201
        return 2
    failed = run(rendered)
    if given.env:
        (environment,) = environments.values()
        failed |= _outweighed(text, environment)
        if given.write:
            _write(text, environment, given.write, failed=bool(failed))
            if given.env.resolve() != ROOT / ".env":
                print(f"note: the CLI takes its values from .env, not from {given.env}")  # noqa: T201
    return failed


def _outweighed(text: str, environment: Mapping[str, str]) -> int:
    """List the variables that this shell exports with another value: the CLI would send the shell's."""
    others = [
        name
        for name in sorted({*VARIABLE.findall(text)})
        if os.environ.get(name, value := environment.get(name)) != value
    ]
    if others:
        print(f"FAIL\tThis shell has other values than .env, and they win: unset {' '.join(others)}")  # noqa: T201
    return 1 if others else 0


def _write(text: str, environment: Mapping[str, str], path: Path, *, failed: bool) -> None:
    if failed:
        path.unlink(missing_ok=True)  # one of other values would be deployed
        print(f"not written: {path}", file=sys.stderr)  # noqa: T201
        return
    count = deploy_file.write(text, environment, path)
    print(f"written: {path}, {count} variables; deploy it with: scf deploy --target={path.parent}")  # noqa: T201


if __name__ == "__main__":
    raise SystemExit(early.run(lambda: main(sys.argv[1:])))
