"""Evidence: what is known of a recording, as a join of what each fact says.

Every field joins by a rule that is commutative, associative and idempotent (earliest, latest, union), so the
same facts in any order and any number give the same evidence. Nothing here decides: `states.py` does.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Annotated, Any, ClassVar, TypeVar

from pydantic import AfterValidator, BeforeValidator, Field
from typing_extensions import Self

from shared.domain.film.verdict import FilmCheck, Flaw
from shared.domain.ids import FACT_NAME
from shared.domain.reasons import Code, former
from shared.domain.value import Value

Number = Annotated[str, Field(pattern=r"^[1-9][0-9]{0,8}$")]
FactName = Annotated[str, Field(pattern=FACT_NAME)]
Change = Annotated[str, Field(pattern=r"^[0-9]{13}-[a-z]{1,20}$")]
Note = tuple[int, str]
"""A time (epoch ms) and words; notes are compared by time, then text."""
NOT_READ = "unreadable"
"""What stands in the evidence for a fact that is there and can't be read."""


def _with_code(stored: Any) -> Any:  # noqa: ANN401 (whatever is stored)
    """Return what was given up as it is stored now: with its code."""
    words = stored[1] if isinstance(stored, list) and len(stored) == 2 else None
    return [*stored, former(words)] if isinstance(words, str) else stored


def _in_two(stored: Any) -> Any:  # noqa: ANN401 (whatever is stored)
    """Return an unanswered call as it is stored now: TRTC's code and message were one text."""
    words = stored[1] if isinstance(stored, list) and len(stored) == 2 else None
    return [stored[0], words.partition(": ")[0], words.partition(": ")[2]] if isinstance(words, str) else stored


GaveUp = Annotated[tuple[int, str, Code], BeforeValidator(_with_code)]
"""When, why, and the reason's code."""
Unanswered = Annotated[tuple[int, str, str], BeforeValidator(_in_two)]
"""When, the SDK's or TRTC's code, its message."""

T = TypeVar("T")


Join = Callable[[Any, Any], Any]


def _known(join: Callable[..., Any]) -> Join:
    """Return a join of what may be None, which knows nothing."""
    return lambda a, b: b if a is None else a if b is None else join(a, b)


earliest, latest = _known(min), _known(max)
"""Of ints, strings or notes."""


def union(join: Callable[[T, T], T]) -> Callable[[dict[str, T], dict[str, T]], dict[str, T]]:
    """Join two mappings by joining what they hold under the same name; names end up sorted."""

    def joined(a: dict[str, T], b: dict[str, T]) -> dict[str, T]:
        both = {**a, **b, **{name: join(a[name], b[name]) for name in a.keys() & b.keys()}}
        return dict(sorted(both.items()))

    return joined


class Joined(Value):
    """A record whose fields join one by one: by `RULES`, and by `latest` where no rule is given."""

    RULES: ClassVar[Mapping[str, Join]] = {}

    def join(self, other: Self) -> Self:
        """Return what both know together."""
        if not self.model_fields_set:
            return other
        # What was never set knows nothing.
        names = other.model_fields_set
        joins = {name: self.RULES.get(name, latest)(getattr(self, name), getattr(other, name)) for name in names}
        return self.model_copy(update=joins)


class File(Joined):
    """One recorded file. Times are epoch ms of the recorded picture; `size` is bytes."""

    start_ms: int | None = None
    end_ms: int | None = None
    size: int | None = None
    track: str | None = None
    file_id: str | None = None
    url: str | None = None
    told_ms: int | None = None
    """TRTC said last that it is uploaded; so for the next three."""
    held_ms: int | None = None
    failed_ms: int | None = None
    begun_ms: int | None = None
    """Its upload began."""


class Attempt(Joined):
    """One StartWebRecord under one RecordId."""

    at_ms: int | None = None
    task_key: str | None = None
    task_id: str | None = None
    request_id: str | None = None
    refused: tuple[int, str, str] | None = None
    """When, TRTC's code, its message."""
    final: bool | None = None
    """Whether the refusal forbids another try."""
    unanswered: Unanswered | None = None
    """No answer came: a task may or may not have started. The same RecordId must be tried again."""
    again_ms: int | None = None
    """When it was made last, where it was made more than once: each time may have started a task."""

    RULES: ClassVar[Mapping[str, Join]] = {"at_ms": earliest}

    def join(self, other: Self) -> Self:
        joined = super().join(other)
        made = [ms for each in (self, other) for ms in (each.at_ms, each.again_ms) if ms is not None]
        again_ms = max(made) if made and max(made) != min(made) else None
        return joined if joined.again_ms == again_ms else joined.model_copy(update={"again_ms": again_ms})


class Filmed(Value):
    """A look into a task's films: when, which try, which findings were switched off, what each file is."""

    at_ms: int
    tries: Annotated[int, Field(ge=1, lt=100)] = 1
    off: list[Flaw] = Field(default_factory=list)
    files: dict[str, FilmCheck] = Field(default_factory=dict)


def _later_look(a: Filmed, b: Filmed) -> Filmed:
    """Return the later of two looks, which saw what the earlier one saw."""
    if (a.at_ms, a.tries) == (b.at_ms, b.tries):
        return max(a, b, key=Filmed.model_dump_json)
    return max(a, b, key=lambda one: (one.at_ms, one.tries))


class Task(Joined):
    """What the callbacks and our own looks say of one task. All times are epoch ms."""

    task_id: str | None = None
    began_ms: int | None = None
    paused: tuple[int, bool] | None = None
    ended_ms: int | None = None
    over_limit: Note | None = None
    not_started: Note | None = None
    terminated: Note | None = None
    covered_ms: int | None = None
    """Uploaded files cover the recording up to this time."""
    closed_ms: int | None = None
    """The upload of the whole task was reported as over, with files."""
    empty_ms: int | None = None
    """The upload was reported as over, with an empty list of files."""
    held: Note | None = None
    """Files still on the recorder's side."""
    broken: Note | None = None
    """The upload was reported as failed."""
    gone_ms: int | None = None
    """TRTC was seen not to know the task any more."""
    runs_ms: int | None = None
    """TRTC said that it records, though a callback had told its end."""
    over_ms: int | None = None
    """TRTC said that it does not record, as a callback had told."""
    listed_ms: int | None = None
    """Its files were listed; more may be on their way."""
    settled_ms: int | None = None
    """The last check listed the files after the grace time; no more are expected."""
    failed_to_ms: int | None = None
    """Files whose upload failed cover the recording up to this time."""
    rest: File | None = None
    """What upload events said that name no file."""
    # `= {}` would be copied deeply for every record, hence the factories.
    relay: dict[str, tuple[int, int, str]] = Field(default_factory=dict)
    """Last state of each relay address: when, Status, message."""
    files: dict[str, File] = Field(default_factory=dict)
    film: Filmed | None = None
    """The last look into its films."""

    RULES: ClassVar[Mapping[str, Join]] = {
        **dict.fromkeys(
            ("began_ms", "ended_ms", "not_started", "terminated", "closed_ms", "gone_ms", "settled_ms"), earliest
        ),
        "relay": union(max),
        "files": union(File.join),
        "rest": _known(File.join),
        "film": _known(_later_look),
    }


class Notification(Joined):
    """The result of one webhook-id: number of tries, time of delivery, last failure."""

    attempts: Annotated[int, Field(ge=0, lt=10**6)] | None = None
    delivered_ms: int | None = None
    error: Note | None = None
    ended: Note | None = None
    """The receiver wants no more notifications: 410."""
    state: str | None = None
    """Which state it tells."""

    RULES: ClassVar[Mapping[str, Join]] = {"delivered_ms": earliest, "ended": earliest}


def told_by(webhook_id: str) -> str:
    """Return the state that a notification tells, as releases had it that did not store it: `<id>-…-<state>`."""
    return webhook_id.removesuffix("-again").rpartition("-")[2]


def _with_state(stored: dict[str, Notification]) -> dict[str, Notification]:
    """Return notifications as they are stored now: with the state that each tells."""
    return {
        webhook_id: sent if sent.state else sent.model_copy(update={"state": told_by(webhook_id)})
        for webhook_id, sent in stored.items()
    }


def _read(a: str, b: str) -> str:
    """Join what a fact is by two readings: who has read it knows what it says."""
    return max(a, b) if NOT_READ not in (a, b) else a if b == NOT_READ else b


class Evidence(Joined):
    """Everything known of one recording."""

    attempts: dict[Number, Attempt] = Field(default_factory=dict)
    tasks: dict[str, Task] = Field(default_factory=dict)
    stop: Note | None = None
    """The first stop request and why."""
    gave_up: GaveUp | None = None
    """When and why we last decided that it will not be started (again)."""
    completed_ms: int | None = None
    """It was completed, and news of before came then: it stays so."""
    changes: dict[Change, str] = Field(default_factory=dict)
    """States that the caller wants notifications of: `<ms>-<state>` → state."""
    notifications: Annotated[dict[str, Notification], AfterValidator(_with_state)] = Field(default_factory=dict)
    facts: dict[FactName, str] = Field(default_factory=dict)
    """Name of every fact folded in, and what it is; sorted by name this is the timeline."""
    said: dict[str, str] | None = None
    """Name of a callback's fact, one of a beginning or an end in order → its words, where more than `Success`."""

    RULES: ClassVar[Mapping[str, Join]] = {
        "attempts": union(Attempt.join),
        "tasks": union(Task.join),
        "stop": earliest,
        "completed_ms": earliest,
        "changes": union(max),
        "notifications": union(Notification.join),
        "facts": union(_read),
        "said": lambda a, b: union(max)(a or {}, b or {}) or None,  # none is as a release before has it
    }
