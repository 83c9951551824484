"""Imported first by every function: keep the import of its modules short.

Each trick saves a part of a cold start's CPU time (medians of 15 turns, recordings and callback, on 27 November 2026):
the collector 32 and 33 %, patterns 9 and 14 %, unused modules 10 and 14 %, typed dictionaries 4 %, plugins 2 and 5 %.
The collector would examine tens of thousands of objects that stay; `imported()` switches it on and exempts those.
"""

from __future__ import annotations

import gc
import os
import re
import sys
import warnings
from functools import partial
from importlib import import_module
from types import ModuleType
from typing import Any

import typing_extensions

_state = {"importing": True}

gc.disable()
# pydantic looks for plugins in every folder of the path, when it builds the first model; nothing here has one.
os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")
# The packages leave character detection out: what COS and TRTC answer is UTF-8.
warnings.filterwarnings("ignore", message="Unable to find acceptable character detection dependency")


def _later(name: str, *functions: str, made: tuple[str, ...] = ()) -> None:
    """Have a module imported when something of it is used, which an `import` alone is not, nor one of `functions`.

    Args:
        name: of the module.
        functions: what is imported from it; calling one is a use.
        made: classes of which objects are made while modules are imported; calling such an object is a use.
    """

    def used(attribute: str) -> Any:  # noqa: ANN401 (whatever the module has)
        if sys.modules.get(name) is stand_in:
            del sys.modules[name]
        return getattr(import_module(name), attribute)

    def called(function: str, *args: Any, **named: Any) -> Any:  # noqa: ANN401 (as the function is)
        return used(function)(*args, **named)

    def maker(of_class: str) -> Any:  # noqa: ANN401 (see there)
        return lambda *args, **named: lambda *event: used(of_class)(*args, **named)(*event)  # noqa: PLW0108 (later)

    stand_in = ModuleType(name)
    if functions or made:  # `from … import` asks for the path of what is a package
        named = {function: partial(called, function) for function in functions}
        vars(stand_in).update({"__path__": [], **named, **{of_class: maker(of_class) for of_class in made}})
    stand_in.__getattr__ = used  # type: ignore[method-assign]  # as modules define it, PEP 562
    sys.modules.setdefault(name, stand_in)


# What these packages import and nothing here uses.
_later("asyncio")  # structlog's asynchronous loggers
_later("importlib.metadata", "version", "entry_points")  # versions of packages: python-ulid asks for one, elsewhere
_later("structlog.dev", "_has_colors", "set_exc_info", made=("ConsoleRenderer",))  # prints for a terminal
_later("structlog.tracebacks", made=("ExceptionDictTransformer",))
_later("zipfile")  # requests' certificates, were they in an archive
_later("lzma")
_later("bz2")
_later("subprocess")
_later("zoneinfo", "ZoneInfo", "ZoneInfoNotFoundError")  # pydantic's, for a type that no model here has


class _Plain(dict[str, Any]):
    """In place of a typed dictionary."""

    def __init_subclass__(cls, **_: object) -> None:
        pass


class _Pattern:
    """A regular expression that is compiled when it is used: of a hundred that modules make one in four is."""

    __class__ = property(lambda _: re.Pattern)  # for `isinstance`

    def __init__(self, *given: Any, **named: Any) -> None:  # noqa: ANN401 (what `re.compile` takes)
        self.given = partial(_compile, *given, **named)

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 (whatever a pattern has)
        found = getattr(self.given(), name)
        setattr(self, name, found)
        return found


_compile, _matching = re.compile, re._compile  # type: ignore[attr-defined]  # noqa: SLF001 (`re.match` has it)


def _compiled(pattern: Any, flags: Any) -> Any:  # noqa: ANN401 (as `re` has it)
    return pattern.given() if type(pattern) is _Pattern else _matching(pattern, flags)


re.compile = _Pattern  # type: ignore[assignment]
re._compile = _compiled  # type: ignore[attr-defined]  # noqa: SLF001

# pydantic describes its own schemas by a hundred typed dictionaries, for type checkers.
_typed = typing_extensions.TypedDict
typing_extensions.TypedDict = _Plain  # type: ignore[assignment]
import_module("pydantic_core")
typing_extensions.TypedDict = _typed


def imported() -> None:
    """Let the collector work: the modules are there. Called again it does nothing."""
    if _state.pop("importing", False):
        re.compile = _compile
        gc.freeze()
        gc.enable()
