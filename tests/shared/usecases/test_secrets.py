"""Whatever secret TRTC's answer quotes: no stored byte, reply or notification holds it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.domain.detail import detail
from shared.domain.errors import RecorderBusy, WebRecordError
from shared.domain.parsing import parse_request
from shared.domain.reasons import Code
from shared.domain.refusals import refusal
from shared.domain.states import State
from shared.http.replies import problem, recording_reply
from testing.callbacks import callback
from tests.examples import at_most
from tests.shared.usecases.ticking import HOOK, Site
from tests.world import CALLER_STORAGE, UPLOAD_KEY

SECRETS = {
    "own": ["AKIDupload", UPLOAD_KEY, "str3amkey", "t1cketOfPage"],
    "caller's": ["AKIDcaller", "caller-secret-key", "str3amkey", "t1cketOfPage"],
}
RELAYS = [{"PublishCdnUrl": "rtmp://live.example.com/app/str3amkey", "IsTencentCdn": 0}]
CODES = [
    "InvalidParameterValue.X",
    "InternalError",
    "AuthFailure.X",
    "RequestLimitExceeded",
    "FailedOperation.TaskExist",
]


@settings(max_examples=at_most(60), deadline=None)
@given(
    st.sampled_from(sorted(SECRETS)),
    st.integers(0, 3),
    st.sampled_from(CODES),
    st.sampled_from(["message", "all", "network"]),
)
def test_what_trtc_quotes_stays_in_memory(whose: str, which: int, code: str, where: str) -> None:
    """In its message, code or RequestId, whatever it means for the start."""
    site, secret = Site(), SECRETS[whose][which]
    said = f"upload with {secret} (q-ak={secret}) https://trtc.example/?k={secret}"
    if where == "network":
        site.trtc.refusals = [RecorderBusy("ClientNetworkError", said, answered=False)]
    else:
        site.trtc.refusals = [
            refusal(f"{code}.{secret}" if where == "all" else code, said, secret if where == "all" else "r")
        ]
    fields: dict[str, Any] = {"StorageParams": CALLER_STORAGE} if whose == "caller's" else {"notify_url": HOOK}
    try:
        reply = recording_reply(
            200, site.start("k1", "https://example.com/?t=t1cketOfPage", PublishCdnParams=RELAYS, **fields).recording
        )
    except WebRecordError as error:
        reply = problem(error, "r")
    site.minutes(3)
    asked = site.store.objects.pop("recordings/k1/request.json").body  # the page and the relay that were asked for
    kept = b"".join(item.body for key, item in site.store.objects.items() if "/facts/" in key).decode()
    assert [] == [secret for text in (kept, reply.body.replace("?t=t1cketOfPage", "")) if secret in text]
    for sent in site.inbox.tries:
        assert secret not in sent.body.decode().replace("?t=t1cketOfPage", "")
    assert "caller-secret-key" not in asked.decode()


@pytest.mark.parametrize(
    "body",
    [
        {"CloudStorage": {"AKIDcaller": "9zXqVtBnM4pLwKc7RsYd2fGh"}},
        {"CloudStorage": {"9zXqVtBnM4pLwKc7RsYd2fGh": "AKIDcaller"}},
        {"CloudStorage": {"AccessKey": ["AKIDcaller"], "SecretKey": {"a": "9zXqVtBnM4pLwKc7RsYd2fGh"}, "Bucket": 1}},
        {"CloudStorage": {"access_key": 1, "Secret-Key": "9zXqVtBnM4pLwKc7RsYd2fGh"}},
        {"CloudVod": {"TencentVod": {"SecretKey": "9zXqVtBnM4pLwKc7RsYd2fGh", "Token": "AKIDcaller"}}},
    ],
)
def test_validation_tells_no_key(body: dict[str, Any]) -> None:
    """Neither a value nor a name that is one."""
    with pytest.raises(WebRecordError) as raised:
        parse_request(json.dumps({"RecordUrl": "https://e.example", "StorageParams": body}).encode())
    told = problem(raised.value, "r").body
    assert "9zXqVtBnM4pLwKc7RsYd2fGh" not in told
    assert "AKIDcaller" not in told


def test_a_page_whose_query_has_words_of_trtcs_codes_waits_for_a_full_trtc_like_any() -> None:
    """What is hidden as a ticket is not taken out of a code, which says what happens next."""
    site = Site()
    site.trtc.refusals = [refusal("ResourceInsufficient.RequestRejection", "full", "r") for _ in range(40)]
    for number, query in enumerate(("kind=lesson", "kind=Resource", "RequestRejection", "Insufficient.Request")):
        site.start(f"k{number}", f"https://example.com/?{query}")
    site.minutes(10)
    told = [site.recording(f"k{number}") for number in range(4)]
    assert {(State.QUEUED, Code.TRTC_FULL)} == {(one.state, one.reason_code) for one in told}
    site.trtc.refusals = []
    site.minutes(2)
    assert {State.STARTING} == {site.recording(f"k{number}").state for number in range(4)}


def test_what_a_callback_quotes_is_told_without_keys_and_tickets() -> None:
    """Its bytes are kept as they came; reason, document, timeline and notification leave out what has such a form."""
    site = Site()
    task_id = site.begin(notify_url=HOOK)
    site.trtc.end(task_id)
    said = (
        "PUT https://u:pw0rd@b.example/a?sign=s1gn SecretKey=Zz9abcdefgh AKIDabcdefgh, token: " + '{"token":"t0ken99"}'
    )
    body = callback(801, {"Status": 2, "EventMessage": said}, site.clock.now, task_id)
    site.receive(body)
    site.minutes(3)
    told = [recording_reply(200, site.recording()).body, detail(site.recording()).model_dump_json()]
    told += [sent.body.decode() for sent in site.inbox.taken]
    told.append(site.store.objects["recordings/k1/recording.json"].body.decode())
    assert 4 == len(told)
    for text in told:
        assert "the page could not be recorded: PUT" in text
        assert [] == [word for word in ("pw0rd", "s1gn", "Zz9abc", "AKIDabc", "t0ken99") if word in text]
    assert [body] == [
        item.body for key, item in site.store.objects.items() if key.startswith("tasks/") and "/facts/" in key
    ]
