"""What is owed to a caller, and when it is tried next."""

from __future__ import annotations

from itertools import accumulate
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain import facts
from shared.domain.accepted import Accepted
from shared.domain.evidence import Evidence
from shared.domain.facts import evidence_of_fact
from shared.domain.outbox import RETRY_AFTER_S, Message, messages
from shared.domain.states import State
from tests.shared.domain.folded import fold

ACCEPTED = Accepted.model_validate(
    {
        "recording_id": "r1",
        "created_ms": 1,
        "source": "http:test",
        "sdk_app_id": 1,
        "notify_url": "https://hooks.example.com/",
        "request": {"RecordUrl": "https://example.com/"},
    }
)
DONE = "r1-1-completed"
DAY_S = 86_400


def sent(*tries: tuple[int, str | None], webhook_id: str = DONE) -> Evidence:
    """Return the evidence of tries, each with its time and error."""
    made = [facts.notified(at, webhook_id, n, error) for n, (at, error) in enumerate(tries, 1)]
    return fold([evidence_of_fact(fact) for fact in made])


def the_message(evidence: Evidence) -> Message:
    """Return the only message of a completed recording."""
    (message,) = messages(ACCEPTED, evidence, State.COMPLETED)
    return message


@pytest.mark.parametrize("state", list(State))
def test_only_an_end_is_owed(state: State) -> None:
    """Unless changes were asked for; its webhook-id is the recording's id and the state, and it is due at once."""
    expected = [(f"r1-1-{state.value}", state, 0)] if state.final else []
    assert expected == [(m.webhook_id, m.state, m.next_ms) for m in messages(ACCEPTED, Evidence(), state)]


@pytest.mark.parametrize("state", list(State))
def test_without_a_url_nothing_is_owed(state: State) -> None:
    """Not even what was noted while there was one."""
    evidence = evidence_of_fact(facts.changed(5, "recording"))
    assert [] == messages(ACCEPTED.model_copy(update={"notify_url": None}), evidence, state)


def test_changes_are_notified_in_order_and_the_final_state_last() -> None:
    """Each change under a name of its own, so that pausing twice is two messages."""
    changes = [(10, "starting"), (20, "recording"), (30, "paused"), (40, "recording"), (50, "paused")]
    evidence = fold([evidence_of_fact(facts.changed(*change)) for change in reversed(changes)])
    owed = messages(ACCEPTED, evidence, State.COMPLETED)
    assert [*(name for _, name in changes), "completed"] == [message.state.value for message in owed]
    assert len(owed) == len({message.webhook_id for message in owed})


def test_the_waits_grow_and_make_three_days() -> None:
    """A minute at first, most of a day at last."""
    assert sorted(RETRY_AFTER_S) == list(RETRY_AFTER_S)
    assert 60 == RETRY_AFTER_S[0]
    assert 2.9 * DAY_S <= sum(RETRY_AFTER_S) <= 3.1 * DAY_S


@pytest.mark.parametrize("failed", range(1, len(RETRY_AFTER_S) + 1))
def test_a_failed_try_is_followed_by_another(failed: int) -> None:
    """After the wait of its number, counted from that try."""
    times = [1_000 * at for at in accumulate(RETRY_AFTER_S[: failed - 1], initial=100)]
    message = the_message(sent(*((at, f"answered 50{n}") for n, at in enumerate(times))))
    expected = (failed, times[-1] + 1_000 * RETRY_AFTER_S[failed - 1], False, f"answered 50{failed - 1}")
    assert expected == (message.attempts, message.next_ms, message.undelivered, message.error)


def test_after_the_last_it_is_undelivered() -> None:
    """It says so, with the last error, and is not tried again."""
    message = the_message(sent(*((n, "answered 500") for n in range(len(RETRY_AFTER_S) + 1))))
    assert (True, None, "answered 500") == (message.undelivered, message.next_ms, message.error)


outcomes = st.lists(st.sampled_from([None, "answered 500", "timed out"]), min_size=1, max_size=12)


@given(outcomes, st.randoms(use_true_random=False))
def test_taken_is_taken(results: list[str | None], chance: Any) -> None:
    """However often and in whatever order tries are known: one success is enough, and it is the first."""
    made = [evidence_of_fact(facts.notified(n * 100, DONE, n, error)) for n, error in enumerate(results, 1)]
    chance.shuffle(made)
    message = the_message(fold(made))
    taken = [n * 100 for n, error in enumerate(results, 1) if error is None]
    assert (taken[0] if taken else None) == message.delivered_ms
    assert len(results) == message.attempts
    assert (message.next_ms is None) == bool(taken or message.undelivered)
    assert message.undelivered == (not taken and len(results) > len(RETRY_AFTER_S))
