"""Imported first by every function: what importing its modules takes is kept short.

Importing makes tens of thousands of objects that stay; the collector would look at them again and again, for some
4 % of a cold start. `imported()` switches it on, and lets it pass over what is there already from then on.
"""

from __future__ import annotations

import gc
import os
import warnings

_state = {"importing": True}

gc.disable()
# pydantic looks for plugins in every folder of the path, when it builds the first model; nothing here has one.
os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")
# The packages leave character detection out: what COS and TRTC answer is UTF-8.
warnings.filterwarnings("ignore", message="Unable to find acceptable character detection dependency")


def imported() -> None:
    """Let the collector work: the modules are there. Called again it does nothing."""
    if _state.pop("importing", False):
        gc.freeze()
        gc.enable()
