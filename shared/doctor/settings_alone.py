"""Each setting by itself, for the doctor: one that is wrong must not hide the others."""

from __future__ import annotations

import difflib
import os
from collections.abc import Mapping
from typing import Any

from pydantic import SecretStr, ValidationError, create_model
from pydantic_core import PydanticUndefined

from shared.settings import (
    ENV_PREFIX,
    CallbackSettings,
    ReconcileSettings,
    RecordingsSettings,
    StoreSettings,
    given,
    variable,
)

FUNCTIONS: dict[str, type[StoreSettings]] = {
    "recordings": RecordingsSettings,
    "callback": CallbackSettings,
    "reconcile": ReconcileSettings,
}
NOT_OURS = frozenset(f"WEBRECORD_{name}" for name in ("ROLE", "ENDPOINT", "TOKEN", "PROFILE", "DEBUG"))
"""What serverless.yml uses, and what the command line reads: no function's settings."""

_FIELDS = {name: info for kind in FUNCTIONS.values() for name, info in kind.model_fields.items()}


def alone(field: str, environ: Mapping[str, str] = os.environ) -> Any:  # noqa: ANN401 (each setting has its own type)
    """Return a setting's value: its default where it is not set, None where it is wrong or missing."""
    info = _FIELDS[field]
    if (raw := given((field,), environ).get(field)) is None:
        return None if info.default is PydanticUndefined else info.default
    try:
        return _model(info).model_validate({"value": raw}).value
    except ValidationError:
        return None


def usable(field: str, environ: Mapping[str, str] = os.environ) -> bool:
    """Tell whether a setting is right, or may be missing and is."""
    info = _FIELDS[field]
    return alone(field, environ) is not None or (not given((field,), environ) and not info.is_required())


def _model(info: Any) -> Any:  # noqa: ANN401 (a model that is made of a field has no type)
    return create_model("One", value=(info.annotation, info))


def secrets(environ: Mapping[str, str] = os.environ) -> list[str]:
    """Return the value of every secret among the settings."""
    found: list[str] = []
    for field in _FIELDS:
        value = alone(field, environ)
        values = value.values() if isinstance(value, dict) else value if isinstance(value, tuple) else [value]
        found += [each.get_secret_value() for each in values if isinstance(each, SecretStr)]
    return found


def unknown(environ: Mapping[str, str] = os.environ) -> dict[str, str | None]:
    """Return the variables that look like settings and are none, each with the one that was meant, perhaps."""
    known = {variable(field) for field in _FIELDS}
    strange = sorted(
        name for name in environ if name.upper().startswith(ENV_PREFIX) and name.upper() not in known | NOT_OURS
    )
    return {name: next(iter(difflib.get_close_matches(name.upper(), known, 1)), None) for name in strange}
