"""Ideas: events of a run. Each draws from its own stream of random numbers."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random
from typing import Any

from testing.parts import CALLER_STORAGE, CALLERS, SECOND_APP_ID
from testing.scenario import BEGIN_MS, Step, idea

MINUTE = 60_000
HOUR = 3_600_000


@idea
def recordings(chance: Random) -> Iterator[Step]:
    """Backends start recordings, some twice at once; some are scheduled, some bring their own storage.

    Most runs have one, or only those of other ideas: many small runs find rare faults sooner than a few large ones.
    """
    for number in range(chance.choices([0, 1, 2, 3], [9, 12, 2, 1])[0]):
        body: dict[str, Any] = {"RecordUrl": f"https://example.com/{number}"}
        if chance.random() < 0.2:
            body["StartAt"] = (BEGIN_MS + chance.choice([90_000, HOUR])) / 1000
        elif chance.random() < 0.1:
            body["StorageParams"] = CALLER_STORAGE
        if chance.random() < 0.2:
            body["NotifyOn"] = "changes"
        if chance.random() < 0.2:
            body["StopAt"] = (BEGIN_MS + 5_400_000) / 1000
        for _ in range(chance.choice([1, 1, 2])):
            yield Step(chance.randrange(MINUTE), "caller", "start", {"key": f"r{number}", "body": body})


@idea
def never_taken(chance: Random) -> Iterator[Step]:
    """TRTC never takes some starts at the head of the queue, each for its own reason."""
    if chance.random() < 0.03:
        for number in range(chance.choice([1, 4])):
            body = {"RecordUrl": f"https://example.com/never{number}", "StartAt": (BEGIN_MS + MINUTE) / 1000}
            body["StartBy"] = (BEGIN_MS + chance.choice([5, 15]) * MINUTE) / 1000
            yield Step(chance.randrange(20_000), "caller", "start", {"key": f"n{number}", "body": body})


@idea
def slow_receivers(chance: Random) -> Iterator[Step]:
    """Some recordings have a receiver that may never answer."""
    if chance.random() < 0.02:
        for number in range(chance.choice([1, 4])):
            body: dict[str, Any] = {"RecordUrl": "https://example.com/h", "NotifyUrl": "https://slow.example.com/"}
            body |= {"NotifyOn": "changes"} if number % 2 else {"StopAt": (BEGIN_MS + 5 * MINUTE) / 1000}
            yield Step(chance.randrange(MINUTE), "caller", "start", {"key": f"h{number}", "body": body})


@idea
def policies(chance: Random) -> Iterator[Step]:
    """A host is taken away while recordings of its pages wait."""
    if chance.random() < 0.03:
        body = {
            "RecordUrl": "https://other.example.org/",
            "StartAt": (BEGIN_MS + chance.choice([2, 30]) * MINUTE) / 1000,
        }
        yield Step(chance.randrange(MINUTE), "caller", "start", {"key": "o0", "body": body})
        yield Step(chance.randrange(HOUR), "operator", "forbid", {"hosts": ["example.com"]})


@idea
def applications(chance: Random) -> Iterator[Step]:
    """An operator takes an SdkAppId away while a start of it waits."""
    if chance.random() < 0.03:
        body = {
            "RecordUrl": "https://example.com/a",
            "SdkAppId": SECOND_APP_ID,
            "StartAt": (BEGIN_MS + chance.choice([2, 30]) * MINUTE) / 1000,
        }
        yield Step(chance.randrange(MINUTE), "caller", "start", {"key": "a0", "body": body})
        yield Step(chance.randrange(HOUR), "operator", "take away", {"sdk_app_id": SECOND_APP_ID})


@idea
def rotations(chance: Random) -> Iterator[Step]:
    """An operator replaces the backends' token, with or without a time in which both are good.

    A recording of before is read and asked for again with the new one, and somebody goes on with the old one.
    """
    if chance.random() < 0.03:
        body: dict[str, Any] = {"RecordUrl": "https://example.com/t"}
        if chance.random() < 0.3:
            body["StartAt"] = (BEGIN_MS + 30 * MINUTE) / 1000
        asked = {"key": "t0", "body": body}
        yield Step(chance.randrange(MINUTE), "caller", "start", asked)
        rotated_ms = chance.randrange(HOUR)
        if chance.random() < 0.5:
            yield Step(chance.randrange(rotated_ms + 1), "operator", "tokens", {"numbers": [1, 2]})
        yield Step(rotated_ms, "operator", "tokens", {"numbers": [2]})
        yield Step(chance.randrange(2 * HOUR), "caller", "start", {**asked, "tries": 2})
        for token in (0, 1, 2):
            yield Step(chance.randrange(2 * HOUR), "caller", "read", {"key": "t0", "token": token})


@idea
def many_lines(chance: Random) -> Iterator[Step]:
    """Somebody puts a job object of thousands of lines, of which a few are requests."""
    if chance.random() < 0.004:
        lines = [{"RecordUrl": f"https://example.com/m{n}" if n % 300 == 0 else "none"} for n in range(1_500)]
        yield Step(chance.randrange(MINUTE), "bucket", "job", {"name": "jobs/many.json", "lines": lines})


@idea
def prefixes(chance: Random) -> Iterator[Step]:
    """One more has its films in a folder of its own, which may be named like another recording."""
    if chance.random() < 0.03:
        body = {"RecordUrl": "https://example.com/p", "prefix": chance.choice(["lessons/2027", "r0", "files/r0", "p0"])}
        yield Step(chance.randrange(MINUTE), "caller", "start", {"key": "p0", "body": body})


@idea
def formats(chance: Random) -> Iterator[Step]:
    """One more is in HLS, or goes to VOD."""
    if chance.random() < 0.06:
        body = {"RecordUrl": "https://example.com/f", **chance.choice([{"Format": "hls"}, {"Storage": "vod"}])}
        yield Step(chance.randrange(MINUTE), "caller", "start", {"key": "f0", "body": body})


@idea
def limits(chance: Random) -> Iterator[Step]:
    """One more has the shortest MaxDurationLimit."""
    if chance.random() < 0.035:
        body = {"RecordUrl": "https://example.com/l", "MaxDurationLimit": 1_800}
        yield Step(chance.randrange(MINUTE), "caller", "start", {"key": "l0", "body": body})


@idea
def jobs(chance: Random) -> Iterator[Step]:
    """A job object asks for recordings: one document, or lines of which one may be wrong."""
    if chance.random() < 0.05:
        count = chance.choices([1, 3, 25], [6, 6, 1])[0]  # of 25 not all are started at once; few are right
        lines = [{"RecordUrl": f"https://example.com/j{n}" if n < 3 or n % 6 == 0 else "none"} for n in range(count)]
        if len(lines) > 1 and chance.random() < 0.5:
            lines.append({"RecordUrl": "no address"})
        yield Step(chance.randrange(MINUTE), "bucket", "job", {"name": "jobs/j.json", "lines": lines})


@idea
def stops(chance: Random) -> Iterator[Step]:
    """Backends stop recordings, which may be over, waiting, or not asked for yet."""
    for number in range(4):
        if chance.random() < 0.3:
            yield Step(chance.randrange(900_000), "caller", "stop", {"key": f"r{number}"})


@idea
def hasty(chance: Random) -> Iterator[Step]:
    """One more tells its receiver of every state; the receiver may delete it at each."""
    if chance.random() < 0.03:
        body: dict[str, Any] = {"RecordUrl": "https://example.com/d1", "NotifyOn": "changes"}
        if chance.random() < 0.5:
            body["StartAt"] = (BEGIN_MS + 5 * MINUTE) / 1000
        yield Step(chance.randrange(MINUTE), "caller", "start", {"key": "d1", "body": body})


@idea
def graves(chance: Random) -> Iterator[Step]:
    """The tombstones are damaged or empty; the id that was deleted is used again all the same."""
    if chance.random() < 0.02:
        body = {"RecordUrl": "https://example.com/g"}
        yield Step(chance.randrange(MINUTE), "caller", "start", {"key": "g0", "body": body})
        for _ in range(3):
            yield Step(chance.randrange(HOUR), "caller", "delete", {"key": "g0"})
        args = {"prefix": "gone/", "body": chance.choice(["", "{", "[]", "null", '{"tasks": 7}'])}
        yield Step(chance.randrange(2 * HOUR), "stranger", "damage", args)
        yield Step(chance.randrange(HOUR, 3 * HOUR), "caller", "start", {"key": "g0", "body": body, "tries": 2})


@idea
def deletions(chance: Random) -> Iterator[Step]:
    """Backends delete recordings, which may still run, and use the id again: for the same page and for another."""
    if chance.random() < 0.08:
        key = "d0"
        body = {"RecordUrl": "https://example.com/d", "Labels": {"patient": f"{CALLERS}-{key}"}}
        yield Step(chance.randrange(MINUTE), "caller", "start", {"key": key, "body": body})
        for _ in range(chance.choice([1, 2, 3])):
            yield Step(chance.randrange(2 * HOUR), "caller", "delete", {"key": key})
        for url in ("https://example.com/d", "https://example.com/again"):
            again = {**body, "RecordUrl": url}
            if chance.random() < 0.5:
                yield Step(chance.randrange(HOUR, 3 * HOUR), "caller", "start", {"key": key, "body": again, "tries": 2})


@idea
def readers(chance: Random) -> Iterator[Step]:
    """Somebody reads what became of a recording, and lists all."""
    for _ in range(chance.choice([0, 1])):
        yield Step(chance.randrange(2 * HOUR), "caller", "read", {"key": f"r{chance.choice([0, 0, 1, 2])}"})
    if chance.random() < 0.2:
        yield Step(chance.randrange(2 * HOUR), "caller", "list", {})


@idea
def outages(chance: Random) -> Iterator[Step]:
    """The callback function is down for half a minute, or for longer than TRTC tries."""
    if chance.random() < 0.3:
        yield Step(chance.randrange(900_000), "platform", "outage", {"ms": chance.choice([30_000, 300_000])})
