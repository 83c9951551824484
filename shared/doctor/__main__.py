"""`python -m shared.doctor`: look at a deployment from outside, one line per check.

It reads the functions' environment variables, or a `.env` file, and needs TENCENTCLOUD_SECRETID and -KEY (a role's have
TENCENTCLOUD_SESSIONTOKEN, too) in the environment. Inside the deployed reconcile function, the invocation
{"doctor": true} does the same.
"""

from __future__ import annotations

if __name__ == "__main__":
    from shared import cold_start  # before the libraries, as in a function: it starts in half the time

import argparse
import json
import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from io import StringIO
from pathlib import Path
from typing import NoReturn

from dotenv.main import DotEnv
from dotenv.parser import parse_stream

from shared.doctor import Finding
from shared.doctor.run import FUNCTIONS, LIMIT_S, Examination, each, report, scheme_of
from webrecord import streams
from webrecord.seen import told
from webrecord.words import language, speak, t

MAX_BYTES = 1_000_000
"""Of a .env file."""
EPILOG = """\
levels:  ok    as it should be
         warn  it works, but something is unusual, or could not be looked at
         fail  something that the deployment promises does not hold
status:  0 nothing failed, 1 something failed, 2 wrong usage

What it writes is probes: under PREFIX/doctor/ and PREFIX/files/, one beside the prefix (to see it denied), and with
--callback-url one callback. It takes them away again. No setting's value is printed.
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Look, print, and return the exit status. Lines are in the reader's language, JSON is English."""
    given = _parser().parse_args(arguments)
    speak("en" if given.json else language(os.environ, sys.stdout.encoding or "ascii"))
    if given.env:
        _use(given.env)
    _call_this_machine_directly(each()[0]["trtc_endpoint"])
    examination = Examination(given.function, given.api_url, given.callback_url)
    total, found, unwritten = len(examination.checks()), list[Finding](), None
    _progress(t("looking at {total} things, {limit_s:g} s at most …", total=total, limit_s=LIMIT_S))
    for finding in examination.run():
        found.append(finding)
        _progress("")
        if not given.json:
            unwritten = _print(str(finding._replace(seen=told(finding.seen)))) or unwritten
        if len(found) < total:
            _progress(t("looking: {count} of {total} …", count=len(found), total=total))
    said = report(found)
    if given.json:
        unwritten = _print(json.dumps(said, indent=2)) or unwritten
    if unwritten:
        _say(f"error: the output can't be written: {unwritten}")
        return 2
    return 0 if said["ok"] else 1


def _parser() -> argparse.ArgumentParser:
    raw = argparse.RawDescriptionHelpFormatter
    parser = _Parser("python -m shared.doctor", description=__doc__, epilog=EPILOG, formatter_class=raw)
    parser.add_argument("--env", type=_env_file, metavar="FILE", help="take the settings from this .env file")
    said = "whose settings and calls to look at; default all"
    parser.add_argument("--function", choices=[*FUNCTIONS, "all"], default="all", help=said)
    parser.add_argument("--api-url", type=_url, metavar="URL", help="call the deployed recordings function")
    said = "send the deployed callback function a callback"
    parser.add_argument("--callback-url", type=_url, metavar="URL", help=said)
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


def read_env(path: Path) -> dict[str, str]:
    """Return what a .env file sets; an empty line keeps the default.

    Raises:
        ValueError: there is no such file, or it is none; one line that names it and never holds a value.
    """
    if path.exists() and not path.is_file() and not path.is_dir() and not str(path).startswith("/dev/fd/"):
        raise ValueError(f"{path} is no .env file: it is a pipe or a device")
    try:
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
        if len(content) > MAX_BYTES:
            raise ValueError(f"{path} is no .env file: it has more than {MAX_BYTES:,} bytes")
        text = content.decode("utf-8-sig")
    except (FileNotFoundError, NotADirectoryError):
        raise ValueError(f"there is no file {path}") from None
    except OSError as error:
        raise ValueError(f"{path} can't be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise ValueError(f"{path} is not text in UTF-8: save it as UTF-8") from None
    lines = list(parse_stream(StringIO(text)))
    wrong = next((line for line in lines if line.error or "\0" in (line.value or "")), None)
    if wrong:
        raise ValueError(f"{path}, line {wrong.original.line}: is not NAME=value")
    values = DotEnv(None, StringIO(text), interpolate=False).dict()
    twice = [name for name in values if len({line.value for line in lines if line.key == name}) > 1]
    if twice:
        raise ValueError(f"{path} sets {', '.join(twice)} more than once: keep one line of each")
    return {name: value for name, value in values.items() if name and value}


def _url(text: str) -> str:
    if scheme_of(text) not in ("http", "https"):
        raise argparse.ArgumentTypeError("write it as https://host/path")
    return text


def _use(values: dict[str, str]) -> None:
    """Set the environment as `serverless.yml` makes the functions' of a `.env`."""
    region = values.get("TENCENT_REGION")
    if region:
        values = {"WEBRECORD_BUCKET_REGION": region, "TENCENTCLOUD_REGION": region, **values}
    os.environ.update(values)


def _call_this_machine_directly(endpoint: str | None) -> None:
    """Keep proxies out of calls to an endpoint on this machine, of this process."""
    host = (endpoint or "").rpartition("://")[2]
    name = host.partition(":")[0].lower()
    if name == "localhost" or name.startswith("127."):
        for variable in ("NO_PROXY", "no_proxy"):  # TRTC's SDK looks for host:port in it, requests for the host
            os.environ[variable] = ",".join(filter(None, (os.environ.get(variable), host, name)))


def _print(text: str) -> str | None:
    """Print a line, or return why it can't be; the checks go on then: at their end they take their probes away."""
    try:
        print(text, flush=True)  # noqa: T201
    except OSError as error:
        streams.to_nobody(1)
        # `… | head`: the reader has what it wanted.
        return None if isinstance(error, BrokenPipeError) else str(error.strerror)
    return None


def command() -> int:
    """Run `main` from a shell, whatever its streams are; return the exit status."""
    streams.open_closed()
    try:
        return main()
    except KeyboardInterrupt:
        _say("interrupted")
        return 130
    finally:
        streams.flush()


def _say(line: str) -> None:
    with suppress(OSError):
        sys.stderr.write(f"{line}\n")


def _progress(text: str) -> None:
    """Replace the line of progress, on a terminal alone."""
    if sys.stderr.isatty():
        sys.stderr.write(f"\r\033[K{text}")
        sys.stderr.flush()


if __name__ == "__main__":
    cold_start.imported()
    sys.exit(command())
