"""next_step: decide what to do with a recording now. Pure; reconcile carries it out.

waiting    scheduled or queued: start it, wait for its time, or give up when its time is over
starting   an attempt without an outcome: ask TRTC again under the same RecordId
running    stop it at its end; otherwise ask from time to time whether the task is still there
uploading  wait for the files' events; after the grace time, look what is there, and settle it
final      send what is owed to the caller; look once more for what nobody told us of; then nothing is left
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import takewhile

from shared.domain import parts
from shared.domain.accepted import Accepted
from shared.domain.callbacks import AHEAD_MS
from shared.domain.deadlines import because, too_late
from shared.domain.evidence import Evidence, Task
from shared.domain.film.recording import WITHIN_MS, awaited, news_ms
from shared.domain.outbox import messages
from shared.domain.periods import IN_FLIGHT_MS, REPEAT_MS, START_LEAD_MS
from shared.domain.reasons import Code, Reason
from shared.domain.refusals import is_full
from shared.domain.states import State, can_list, is_unsure, last_attempt, last_task, pending_tasks, state_of, unasked
from shared.domain.unseen import unseen
from shared.domain.uploads import end_ms

SETTLE_MS = 300_000
"""After the newest fact: TRTC sends for a minute, and a listing is complete some time after that."""
LONGEST_BACK_OFF_MS = 600_000
"""The longest wait between two tries of a start that TRTC refuses for the start's own reason."""
AGAIN_MS = IN_FLIGHT_MS - 5_000
"""Until this long after a refusal the same attempt may be repeated; other invocations see that before they go on."""
LIMIT_SLACK_MS = 120_000
"""TRTC ends a task at its limit by itself; we stop it when it did not."""
DAY_MS = 86_400_000
NO_KEYS = Reason(Code.OWN_KEYS, "the caller's storage keys are not kept, so only the caller can start it")


@dataclass(frozen=True)
class Timing:
    """The waiting times of reconcile, ms.

    Attributes:
        alive_every: how often a silent recording's task is asked for.
        files_after: after a task's end without an upload event, when its files are first looked for.
        lost_after: after a task's end without any file, when the recording is called lost.
        held_for: the same while TRTC says that files are still on its side.
    """

    alive_every: int = 600_000
    files_after: int = 300_000
    lost_after: int = 3_600_000
    held_for: int = 86_400_000


@dataclass(frozen=True)
class Wait:
    """Do nothing before then; `done` if nothing will ever be due again.

    `asks` where TRTC is to be asked then: no sooner than its rate has room for, which takes no harm.
    """

    until_ms: int
    done: bool = False
    asks: bool = field(default=False, compare=False)


@dataclass(frozen=True)
class Start:
    """Make the attempt of this number. `recheck` is an earlier attempt whose task may exist after all."""

    attempt: int
    recheck: int | None


@dataclass(frozen=True)
class GiveUp:
    """Give the start up. `recheck` as for Start."""

    reason: Reason
    recheck: int | None


@dataclass(frozen=True)
class Describe:
    """Ask TRTC whether the task is still there."""

    task_id: str


@dataclass(frozen=True)
class Stop:
    """End the task. `why` is for the record where nobody has asked for it yet."""

    task_id: str
    why: str


@dataclass(frozen=True)
class Look:
    """List the task's files. The `last` look settles the task, with what it found or with nothing."""

    task_id: str
    last: bool


@dataclass(frozen=True)
class Sweep:
    """Search for an orphan task. One exists when two invocations raced: one was refused or asked to stop, the other
    died right after StartWebRecord. `recheck` as for Start."""

    recheck: int | None


@dataclass(frozen=True)
class Notify:
    """Send the message of this webhook-id; `attempt` is the number of this try."""

    webhook_id: str
    attempt: int


@dataclass(frozen=True)
class Inspect:
    """Look into the task's films; `tries` counts this look."""

    task_id: str
    tries: int


Step = Wait | Inspect | Start | GiveUp | Describe | Stop | Look | Sweep | Notify


def next_step(
    accepted: Accepted,
    evidence: Evidence,
    now_ms: int,
    timing: Timing = Timing(),
    seen_ms: int | None = None,
    *,
    asked: bool = False,
    passed: Callable[[str], bool] | None = None,
) -> Step:
    """Return the next step; the same for a first start, a repeated one, a tick and a wake event.

    Args:
        accepted, evidence: the recording.
        now_ms: the time, epoch ms.
        timing: see Timing.
        seen_ms: when this look already asked TRTC, stopped the task or swept, with nothing new.
        asked: a caller asks for the start: an attempt without an outcome is tried again at once, under its RecordId.
        passed: tells by TRTC's code of a refusal whether there is news that its reason is over: then the attempt is
            made once more at once, under its RecordId.
    """
    state, _ = state_of(accepted, evidence)
    owed = [message for message in messages(accepted, evidence, state) if message.next_ms is not None]
    # The oldest first, but one that its receiver refuses does not hold up what comes after it.
    for message in owed:
        if (message.next_ms or 0) <= now_ms:
            return Notify(message.webhook_id, message.attempts + 1)
    tell_ms = min((message.next_ms or 0 for message in owed), default=None)
    if state.final:
        waits = [Wait(tell_ms)] if tell_ms is not None else []
        if evidence.gave_up and (overtook := unasked(evidence)):
            number, ripe_ms = overtook
            if now_ms >= ripe_ms:
                return GiveUp(Reason(evidence.gave_up[2], evidence.gave_up[1]), recheck=number)
            waits.append(Wait(ripe_ms))
        if pending := pending_tasks(evidence, looks=can_list(accepted)):
            step = _uploading(accepted, pending, evidence, now_ms, timing)
            if not isinstance(step, Wait):
                return step
            waits.append(step)
        film = _film_step(accepted, evidence, now_ms)
        if isinstance(film, Inspect):
            return film
        waits += [film] if film else []
        if waits:
            return min(waits, key=lambda wait: wait.until_ms)
        return _settling(evidence, now_ms, timing, swept=seen_ms is not None)
    asked = asked and evidence.stop is None
    step = _working_step(accepted, evidence, state, now_ms, timing, seen_ms, passed, asked=asked)
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


def is_outlived(accepted: Accepted, evidence: Evidence, now_ms: int, timing: Timing) -> bool:
    """Return True if the longest possible time of every task is over, whatever TRTC answers."""
    begun_ms = max([_at_ms(evidence), *(task.began_ms or 0 for task in evidence.tasks.values())])
    return now_ms >= begun_ms + accepted.max_duration_s * 1000 + LIMIT_SLACK_MS + timing.lost_after


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
    if any(attempt.again_ms is not None or not attempt.task_key for attempt in evidence.attempts.values()):
        if not swept:
            last = last_attempt(evidence)
            return Sweep(last[0] if last and is_unsure(evidence) else None)
        if now_ms < (lost_ms := settles_at_ms - SETTLE_MS + timing.lost_after):
            return Wait(lost_ms)
    return Wait(now_ms, done=True)


def _working_step(
    accepted: Accepted,
    evidence: Evidence,
    state: State,
    now_ms: int,
    timing: Timing,
    seen_ms: int | None,
    passed: Callable[[str], bool] | None,
    *,
    asked: bool,
) -> Step:
    if state.waiting:
        return _waiting(accepted, evidence, now_ms, passed, asked=asked)
    if state is State.UPLOADING:
        # Only a failed upload that is held again is neither pending nor final; its task is the last one's.
        pending = pending_tasks(evidence, looks=can_list(accepted)) or [task for task in [last_task(evidence)] if task]
        return _uploading(accepted, pending, evidence, now_ms, timing)
    task, last = last_task(evidence), last_attempt(evidence)
    if task is None or task.task_id is None:
        ripe_ms = ((last[1].at_ms if last else None) or 0) + IN_FLIGHT_MS
        return (
            _waiting(accepted, evidence, now_ms, passed, asked=asked) if asked or now_ms >= ripe_ms else Wait(ripe_ms)
        )
    return _running(accepted, evidence, task, task.task_id, state, now_ms, timing, seen_ms)


def _waiting(
    accepted: Accepted, evidence: Evidence, now_ms: int, passed: Callable[[str], bool] | None, *, asked: bool
) -> Step:
    last, reason = last_attempt(evidence), state_of(accepted, evidence)[1]
    unsure = last[0] if last and not last[1].task_key else None
    if (why := too_late(accepted, evidence, now_ms)) is not None:
        return GiveUp(because(why, reason), unsure)
    if accepted.caller_keys and not asked:
        ripe_ms = ((last[1].at_ms if last else None) or accepted.created_ms) + IN_FLIGHT_MS
        return GiveUp(NO_KEYS, unsure) if now_ms >= ripe_ms else Wait(ripe_ms)
    if now_ms < accepted.due_ms - START_LEAD_MS:
        return Wait(accepted.due_ms - START_LEAD_MS)
    if last is None:
        return Start(1, recheck=None)
    number, attempt = last
    if attempt.refused:
        # Somebody else may still be at the same attempt, and get the task that we were refused.
        ripe_ms = max(attempt.refused[0] + IN_FLIGHT_MS, 0 if asked else behind_ms(evidence))
        if now_ms < ripe_ms:
            # Should he get it, TRTC says so of the same RecordId. Who can't see this may take the next at that time.
            again = passed is not None and passed(attempt.refused[1]) and now_ms < attempt.refused[0] + AGAIN_MS
            return Start(number, recheck=None) if again else Wait(ripe_ms)
    # TRTC asks for a new RecordId after a refusal; without an answer only the same one is safe.
    return Start(number + 1 if attempt.task_key or attempt.refused else number, recheck=unsure)


def behind_ms(evidence: Evidence) -> int:
    """Return until when a start that TRTC refused for the start's own reason lets others go first; 0 if it need not.

    The longer it fails, the less often it is tried. A full TRTC costs no start its place.
    """
    numbered = sorted(evidence.attempts.items(), key=lambda item: -int(item[0]))
    # Those after the newest one that has a task.
    attempts = list(takewhile(lambda attempt: not attempt.task_key, (attempt for _, attempt in numbered)))
    note = (attempts[0].refused or attempts[0].unanswered) if attempts else None
    if note is None or is_full(note[1]):
        return 0
    first_ms = min((attempt.at_ms for attempt in attempts if attempt.at_ms), default=note[0])
    # Refused, somebody else may still be at the same attempt.
    least_ms = IN_FLIGHT_MS if attempts[0].refused else 0
    return note[0] + max(least_ms, min(note[0] - first_ms, LONGEST_BACK_OFF_MS))


def ends_ms(accepted: Accepted, evidence: Evidence) -> int:
    """Return when the recording's task is to be stopped, by its `stop_at` or past its limit."""
    task = last_task(evidence)
    began_ms = task.began_ms if task else None
    limit_ms = (began_ms or _at_ms(evidence)) + accepted.max_duration_s * 1000 + LIMIT_SLACK_MS
    return min(limit_ms, accepted.stop_at_ms or limit_ms)


def _running(
    accepted: Accepted,
    evidence: Evidence,
    task: Task,
    task_id: str,
    state: State,
    now_ms: int,
    timing: Timing,
    seen_ms: int | None,
) -> Step:
    heard_ms = max(task.began_ms or 0, task.paused[0] if task.paused else 0, seen_ms or 0, _at_ms(evidence))
    stop_ms = ends_ms(accepted, evidence)
    if evidence.stop or now_ms >= stop_ms:
        why = "its stop_at has come" if stop_ms == accepted.stop_at_ms else "it is past its MaxDurationLimit"
        return Wait(now_ms + REPEAT_MS) if seen_ms is not None else Stop(task_id, why)
    every = REPEAT_MS if state is State.STARTING else timing.alive_every
    if seen_ms is None and now_ms - heard_ms >= every:
        return Describe(task_id)
    ask_ms = max(heard_ms + every, now_ms + 1)
    return Wait(stop_ms) if stop_ms <= ask_ms else Wait(ask_ms, asks=True)


def _uploading(accepted: Accepted, tasks: list[Task], evidence: Evidence, now_ms: int, timing: Timing) -> Step:
    steps = [_upload_of(accepted, task, evidence, now_ms, timing) for task in tasks]
    waits = [step for step in steps if isinstance(step, Wait)]
    return next((step for step in steps if not isinstance(step, Wait)), None) or min(waits, key=lambda w: w.until_ms)


def _upload_of(accepted: Accepted, task: Task, evidence: Evidence, now_ms: int, timing: Timing) -> Step:
    task_id = task.task_id or ""
    # An event without a time: at once, since "now" would move with every look.
    ended_ms = end_ms(task) or task.listed_ms or 0
    held, failed = parts.held(task) is not None, parts.failed(task) is not None
    give_up_ms = ended_ms + (timing.held_for if held else timing.lost_after)
    if unseen(task, evidence):  # stopped before it began, as far as anybody said: an event is late by a minute
        give_up_ms = ended_ms + min(timing.files_after, timing.lost_after)
    if now_ms >= give_up_ms:
        return Look(task_id, last=True)
    # "Still on the recorder's side" is TRTC's word that more will come: what lies there is not all.
    if held or not can_list(accepted):
        return Wait(give_up_ms)
    # What could not be uploaded may lie there all the same: it is looked for once after that was said.
    failed_ms = parts.failed_ms(task) if failed else 0
    if task.listed_ms is not None and task.listed_ms >= failed_ms:
        return Wait(give_up_ms)
    look_ms = max(ended_ms, failed_ms) + timing.files_after
    return Look(task_id, last=False) if now_ms >= look_ms else Wait(min(look_ms, give_up_ms))


def _at_ms(evidence: Evidence) -> int:
    last = last_attempt(evidence)
    return (last[1].at_ms if last else None) or 0
