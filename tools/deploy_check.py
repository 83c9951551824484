"""Checks what `scf deploy` would create against what the functions need, without an account: `make deploy-check`.

serverless.yml is rendered by tencent-component-toolkit, as the platform's own component does it, with every variable
set and with the required ones alone, into the payloads of CreateFunction and CreateTrigger. One line per check.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from tools import deploy_check_functions, deploy_check_settings, deploy_check_triggers
from tools.deploy_payloads import ROOT, TOOLKIT, Check, Deployment, render
from tools.deploy_values import examples, parse_env
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
    given = parser.parse_args(arguments)
    text, example = (ROOT / "serverless.yml").read_text(), (ROOT / ".env.example").read_text()
    try:
        environments = {str(given.env): parse_env(given.env.read_text())} if given.env else examples()
        modules = install(TOOLKIT, "deploy_check")
        rendered = {name: render(text, example, values, modules) for name, values in environments.items()}
    except (NodeModulesMissingError, ValueError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)  # noqa: T201
        return 2
    return run(rendered)


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
