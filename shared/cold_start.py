"""Imported first by every function: what importing its modules takes is kept short.

Importing makes tens of thousands of objects that stay; the collector would look at them again and again, for some
4 % of a cold start. `imported()` switches it on, and lets it pass over what is there already from then on.
"""

from __future__ import annotations

import gc
import os
import sys
import warnings
from functools import partial
from importlib import import_module
from types import ModuleType
from typing import Any

_state = {"importing": True}

gc.disable()
# pydantic looks for plugins in every folder of the path, when it builds the first model; nothing here has one.
os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")
# The packages leave character detection out: what COS and TRTC answer is UTF-8.
warnings.filterwarnings("ignore", message="Unable to find acceptable character detection dependency")


def _later(name: str, *functions: str) -> None:
    """Have a module imported when something of it is used, which an `import` alone is not, nor one of `functions`."""

    def used(attribute: str) -> Any:  # noqa: ANN401 (whatever the module has)
        if sys.modules.get(name) is stand_in:
            del sys.modules[name]
        return getattr(import_module(name), attribute)

    def called(function: str, *args: Any, **named: Any) -> Any:  # noqa: ANN401 (as the function is)
        return used(function)(*args, **named)

    stand_in = ModuleType(name)
    if functions:  # `from … import` asks for the path of what is a package
        vars(stand_in).update({"__path__": [], **{function: partial(called, function) for function in functions}})
    stand_in.__getattr__ = used  # type: ignore[method-assign]  # as modules define it, PEP 562
    sys.modules.setdefault(name, stand_in)


# structlog imports it for its asynchronous loggers, which nothing here uses: a tenth of what importing takes.
_later("asyncio")
# urllib3 and pydantic import functions of it: for nothing where a callback comes; python-ulid calls one elsewhere.
_later("importlib.metadata", "version", "entry_points")


def imported() -> None:
    """Let the collector work: the modules are there. Called again it does nothing."""
    if _state.pop("importing", False):
        gc.freeze()
        gc.enable()
