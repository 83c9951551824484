"""The common options of all commands, and the session made from them."""

from __future__ import annotations

import inspect
import os
import shlex
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import Annotated, Any

import typer

from webrecord.api import Api
from webrecord.output import Output
from webrecord.settings import Choices, resolve

_PANEL = "Connection and output"
Endpoint = Annotated[
    str | None, typer.Option("--endpoint", metavar="URL", help="The API's address.", rich_help_panel=_PANEL)
]
TokenFile = Annotated[
    Path | None, typer.Option("--token-file", help="A file with the token, mode 600.", rich_help_panel=_PANEL)
]
Profile = Annotated[
    str | None,
    typer.Option("--profile", metavar="NAME", help="A profile of the configuration file.", rich_help_panel=_PANEL),
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON on stdout, for programs.", rich_help_panel=_PANEL)]
Zone = Annotated[
    str | None,
    typer.Option("--zone", metavar="ZONE", help="Zone of times and days without an offset: Asia/Shanghai, +08:00."),
]
_KEYWORD = inspect.Parameter.KEYWORD_ONLY
_COMMON = (
    inspect.Parameter("endpoint", _KEYWORD, default=None, annotation=Endpoint),
    inspect.Parameter("token_file", _KEYWORD, default=None, annotation=TokenFile),
    inspect.Parameter("profile", _KEYWORD, default=None, annotation=Profile),
    inspect.Parameter("as_json", _KEYWORD, default=False, annotation=Json),
)


@dataclass
class Session:
    """What one command works with; it connects to the API at the first use."""

    choices: Choices
    out: Output

    @cached_property
    def api(self) -> Api:
        """The API that options, environment or profile name."""
        return Api(resolve(self.choices, os.environ), waits=self.out.waits)

    def again(self, *words: str) -> str:
        """Return a command line for the same endpoint: `webrecord stop ID --profile prod`."""
        endpoint, token_file, profile = self.choices.endpoint, self.choices.token_file, self.choices.profile
        given = (("--endpoint", endpoint), ("--token-file", token_file), ("--profile", profile))
        options = [word for name, value in given if value is not None for word in (name, str(value))]
        return shlex.join(["webrecord", *words, *options])

    def __enter__(self) -> Session:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if "api" in self.__dict__:
            self.api.http.close()


def command(
    app: typer.Typer, name: str | None = None, example: str = ""
) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Register `run(session, …)` as a command: its own parameters, and after them those that all commands have."""

    def register(run: Callable[..., None]) -> Callable[..., None]:
        own = list(inspect.signature(run, eval_str=True).parameters.values())[1:]

        def call(**given: Any) -> None:  # noqa: ANN401 (what the command line holds, checked by its signature)
            common = {parameter.name: given.pop(parameter.name) for parameter in _COMMON}
            output = Output(as_json=common.pop("as_json"))
            with Session(Choices(**common), output) as session:
                run(session, **given)

        parameters = [parameter.replace(kind=_KEYWORD) for parameter in own] + list(_COMMON)
        call.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]  # as `inspect` reads it
        call.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
        call.__name__, call.__doc__, call.__module__ = run.__name__, run.__doc__, run.__module__
        app.command(name, epilog=f"Example: webrecord {example}" if example else None)(call)
        return run

    return register
