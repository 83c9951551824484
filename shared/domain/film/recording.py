"""The film check of a recording: which tasks are to be looked into, and what it says of all of them together. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from shared.domain.accepted import Accepted
from shared.domain.evidence import Evidence, Filmed, Task
from shared.domain.film.limits import LIMITS
from shared.domain.film.verdict import MOTION, SOUND, FilmFinding, Flaw, Verdict, verdict
from shared.domain.parts import films
from shared.domain.value import Value

TRIES, AGAIN_MS = 3, 60_000
"""How often a file that could not be read is read, and the wait in between."""
NOTIFY_WAITS_MS = 60_000
"""How long the final notification waits for the check."""
WITHIN_MS = 900_000
"""A recording's films are checked again until this long after its last news or their last check; for the first time
within a day."""
NO_TIME = f"{0:013d}-"
"""What the name of a callback begins with whose own time can't be right."""
MOST_FILES = 20
"""Files of a task that are looked into."""


class RecordingFinding(Value):
    """Something found in the films of a recording.

    `from_ms` and `to_ms` count from the beginning of `file`; where there is none (`gap`) they are epoch ms.
    """

    code: Flaw
    words: str
    file: str | None = None
    from_ms: int | None = None
    to_ms: int | None = None


class Gap(Value):
    """A stretch of the recording of which there is no file, epoch ms."""

    start_ms: int
    end_ms: int


class Said(NamedTuple):
    """What is said of a recording's films."""

    verdict: Verdict | None = None
    reason: str | None = None
    findings: Sequence[RecordingFinding] = ()


def is_missing(task: Task) -> bool:
    """Tell whether a task's films are still to be looked into."""
    if not task.task_id or not films(task):
        return False
    film = _whole_look(task)
    return film is None or (film.tries < TRIES and any(check.again for check in film.files.values()))


def can_look(accepted: Accepted) -> bool:
    """Tell whether the films lie where we may look, and are to be looked into."""
    return accepted.check_film and accepted.can_list


def awaited(accepted: Accepted, evidence: Evidence) -> list[tuple[int, Task]]:
    """Return the tasks whose films are to be looked into, and when, epoch ms; `state.final` is the caller's to ask."""
    if not can_look(accepted):
        return []
    missing = [task for task in evidence.tasks.values() if is_missing(task)]
    return [(film.at_ms + AGAIN_MS if (film := _whole_look(task)) else 0, task) for task in missing]


def _whole_look(task: Task) -> Filmed | None:
    """Return the look into a task's films if it saw all that are there now."""
    return task.film if task.film and {*films(task)[:MOST_FILES]} <= task.film.files.keys() else None


def news_ms(evidence: Evidence) -> int:
    """Return the time of the last news that is neither a check nor a notification, epoch ms."""
    told = (int(name[:13]) for name, label in evidence.facts.items() if label not in ("film", "notified"))
    newest_ms = max(told, default=0)
    if any(name.startswith(NO_TIME) for name in evidence.facts):  # when that came stands in what it said
        files = (
            file for task in evidence.tasks.values() for file in [*task.files.values(), *filter(None, [task.rest])]
        )
        newest_ms = max(newest_ms, *(file.told_ms or 0 for file in files), 0)
    return newest_ms


def said_of(accepted: Accepted, evidence: Evidence, gaps: Sequence[Gap], *, final: bool) -> Said:
    """Return what the checks of all files say together."""
    tasks = [task for task in evidence.tasks.values() if films(task)]
    if not final or not tasks or not accepted.check_film:
        return Said()
    if not can_look(accepted):
        where = "in VOD" if accepted.place is None else "in a place of the caller's"
        return Said(Verdict.UNCHECKED, f"the files lie {where}")
    found, why, off = list[RecordingFinding](), list[str](), set[Flaw]()
    for task in tasks:
        for name in films(task):
            check = task.film.files.get(name) if task.film else None
            if check is None or check.verdict is Verdict.UNCHECKED:
                why.append(f"{name}: {(check.why if check else None) or 'not checked yet'}"[:300])
            else:
                found += [RecordingFinding(file=name, **finding.model_dump()) for finding in check.findings]
        off |= set(task.film.off) if task.film else set()
        found += _shorter(task)
    if not any(task.paused for task in tasks):
        words = "Nothing was recorded in between."
        found += [RecordingFinding(code=Flaw.GAP, words=words, from_ms=g.start_ms, to_ms=g.end_ms) for g in gaps]
    off |= SOUND if not accepted.expect_sound else frozenset()
    off |= MOTION if not accepted.expect_motion else frozenset()
    wanted = [finding for finding in found if finding.code not in off]
    if why and not wanted:
        return Said(Verdict.UNCHECKED, why[0])
    by_file = dict[str | None, list[FilmFinding]]()
    for one in wanted:
        by_file.setdefault(one.file, []).append(FilmFinding(**one.model_dump(exclude={"file"})))
    worst = max((verdict(each) for each in by_file.values()), key=list(Verdict).index, default=Verdict.GOOD)
    return Said(worst, why[0] if why else None, wanted)


def _shorter(task: Task) -> list[RecordingFinding]:
    """Return the files that hold less than TRTC said they do."""
    found = []
    for name in films(task):
        file, check = task.files[name], (task.film or Filmed(at_ms=0)).files.get(name)
        if check is None or check.seconds is None or any(one.code is Flaw.EMPTY for one in check.findings):
            continue
        told = None
        if file.start_ms is not None and file.end_ms is not None:
            told = (file.end_ms - file.start_ms) / 1000
        elif len(films(task)) == 1 and task.began_ms and task.ended_ms and not task.paused:
            told = (task.ended_ms - task.began_ms) / 1000
        if told is not None and check.seconds + max(LIMITS.shorter_s, LIMITS.shorter * told) < told:
            words = f"The film has {check.seconds:.0f} s; {told:.0f} s were recorded."
            found.append(RecordingFinding(code=Flaw.SHORTER, words=words, file=name))
    return found
