"""The upload of a task's film: when the task was over, whether its film is where it belongs, and why not. Pure."""

from __future__ import annotations

from shared.domain import parts
from shared.domain.evidence import Note, Task
from shared.domain.periods import CLOCKS_DIFFER_MS
from shared.domain.reasons import Code, Reason


def end_ms(task: Task) -> int | None:
    """Return when the task ended, as far as is known; epoch ms."""
    return min((end for end in (_told_over_ms(task), task.gone_ms) if end is not None), default=None)


def _told_over_ms(task: Task) -> int | None:
    """Return when callbacks say that the task was over, in order or not."""
    why = crashed(task)
    ends = [told_end_ms(task), why[0] if why else None]
    return min((end for end in ends if end is not None), default=None)


def told_end_ms(task: Task) -> int | None:
    """Return when the task ended as callbacks tell; None where TRTC said later that it records."""
    return task.ended_ms if task.ended_ms is not None and _counts(task.ended_ms, task) else None


def word_ms(task: Task) -> int | None:
    """Return when callbacks told that the task is over, or did not begin; None where they did not, or it is refuted."""
    failed = failed_start(task)
    told = (_told_over_ms(task), failed[0] if failed else None)
    return min((ms for ms in told if ms is not None), default=None)


def crashed(task: Task) -> Note | None:
    """Return when and why the recorder gave up as a callback tells; None as for `told_end_ms`."""
    return task.terminated if task.terminated and _counts(task.terminated[0], task) else None


def _counts(told_ms: int, task: Task) -> bool:
    """Tell whether word of a task's end counts: TRTC did not say later that it records."""
    return task.runs_ms is None or task.runs_ms <= told_ms


def failed_start(task: Task) -> Note | None:
    """Return when and why the start failed as TRTC said, where nothing says more: 801 status 1 after it is a later
    try's.

    A task that ended and left a film did begin, whatever was said.
    """
    if task.not_started is None or task.began_ms or not _counts(task.not_started[0], task):
        return None  # as most are: what costs more is asked last
    return None if end_ms(task) is not None and parts.films(task) else task.not_started


def is_unheard(task: Task) -> bool:
    """Tell whether a question to TRTC alone said that the task is over: no callback told its end."""
    return task.gone_ms is not None and (_told_over_ms(task), task.not_started) == (None, None)


def is_uploaded(task: Task) -> bool:
    """Tell whether what the task recorded is where it belongs, but for parts of which TRTC said that they failed."""
    if not parts.films(task):
        return False  # a film that is only named (304, 310 status 1) need not be there
    if task.settled_ms is not None:
        return True
    # A start that is said to have failed is over, too: a film of it shows that it began, and that its end is not known.
    end = word_ms(task)
    if (end is None and task.gone_ms is None) or parts.is_waited_for(task):
        return False
    if end is None:  # only the end of a whole task in VOD is told by an event of its own
        return task.closed_ms is not None and any(file.file_id for file in task.files.values())
    if task.closed_ms is not None and task.closed_ms + CLOCKS_DIFFER_MS >= end:
        return True
    return max(task.covered_ms or 0, task.failed_to_ms or 0) >= end


def is_broken(task: Task) -> bool:
    """Return True if no file is stored and TRTC's newest event about the upload says that it failed."""
    return parts.failed(task) is not None and parts.held(task) is None and not parts.films(task)


def is_over(task: Task) -> bool:
    """Return True if TRTC reported a failed upload of everything up to the end."""
    ended_ms = end_ms(task)
    if not is_broken(task) or ended_ms is None:
        return False
    whole = not parts.failed(task) or task.closed_ms is not None
    return whole or (task.failed_to_ms is not None and task.failed_to_ms >= ended_ms)


def is_unlooked(task: Task, *, looks: bool) -> bool:
    """Return True if a part is missing and its folder was not listed since TRTC reported that."""
    if not looks or (parts.failed(task) is None and not parts.unproven(task)):
        return False
    return task.listed_ms is None or task.listed_ms < parts.failed_ms(task)


def upload_failed(task: Task) -> Reason:
    """Return why an upload failed, in TRTC's words."""
    why = task.broken[1] if task.broken else "upload failed"
    return Reason(Code.UPLOAD_FAILED, f"upload failed: {why}")


def missing_part(task: Task) -> Reason | None:
    """Return what is missing of a task that left a film; None where nothing is known to be."""
    if (held := parts.held(task)) is not None:
        which = f" ({', '.join(held[:3])})" if held else ""
        return Reason(Code.FILES_HELD, f"only part was recorded: files are still on the recorder's side{which}")
    if parts.failed(task) is not None:
        why = upload_failed(task)
        return Reason(why.code, f"only part was recorded: {why.words}")
    if unproven := parts.unproven(task):
        named = ", ".join(unproven[:3])
        why_not = f"only part was recorded: files were named ({named}), and nothing shows that they were uploaded"
        return Reason(Code.FILES_UNPROVEN, why_not)
    return None


def lost(task: Task) -> Reason:
    """Return what is known of a task of which no film came."""
    if names := parts.named(task):
        named = ", ".join(names[:3])
        why = f"the task is gone; files were named ({named}), and nothing shows that they were uploaded"
        return Reason(Code.FILES_UNPROVEN, why)
    if task.covered_ms is not None:
        return Reason(Code.FILES_UNNAMED, "TRTC said that everything is uploaded, and no event named a file")
    return Reason(Code.FILES_MISSING, "the task is gone and no file came")
