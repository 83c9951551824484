"""next_step: decide what to do with a recording now. Pure; reconcile carries it out.

waiting    scheduled or queued: start it, wait for its time, or give up when its time is over
starting   an attempt without an outcome: ask TRTC again under the same RecordId
running    stop it at its end; otherwise ask from time to time whether the task is still there
uploading  wait for the files' events; after the grace time, look what is there, and settle it
final      send what is owed to the caller; look once more for what nobody told us of; then nothing is left
"""

from __future__ import annotations

from collections.abc import Callable

from shared.domain.accepted import Accepted
from shared.domain.attempts import asked_ms, is_unsure, last_attempt, last_task, pending_tasks, unasked
from shared.domain.callbacks import AHEAD_MS
from shared.domain.doubt import final_doubt, stop_doubt
from shared.domain.ending import running_step, uploading_step
from shared.domain.evidence import Evidence, Task
from shared.domain.film.recording import WITHIN_MS, awaited, news_ms
from shared.domain.outbox import owed
from shared.domain.periods import IN_FLIGHT_MS
from shared.domain.reasons import Reason
from shared.domain.starting import is_unread, waiting_step
from shared.domain.states import State, state_of
from shared.domain.steps import USUAL, GiveUp, Inspect, Notify, Step, Sweep, Timing, Wait, first_due
from shared.domain.unseen import doubted

SETTLE_MS = 300_000
"""After the newest fact: TRTC sends for a minute, and a listing is complete some time after that."""
DAY_MS = 86_400_000


def next_step(
    accepted: Accepted,
    evidence: Evidence,
    now_ms: int,
    timing: Timing = USUAL,
    seen_ms: int | None = None,
    *,
    asked: bool = False,
    quiet: bool = False,
    passed: Callable[[str], bool] | None = None,
) -> Step:
    """Return the next step; the same for a first start, a repeated one, a tick and a wake event.

    Args:
        accepted, evidence: the recording.
        now_ms: the time, epoch ms.
        timing: see Timing.
        seen_ms: when this look already asked TRTC, stopped the task or swept, with nothing new.
        asked: a caller asks for the start: an attempt without an outcome is tried again at once, under its RecordId.
        quiet: another pass sends what is owed to the receiver: no step is about that.
        passed: tells by TRTC's code of a refusal whether there is news that its reason is over: then the attempt is
            made once more at once, under its RecordId.
    """
    state, _ = state_of(accepted, evidence)
    due = [] if quiet else [message for message in owed(accepted, evidence) if message.next_ms is not None]
    # The oldest first, but one that its receiver refuses does not hold up what comes after it.
    for message in due:
        if (message.next_ms or 0) <= now_ms:
            return Notify(message.webhook_id, message.attempts + 1)
    tell_ms = min((message.next_ms or 0 for message in due), default=None)
    if state.final:
        steps: list[Step] = [Wait(tell_ms)] if tell_ms is not None else []
        if evidence.gave_up and (overtook := unasked(evidence)):
            number, ripe_ms = overtook
            why = Reason(evidence.gave_up[2], evidence.gave_up[1])
            steps.append(GiveUp(why, recheck=number) if now_ms >= ripe_ms else Wait(ripe_ms))
        if doubt := final_doubt(accepted, evidence, now_ms, seen_ms):
            steps.append(doubt)
        if pending := pending_tasks(evidence, looks=accepted.can_list):
            steps.append(uploading_step(accepted, pending, evidence, now_ms, timing))
        if film := _film_step(accepted, evidence, now_ms):
            steps.append(film)
        return first_due(steps) if steps else _settling(evidence, now_ms, timing, swept=seen_ms is not None)
    asked, task = asked and evidence.stop is None, last_task(evidence)
    ripe_ms = asked_ms(evidence) + IN_FLIGHT_MS
    if state is State.UPLOADING:
        # Only a failed upload that is held again is neither pending nor final; its task is the last one's.
        tasks = pending_tasks(evidence, looks=accepted.can_list) or ([task] if task else [])
        step = uploading_step(accepted, tasks, evidence, now_ms, timing)
        # An earlier attempt's files are waited for: of a task that is complete itself there is no last look to ask at.
        doubts = final_doubt if task and task not in tasks else stop_doubt
        if doubt := doubts(accepted, evidence, now_ms, seen_ms):
            step = first_due([doubt, step])
    elif task and task.task_id and not state.waiting:
        step = running_step(accepted, evidence, task, state, now_ms, timing, seen_ms)
    elif state.waiting or asked or now_ms >= ripe_ms:
        step = waiting_step(accepted, evidence, now_ms, passed, asked=asked)
    else:
        step = Wait(ripe_ms)
    if tell_ms is not None and isinstance(step, Wait):
        return Wait(min(step.until_ms, tell_ms))
    return step


def _film_step(accepted: Accepted, evidence: Evidence, now_ms: int) -> Inspect | Wait | None:
    heard_ms = news_ms(evidence)

    def until_ms(task: Task) -> int:
        # What is checked for the first time may have been heard of late; a check has two more within as long again.
        return max(heard_ms, task.film.at_ms) + WITHIN_MS if task.film else heard_ms + DAY_MS

    due = [(at_ms, task) for at_ms, task in awaited(accepted, evidence) if now_ms < until_ms(task)]
    if not due:
        return None
    at_ms, task = min(due, key=lambda one: (one[0], one[1].task_id or ""))
    if now_ms < at_ms:
        return Wait(at_ms)
    film = task.film if at_ms else None  # another set of files is another look
    return Inspect(task.task_id or "", 1 + (film.tries if film else 0))


def settles_ms(evidence: Evidence, now_ms: int) -> int:
    """Return when the last look at what is over is made: listings are late, so a document may lack a fact till then."""
    told_ms = [int(name[:13]) for name in evidence.facts]
    # A stranger's may lie centuries ahead; so may a callback's that a former release named by its time, hours.
    return max((ms for ms in told_ms if ms <= now_ms + AHEAD_MS), default=0) + SETTLE_MS


def _settling(evidence: Evidence, now_ms: int, timing: Timing, *, swept: bool) -> Step:
    settles_at_ms = settles_ms(evidence, now_ms)
    if now_ms < settles_at_ms:
        return Wait(settles_at_ms)
    # One that died may have a task beside that of its repeat, which TRTC no longer took for the same.
    # One that was stopped early may have a film that comes late, and of which no callback came.
    unsure = any(attempt.again_ms is not None or not attempt.task_key for attempt in evidence.attempts.values())
    # Of a start that can't be read the film may be all that is left.
    if unsure or doubted(evidence) or (not evidence.attempts and is_unread(evidence)):
        if not swept:
            last = last_attempt(evidence)
            return Sweep(last[0] if last and is_unsure(evidence) else None)
        if now_ms < (lost_ms := settles_at_ms - SETTLE_MS + timing.lost_after):
            return Wait(lost_ms)
    return Wait(now_ms, done=True)
