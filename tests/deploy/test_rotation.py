"""The upload key gets a successor, whatever call that was interrupted at; the old one ends when nothing needs it."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest

from tests.deploy.account import Account, Died
from tests.deploy.test_deployment import Clock, checkout, deploy
from tests.deploy.test_removal import marked
from webrecord.deploy import envfile
from webrecord.deploy.change import Applying
from webrecord.deploy.deployment import Deployment
from webrecord.deploy.errors import ApiError
from webrecord.deploy.functions import environment_of
from webrecord.deploy.options import Options
from webrecord.errors import BadUsage

ID = "WEBRECORD_STORAGE_SECRET_ID"


@pytest.fixture
def options(tmp_path: Path) -> Options:
    """A checkout with packages and a .env."""
    return checkout(tmp_path)


def rotate(account: Account, options: Options) -> list[str]:
    """Apply the rotation as the command does; return the lines of what was done."""
    clock, said = Clock(), list[str]()
    rotation = Deployment(account, options).rotation()
    readers = rotation.functions
    rotation.functions = lambda: [replace(one, clock=clock, sleep=clock.sleep) for one in readers()]
    Applying(lambda change, _: said.append(change.line), clock, clock.sleep).apply(rotation)
    return said


def live(account: Account, options: Options) -> tuple[list[str], set[str]]:
    """Return the keys that are on, and those that .env and the functions have."""
    starting = ("scf-webrecord-recordings", "scf-webrecord-reconcile")
    used = {environment_of(account.functions[name])[ID] for name in starting}
    return account.live_keys(), used | {envfile.read(options.env)[ID]}


def test_a_second_key_takes_over_and_the_first_is_switched_off(options: Options) -> None:
    """It does what it listed; a deployment afterwards has nothing to do; a day later the old key is deleted."""
    account = Account()
    deploy(account, options)
    before = live(account, options)
    listed = [change.line for change in Deployment(account, options).rotation().changes()]
    done = rotate(account, options)
    assert listed == done[:-1]
    assert "is disabled" in done[-1]
    now = live(account, options)
    assert before != now
    assert (1, 1, set(now[0])) == (len(now[0]), len(now[1]), now[1])
    assert [] == Deployment(account, options).plan()
    account.last_used = datetime.now(timezone.utc).date().isoformat()
    assert [] == rotate(account, options)
    assert "to delete it" in "".join(Deployment(account, options).rotation().stays())
    account.last_used = (datetime.now(timezone.utc).date() - timedelta(days=2)).isoformat()
    assert 1 == len(rotate(account, options))
    assert (now[0], 1) == (list(account.keys), len(account.keys))


def test_the_old_key_stays_on_while_a_recording_needs_it(options: Options) -> None:
    """One that was started before the functions had the new key; those started later do not count."""
    account = Account()
    deploy(account, options)
    account.buckets.objects = marked("open", 3600, started_ms=1_700_000_000_000)
    rotate(account, options)
    for each in account.functions.values():
        each["ModTime"] = "2026-01-01 08:00:00"
    assert 2 == len(account.live_keys())
    assert "stays active" in "".join(Deployment(account, options).rotation().stays())
    assert [] == rotate(account, options)
    account.buckets.objects = marked("open", 3600, started_ms=1_800_000_000_000)
    assert 1 == len(rotate(account, options))
    assert 1 == len(account.live_keys())


@pytest.mark.whole
@pytest.mark.parametrize("fault", ["die_after", "lose"])
def test_killed_at_any_call_the_same_command_finishes(options: Options, fault: str) -> None:
    """One key is on, the one that .env and the functions have; a key that nobody knows is deleted."""
    clean = Account()
    deploy(clean, options)
    clean.restarted()
    deployed, env = deepcopy(clean), options.env.read_text()
    rotate(clean, options)
    for number in range(len(clean.calls)):
        options.env.write_text(env)
        account = deepcopy(deployed)
        first = account.live_keys()
        setattr(account, fault, number)
        try:
            rotate(account, options)
        except (Died, ApiError):
            account.restarted()
            rotate(account, options)
        on, used = live(account, options)
        assert ({*on}, 1) == (used, len(on)), (fault, number)
        assert (2, True) == (len(account.keys), first != on), (fault, number)


def test_a_key_of_somebody_elses_is_not_rotated(options: Options) -> None:
    """What .env has is none of the upload user's: it was made by hand, and is renewed by hand."""
    account = Account()
    deploy(account, options)
    envfile.write(options.env, {ID: "AKIDother"})
    account.restarted()
    with pytest.raises(BadUsage, match="no key of it"):
        rotate(account, options)
    assert [] == account.writes
