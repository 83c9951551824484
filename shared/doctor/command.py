"""`python -m shared.doctor`: look at a deployment from outside, one line per check.

It reads the functions' environment variables, or a `.env` file, and needs TENCENTCLOUD_SECRETID and -KEY (a role's have
TENCENTCLOUD_SESSIONTOKEN, too) in the environment. Inside the deployed reconcile function, the invocation
{"doctor": true} does the same.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn
from urllib.parse import urlsplit

from shared.doctor.env_file import read_env
from shared.doctor.examination import LIMIT_S, Examination
from shared.doctor.run import report
from shared.doctor.settings_alone import FUNCTIONS, alone
from shared.doctor.shell import call_this_machine_directly
from shared.domain.finding import Finding

EPILOG = """\
levels:  ok    as it should be
         warn  it works, but something is unusual, or could not be looked at
         fail  something that the deployment promises does not hold
status:  0 nothing failed, 1 something failed, 2 wrong usage

What it writes is probes: under PREFIX/doctor/ and PREFIX/files/, one beside the prefix (to see it denied), and with
--callback-url one callback. It takes them away again. No setting's value is printed.
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Look, print, and return the exit status."""
    given = _parser().parse_args(arguments)
    if given.env:
        _use(given.env)
    call_this_machine_directly(alone("trtc_endpoint"))
    examination = Examination(given.function, given.api_url, given.callback_url)
    total, found = len(examination.checks()), list[Finding]()
    _progress(f"looking at {total} things, {LIMIT_S:g} s at most …")
    for finding in examination.run():
        found.append(finding)
        _progress("")
        if not given.json:
            print(finding, flush=True)  # noqa: T201
        if len(found) < total:
            _progress(f"looking: {len(found)} of {total} …")
    said = report(found)
    if given.json:
        print(json.dumps(said, indent=2))  # noqa: T201
    return 0 if said["ok"] else 1


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="python -m shared.doctor",
        description=__doc__,
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--env", type=_env_file, metavar="FILE", help="take the settings from this .env file")
    parser.add_argument(
        "--function",
        choices=[*FUNCTIONS, "all"],
        default="all",
        help="whose settings and calls to look at; default all",
    )
    parser.add_argument("--api-url", type=_url, metavar="URL", help="call the deployed recordings function")
    parser.add_argument(
        "--callback-url", type=_url, metavar="URL", help="send the deployed callback function a callback"
    )
    parser.add_argument("--json", action="store_true", help="print one JSON document instead of lines")
    return parser


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        self.exit(2, f"error: {message} (--help says more)\n")


def _env_file(name: str) -> dict[str, str]:
    try:
        return read_env(Path(name))
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def _url(text: str) -> str:
    try:
        parts = urlsplit(text)
        fine = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:
        fine = False
    if not fine or not text.isprintable() or " " in text:
        raise argparse.ArgumentTypeError("write it as https://host/path")
    return text


def _use(values: dict[str, str]) -> None:
    """Set the environment as `serverless.yml` makes the functions' of a `.env`."""
    region = values.get("TENCENT_REGION")
    if region:
        values = {"WEBRECORD_BUCKET_REGION": region, "TENCENTCLOUD_REGION": region, **values}
    os.environ.update(values)


def _progress(text: str) -> None:
    """Replace what was shown of the progress; nothing where nobody watches."""
    if sys.stderr.isatty():
        sys.stderr.write(f"\r\033[K{text}")
        sys.stderr.flush()


if __name__ == "__main__":
    raise SystemExit(main())
