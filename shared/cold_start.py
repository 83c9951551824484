"""Imported first by every function: no garbage is collected while its modules are imported.

Importing makes tens of thousands of objects that stay; the collector would look at them again and again, for some
4 % of a cold start. `imported()` switches it on, and lets it pass over what is there already from then on.
"""

from __future__ import annotations

import gc

_state = {"importing": True}

gc.disable()


def imported() -> None:
    """Let the collector work: the modules are there. Called again it does nothing."""
    if _state.pop("importing", False):
        gc.freeze()
        gc.enable()
