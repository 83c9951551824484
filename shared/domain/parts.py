"""The parts of a task's film: which are there, which are still held, which could not be uploaded. Pure.

An upload event is about the files that it names; one that names none is about the upload as a whole.
"""

from __future__ import annotations

from shared.domain.evidence import File, Task
from shared.domain.keys import SEGMENTS

FILMS = (".mp4", ".m3u8")
"""Endings of playable files; they decide for files that only a listing named."""


def films(task: Task) -> list[str]:
    """Return the names of a task's films that are there: seen with bytes, or reported as uploaded."""
    return [name for name in named(task) if _is_there(name, task)]


def named(task: Task) -> list[str]:
    """Return every name of a film that a listing or TRTC gave, there or not."""
    return [name for name in task.files if not name.lower().endswith(SEGMENTS)]


def held(task: Task) -> list[str] | None:
    """Return the films that are on the recorder's side by TRTC's newest word, an empty list for some without a name."""
    names = [name for name in _missing(task) if _is_held(task.files[name])]
    if _has_words(task):
        rest = task.rest
        whole = rest is not None and _is_held(rest) and (rest.held_ms or 0) > (rest.told_ms or 0)
    else:
        whole = task.held is not None and not films(task) and not (task.broken and task.broken > task.held)
    return names if names or whole else None


def is_waited_for(task: Task) -> bool:
    """Return True if TRTC held a part before it uploaded the part that reaches furthest.

    Later news of a held part does not count, so a completed recording stays completed.
    """
    names = held(task)
    if names is None:
        return False
    ends = [(file.end_ms, file.told_ms) for file in task.files.values() if file.end_ms and file.told_ms]
    uploaded_ms = max(ends)[1] if ends else task.closed_ms
    words = [task.files[name].held_ms or 0 for name in names]
    words = words or [task.rest.held_ms or 0 if task.rest else task.held[0] if task.held else 0]
    return uploaded_ms is None or min(words) <= uploaded_ms


def failed(task: Task) -> list[str] | None:
    """Return the films that could not be uploaded, an empty list for some without a name; None where none failed."""
    names = [name for name in _missing(task) if _is_failed(task.files[name])]
    if _has_words(task):
        whole = task.rest is not None and _is_failed(task.rest)
    else:
        whole = task.broken is not None and not films(task) and not (task.held and task.held > task.broken)
    return names if names or whole else None


def unproven(task: Task) -> list[str]:
    """Return the films that were named, and of which nothing says what became of them."""
    return [name for name in _missing(task) if not _has_word(task.files[name])]


def failed_ms(task: Task) -> int:
    """Return when the newest upload failed, epoch ms."""
    words = [file.failed_ms for file in [*task.files.values(), task.rest] if file and file.failed_ms is not None]
    return max(words, default=task.broken[0] if task.broken else 0)


def _missing(task: Task) -> list[str]:
    return [name for name in named(task) if not _is_there(name, task)]


def _is_there(name: str, task: Task) -> bool:
    file = task.files[name]
    if file.told_ms is not None or (file.size and name.lower().endswith(FILMS)):
        return True
    if _has_word(file) or task.covered_ms is None:
        return False
    # The end of the upload told of all that was named before (HLS), and a former release kept no word of each file.
    return file.end_ms is not None or all(other.told_ms is None for other in task.files.values())


def _has_words(task: Task) -> bool:
    """Tell whether words are kept of each file; a former release kept those of the whole upload alone."""
    return task.rest is not None or any(_has_word(file) for file in task.files.values())


def _has_word(file: File) -> bool:
    return any(word is not None for word in (file.told_ms, file.held_ms, file.failed_ms))


def _is_held(file: File) -> bool:
    return file.held_ms is not None and file.held_ms >= (file.failed_ms or 0)


def _is_failed(file: File) -> bool:
    if file.failed_ms is None or _is_held(file):
        return False
    return file.failed_ms > max(file.begun_ms or 0, file.told_ms or 0)
