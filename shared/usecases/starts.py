"""The starts of one tick: in order of acceptance, until TRTC is full.

TRTC counts calls of an action per account, and recordings at once per SdkAppId: a full one leaves the others alone.
A start that TRTC does not take for a reason of its own goes behind those that have not been tried: its marker is moved.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from functools import partial
from threading import Lock

from shared.domain import keys
from shared.domain.attempts import is_unsure
from shared.domain.errors import ParametersRefused, RecorderBusy, RecorderMisconfigured, TaskNotFound, WebRecordError
from shared.domain.next_step import next_step
from shared.domain.periods import REPEAT_MS, START_LEAD_MS
from shared.domain.refusals import is_quota, is_rate
from shared.domain.starting import behind_ms
from shared.domain.states import state_of
from shared.domain.steps import Start, Wait
from shared.store import journal, markers
from shared.store.journal import Known
from shared.store.stored import accepted_of
from shared.usecases.attempt import attempt, may_attempt
from shared.usecases.doubt import recheck
from shared.usecases.look import ReconcilePorts
from shared.usecases.report import Queues, Report, all_of, guarded, ripe, tombstone_of, without_request

NOT_YET = "NotYet"
"""Among the reasons why a start has to wait: an attempt that was made again may be in somebody's hands."""
ENOUGH_SILENCE = 3
"""After this many unanswered calls in a row a tick makes no more starts: TRTC is down."""
WIDEST = 8
"""Starts at once, as long as TRTC takes them: each waits for storage longer than TRTC's pace is."""
READ_AHEAD = 64
"""Requests that are read at once to learn which SdkAppId they are for."""


class Starts:
    """Makes the starts of one tick, each at most once."""

    def __init__(self, ports: ReconcilePorts, report: Report, passed: Callable[[str], bool] | None = None) -> None:
        """Begin; `passed` as for `next_step`."""
        self._ports, self._report, self._passed = ports, report, passed
        self._unasked, self._silence = "", 0
        self.throttled = False
        """Whether TRTC took no more calls for now."""
        self._full: set[int] = set()
        """SdkAppIds without a free place."""
        self._apps: dict[str, int | None] = {}
        """SdkAppIds by marker, of what waits behind a full one."""
        self._tried: dict[str, bool] = {}
        """Markers and whether they have to wait on."""
        self._wide, self._counting = 1, Lock()
        """How many starts are made at once the next time."""
        self.made = 0
        """Tasks that began here; one that another began meanwhile took another's place."""

    def make(
        self,
        due_ms: int,
        until_ms: int,
        first: Collection[str] = (),
        most: int | None = None,
        seen: Queues | None = None,
    ) -> None:
        """Make the starts that are due by then and were not tried yet, waiting for their time, until `until_ms`.

        Args:
            due_ms, until_ms: epoch ms.
            first: markers of starts that are made in any case, listed yet or not.
            most: how many other starts are made; None: all.
            seen: what of the queue is listed already.
        """
        ports, others = self._ports, 0
        due = sorted({*ripe("due/", due_ms + START_LEAD_MS, ports, self._report, seen), *first})
        batch: list[str] = []
        for place, marker in enumerate(due):
            if ports.clock() >= until_ms:
                break
            if marker in self._tried or (self._over(due, place) and not self._may_be_too_late(marker)):
                continue
            if marker not in first and most is not None and others >= most:
                continue
            early_ms = keys.marked(marker)[0] - START_LEAD_MS - ports.clock()
            if most is None and early_ms <= 0:
                batch.append(marker)
                if len(batch) == self._wide:
                    self._make_at_once(batch)
                    batch = []
                continue
            self._make_at_once(batch)
            batch, before = [], self.made
            while (early_ms := keys.marked(marker)[0] - START_LEAD_MS - ports.clock()) > 0:
                ports.sleep(early_ms / 1000)
            self._make_one(marker)
            others += marker not in first and self.made > before
        if ports.clock() < until_ms:
            self._make_at_once(batch)
        waiting = [keys.marked(marker)[0] for marker in due if self._tried.get(marker, True)]
        self._report.waiting = len(waiting)
        self._report.waiting_s = max(0, (ports.clock() - min(waiting)) // 1000) if waiting else 0

    def _make_at_once(self, batch: list[str]) -> None:
        """Make due starts in parallel; twice as many the next time, or one if TRTC refused any.

        Each refused start waits half a minute, so a full TRTC should meet few.
        """
        before = self._report.started
        if len(batch) > 1:
            all_of(self._ports.many(self._make_one, batch))
        elif batch:
            self._make_one(batch[0])
        self._wide = min(2 * self._wide, WIDEST) if self._report.started - before == len(batch) else 1

    def _make_one(self, marker: str) -> None:
        refusals: list[str] = []
        guarded(keys.marked(marker)[1], [marker], self._ports, self._report, partial(self._start, marker, refusals))
        self._tried[marker] = bool(refusals)
        with self._counting:
            self._report.refusals.update(refusals)

    @property
    def any(self) -> bool:
        """Whether there was anything to start."""
        return bool(self._tried)

    @property
    def full(self) -> bool:
        """Whether TRTC had no place, or took no more calls."""
        return bool(self._full) or self.throttled

    def again(self) -> None:
        """Allow another try for starts that TRTC refused for its rate."""
        self.throttled, self._tried = False, {marker: waits for marker, waits in self._tried.items() if not waits}

    @property
    def ended(self) -> bool:
        """Whether TRTC takes no more for now, of whichever SdkAppId."""
        everywhere = self._full.issuperset(self._ports.policy.sdk_app_ids)
        return everywhere or self.throttled or self._silence >= ENOUGH_SILENCE

    def _over(self, due: list[str], place: int) -> bool:
        """Tell whether TRTC takes no start of this one's SdkAppId any more in this tick."""
        if self.ended or not self._full:
            return self.ended
        if due[place] not in self._apps:
            ahead = [marker for marker in due[place : place + READ_AHEAD] if marker not in self._tried]
            self._apps.update(zip(ahead, self._ports.many(self._app_of, ahead), strict=True))
        return self._apps[due[place]] in self._full

    def _app_of(self, marker: str) -> int | None:
        try:
            accepted = accepted_of(self._ports.store, keys.marked(marker)[1])
        except WebRecordError:
            return None  # it comes to light, and is reported, where it is started
        return accepted.sdk_app_id if accepted else None

    def _may_be_too_late(self, marker: str) -> bool:
        """Tell whether the usual deadline has passed: then it is to be given up, though TRTC is full."""
        return keys.marked(marker)[0] + self._ports.policy.start_within_s * 1000 <= self._ports.clock()

    def _start(self, marker: str, refusals: list[str]) -> None:
        """Make one start, or add the reason for its wait to `refusals`."""
        ports, recording_id = self._ports, keys.marked(marker)[1]
        known = journal.read(ports.store, recording_id)
        tombstone = tombstone_of(recording_id, known, ports)
        if known is None or tombstone:
            without_request(recording_id, [marker], ports, tombstone)
            return
        # A start does not wait for a message to be sent.
        now_ms = ports.clock()
        step = next_step(known.accepted, known.evidence, now_ms, ports.timing, quiet=True, passed=self._passed)
        if isinstance(step, Wait) and state_of(known.accepted, known.evidence)[0].waiting:
            self._behind(marker, known)
        elif not isinstance(step, Start):
            markers.mark_look(ports.store, recording_id, ports.clock())
            ports.store.delete(marker)
        elif self.ended or known.accepted.sdk_app_id in self._full:
            return
        elif not self._behind(marker, known):
            markers.mark_look(ports.store, recording_id, ports.clock() + REPEAT_MS)
            self._try(marker, known, step, refusals)

    def _behind(self, marker: str, known: Known) -> bool:
        """Move the marker behind others where it has to let them go first."""
        later_ms = behind_ms(known.evidence)
        if later_ms <= max(self._ports.clock(), keys.marked(marker)[0]):
            return False
        markers.mark_start(self._ports.store, known.accepted, self._ports.clock(), later_ms)
        self._ports.store.delete(marker)
        return True

    def _try(self, marker: str, known: Known, step: Start, refusals: list[str]) -> None:
        ports = self._ports
        if not self._found(known, step, refusals):
            if refusals:
                return
            ports.pace_start()
            if self.ended or known.accepted.sdk_app_id in self._full:  # another one learned it meanwhile
                return
            if not may_attempt(known, step.attempt, ports):
                refusals.append(NOT_YET)
                return
            try:
                outcome = attempt(known, known.accepted.parsed(), step.attempt, ports)
            except (ParametersRefused, RecorderMisconfigured) as error:
                self._count(blocked=isinstance(error, RecorderMisconfigured))
                ports.store.delete(marker)  # refused for good, and stored as such; the open marker tells the caller
                raise
            if outcome.refused:
                refusals.append(outcome.refused)
                self._count(blocked=outcome.blocked)
                evidence = outcome.recording.evidence
                self.throttled = self.throttled or is_rate(outcome.refused)
                if is_quota(outcome.refused):
                    self._full.add(known.accepted.sdk_app_id)
                self._silence = self._silence + 1 if is_unsure(evidence) else 0
                self._behind(marker, known._replace(evidence=evidence))
                return
            if outcome.recording.state.final:  # the policy forbids by now what was accepted
                ports.store.delete(marker)
                return
            with self._counting:
                self.made += outcome.created
        with self._counting:
            self._silence, self._report.started = 0, self._report.started + 1
        ports.store.delete(marker)

    def _count(self, *, blocked: bool) -> None:
        with self._counting:
            self._report.blocked += blocked

    def _found(self, known: Known, step: Start, refusals: list[str]) -> bool:
        """Tell whether an earlier attempt has a task after all."""
        if step.recheck is None:
            return False
        if self._unasked:
            refusals.append(self._unasked)
            return False
        try:
            self._ports.pace()
            recheck(known, step.recheck, self._ports)
        except TaskNotFound:
            return False
        except RecorderBusy as error:
            refusals.append(error.code)
            # TRTC counts each action by itself: starts that ask nothing go on.
            self._unasked = error.code if is_rate(error.code) else ""
            return False
        return True
