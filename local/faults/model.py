"""What can go wrong on purpose: the rules of a faults file, and of `python -m local faults add`.

Every rule says where it is (`on`), what it does (`do`), what it touches, and how often. Patterns are globs
(`*`, `?`, `[…]`), matched with their case.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from shared.domain.mistakes import words

__all__ = [
    "ApiFault",
    "BrowserFault",
    "CallFault",
    "CallbackFault",
    "CosFault",
    "Fault",
    "FaultFile",
    "ListingFault",
    "TrtcFault",
    "mistakes",
]

Seconds = Annotated[float, Field(ge=0, le=86_400)]
Chance = Annotated[float, Field(gt=0, le=1)]
Ordinal = Annotated[int, Field(ge=1)]


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class _Counted(_Model):
    """How often a rule strikes.

    Attributes:
        nth: spare what comes before the n-th that fits; alone it strikes just that one.
        count: strike so many at most; None is no limit, until the rule is cleared.
        share: strike each with this chance.
    """

    nth: Ordinal | None = None
    count: Ordinal | None = None
    share: Chance = 1.0

    @property
    def limit(self) -> int | None:
        """How many are struck at most."""
        return 1 if self.count is None and self.nth is not None else self.count


class CallbackFault(_Counted):
    """A disturbance of callbacks, before their first delivery.

    Attributes:
        do: `drop` loses it without a try, `delay` sends it later, `duplicate` sends it once more after its
            delivery, `reorder` sends it after the next callback of its SdkAppId, or after `seconds`, when none comes.
        types: event types; empty: all.
        task: glob of the TaskId, without the suffix that event 310 carries.
        seconds: of `delay` and `reorder`; 3 when left out.
    """

    on: Literal["callback"] = "callback"
    do: Literal["drop", "delay", "duplicate", "reorder"]
    types: frozenset[int] = frozenset()
    task: str = "*"
    seconds: Seconds | None = None

    @model_validator(mode="after")
    def _fits(self) -> CallbackFault:
        _only(self.seconds, "seconds", self.do, ("delay", "reorder"))
        return self


class _Call(_Counted):
    """A disturbance of one request and its answer, after its signature was checked.

    Attributes:
        do: `fail` refuses with `code` without acting; `hang` does not act and closes the connection after
            `seconds` (60); `lose` acts and closes the connection without an answer; `delay` acts and answers
            `seconds` (3) later.
        code: the error code of `fail`.
    """

    do: Literal["fail", "hang", "lose", "delay"]
    code: str | None = None
    seconds: Seconds | None = None

    @model_validator(mode="after")
    def _fits(self) -> _Call:
        _only(self.code, "code", self.do, ("fail",))
        _only(self.seconds, "seconds", self.do, ("hang", "delay"))
        return self

    @property
    def wait_s(self) -> float:
        """How long to hang, or to delay."""
        usual = {"hang": 60.0, "delay": 3.0}.get(self.do, 0.0)
        return usual if self.seconds is None else self.seconds


class TrtcFault(_Call):
    """Of calls of the TRTC API: `action` is a glob of StartWebRecord, DescribeWebRecord, StopWebRecord."""

    on: Literal["trtc"] = "trtc"
    action: str = "*"


class ApiFault(_Call):
    """Of calls of the services that one deploys with.

    Attributes:
        action: a glob.
        status: answer `fail` with this HTTP status and no envelope, as a broken front does.
    """

    on: Literal["scf", "cam", "cls", "sts"]
    action: str = "*"
    status: Annotated[int, Field(ge=400, le=599)] | None = None

    @model_validator(mode="after")
    def _status_fits(self) -> ApiFault:
        _only(self.status, "status", self.do, ("fail",))
        return self


class CosFault(_Call):
    """Of calls of COS.

    Attributes:
        method: GET, PUT, HEAD, POST, DELETE, or `*`.
        key: glob of the object's key; of the prefix asked for, where it is a listing.
        status: HTTP status of a `code` that the local COS does not know; 503 when left out.
    """

    on: Literal["cos"] = "cos"
    method: str = "*"
    key: str = "*"
    status: Annotated[int, Field(ge=400, le=599)] | None = None

    @model_validator(mode="after")
    def _status_fits(self) -> CosFault:
        _only(self.status, "status", self.do, ("fail",))
        return self


class ListingFault(_Model):
    """Listings of COS that are behind; reads by key never are.

    Attributes:
        do: `stale`: for so many seconds from now, listings show the bucket as it is now; `late`: until this is
            cleared, every change is listed so many seconds after it was made.
    """

    on: Literal["listing"] = "listing"
    do: Literal["stale", "late"]
    seconds: Seconds


class BrowserFault(_Model):
    """A browser that dies while it records; TRTC starts another, twice a task.

    Attributes:
        task: glob of the TaskId.
        seconds: strike once so much is recorded, at the recorder's next report (one a second).
        count: so many browsers; 3 of one task make TRTC give it up (801 status 5).
    """

    on: Literal["browser"] = "browser"
    do: Literal["crash"] = "crash"
    task: str = "*"
    seconds: Seconds = 0.0
    count: Ordinal = 1


CallFault: TypeAlias = TrtcFault | ApiFault | CosFault
Fault: TypeAlias = Annotated[
    CallbackFault | TrtcFault | ApiFault | CosFault | ListingFault | BrowserFault, Field(discriminator="on")
]


class FaultFile(_Model):
    """A faults file: `{"faults": [{"on": "trtc", "do": "fail", …}], "seed": 7}`; the first rule that strikes wins.

    Attributes:
        seed: makes `share` strike the same ones at every run.
    """

    faults: tuple[Fault, ...] = ()
    seed: int | None = None


def mistakes(error: ValidationError) -> str:
    """Say in one line what is wrong with a file or a command."""
    return "; ".join(f"{_place(each['loc'])}{_words(dict(each))}" for each in error.errors())


def _words(item: dict[str, Any]) -> str:
    context = item.get("ctx", {})
    if isinstance(error := context.get("error"), ValueError):
        return str(error)
    if item["type"] == "union_tag_invalid":
        return f"{context['discriminator']} must be one of {context['expected_tags']}"
    return f"{context['discriminator']} is missing" if item["type"] == "union_tag_not_found" else words(item)


def _place(location: tuple[int | str, ...]) -> str:
    # pydantic names the chosen kind of rule too, right after the rule's index, where the reader knows it.
    names = [str(part) for at, part in enumerate(location) if not (at == 2 and location[0] == "faults")]
    return f"{'.'.join(names)}: " if names else ""


def _only(value: Any, name: str, do: str, wanted: tuple[str, ...]) -> None:  # noqa: ANN401 - whatever was given
    if value is not None and do not in wanted:
        raise ValueError(f"{name} goes with {' or '.join(wanted)}, not with {do}")
