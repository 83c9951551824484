"""The functions' temporary key: as on the platform another one now and then, and the last ones are good for a while."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, field

__all__ = ["Role", "RoleKey"]


@dataclass(frozen=True)
class RoleKey:
    """One temporary key."""

    secret_id: str
    secret_key: str = field(repr=False)
    token: str = field(repr=False)

    @property
    def environment(self) -> dict[str, str]:
        """The variables by which SCF hands it over."""
        return {
            "TENCENTCLOUD_SECRETID": self.secret_id,
            "TENCENTCLOUD_SECRETKEY": self.secret_key,
            "TENCENTCLOUD_SESSIONTOKEN": self.token,
        }


class Role:
    """Keys of one role; a new one every `rotate_s` seconds, each good for `valid_s` from then on.

    Args:
        first: the first key.
        rotate_s: 0 keeps it for ever.
        valid_s: how long a key lives.
        clock: seconds.
    """

    def __init__(
        self, first: RoleKey, rotate_s: float, valid_s: float, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._rotate_s, self._valid_s, self._clock = rotate_s, valid_s, clock
        self._keys: dict[str, tuple[RoleKey, float]] = {first.secret_id: (first, clock())}
        self._current = first

    def current(self) -> RoleKey:
        """Return the key of this moment."""
        now = self._clock()
        if self._rotate_s and now - self._keys[self._current.secret_id][1] >= self._rotate_s:
            new = secrets.token_hex
            self._current = RoleKey(f"AKIDrole{new(8)}", new(16), new(32))
            self._keys[self._current.secret_id] = self._current, now
        return self._current

    def find(self, secret_id: str) -> RoleKey | None:
        """Return a key that is good; None for one that is not ours, or too old."""
        now = self._clock()
        if self._rotate_s:
            fresh = {name: (key, born) for name, (key, born) in self._keys.items() if now - born < self._valid_s}
            self._keys = {**fresh, self._current.secret_id: self._keys[self._current.secret_id]}
            if secret_id not in fresh:
                return None
        return self._keys[secret_id][0] if secret_id in self._keys else None
