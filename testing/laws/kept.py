"""Laws about what is kept and what is erased: requests, callbacks, lines of jobs, ids, tokens, secrets."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator
from typing import TYPE_CHECKING

from shared.domain import ids, keys
from shared.domain.job_keys import report_key
from shared.usecases.remove import SWEEP_MS
from testing.laws import judged
from testing.laws.judged import law
from testing.parts import CALLERS, JOBS, SECRETS

if TYPE_CHECKING:
    from testing.run import Run


@law
def acknowledged_requests_are_kept(run: Run) -> Iterator[str]:
    """Every request answered 201 or 202, or refused with TRTC's words, is stored; so is every accepted line of a
    job."""
    for key in sorted(judged.acknowledged(run)):
        if run.bucket.get(keys.request_key(key)) is None:
            yield f"{key}: acknowledged, and nothing is stored"
    judged.recordings(run)
    for entry in run.ledger.of("unreadable"):
        yield f"{entry.about}: acknowledged, and can't be read: {entry.data['error']}"


@law
def acknowledged_callbacks_are_kept(run: Run) -> Iterator[str]:
    """Of each callback answered 200, one sending is stored byte for byte."""
    sent, answered = defaultdict[str, set[bytes]](set), dict[str, str]()
    damaged = {entry.about for entry in run.ledger.of("damaged")}
    for entry in run.ledger.of("callback"):
        callback = judged.said(entry)
        key = f"{keys.task_facts(callback.task_key)}{callback.name}.json"
        if key in damaged or run.bucket.get(keys.gone_task_key(callback.task_key)):
            continue
        sent[key].add(entry.data["body"])
        if entry.data["status"] == 200:
            answered[key] = callback.name
    for key, name in answered.items():
        stored = run.bucket.get(key)
        if stored is None:
            yield f"callback {name} was answered 200 and is not stored"
        elif stored.body not in sent[key]:
            yield f"callback {name} is stored with other bytes than it was sent with"


@law
def deleted_is_deleted(run: Run) -> Iterator[str]:
    """After the sweep no object holds data of a deleted recording's caller; the tombstones remain.

    What TRTC uploads after the sweep lies there: nobody knows any more whose it is, a second deletion neither.
    """
    known, swept_ms = judged.deleted(run), judged.first_ms(run, "deleted")
    deleted = known
    if any(entry.about.startswith("gone/") for entry in run.ledger.of("damaged")):
        deleted = set()  # no tombstone says any more what is to be erased
    for key in deleted & set(swept_ms):  # the sweep follows the tombstone, which a call wrote that may have died
        if grave := run.bucket.objects.get(keys.gone_key(key)):
            swept_ms[key] = min(swept_ms[key], json.loads(grave.body).get("at_ms", swept_ms[key]))
    late = {
        f"{entry.data['task']}/{entry.data['name']}"
        for entry in run.ledger.of("file")
        if entry.about in swept_ms and entry.ms > swept_ms[entry.about] + SWEEP_MS
    }
    for entry in run.ledger.of("deleted"):
        if entry.about not in known:
            yield f"{entry.about}: the deletion was answered, and the id can be used again"
    words = {key: (f"/{key}/".encode(), f"-{key}\x00".encode(), f"{CALLERS}-{key}".encode()) for key in deleted}
    for name, stored in run.bucket.objects.items() if words else ():
        if name.startswith("files/") and any(name.endswith(f"/{file}") for file in late):
            continue
        held = f"/{name}\x00".encode() + stored.body
        for key, signs in words.items():
            if any(sign in held for sign in signs):
                yield f"{key}: something of it is left in {name}"


@law
def an_id_is_used_once(run: Run) -> Iterator[str]:
    """After DELETE answered, no task begins under the id, and no start that is called then is accepted."""
    deleted: dict[str, int] = {}
    for entry in run.ledger.entries:
        if entry.what == "deleted":
            deleted.setdefault(entry.about, entry.ms)
        elif entry.about in deleted and entry.what == "task began":
            yield f"{entry.about}: a task began after its deletion"
        elif entry.what == "acknowledged" and entry.data.get("called_ms", entry.ms) > deleted.get(
            entry.about, entry.ms
        ):
            yield f"{entry.about}: a start was acknowledged after its deletion"


@law
def every_line_is_accepted_or_reported(run: Run) -> Iterator[str]:
    """Each line of an accepted job object is a recording or stands in the report, exactly once.

    The report is about the last object of its name.
    """
    done = {entry.about for entry in run.ledger.of("job done")}
    graves = any(key.startswith("gone/") for key in run.bucket.objects)  # whose key costs a digest a line
    signs = (keys.request_key, keys.gone_key) if graves else (keys.request_key,)
    for job in {entry.about: entry for entry in run.ledger.of("job")}.values():
        numbers = range(1, job.data["lines"] + 1) if job.data["lines"] > 1 else [0]
        ours = {number: ids.digest_id(JOBS, job.about, job.data["etag"], str(number)) for number in numbers}
        taken = {n for n, key in ours.items() if any(run.bucket.get(of(key)) for of in signs)}
        stored = run.bucket.get(report_key(job.about))
        report = json.loads(stored.body) if stored else {"errors": []}
        reported = [problem["line"] for problem in report["errors"]]
        if len(reported) > len(set(reported)) or taken & set(reported):
            yield f"{job.about}: a line is accepted and reported, or reported twice"
        elif job.about in done and len(taken) + len(reported) + report.get("more", 0) != len(ours):
            yield f"{job.about}: {len(ours)} lines, {len(taken)} accepted, {len(reported)} reported"


@law
def only_deployed_tokens_open(run: Run) -> Iterator[str]:
    """A call with a token that is deployed is never answered 401; one with a token that was taken away always is."""
    for entry in run.ledger.of("answered"):
        status, deployed = entry.data["status"], entry.data.get("deployed")
        if status and deployed is not None and (status == 401) == deployed:
            yield f"{entry.data['call']}: {status}, though its token is {'' if deployed else 'not '}deployed"


@law
def a_new_token_finds_what_an_old_one_began(run: Run) -> Iterator[str]:
    """What was accepted can be read, and a repeat gets it, whichever token was deployed then and is now."""
    kept, since = judged.acknowledged(run), judged.first_ms(run, "acknowledged")
    bodies = judged.bodies(run)
    others = {e.about for e in run.ledger.of("asked") if e.data["body"] != bodies[e.about]}
    for entry in run.ledger.of("answered"):
        refusals = {"read": 404, "start": 409}
        what, key = entry.data["call"].split()[0], entry.about
        if key not in kept or (what == "start" and key in others) or entry.data.get("called_ms", 0) <= since[key]:
            continue
        if entry.data["status"] == refusals.get(what):
            yield f"{entry.data['call']}: {entry.data['status']}, and it was accepted before"


@law
def secrets_stay_secret(run: Run) -> Iterator[str]:
    """No storage key is printed or stored."""
    for entry in run.ledger.of("secret"):
        yield f"a secret in the log: {entry.about}"
    secrets = [secret.encode() for secret in SECRETS]
    whole = b"\n".join({stored.body for stored in run.bucket.objects.values()})  # films are the same, and large
    if any(secret in whole for secret in secrets):
        for key, stored in run.bucket.objects.items():
            if any(secret in stored.body for secret in secrets):
                yield f"a secret in {key}"
