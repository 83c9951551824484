"""The notifications of one tick: a silent receiver delays only those of the same host.

Each host gets a few parallel calls. After two tries that took too long it gets nothing more in this tick; its
notifications move to later, so that others get their turn.
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Collection
from datetime import datetime, timezone
from functools import partial
from itertools import count, islice, zip_longest
from urllib.parse import urlsplit

from shared.domain import facts, keys
from shared.domain.document import Recording, decide
from shared.domain.doubt import unconfirmed
from shared.domain.facts import Fact
from shared.domain.next_step import SETTLE_MS, next_step
from shared.domain.notify_hosts import NotificationError
from shared.domain.periods import REPEAT_MS
from shared.domain.states import State
from shared.domain.steps import Notify
from shared.store import journal, markers, writer
from shared.store.journal import Known
from shared.store.stored import accepted_of
from shared.usecases.doubt import confirm
from shared.usecases.look import ReconcilePorts
from shared.usecases.report import Queues, Report, guarded, ripe, tombstone_of, without_request

MOST = 1_000
"""The most recordings that are notified in one tick."""
LANES = 4
"""Parallel calls to one host."""
SLOW_MS = 3_000
"""A failed try of this length counts as hung; the sender waits 5 s."""
ENOUGH_SLOW = 2
LATER_AT_ONCE = 200
"""How many moved notifications become due again in each minute."""

Lane = list[tuple[str, list[str]]]


class Tellings:
    """The notifications that are due now."""

    def __init__(
        self,
        ports: ReconcilePorts,
        report: Report,
        until_ms: int,
        only: Collection[str] | None = None,
        also: Collection[str] = (),
        seen: Queues | None = None,
    ) -> None:
        """List due notifications; `also` or `only` those of these recordings, even if a marker is not listed yet."""
        self._ports, self._report, self._until_ms = ports, report, until_ms
        self.marks: dict[str, list[str]] = {recording_id: [] for recording_id in only or also}
        """Recording → its markers."""
        for marker in islice(ripe("tell/", ports.clock(), ports, report, seen), MOST):
            recording_id = keys.marked(marker)[1]
            if only is None or recording_id in self.marks:
                self.marks.setdefault(recording_id, []).append(marker)
        self._hosts: defaultdict[str, Lane] = defaultdict(list)
        self._host_of: dict[str, str] = {}
        self._slow, self._moved = Counter[str](), count()

    def sort(self, recording_id: str) -> None:
        """Look up the host of a recording's receiver."""
        marks = self.marks[recording_id]
        if self._ports.clock() < self._until_ms:
            guarded(recording_id, marks, self._ports, self._report, lambda: self._sort(recording_id, marks))

    def _sort(self, recording_id: str, marks: list[str]) -> None:
        accepted = accepted_of(self._ports.store, recording_id)
        if accepted is None:
            without_request(recording_id, marks, self._ports, tombstone_of(recording_id, None, self._ports))
            return
        self._host_of[recording_id] = host = _host(accepted.notify_url)
        self._hosts[host].append((recording_id, marks))

    def lanes(self) -> dict[str, Lane]:
        """Return the parallel lanes by name, the first lane of each host first."""
        by_host = [
            [(f"tell {host} {lane}", items[lane::LANES]) for lane in range(min(LANES, len(items)))]
            for host, items in self._hosts.items()
        ]
        return {name: lane for row in zip_longest(*by_host) for name, lane in filter(None, row)}

    def serve(self, lane: Lane) -> None:
        """Send notifications one after another; move to later those that cannot be sent now."""
        for recording_id, marks in lane:
            guarded(recording_id, marks, self._ports, self._report, partial(self._tell, recording_id, marks))

    def _tell(self, recording_id: str, marks: list[str]) -> None:
        ports = self._ports
        if self._over(self._host_of[recording_id]):
            self._mark(recording_id, marks, self._later_ms())
            return
        known = journal.read(ports.store, recording_id)
        tombstone = tombstone_of(recording_id, known, ports)
        if known is None or tombstone:
            without_request(recording_id, marks, ports, tombstone)
            return
        next_ms, known = None, self._confirmed(known)
        while isinstance(step := next_step(known.accepted, known.evidence, ports.clock(), ports.timing), Notify):
            if self._over(self._host_of[recording_id]):
                next_ms = self._later_ms()
                break
            known, recording = writer.save(ports.store, known, ports.clock())  # a receiver may read it
            known = journal.record(ports.store, known, self._send(step, known, recording))
            self._settle_later(known, recording)
        recording = writer.save(ports.store, known, ports.clock())[1]
        owed = [message.next_ms for message in recording.notifications if message.next_ms is not None]
        self._mark(recording_id, marks, (next_ms or min(owed)) if owed else None)

    def _confirmed(self, known: Known) -> Known:
        """Return what is known; with TRTC's word of an end that no look came to ask about before it is told."""
        ports, doubt = self._ports, unconfirmed(known.accepted, known.evidence)
        if doubt is None or not decide(known.accepted, known.evidence).state.final:
            return known
        ports.pace()
        fact = confirm(doubt.task_id, doubt.told_ms, ports)
        return journal.record(ports.store, known, fact) if fact else known

    def _settle_later(self, known: Known, recording: Recording) -> None:
        """Have the facts listed once more where the last look may be over: two senders at once each write one."""
        ports, told = self._ports, known.evidence.facts.items()
        newest_ms = max((int(name[:13]) for name, label in told if label != "notified"), default=0)
        if recording.state.final and ports.clock() >= newest_ms + SETTLE_MS - 2 * REPEAT_MS:
            markers.mark_look(ports.store, known.accepted.recording_id, ports.clock() + SETTLE_MS)

    def _over(self, host: str) -> bool:
        return self._ports.clock() >= self._until_ms or self._slow[host] >= ENOUGH_SLOW

    def _later_ms(self) -> int:
        return self._ports.clock() + REPEAT_MS * (1 + next(self._moved) // LATER_AT_ONCE)

    def _mark(self, recording_id: str, marks: list[str], next_ms: int | None) -> None:
        if next_ms is not None:
            after_ms = keys.marked(marks[-1])[0] + 1 if marks else 0
            markers.mark_message(self._ports.store, recording_id, max(next_ms, after_ms))
        markers.drop(self._ports.store, marks)

    def _send(self, step: Notify, known: Known, recording: Recording) -> Fact:
        accepted, at_ms, ended = known.accepted, self._ports.clock(), False
        state = _told(step.webhook_id, recording)
        url, body, error = accepted.notify_url or "", notification(step.webhook_id, recording), None
        try:
            self._ports.notifier.send(url, step.webhook_id, at_ms // 1000, body, accepted.traceparent)
        except NotificationError as refusal:
            error, ended = refusal.reason, refusal.ended
            took_ms, host = self._ports.clock() - at_ms, self._host_of[accepted.recording_id]
            self._slow[host] += took_ms >= SLOW_MS
            self._report.note_not_taken(host if self._slow[host] >= ENOUGH_SLOW else None)
        return facts.notified(at_ms, step.webhook_id, step.attempt, error, state=state.value, ended=ended)


def _host(url: str | None) -> str:
    try:
        return urlsplit(url or "").hostname or ""
    except ValueError:
        return ""


def _told(webhook_id: str, recording: Recording) -> State:
    return next(message.state for message in recording.notifications if message.webhook_id == webhook_id)


def notification(webhook_id: str, recording: Recording) -> bytes:
    """Return the body of a notification: the reported state, the current state, and the recording.

    The states differ if the recording changed before the receiver accepted the notification.
    """
    state = _told(webhook_id, recording)
    known = recording.evidence.facts.items()
    since_ms = max((int(name[:13]) for name, label in known if label != "notified"), default=recording.created_ms)
    document = {
        "type": f"recording.{state.value}",
        "timestamp": datetime.fromtimestamp(since_ms / 1000, tz=timezone.utc).isoformat(),
        "state": state.value,
        "current_state": recording.state.value,
        "data": recording.model_dump(mode="json", exclude={"evidence", "notifications"}, exclude_none=True),
    }
    return json.dumps(document, ensure_ascii=False).encode()
