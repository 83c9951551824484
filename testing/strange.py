"""Ideas about strangers: objects of their own among ours, and ours written over."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random

from testing.ideas import HOUR, MINUTE
from testing.scenario import Step, idea

FOREIGN = (
    *("open/", "due/", "days/", "recordings/", "recordings/r0/", "recordings/r0/facts/", "tasks/", "files/"),
    *("files/r0/", "open/readme.txt", "open/9-r0", "due/1800000000000", "due/x-r0", "days/2027-01-15/", "days/today"),
    *(
        "ask/",
        "ask/9-r0",
        "tell/x",
        "tell/1800000000000",
        "work/",
        "work/x.json",
        "index/",
        "index/today",
        "index/1-r0",
    ),
    *("gone/", "gone/x", "wake/", "jobs/", "jobs/readme.error.json", "tasks/x", "tasks/x/recording.json"),
    *("open/1800000000000-ghost", "due/1800000000000-ghost", "ask/1800000000000-ghost", "tell/1800000000000-ghost"),
    *("recordings/r0/facts/note.json", "recordings/other/x", "tasks/other/facts/", "files/r0/notes.txt"),
)


@idea
def strangers(chance: Random) -> Iterator[Step]:
    """Consoles make folders, and somebody puts what is not ours anywhere among ours."""
    if chance.random() < 0.2:
        for _ in range(4):
            args = {"key": chance.choice(FOREIGN), "body": chance.choice(["", "x", "{}"])}
            yield Step(chance.randrange(HOUR), "stranger", "put", args)


@idea
def litter(chance: Random) -> Iterator[Step]:
    """Desktops and workflows put what is no film beside films."""
    if chance.random() < 0.2:
        for _ in range(3):
            name = chance.choice([".DS_Store", "x/", "x.mp4", "x.mp4.jpg", "notes/x.mp4", "notes.txt"])
            args = {"key": chance.choice(["r0", "r1"]), "name": name, "body": "" if name == "x.mp4" else "x"}
            yield Step(chance.randrange(HOUR), "stranger", "litter", args)


@idea
def replacements(chance: Random) -> Iterator[Step]:
    """A film is another one when the second part of it is read."""
    if chance.random() < 0.3:
        yield Step(0, "stranger", "replace", {"key": chance.choice(["r0", "r0", "r1"])})


@idea
def damage(chance: Random) -> Iterator[Step]:
    """A document is damaged: it is derived, so it is derived again."""
    if chance.random() < 0.1:
        args = {"key": "recordings/r0/recording.json", "body": chance.choice(["", "{", "[]", '{"evidence": 7}'])}
        yield Step(chance.randrange(MINUTE, HOUR), "stranger", "overwrite", args)


@idea
def broken(chance: Random) -> Iterator[Step]:
    """Another recording's request, facts, callbacks, or all, are damaged; no other one may be affected."""
    if chance.random() < 0.02:
        body = {"RecordUrl": "https://example.com/x"}
        yield Step(chance.randrange(MINUTE), "caller", "start", {"key": "x0", "body": body})
        prefix = chance.choice(["recordings/x0/request.json", "recordings/x0/facts/", "recordings/x0/", "tasks/"])
        args = {"prefix": prefix, "body": chance.choice(["", "{", "[]", "null", '{"kind": 7}'])}
        yield Step(chance.randrange(HOUR), "stranger", "damage", {**args, "about": "x0"})


SPOILT = (
    {"parts": ["facts"], "gone": []},
    {"parts": ["facts"], "gone": ["recording.json"]},
    {"parts": [], "gone": ["facts"]},
    {"parts": [], "gone": ["request.json"]},
    {"parts": ["recording.json"], "gone": ["request.json"]},
)
"""Parts of a recording that are damaged, and parts that are gone: the others tell that it was begun."""


@idea
def spoilt(chance: Random) -> Iterator[Step]:
    """Another recording is damaged; its document is rebuilt, and its caller asks again."""
    if chance.random() < 0.02:
        start = {"key": "y0", "body": {"RecordUrl": "https://example.com/y"}}
        yield Step(chance.randrange(MINUTE), "caller", "start", start)
        args = {"key": "y0", **chance.choice(SPOILT), "body": chance.choice(["", "{", "[]", "null", '{"kind": 7}'])}
        yield Step(chance.randrange(HOUR), "stranger", "spoil", args)
        for _ in range(2):
            yield Step(chance.randrange(MINUTE, 2 * HOUR), "operator", "replay", {"keys": ["y0"]})
        if chance.random() < 0.5:
            yield Step(chance.randrange(15 * MINUTE, HOUR), "caller", "start", {**start, "tries": 2})
