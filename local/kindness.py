"""How the local account's services treat who deploys: what takes time, and what no public document says."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, fields, replace
from typing import Generic, Literal, TypeVar, get_args, get_type_hints

__all__ = ["Clock", "Delays", "Lagging", "Unknowns"]

T = TypeVar("T")


@dataclass
class Delays:
    """Seconds; the defaults are unkind.

    Attributes:
        status_s: least and most that a function is Creating, Updating, Publishing or Deleting.
        role_s: until SCF sees a new role; CAM itself does at once.
        policy_s: until a policy, its text and its attachment have an effect.
        fresh_s: until CAM's and CLS's lists show what is new.
        url_s: until a new trigger shows its Function URL.
        index_s: until an index is usable; until then another change of it is refused.
        dice: jitter of status_s; seeded, so that a run can be repeated.
    """

    status_s: tuple[float, float] = (2.0, 5.0)
    role_s: float = 8.0
    policy_s: float = 10.0
    fresh_s: float = 3.0
    url_s: float = 2.0
    index_s: float = 5.0
    dice: random.Random = field(default_factory=lambda: random.Random(7), repr=False)  # noqa: S311 - jitter

    @staticmethod
    def none() -> Delays:
        """Everything at once."""
        return Delays((0.0, 0.0), 0.0, 0.0, 0.0, 0.0, 0.0)

    def faster(self, speed: float) -> Delays:
        """Return all of them divided."""
        low, high = self.status_s
        times = {name: getattr(self, name) / speed for name in ("role_s", "policy_s", "fresh_s", "url_s", "index_s")}
        return replace(self, status_s=(low / speed, high / speed), **times)

    def status(self) -> float:
        """Return how long the next change of a function takes."""
        return self.dice.uniform(*self.status_s)


@dataclass
class Unknowns:
    """What only the real service could tell: each is one of several, the first is what is assumed.

    Attributes:
        empty_environment: an environment variable with an empty value.
        attach_twice: attaching a policy where it is attached already.
        delete_attached: deleting a policy or a role that is still attached to something.
        code_sha256: whether GetFunctionAddress's CodeSha256 is the uploaded zip's.
        closed_logs: CreateFunction while the log service is not open.
        update_url: UpdateTrigger of an http trigger; `absent`: there is no UpdateTrigger at all.
        service_role: making SCF_QcsRole by API.
        description: letters of a function's description, beyond those that are listed.
        default_trigger: a trigger that is made without Enable.
    """

    empty_environment: Literal["refused", "accepted"] = "refused"
    attach_twice: Literal["done", "refused"] = "done"
    delete_attached: Literal["refused", "detached"] = "refused"
    code_sha256: Literal["equal", "other"] = "equal"
    closed_logs: Literal["fails later", "refused"] = "fails later"
    update_url: Literal["accepted", "refused", "absent"] = "accepted"
    service_role: Literal["accepted", "refused"] = "accepted"
    description: Literal["listed letters", "any"] = "listed letters"
    default_trigger: Literal["closed", "open"] = "closed"

    @staticmethod
    def choices() -> dict[str, tuple[str, ...]]:
        """Return every question and its answers."""
        hints = get_type_hints(Unknowns)
        return {each.name: get_args(hints[each.name]) for each in fields(Unknowns)}

    @staticmethod
    def of(texts: Iterable[str]) -> Unknowns:
        """Read `name=answer`, as often as there is one.

        Raises:
            ValueError: there is no such question, or answer.
        """
        chosen = Unknowns()
        for text in texts:
            chosen.choose(*text.partition("=")[::2])
        return chosen

    def choose(self, name: str, answer: str) -> None:
        """Answer one question.

        Raises:
            ValueError: there is no such question, or answer.
        """
        if answer not in self.choices().get(name, ()):
            known = "; ".join(f"{each}={'|'.join(answers)}" for each, answers in self.choices().items())
            raise ValueError(f"{name}={answer} is not one of {known}")
        setattr(self, name, answer)


class Clock:
    """Seconds that pass, and those that are skipped: what was made before then is so much older.

    Args:
        behind_s: it begins so long ago, so that as much can be skipped.
    """

    def __init__(self, behind_s: float = 0.0) -> None:
        self._ahead = -behind_s

    def __call__(self) -> float:
        return time.monotonic() + self._ahead

    def now(self) -> float:
        """Return the seconds since 1970."""
        return time.time() + self._ahead

    def skip(self, seconds: float) -> None:
        """Let so much time pass at once."""
        self._ahead += seconds


class Lagging(Generic[T]):
    """A value that others see later than it was set."""

    def __init__(self, value: T, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._past: list[tuple[float, T]] = [(float("-inf"), value)]

    @property
    def now(self) -> T:
        """What it is."""
        return self._past[-1][1]

    def set(self, value: T) -> None:
        """Change it."""
        self._past = [*self._past[-32:], (self._clock(), value)]

    def settled(self, value: T) -> None:
        """Change it for everybody at once."""
        self._past = [(float("-inf"), value)]

    def seen(self, lag_s: float) -> T:
        """Return what it was so many seconds ago."""
        latest = self._clock() - lag_s
        return next((value for since, value in reversed(self._past) if since <= latest), self._past[0][1])
