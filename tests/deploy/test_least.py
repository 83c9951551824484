"""The callback function's role has what its work needs, and no more."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest
import yaml

from local.account import parse_policy
from local.account.policy import permits
from shared.domain.refusals import refusal
from shared.usecases.remove import remove
from testing.callbacks import callback, mp4_stop
from tests.deploy.test_deployment import ENV, ROOT
from tests.shared.usecases.test_read import reading
from tests.shared.usecases.ticking import HOOK, Site
from webrecord.deploy.description import describe
from webrecord.deploy.policies import of_function

ACTIONS = {"put": "PutObject", "create": "PutObject", "get": "GetObject", "list": "GetBucket", "delete": "DeleteObject"}
TOLD = {"NotifyUrl": HOOK, "NotifyOn": "changes"}
"""Its receiver hears of each change."""


@dataclass
class Watched(Site):
    """A deployment; `did` has the calls that its callback function made."""

    did: list[str] = field(default_factory=list)


def whole(site: Watched) -> None:
    """A recording from its start to its film, with a message twice."""
    task = site.begin(**TOLD)
    _tell(site, callback(801, {"Status": 1}, site.clock.now, task))
    _tell(site, callback(801, {"Status": 1}, site.clock.now, task))
    _tell(site, mp4_stop(0, site.clock.now, task=task))
    _tell(site, callback(802, {"Status": 1}, site.clock.now, task))


def second(site: Watched) -> None:
    """A task that fails, so that another attempt waits."""
    site.policy = site.policy._replace(max_attempts=3)
    task = site.begin(**TOLD)
    site.trtc.end(task)
    _tell(site, callback(801, {"Status": 2, "EventMessage": "Goto url timeout"}, site.clock.now, task))


def queued(site: Watched) -> None:
    """A task that ends while another start waits for its place."""
    task = site.begin()
    site.trtc.refusals = [refusal("LimitExceeded", "full", "r")]
    site.start("other")
    site.clock.now += 60_000
    _tell(site, callback(802, {"Status": 1}, site.clock.now, task))


def damaged(site: Watched) -> None:
    """A callback of a recording whose document is gone; and one whose storage fails behind the callback."""
    task = site.begin()
    del site.store.objects["recordings/k1/recording.json"]
    _tell(site, callback(801, {"Status": 1}, site.clock.now, task))
    site.faults.plan = {site.faults.calls + 2: "fail"}
    _tell(site, callback(802, {"Status": 1}, site.clock.now, task))


def early(site: Watched) -> None:
    """A callback before its start is stored, and one of nothing that is ours."""
    _tell(site, callback(801, {"Status": 1}, site.clock.now, "unknown"))


def late(site: Watched) -> None:
    """A callback of a recording that was deleted."""
    task = site.begin()
    site.trtc.end(task)
    site.upload(task)
    site.run_until_done()
    remove("k1", "asked", reading(site), files=False)
    _tell(site, callback(802, {"Status": 1}, site.clock.now, task))


def _tell(site: Watched, body: bytes) -> None:
    site.clock.now += 5_000
    before = len(site.faults.log)
    site.receive(body)
    site.did += site.faults.log[before:]


STORIES: list[Callable[[Watched], None]] = [whole, second, queued, damaged, early, late]


def needed(story: Callable[[Watched], None]) -> set[tuple[str, str]]:
    """Return what the callbacks of a story did: action and key."""
    site = Watched()
    story(site)
    did = [line.split(" ")[:2] for line in site.did]
    return {(ACTIONS[call], key) for call, key in did}


def policy() -> str:
    """Return the policy of the role, as it is deployed."""
    plan = describe(yaml.safe_load((ROOT / "serverless.yml").read_text()), ENV, "scf-webrecord")
    return json.dumps(of_function(plan, "callback"))


@pytest.mark.parametrize("story", STORIES)
def test_whatever_a_callback_does_is_allowed(story: Callable[[Watched], None]) -> None:
    """A wake or a marker that is refused costs a minute and says nothing: so each call is compared."""
    allowed = parse_policy(policy())
    resource = "qcs::cos:ap-guangzhou:uid/1250000000:films-1250000000/webrecord/{}"
    calls = needed(story)
    assert calls
    assert [] == [one for one in sorted(calls) if not permits(allowed, f"cos:{one[0]}", resource.format(one[1]))]


def test_no_more_is_allowed_than_some_callback_needs() -> None:
    """By action and folder; listing beside reading, so that what is not there is answered 404."""
    used = {(action, key.partition("/")[0]) for story in STORIES for action, key in needed(story)}
    allowed = {
        (action.rpartition(":")[2], re.sub(r".*/webrecord/(\w+)/\*", r"\1", resource))
        for statement in parse_policy(policy())
        for action in statement.actions
        for resource in statement.resources
    }
    assert {("GetBucket", "gone")} == allowed - used
    assert "files" not in {folder for _, folder in allowed}
