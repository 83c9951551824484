"""The role's key: another one now and then, the last ones good for a while."""

from __future__ import annotations

from pathlib import Path

from local import scf_events
from local.config import LocalConfig, Unkindness
from local.role import Role, RoleKey

FIRST = RoleKey("AKIDfirst", "key", "token")


def test_a_key_is_renewed_and_dies() -> None:
    """A new one a minute, each good for ten; none of them twice."""
    now = [0.0]
    role = Role(FIRST, 60.0, 600.0, clock=lambda: now[0])
    seen = []
    for minute in range(12):
        now[0] = 60.0 * minute
        seen.append(role.current())
        assert role.current() == role.find(role.current().secret_id)
    assert FIRST == seen[0]
    assert 12 == len({key.secret_id for key in seen}) == len({key.token for key in seen})
    good = [role.find(key.secret_id) is not None for key in seen]
    assert [False] * 2 + [True] * 10 == good
    assert role.find("AKIDnobody") is None


def test_a_gentle_one_stays() -> None:
    """The same key for ever."""
    now = [0.0]
    role = Role(FIRST, 0.0, 0.0, clock=lambda: now[0])
    now[0] = 1e9
    assert FIRST == role.current() == role.find("AKIDfirst")


def test_unkind_is_the_usual() -> None:
    """As the real service is, unless somebody asks for less; its waits follow the speed."""
    usual, gentle = Unkindness.of(LocalConfig(Path())), Unkindness.of(LocalConfig(Path(), gentle=True))
    assert (5.0, 1.5, 60.0, True) == (
        usual.start_delay_s,
        usual.listing_late_s,
        usual.role_rotates_s,
        usual.force_download,
    )
    assert Unkindness(0.0, 0.0, 0.0, 0.0, 0.0, 0, force_download=False) == gentle
    fast = Unkindness.of(LocalConfig(Path(), speed=10))
    assert (0.5, 150, True) == (fast.start_delay_s, round(fast.listing_late_s * 1000), fast.force_download)


def test_what_comes_several_times_is_a_list() -> None:
    """Parameters and headers, in their order; what comes once stays a string."""
    pairs = [("state", "failed"), ("limit", "5"), ("state", "lost")]
    assert {"state": ["failed", "lost"], "limit": "5"} == scf_events.collected(pairs)
