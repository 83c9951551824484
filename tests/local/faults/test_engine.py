"""Who is struck: nth, count and share of any rule, for any sequence of what could be struck."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from local.faults import BrowserFault, CallbackFault, CosFault, FaultFile, Faults, ListingFault, TrtcFault


@given(st.integers(1, 9), st.none() | st.integers(1, 9), st.integers(0, 20))
def test_nth_and_count_choose_a_stretch(nth: int, count: int | None, calls: int) -> None:
    """From the n-th on, so many; without a count just the n-th."""
    faults = Faults(FaultFile(faults=(TrtcFault(do="fail", nth=nth, count=count),)))
    struck = [number for number in range(1, calls + 1) if faults.trtc("StartWebRecord")]
    assert [number for number in range(nth, nth + (count or 1)) if number <= calls] == struck


@given(st.integers(1, 9), st.integers(0, 20))
def test_count_alone_strikes_the_first(count: int, calls: int) -> None:
    """And without any of both, a rule strikes until it is cleared."""
    faults = Faults(FaultFile(faults=(CosFault(do="fail", count=count),)))
    struck = [number for number in range(calls) if faults.cos("PUT", "k")]
    assert list(range(min(count, calls))) == struck
    faults.clear()
    faults.add(CosFault(do="lose"))
    assert all(faults.cos("PUT", "k") for _ in range(calls))
    faults.clear()
    assert faults.cos("PUT", "k") is None


@given(st.integers(0, 1000), st.floats(0.05, 1.0))
def test_a_seed_makes_chance_repeatable(seed: int, share: float) -> None:
    """The same file strikes the same ones."""
    rule = CallbackFault(do="drop", share=share)
    runs = [Faults(FaultFile(faults=(rule,), seed=seed)) for _ in range(2)]
    first, second = ([bool(faults.callback(801, "t")) for _ in range(30)] for faults in runs)
    assert first == second
    if share == 1.0:
        assert all(first)


def test_the_first_rule_that_strikes_wins_and_the_others_count_on() -> None:
    """Rules for the first and the third call do not shift each other."""
    rules = (TrtcFault(do="fail", code="A", nth=1), TrtcFault(do="fail", code="B", nth=3))
    faults = Faults(FaultFile(faults=rules))
    struck = [faults.trtc("StartWebRecord") for _ in range(4)]
    assert ["A", None, "B", None] == [fault and fault.code for fault in struck]
    assert [(4, 1), (4, 1)] == [(rule["fitting"], rule["struck"]) for rule in faults.list()]


def test_what_a_rule_fits() -> None:
    """Types, actions, methods, keys and tasks; a TaskId that holds a `*` means itself, with 310's suffix or without."""
    faults = Faults()
    faults.add(CallbackFault(do="drop", types=frozenset({310}), task="a*b[c/d="))
    assert faults.callback(310, "a*b[c/d=_StartTimeMs_1700000000000")
    assert not faults.callback(801, "a*b[c/d=")
    assert not faults.callback(310, "other")
    faults.add(TrtcFault(do="fail", action="Stop*"), CosFault(do="fail", method="GET", key="webrecord/*/x?.json"))
    assert faults.trtc("StopWebRecord")
    assert not faults.trtc("StartWebRecord")
    assert faults.cos("GET", "webrecord/a/b/x1.json")
    assert not faults.cos("PUT", "webrecord/a/b/x1.json")
    assert not faults.cos("GET", "Webrecord/a/b/x1.json")


def test_a_browser_is_struck_when_it_has_recorded_enough() -> None:
    """Once by default; the next browser is spared."""
    faults = Faults(FaultFile(faults=(BrowserFault(task="t*", seconds=2),)))
    assert [False, True, False] == [faults.browser("t1", seconds) for seconds in (1.0, 2.5, 9.0)]
    assert not faults.browser("u", 9.0)


def test_listings_stand_still_or_are_late() -> None:
    """`stale` counts from when it was added and ends by itself, `late` is constant; the worse one holds."""
    now = [100.0]
    faults = Faults(clock=lambda: now[0])
    assert faults.listing_behind_s() == 0
    faults.add(ListingFault(do="stale", seconds=10))
    behind = []
    for now[0] in (100.0, 104.0, 109.0, 110.0):
        behind.append(faults.listing_behind_s())
    assert [0.0, 4.0, 9.0, 0.0] == behind
    faults.add(ListingFault(do="late", seconds=3))
    now[0] = 500.0
    assert faults.listing_behind_s() == 3


def test_rules_are_cleared_by_name() -> None:
    """What was not named stays; a name is never given twice."""
    faults = Faults()
    names = faults.add(TrtcFault(do="fail"), TrtcFault(do="lose"))
    assert [names[0]] == faults.clear([names[0]])
    assert [names[1]] == [rule["name"] for rule in faults.list()]
    assert ["f3"] == faults.add(TrtcFault(do="hang"))
    assert ["f2", "f3"] == faults.clear()
