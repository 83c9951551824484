"""Callers with storage keys of their own: what they start, stop, repeat and delete while no key is ever kept."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from itertools import count
from typing import Any

import pytest

from shared.domain.errors import CallerMustRetry, Conflict, NotFound, RecorderBusy
from shared.domain.refusals import refusal
from shared.domain.states import State
from shared.ports import Started
from shared.usecases.remove import remove
from shared.usecases.stop import stop
from testing.callbacks import callback
from testing.trtc import Trtc
from tests.faults import Died, Faults
from tests.shared.usecases.test_read import reading
from tests.shared.usecases.ticking import HOOK, Site
from tests.world import CALLER_STORAGE


class Unheard(Trtc):
    """Starts a task, and its answer is lost."""

    def start(self, parameters: Mapping[str, Any]) -> Started:
        super().start(parameters)
        raise RecorderBusy("ClientNetworkError", "lost", answered=False)


def refused(site: Site, **fields: Any) -> None:
    """Ask for a recording while TRTC is full."""
    site.trtc.refusals = [refusal("LimitExceeded", "full", "r")]
    with pytest.raises(CallerMustRetry):
        site.start(StorageParams=CALLER_STORAGE, **fields)
    site.clock.now += 60_000


def unheard(site: Site) -> Trtc:
    """Ask for a recording; TRTC starts it and the answer is lost."""
    trtc = site.trtc = Unheard()
    with pytest.raises(CallerMustRetry):
        site.start(StorageParams=CALLER_STORAGE)
    return trtc


def test_the_timer_never_starts_it_without_keys() -> None:
    """Whatever the call died at: it is failed, with what to do, and the same call starts it with its keys."""
    for at in count():
        site = Site(faults=Faults({at: "die"}))
        try:
            site.start(StorageParams=CALLER_STORAGE)
        except Died:
            site.faults = Faults()
            site.minutes(8)
            with suppress(NotFound):
                if not site.trtc.started:
                    assert State.FAILED is site.recording().state
                    assert "only the caller" in (site.recording().reason or "")
            site.start(StorageParams=CALLER_STORAGE)
            keys = [sent["StorageParams"]["CloudStorage"]["AccessKey"] for sent in site.trtc.started]
            assert (["AKIDcaller"], State.STARTING) == (keys, site.recording().state), at
            continue
        break
    assert at > 8


def test_what_was_stopped_is_not_started_by_a_repeat() -> None:
    """The call was answered 503, so nothing waits; a late repeat of it must not record what was stopped since."""
    site = Site()
    refused(site)
    assert State.CANCELLED is stop("k1", "asked", site.ports).state
    site.start(StorageParams=CALLER_STORAGE)
    site.minutes(10)
    assert ([], State.CANCELLED) == (site.trtc.started, site.recording().state)


def test_a_stop_ends_a_task_whose_answer_was_lost() -> None:
    """It runs although the call was answered 503: the stop asks TRTC for it."""
    site = Site()
    trtc = unheard(site)
    assert State.STOPPING is stop("k1", "asked", site.ports).state
    assert {} == trtc.recording


def test_what_may_be_running_is_not_deleted() -> None:
    """It would run on with nobody to stop it."""
    site = Site()
    unheard(site)
    with pytest.raises(Conflict, match="stop it"):
        remove("k1", "asked", reading(site), files=True)
    assert State.STARTING is site.recording().state


def test_what_failed_after_a_repeat_is_told() -> None:
    """`failed` was told of the call that found no place; what came of the task has a webhook-id of its own."""
    site = Site()
    refused(site, notify_url=HOOK)
    site.minutes(1)
    task_id = site.begin(StorageParams=CALLER_STORAGE, notify_url=HOOK)
    site.trtc.end(task_id)
    site.receive(callback(801, {"Status": 2, "EventMessage": "Goto url timeout"}, site.clock.now, task_id))
    site.run_until_done()
    assert ["recording.failed", "recording.failed"] == site.inbox.types
    assert 2 == len({sent.webhook_id for sent in site.inbox.taken})
    assert "Goto url timeout" in site.inbox.taken[1].document["data"]["reason"]
