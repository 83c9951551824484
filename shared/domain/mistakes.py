"""What is wrong with a caller's values, in words: where, what, the value unless it may be a secret, the nearest name.

Imported only when something is wrong: it costs no call that is right anything.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from typing import Any, get_args

from pydantic import BaseModel, ValidationError

from shared.domain.errors import MOST_FIELDS, FieldError
from shared.domain.redaction import REDACTED
from shared.domain.request import Misfit

LONGEST = 300
"""Characters of a message; no value makes one longer."""
_SHOWN = 40
_SECRET = frozenset(
    ("accesskey", "secretkey", "notifyurl", "publishcdnurl", "procedure", "sessioncontext", "sourcecontext")
)
"""Fields whose values are not repeated: keys, and addresses or texts that may hold some."""
_WHOLE = "must be a whole number"
_WORDS: Mapping[str, str] = {
    "missing": "is missing",
    "string_type": "must be a text",
    "int_type": _WHOLE,
    "int_parsing": _WHOLE,
    "int_parsing_size": _WHOLE,
    "int_from_float": _WHOLE,
    "greater_than_equal": "must be at least {ge}",
    "less_than_equal": "must be at most {le}",
    "greater_than": "must be more than {gt}",
    "less_than": "must be less than {lt}",
    "literal_error": "must be {expected}",
    "enum": "must be {expected}",
    "extra_forbidden": "unknown field",
    "float_type": "must be a number",
    "float_parsing": "must be a number",
    "bool_type": "must be true or false",
    "union_tag_invalid": "{discriminator} must be one of {expected_tags}",
    "union_tag_not_found": "{discriminator} is missing",
    "string_too_long": "must be at most {max_length} characters",
}
_OBJECT = {"model_type", "model_attributes_type", "dict_type"}
_KINDS: Mapping[type, str] = {
    dict: "an object",
    list: "a list",
    str: "a text",
    bool: "true or false",
    type(None): "null",
}
_FORMS: Mapping[str, str] = {
    r"^[A-Za-z0-9_-]+$": "must be letters, digits, _ and - (A-Z, a-z, 0-9)",
    r"^[A-Za-z0-9_.-]{1,64}$": "is no label's name: it must be 1 to 64 letters, digits, _, . and - (A-Z, a-z, 0-9)",
    r"^[A-Za-z0-9_-]{1,26}$": "must be 1 to 26 letters, digits, _ and - (A-Z, a-z, 0-9)",
    r"^rtmp://[^\s]+$": "must be an address such as rtmp://host/app/stream",
}
"""What the patterns of texts mean."""


def field_errors(error: ValidationError, model: type[BaseModel]) -> list[FieldError]:
    """Return what is wrong with the fields of a request: with the first of them that an error tells of."""
    return [_field_error(dict(item), model) for item in error.errors(include_url=False)[:MOST_FIELDS]]


def words(item: Mapping[str, Any], *, shown: bool = True) -> str:
    """Return what one of the validator's errors means.

    Args:
        item: an error of `ValidationError.errors()`, with its context.
        shown: whether the wrong value may be repeated.
    """
    kind, context, value = str(item["type"]), item.get("ctx", {}), item.get("input")
    if kind in _OBJECT or kind in ("list_type", "tuple_type"):
        wanted = "an object" if kind in _OBJECT else "a list"
        return f"must be {wanted}, not {_KINDS.get(type(value), 'a number')}"
    if kind in ("too_long", "too_short"):
        return f"must hold at most {context['max_length']}" if kind == "too_long" else "must not be empty"
    if kind == "string_too_short" or (kind == "string_pattern_mismatch" and value == ""):
        return "must not be empty"
    if kind in ("value_error", "assertion_error"):
        said = str(context.get("error", "does not fit"))
    elif kind == "string_pattern_mismatch":
        said = _FORMS.get(str(context.get("pattern")), "has a form that is not allowed")
    else:
        said = _WORDS.get(kind, "does not fit").format(**{name: str(one) for name, one in context.items()})
    if (
        not shown
        or kind in ("missing", "extra_forbidden")
        or isinstance(context.get("error"), Misfit)
        or not (seen := _seen(value))
    ):
        return said[:LONGEST]
    joint = ", not" if said.startswith("must be") else ":"
    return f"{said[: LONGEST - 100]}{joint} {seen}"


def nearest(name: str, known: Iterable[str]) -> str:
    """Return "; did you mean NAME?" for the known name that is most like this one; "" where none is."""
    return _nearest(name, _spelled(known))


def _spelled(known: Iterable[str]) -> dict[str, str]:
    by_plain: dict[str, str] = {}
    for one in known:
        by_plain.setdefault(plain(one.rpartition(".")[2]), one)
    return by_plain


def _nearest(name: str, by_plain: Mapping[str, str]) -> str:
    given = plain(name[:64])
    inside = [one for one in by_plain if len(given) > 2 and given in one]
    like = difflib.get_close_matches(given, by_plain, 1, 0.7) or inside
    return f"; did you mean {by_plain[like[0]]}?" if like else ""


def plain(name: str) -> str:
    """Return a name the same for each of its spellings: `RecordUrl`, `record_url`, `RecordURL`."""
    return name.replace("_", "").replace("-", "").lower()


def part(name: object) -> str:
    """Return a piece of a path as people read it; never empty, never long, never a control character."""
    text = str(name)
    fine = text.isprintable() and text == text.strip() and 0 < len(text) <= _SHOWN
    return text if fine else quoted(text)


def quoted(text: str) -> str:
    """Return a text in quotes, shortened, with its control characters escaped."""
    return repr(text[:_SHOWN]) + ("…" if len(text) > _SHOWN else "")


def _field_error(item: dict[str, Any], model: type[BaseModel]) -> FieldError:
    where = [one for one in item["loc"] if one != "[key]"]
    misfit = item.get("ctx", {}).get("error")
    if isinstance(misfit, Misfit):
        where.append(misfit.field)
    path = ".".join(map(part, where)) or "body"
    if item["type"] == "extra_forbidden":
        like = _nearest(str(where[-1]), _names(model, where[:-1]))
        if (
            not like and len(where) > 1 and plain(str(where[-2])) == "cloudstorage"
        ):  # a key may stand where a name should
            path = f"{path.rpartition('.')[0]}.{REDACTED}"
        return FieldError(path, f"unknown field{like}")
    if path == "body":
        return FieldError(path, 'must be a JSON object, such as {"RecordUrl": "https://example.com"}')
    return FieldError(path, words(item, shown=not _SECRET & {plain(str(one)) for one in where}))


def _names(model: type[BaseModel], where: list[int | str]) -> Mapping[str, str]:
    """Return the names that an object of the request knows, then those of what is in it and around it, with paths."""
    inside = plain(".".join(str(one) for one in where if isinstance(one, str)))
    return _around(model, next((path for path in _all_paths(model) if plain(path) == inside), "") if inside else "")


# Hundreds of lines of a job may each have dozens of wrong names: what is known is the same for all of them.
@cache
def _around(model: type[BaseModel], here: str) -> Mapping[str, str]:
    around, paths = here + "." * bool(here), _all_paths(model)
    inner = [path.removeprefix(around) for path in paths if path.startswith(around) and path != here]
    return _spelled([*inner, *paths])


@cache
def _all_paths(model: type[BaseModel]) -> list[str]:
    return list(dict(_paths(model, "")))


def _paths(model: type[BaseModel], before: str) -> Iterator[tuple[str, None]]:
    inner: list[tuple[type[BaseModel], str]] = []
    for name, info in model.model_fields.items():
        path = f"{before}{info.serialization_alias or name}"
        yield path, None
        inner += [(one, f"{path}.") for one in _models(info.annotation)]
    for one, path in inner:
        yield from _paths(one, path)


def _models(annotation: Any) -> Iterator[type[BaseModel]]:  # noqa: ANN401 (any annotation)
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for inner in get_args(annotation):
        yield from _models(inner)


def _seen(value: Any) -> str:  # noqa: ANN401 (whatever the caller sent)
    """Return a wrong value as it may be repeated; "" for what may hold a password or a token, and for objects."""
    if isinstance(value, str):
        text = value.split("?")[0].split("#")[0]
        return "" if "@" in text or not text else quoted(text)
    if value is None or isinstance(value, bool):
        return "null" if value is None else str(value).lower()
    if isinstance(value, int):
        return str(value) if abs(value) < 10**20 else "a number of more than 20 digits"
    return repr(value) if isinstance(value, float) else _KINDS.get(type(value), "")
