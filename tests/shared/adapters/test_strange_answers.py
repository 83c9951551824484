"""TRTC's answers over real sockets: what is no answer is asked for again, and is not believed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler
from typing import Any

import pytest

from shared.adapters.trtc import TRIES, TrtcRecorder
from shared.domain.errors import RecorderBusy, RecorderError, TaskNotFound
from tests.serving import serving

ODD: list[Any] = [None, "", 0, 123, True, ["x"], {"a": 1}, "x\ud800", "é", "a b", "x" * 5_000, "../x"]
START = {"RecordUrl": "https://example.com/", "RecordId": "r-1"}


@contextmanager
def answering(*answers: dict[str, Any]) -> Iterator[tuple[TrtcRecorder, list[str]]]:
    """Give a recorder whose TRTC answers so, the last for ever; and which RecordIds or TaskIds it was asked for."""
    left, asked = list(answers), list[str]()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            told = json.loads(self.rfile.read(int(self.headers.get("Content-Length") or 0)))
            asked.append(str(told.get("RecordId") or told.get("TaskId")))
            answer = left.pop(0) if len(left) > 1 else left[0]
            body = json.dumps({"Response": {"RequestId": "r", **answer}}).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            pass

    with serving(Handler) as server:
        yield TrtcRecorder("ap-guangzhou", server.url, lambda: ("AKID", "key", None), pause=lambda: None), asked


@pytest.mark.parametrize("odd", ODD, ids=lambda odd: ascii(odd)[:20])
def test_a_start_that_names_no_task_is_asked_again(odd: Any) -> None:
    """Under the same RecordId, and at once; where the answer stays so, nobody knows whether a task began."""
    with answering({"TaskId": odd}, {"TaskId": "t1"}) as (recorder, asked):
        assert ("t1", "r") == recorder.start(START)
    assert ["r-1", "r-1"] == asked
    with answering({"TaskId": odd}) as (recorder, asked), pytest.raises(RecorderBusy) as caught:
        recorder.start(START)
    assert (["r-1"] * TRIES, False) == (asked, caught.value.answered)


@pytest.mark.parametrize("odd", ODD, ids=lambda odd: ascii(odd)[:20])
def test_a_described_task_has_a_task_id(odd: Any) -> None:
    """Where none is named there is no task; where it is no TaskId, TRTC can't say now."""
    error = TaskNotFound if odd in (None, "") else RecorderBusy
    with answering({"TaskId": odd, "Status": 1}) as (recorder, _), pytest.raises(error):
        recorder.describe(1, "r-1")


@pytest.mark.parametrize("odd", [None, "1", "x\ud800", [], {}, 1.5, True, 10**400], ids=lambda odd: ascii(odd)[:20])
def test_other_values_are_read_as_far_as_they_can_be(odd: Any) -> None:
    """Status is a number, RequestId a text of whole characters or none."""
    with answering({"TaskId": "t1", "Status": odd, "RequestId": odd}) as (recorder, _):
        described = recorder.describe(1, "r-1")
    assert int is type(described.status)
    assert described.request_id is None or described.request_id.encode()


@pytest.mark.parametrize("odd", ["x\ud83d", 7, ["x"], {}, "x" * 9_000_000], ids=lambda odd: ascii(odd)[:20])
@pytest.mark.parametrize("name", ["Code", "Message", "RequestId"])
def test_a_refusal_is_whole(name: str, odd: Any) -> None:
    """Whatever stands in it, it is a RecorderError of whole characters, and not endless."""
    error = {"Code": "InvalidParameter", "Message": "no", **({name: odd} if name != "RequestId" else {})}
    answer = {"Error": error, **({name: odd} if name == "RequestId" else {})}
    with answering(answer) as (recorder, _), pytest.raises(RecorderError) as caught:
        recorder.start(START)
    texts = [caught.value.code, caught.value.message, caught.value.request_id or "", str(caught.value)]
    assert texts == [text.encode().decode()[:5_000] for text in texts]
