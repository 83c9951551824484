"""The actions of a run: each is a function of the run and its arguments and runs in its own greenlet."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import suppress
from random import Random
from typing import TYPE_CHECKING, Any

from shared.domain import ids
from shared.domain.errors import WebRecordError
from testing.parts import JOBS, PREFIX, token_of
from testing.story import FILM

if TYPE_CHECKING:
    from testing.run import Run

Act = Callable[..., None]
ACTIONS: dict[tuple[str, str], Act] = {}


def action(actor: str, name: str) -> Callable[[Act], Act]:
    """Register what an actor can do; a scenario names both."""

    def register(act: Act) -> Act:
        ACTIONS[actor, name] = act
        return act

    return register


@action("caller", "start")
def start(run: Run, key: str, body: dict[str, Any], tries: int = 5) -> None:
    """A backend starts a recording and repeats the call, as it should, until it is answered."""
    run.ledger.note("caller", "asked", key, body=body)
    chance = run.scenario.stream(f"caller {key}")
    headers = {"Idempotency-Key": key, "Content-Type": "application/json"}
    for again in range(tries):
        if again:
            run.timeline.wait_ms(chance.choice([100, 5_000, 200_000]))
        called_ms = run.timeline.now
        status, document = _http(run, "POST", "/recordings", f"start {key}", headers, json.dumps(body).encode())
        if 0 < status < 300 or "trtc" in document:
            run.ledger.note("caller", "acknowledged", key, called_ms=called_ms)
            return


@action("caller", "stop")
def stop(run: Run, key: str) -> None:
    """A backend stops a recording."""
    run.ledger.note("caller", "called off", key)
    _http(run, "POST", f"/recordings/{key}/stop", f"stop {key}", {"Content-Type": "application/json"}, b"")


@action("caller", "delete")
def delete(run: Run, key: str, tries: int = 4) -> None:
    """A backend deletes a recording with its films, and repeats the call until it is answered."""
    run.ledger.note("caller", "called off", key)
    chance = run.scenario.stream(f"delete {key}")
    for again in range(tries):
        if again:
            run.timeline.wait_ms(chance.choice([100, 5_000, 200_000]))
        status, _ = _http(run, "DELETE", f"/recordings/{key}", f"delete {key}", {}, b"", {"files": "true"})
        if status == 204:
            run.ledger.note("caller", "deleted", key)
        if status in (202, 204, 404, 409):
            return


@action("caller", "read")
def read(run: Run, key: str, token: int = 0) -> None:
    """Somebody reads a recording, with a token that may have been taken away; 0: with that of the backends."""
    _http(run, "GET", f"/recordings/{key}", f"read {key}", {}, b"", token=token)


@action("caller", "list")
def list_all(run: Run) -> None:
    """Somebody lists the recordings."""
    _http(run, "GET", "/recordings", "list", {}, b"")


@action("bucket", "job")
def job(run: Run, name: str, lines: list[dict[str, Any]]) -> None:
    """Somebody puts a job object into a bucket; SCF delivers its event, and again where that failed."""
    body = b"\n".join(json.dumps(line).encode() for line in lines)
    run.jobs.put(name, body)
    etag = run.jobs.objects[name].etag
    run.ledger.note("bucket", "job", name, lines=len(lines), etag=etag)
    for again in range(3):
        if again:
            run.timeline.wait_ms(60_000)
        try:
            done = run.invoke("recordings", f"job {name}", lambda invoked: invoked.job_created(name, len(body)))
        except WebRecordError:
            continue
        if done:
            run.ledger.note("platform", "job done", name)
            numbers = range(1, len(lines) + 1) if len(lines) > 1 else [0]
            for number, line in zip(numbers, lines, strict=True):
                if line["RecordUrl"].startswith("https:"):
                    run.ledger.note("caller", "acknowledged", ids.digest_id(JOBS, name, etag, str(number)))
            return


@action("operator", "forbid")
def forbid(run: Run, hosts: list[str]) -> None:
    """The functions are deployed again, with fewer hosts whose pages may be recorded."""
    run.policy = run.policy._replace(allowed_hosts=tuple(hosts))
    run.ledger.note("operator", "forbade", hosts=hosts)


@action("operator", "take away")
def take_away(run: Run, sdk_app_id: int) -> None:
    """The functions are deployed again without an SdkAppId."""
    left = tuple(one for one in run.policy.sdk_app_ids if one != sdk_app_id)
    run.policy = run.policy._replace(sdk_app_ids=left)
    run.ledger.note("operator", "took away", str(sdk_app_id))


@action("operator", "tokens")
def rotate(run: Run, numbers: list[int]) -> None:
    """The functions are deployed again with these tokens; backends have the last one from now on."""
    run.tokens = numbers
    run.ledger.note("operator", "rotated", numbers=numbers)


@action("platform", "outage")
def outage(run: Run, ms: int) -> None:
    """The callback function can't be reached."""
    run.down_until_ms = run.timeline.now + ms
    run.ledger.note("platform", "outage", ms=ms)


@action("stranger", "overwrite")
def overwrite(run: Run, key: str, body: str) -> None:
    """Somebody writes over an object of ours, where there is one."""
    if key in run.bucket.objects:
        run.bucket.put(key, body.encode())
        run.ledger.note("stranger", "overwrote", key)


@action("stranger", "damage")
def damage(run: Run, prefix: str, body: str, about: str = "") -> None:
    """Somebody writes over everything of ours under a prefix, or of that what is about something."""
    for key in run.bucket.objects:
        if key.startswith(prefix) and about in key:
            run.bucket.put(key, body.encode())
            run.ledger.note("stranger", "damaged", key)


@action("stranger", "spoil")
def spoil(run: Run, key: str, parts: list[str], gone: list[str], body: str) -> None:
    """Somebody writes over these parts of a recording, and removes others: facts, the document, the request."""
    folder = f"recordings/{key}/"
    for name in [name for name in run.bucket.objects if name.startswith(folder)]:
        part = name.removeprefix(folder).split("/")[0]
        if part in gone:
            run.bucket.delete(name)
        elif part in parts:
            run.bucket.put(name, body.encode())
        if part in {*parts, *gone}:
            run.ledger.note("stranger", "damaged", name)
    run.ledger.note("stranger", "spoilt", key)


@action("operator", "replay")
def rebuild(run: Run, keys: list[str]) -> None:
    """Somebody has documents rebuilt."""
    with suppress(WebRecordError):
        run.invoke("reconcile", "replay", lambda invoked: invoked.replay(keys))


@action("stranger", "put")
def put(run: Run, key: str, body: str = "") -> None:
    """Somebody puts an object of his own among ours."""
    run.bucket.put(key, body.encode())
    run.ledger.note("stranger", "put", key)


@action("stranger", "litter")
def litter(run: Run, key: str, name: str, body: str) -> None:
    """Somebody puts an object of his own into the folder of each task of a recording."""
    for life in run.trtc.taken:
        if life.recording_id == key and life.folder and life.folder.startswith(f"{PREFIX}/"):
            put(run, f"{life.folder.removeprefix(f'{PREFIX}/')}/{name}", body)


@action("stranger", "replace")
def replace(run: Run, key: str) -> None:
    """Somebody puts another object, as long, in the place of a recording's film, while it is looked into."""
    run.bucket.overwritten[f"files/{key}/"] = bytes(len(FILM))
    run.ledger.note("stranger", "replaced", key)


def meet(run: Run, chance: Random) -> None:
    """Begin a tick, a repeated call, or a stop in the middle of another invocation."""
    asked = {entry.about: entry.data["body"] for entry in run.ledger.of("asked")}
    deletable = [key for key in asked if key.startswith("d")]
    what = chance.choice(["tick", "tick", "tick", "call", "call", "stop"]) if asked else "tick"
    key = chance.choice(list(asked) or [""])
    if what == "call":
        start(run, key, asked[key], tries=1)
    elif what == "stop":
        stop(run, key)
    elif deletable and chance.random() < 0.3:
        delete(run, chance.choice(deletable), tries=1)
    else:
        run.tick()


def _http(
    run: Run,
    method: str,
    path: str,
    what: str,
    headers: dict[str, str],
    body: bytes,
    query: dict[str, str] | None = None,
    token: int = 0,
) -> tuple[int, dict[str, Any]]:
    token = token or run.tokens[-1]
    deployed, called_ms = token in run.tokens, run.timeline.now
    headers = {**headers, "Authorization": f"Bearer {token_of(token)}"}
    answers: list[tuple[int, dict[str, Any]]] = []
    run.invoke("recordings", what, lambda invoked: answers.append(invoked.call(method, path, headers, body, query)))
    status, document = answers[0] if answers else (0, {})
    about = path.split("/")[2] if path.count("/") > 1 else headers.get("Idempotency-Key", "")
    said = {"call": what, "status": status, "state": document.get("state")}
    run.ledger.note("caller", "answered", about, **said, deployed=deployed, called_ms=called_ms)
    return status, document
