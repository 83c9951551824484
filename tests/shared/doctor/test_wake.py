"""The doctor's wake: whether its event comes, and whether reconcile handles it as nothing but a wake."""

from __future__ import annotations

from dataclasses import dataclass, field

from shared.doctor import Level
from shared.doctor.checks import woken as seen_woken
from shared.usecases.woken import woken
from tests.fakes import MemoryStore
from tests.shared.usecases.ticking import Site


def test_an_unhandled_wake_is_a_warning_and_is_deleted() -> None:
    """The timer does it all, later: a warning, with the trigger's prefix in it."""
    store, slept = MemoryStore(), list[float]()
    level, said, _ = seen_woken(store, "n1", 7, lambda: sum(slept), slept.append)
    assert (Level.WARN, 7.0, []) == (level, sum(slept), list(store.list("")))
    assert "<WEBRECORD_PREFIX>/wake/" in said


@dataclass
class Handled:
    """A deployment whose reconcile hears of the doctor's wake after a second."""

    site: Site = field(default_factory=Site)
    waited: float = 0.0

    def sleep(self, seconds: float) -> None:
        self.waited += seconds
        if self.waited == 1:
            woken(["doctor-n1"], self.site.timer, 50)


def test_a_wake_that_is_handled_is_ok_and_starts_nothing() -> None:
    """A full queue is not touched: the recording of this wake is nobody's."""
    there = Handled()
    there.site.trtc.quota = 0
    there.site.start()
    there.site.clock.now += 60_000
    before, there.site.faults.log = there.site.recording(), []
    assert Level.OK is seen_woken(there.site.store, "n1", 7, lambda: there.waited, there.sleep).level
    assert (1.0, before, []) == (there.waited, there.site.recording(), there.site.slept)
    assert "list due/" not in there.site.faults.log
