"""Errors that end a command. Each is one line that says what to do, and has its exit status.

CliError
 ├── RecordingFailed    1   a recording, a line of a batch or a download ended badly
 ├── BadUsage           2   the command can't be understood or carried out as given
 ├── Unreachable        3   no connection to the endpoint, or it was lost
 │    └── Unconnectable 3   and another try will not help
 ├── NotAuthorized      4   401: no token, or a wrong one
 ├── NotFound           5   404
 ├── Refused            6   any other 4xx: the request is wrong, or comes at the wrong time
 ├── TimedOut           7   what was waited for did not happen in time
 ├── ServiceFailed      8   5xx, or an answer that is not the API's
 │    ├── NotTheApi     8   another web server is at the endpoint
 │    └── Busy          8   429 or 503: it says when to try again
 └── Interrupted      130   Ctrl-C; it says what goes on
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from webrecord.words import filled, said, t

INTERRUPTED = 130
"""Exit status after Ctrl-C."""

EXIT_STATUSES: Mapping[int, str] = {
    0: "done",
    1: "the recording, a line of the batch, a download or a check failed, or a list is cut",
    2: "the command line, a file or a setting is wrong",
    3: "the endpoint can't be reached",
    4: "not authorized",
    5: "there is no such recording",
    6: "the API refused the request",
    7: "it took longer than --timeout",
    8: "the service failed; try again later",
    INTERRUPTED: "interrupted; started recordings continue",
}


_NAMED = 10
"""Wrong fields that an error's line names."""


class CliError(Exception):
    """A line for people; `exit_status` is what programs see."""

    exit_status = 1


class RecordingFailed(CliError):
    """A recording, a line of a batch or a download ended badly."""


class BadUsage(CliError):
    """The command can't be carried out as it was given."""

    exit_status = 2


class Unreachable(CliError):
    """There is no connection to the endpoint, or it was lost before the whole answer came."""

    exit_status = 3


class Unconnectable(Unreachable):
    """There is no connection, and another try will not bring one: another protocol, a certificate, a proxy's login."""


class NotAuthorized(CliError):
    """The API does not know the token."""

    exit_status = 4


class NotFound(CliError):
    """The API has no such thing."""

    exit_status = 5


class Refused(CliError):
    """The API refused the request; sending the same again will not help."""

    exit_status = 6


class TimedOut(CliError):
    """The awaited state did not come in time."""

    exit_status = 7


class ServiceFailed(CliError):
    """The service answered with an error of its own, or something else answered."""

    exit_status = 8


class NotTheApi(ServiceFailed):
    """Another server is at the endpoint; nothing that is sent there will help."""


class Busy(ServiceFailed):
    """The service asks to come back later; `retry_after_s` is None where it does not say when."""

    def __init__(self, message: str, retry_after_s: float | None = None) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class ReaderLeftError(Exception):
    """The reader of stdout closed it: `webrecord list | head`. Not an OSError, which typer would exit 1 for."""


class Interrupted(CliError):
    """Somebody pressed Ctrl-C; the line says what goes on, and how to end it."""

    exit_status = INTERRUPTED


def of_reply(
    status: int, problem: Mapping[str, Any], retry_after_s: float | None = None, typed: Mapping[str, str] | None = None
) -> CliError:
    """Return the error of an answer that is not 2xx.

    Args:
        status: the HTTP status.
        problem: the problem document (RFC 9457), or what little is known as `title` and `detail`.
        retry_after_s: what `Retry-After` asks for.
        typed: what the caller typed for a field of the API, by the field's path: `--until` for `StopAt`.
    """
    line = describe(problem, status, typed or {})
    if status == 401:
        return NotAuthorized(line)
    if status in (429, 503):
        return Busy(line, retry_after_s)
    if status >= 500 or status < 400:
        return ServiceFailed(line)
    return NotFound(line) if status == 404 else Refused(line)


def describe(problem: Mapping[str, Any], status: int, typed: Mapping[str, str]) -> str:
    """Return a problem document in one line, every wrong field named as it was typed, up to ten."""
    fields = problem.get("errors")
    if isinstance(fields, list) and fields:
        named = [(_typed(f.get("path"), typed), _wrong(f)) for f in fields if isinstance(f, dict)]
        line = t("; ").join(f"{path}: {message}" if path else message for path, message in named[:_NAMED])
        line += t("; and {number} more", number=len(named) - _NAMED) if len(named) > _NAMED else ""
    else:
        why = str(problem.get("detail") or "")
        kind = str(problem.get("type")).rpartition(":")[2]
        title = said(f"problem.{kind}", problem.get("title") or t("status {status}", status=status))
        line = ": ".join(part for part in (title, why) if part)
    request = problem.get("request_id")
    return t("{line} (request {request})", line=line, request=request) if request else line


def _wrong(field: Mapping[str, Any]) -> str:
    return filled(f"field.{field.get('code')}", field.get("values"), field.get("message"))


def _typed(path: object, typed: Mapping[str, str]) -> object:
    """Return a field's path behind what was typed for it, or for the whole that it is of."""
    name = str(path)
    option = typed.get(name) or typed.get(name.partition(".")[0])
    return f"{option} ({path})" if option and path else path
