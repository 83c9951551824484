"""Laws about time and leave: starts, stops, TRTC's rate, wakes, what is forbidden meanwhile."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from shared.bootstrap import PACE_PER_SECOND, STARTS_PER_SECOND
from shared.domain.callbacks import Event
from shared.domain.reasons import Code
from testing.laws import judged
from testing.laws.judged import law

if TYPE_CHECKING:
    from testing.run import Run

PER_SECOND = {"StartWebRecord": STARTS_PER_SECOND}
"""The most calls of each action that one tick may make in a second; the first of them is free."""
PUNCTUAL_TICKS = 2


@law
def ticks_keep_to_the_rate(run: Run) -> Iterator[str]:
    """A tick makes at most fifteen starts within a second, and at most ten calls of each other action."""
    for (tick, action), times in run.paced.items():
        most = PER_SECOND.get(action, PACE_PER_SECOND)
        for first, later in zip(times, times[round(most) + 1 :], strict=False):
            if later - first < 1_000:
                yield f"{tick}: {round(most) + 2} {action} in {later - first} ms"
                break


@law
def wakes_pass(run: Run) -> Iterator[str]:
    """No wake stays forever, and reconcile writes none: it would trigger itself."""
    for key in run.timer.wakes():
        yield f"{key} stays"
    for entry in run.ledger.of("woke"):
        if entry.who.startswith(("tick", "wake")):
            yield f"{entry.who} wrote {entry.about}"


@law
def starts_are_punctual(run: Run) -> Iterator[str]:
    """No start is later than its time plus two ticks in which nothing went wrong and TRTC had room."""
    began = judged.first_ms(run, "task began")
    off = judged.first_ms(run, "called off")
    bodies = judged.bodies(run)
    for key, acknowledged_ms in judged.first_ms(run, "acknowledged").items():
        body = bodies.get(key, {})
        if "StorageParams" in body or "never" in body.get("RecordUrl", "") or key in judged.broken(run):
            continue  # who brings keys does not wait; what TRTC never takes has no time
        due_ms = max(acknowledged_ms, int(body.get("StartAt", 0) * 1000))
        over_ms = int(min(body.get("StartBy", 1e12), body.get("StopAt", 1e12), due_ms / 1000 + 3_600) * 1000)
        over_ms = min(over_ms, judged.forbidden_ms(run, body) or over_ms)
        until_ms = min(began.get(key, over_ms), off.get(key, over_ms), over_ms)
        yield from _late(run, f"{key}: to be started", due_ms, until_ms)


@law
def stops_are_punctual(run: Run) -> Iterator[str]:
    """No `StopAt` is later than two ticks in which nothing went wrong."""
    began, over = judged.first_ms(run, "task began"), judged.last_ms(run, "task over")
    told: dict[str, int] = {}
    for entry in run.ledger.of("callback"):
        if entry.data["status"] == 200 and judged.said(entry).type == Event.RECORDER_STOP:
            told.setdefault(entry.about, entry.ms)
    for key, body in judged.bodies(run).items():
        stop_ms, over_ms = int(body.get("StopAt", 0) * 1000), over.get(key, run.timeline.now)
        if stop_ms and began.get(key, stop_ms) < stop_ms < over_ms:
            # Of an end that was told just before its time TRTC may know no better for a minute.
            due_ms = told[key] + 60_000 if told.get(key, over_ms) < over_ms else stop_ms
            yield from _late(run, f"{key}: to be stopped", max(stop_ms, due_ms), over_ms)


@law
def no_task_is_cut_short(run: Run) -> Iterator[str]:
    """Reconcile stops a task where it was called off, at its `StopAt` or past its limit, whatever clocks say."""
    bodies, off = judged.bodies(run), judged.first_ms(run, "called off")
    for entry in run.ledger.of("stopped"):
        if run.scenario.settings.released and entry.about == "r0":
            continue  # whoever stopped it did so in another run
        stop_ms = int(bodies.get(entry.about, {}).get("StopAt", 1e12) * 1000)
        if entry.ms < min(off.get(entry.about, entry.ms + 1), stop_ms, entry.data["limit_ms"]):
            yield f"{entry.about} was stopped at {entry.ms}, and was to end at {min(stop_ms, entry.data['limit_ms'])}"


def _late(run: Run, what: str, due_ms: int, until_ms: int) -> Iterator[str]:
    """Yield a line where more ticks than two did not do what was due, besides what faults cost."""
    late_ms = run.scenario.settings.late_ms  # a listing does not show yet what was just written
    ticks = [e for e in run.ledger.of("tick") if e.data["begun_ms"] > due_ms + late_ms and e.ms < until_ms]
    calm = sum(entry.about == "calm" for entry in ticks)
    # What failed is tried again later; each of its markers is new, and seen late.
    failed = sum(entry.about == "struck" and entry.ms < until_ms for entry in run.ledger.of("tick"))
    failed += sum(not strike.label.startswith("tick") for strike in run.strikes.struck)
    failed += sum(entry.about == "refused" for entry in ticks)
    if calm > (PUNCTUAL_TICKS + failed) * (1 + -(-late_ms // 60_000)):
        yield f"{what} at {due_ms}, was not by {until_ms}: {calm} ticks had nothing to hinder them"


@law
def what_is_forbidden_does_not_start(run: Run) -> Iterator[str]:
    """A waiting start of a host that is no longer allowed is not made; a running call may finish."""
    bodies = judged.bodies(run)
    for entry in run.ledger.of("task began"):
        if entry.about not in bodies:  # a job's line: of a host that stays
            continue
        forbade_ms = judged.forbidden_ms(run, bodies[entry.about])
        if forbade_ms is not None and entry.ms > forbade_ms + 30_000:
            yield f"{entry.about}: a task began at {entry.ms}, its host was forbidden at {forbade_ms}"


@law
def what_is_forbidden_is_given_up(run: Run) -> Iterator[str]:
    """What waits when its host or SdkAppId is taken away fails, and its reason says that it is not allowed any more.

    Where TRTC had no room until its time was over, that it came too late is as true.
    """
    bodies, off = judged.bodies(run), judged.first_ms(run, "called off")
    began, acknowledged = judged.first_ms(run, "task began"), judged.first_ms(run, "acknowledged")
    for accepted, recording in judged.recordings(run):
        key, gave_up = recording.recording_id, recording.evidence.gave_up
        if key not in bodies:  # a job's line: of a host that stays
            continue
        if gave_up and accepted.start_by_ms is not None and gave_up[0] >= accepted.start_by_ms:
            continue
        forbade_ms = judged.forbidden_ms(run, bodies[key])
        waits = key not in began and key not in off and key in acknowledged
        if not waits or forbade_ms is None or acknowledged[key] > forbade_ms:
            continue
        due_ms = max(acknowledged[key], int(bodies[key].get("StartAt", 0) * 1000))
        if due_ms > forbade_ms and recording.reason_code is not Code.NOT_ALLOWED:
            yield f"{key} is {recording.state.value} ({recording.reason}), and was forbidden at {forbade_ms}"
