"""Kinds of fields that a request has, and the base of its pieces: each is strict, and names its limits. Pure."""

from __future__ import annotations

from itertools import islice
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    AliasChoices,
    AliasGenerator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationInfo,
)
from pydantic.alias_generators import to_pascal

from shared.domain.instants import check_instant
from shared.domain.pages import check_no_login
from shared.domain.wrongs import Wrong

Integer = Annotated[int, Field(strict=True)]
Instant = Annotated[int | float | str, BeforeValidator(check_instant)]
"""RFC 3339 with an offset, or epoch seconds; kept as the caller wrote it."""
Switch = Annotated[int, Field(strict=True, ge=0, le=1)]
Text = Annotated[str, StringConstraints(strict=True)]
Name = Annotated[str, StringConstraints(strict=True, pattern=r"^[A-Za-z0-9_-]+$")]
Segment = Annotated[Name, Field(max_length=128)]
Format = Literal["mp4", "hls"]
LabelName = Annotated[str, StringConstraints(strict=True, pattern=r"^[A-Za-z0-9_.-]{1,64}$")]
LabelValue = Annotated[str, StringConstraints(strict=True, max_length=256)]


def at_most_bytes(limit: int) -> AfterValidator:
    def check(value: str) -> str:
        if not 0 < len(value.encode("utf-8", "surrogatepass")) <= limit:
            raise Wrong("bytes", limit=limit)
        return value

    return AfterValidator(check)


def one_of(*allowed: int) -> AfterValidator:
    # Not a Literal: pydantic takes true and 1.0 for Literal[1].
    def check(value: int) -> int:
        if value not in allowed:
            raise Wrong("one_of", choices=", ".join(map(str, allowed)))
        return value

    return AfterValidator(check)


def no_login(value: str, info: ValidationInfo) -> str:
    # What was accepted before this rule was made still starts.
    return value if (info.context or {}).get("stored") else check_no_login(value)


def few(limit: int) -> BeforeValidator:
    """Keep one item more than the limit: enough to refuse a list without an error for each of 500,000 items."""

    def cut(value: Any) -> Any:  # noqa: ANN401 (whatever the caller sent; the field's own type checks it next)
        if isinstance(value, list):
            return value[: limit + 1]
        return dict(islice(value.items(), limit + 1)) if isinstance(value, dict) else value

    return BeforeValidator(cut)


def _split_path(value: Any) -> Any:  # noqa: ANN401 (as above)
    return value.strip("/").split("/", MOST_SEGMENTS) if isinstance(value, str) else value


def short_folder(limit: int) -> AfterValidator:
    """Refuse a folder of more characters, slashes included: COS has no key longer than 850 bytes, and a film is lost
    whose name does not fit behind it."""

    def check(value: list[str], info: ValidationInfo) -> list[str]:
        # What was accepted before this rule was made still starts.
        if sum(map(len, value)) + len(value) - 1 > limit and not (info.context or {}).get("stored"):
            raise Wrong("too_long", limit=limit)
        return value

    return AfterValidator(check)


RecordId = Annotated[Text, at_most_bytes(31), Field(json_schema_extra={"minLength": 1, "maxLength": 31})]
MOST_SEGMENTS = 16
# A "before" validator that stands later runs earlier: what was split is few.
Prefix = Annotated[
    list[Segment],
    few(MOST_SEGMENTS),
    BeforeValidator(_split_path, json_schema_input_type=list[Segment] | str),
    Field(min_length=1, max_length=MOST_SEGMENTS),
    short_folder(300),
]


class Wire(BaseModel):
    """A piece of the API: both spellings in, the API's spelling out."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        hide_input_in_errors=True,  # it may hold the caller's keys
        defer_build=True,  # a model is built when it is first used: few cold starts need any, none needs all
        alias_generator=AliasGenerator(
            validation_alias=lambda name: AliasChoices(to_pascal(name), name), serialization_alias=to_pascal
        ),
    )
