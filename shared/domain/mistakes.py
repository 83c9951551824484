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
from shared.domain.wrongs import SHOWN, Wrong, quoted

LONGEST = 300
"""Characters of a message; no value makes one longer."""
_SECRET = frozenset(
    ("accesskey", "secretkey", "notifyurl", "publishcdnurl", "procedure", "sessioncontext", "sourcecontext")
)
"""Fields whose values are not repeated: keys, and addresses or texts that may hold some."""
_KINDS_OF = {
    "missing": "missing",
    "not_text": "string_type",
    "not_whole": "int_type int_parsing int_parsing_size int_from_float",
    "not_number": "float_type float_parsing",
    "not_switch": "bool_type",
    "not_object": "model_type model_attributes_type dict_type",
    "not_list": "list_type tuple_type",
    "at_least": "greater_than_equal",
    "at_most": "less_than_equal",
    "more_than": "greater_than",
    "less_than": "less_than",
    "choice": "literal_error enum",
    "unknown": "extra_forbidden",
    "too_long": "string_too_long",
    "empty": "string_too_short too_short",
    "too_many": "too_long",
}
_CODES = {kind: code for code, kinds in _KINDS_OF.items() for kind in kinds.split()}
"""Our code for the validator's."""
_CONTEXT = {"ge": "limit", "le": "limit", "gt": "limit", "lt": "limit", "max_length": "limit", "expected": "choices"}
"""What the validator's errors tell, as our sentences name it."""
_FORMS: Mapping[str, str] = {
    r"^[A-Za-z0-9_-]+$": "letters",
    r"^[A-Za-z0-9_.-]{1,64}$": "label_name",
    r"^[A-Za-z0-9_-]{1,26}$": "id",
    r"^rtmp://[^\s]+$": "rtmp",
}
"""What the patterns of texts mean."""
_KINDS: Mapping[type, str] = {
    dict: "an object",
    list: "a list",
    str: "a text",
    bool: "true or false",
    type(None): "null",
}


def field_errors(error: ValidationError, model: type[BaseModel]) -> list[FieldError]:
    """Return what is wrong with the fields of a request: with the first of them that an error tells of."""
    return [_field_error(dict(item), model) for item in error.errors(include_url=False)[:MOST_FIELDS]]


def words(item: Mapping[str, Any]) -> str:
    """Return what one of the validator's errors (`ValidationError.errors()`) means, with the wrong value."""
    wrong = _wrong(item)
    return f"{wrong}{_not(wrong, item)}"[:LONGEST]


def _wrong(item: Mapping[str, Any]) -> Wrong:
    kind, context, value = str(item["type"]), item.get("ctx", {}), item.get("input")
    if isinstance(error := context.get("error"), Wrong):
        return error
    if kind == "string_pattern_mismatch":
        return Wrong("empty" if value == "" else _FORMS.get(str(context.get("pattern")), "form"))
    code = _CODES.get(kind, "unfit")
    if code in ("not_object", "not_list"):
        return Wrong(code, kind=_KINDS.get(type(value), "a number"))
    return Wrong(code, **{_CONTEXT[name]: one for name, one in context.items() if name in _CONTEXT})


def _not(wrong: Wrong, item: Mapping[str, Any]) -> str:
    """Return the wrong value as it follows the sentence; "" where it says nothing."""
    plain_kinds = ["missing", "unknown", "empty", "not_object", "not_list", "too_many"]
    if isinstance(item.get("input"), list):
        plain_kinds.append("too_long")
    if wrong.field or wrong.code in plain_kinds or not (seen := _seen(item.get("input"))):
        return ""
    return f"{', not' if str(wrong).startswith('must be') else ':'} {seen}"


def unknown(code: str, like: str) -> Wrong:
    """Return that a name is unknown, with the known one that is most like it, if one is."""
    return Wrong(f"{code}_like", like=like) if like else Wrong(code)


def nearest(name: str, known: Iterable[str]) -> str:
    """Return the known name that is most like this one; "" where none is."""
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
    return by_plain[like[0]] if like else ""


def plain(name: str) -> str:
    """Return a name the same for each of its spellings: `RecordUrl`, `record_url`, `RecordURL`."""
    return name.replace("_", "").replace("-", "").lower()


def part(name: object) -> str:
    """Return a piece of a path as people read it; never empty, never long, never a control character."""
    text = str(name)
    fine = text.isprintable() and text == text.strip() and 0 < len(text) <= SHOWN
    return text if fine else quoted(text)


def _field_error(item: dict[str, Any], model: type[BaseModel]) -> FieldError:
    where = [one for one in item["loc"] if one != "[key]"]
    wrong = _wrong(item)
    if wrong.field:
        where.append(wrong.field)
    path = ".".join(map(part, where)) or "body"
    if item["type"] == "extra_forbidden":
        like = _nearest(str(where[-1]), _names(model, where[:-1]))
        # A key may stand where a name should.
        if not like and len(where) > 1 and plain(str(where[-2])) == "cloudstorage":
            path = f"{path.rpartition('.')[0]}.{REDACTED}"
        return unknown("unknown", like).at(path)
    if path == "body":
        return Wrong("no_body").at(path)
    return wrong.at(path, "" if _SECRET & {plain(str(one)) for one in where} else _not(wrong, item))


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
    return list(dict.fromkeys(_paths(model, "")))


def _paths(model: type[BaseModel], before: str) -> Iterator[str]:
    inner: list[tuple[type[BaseModel], str]] = []
    for name, info in model.model_fields.items():
        path = f"{before}{info.serialization_alias or name}"
        yield path
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
