"""What comes back wrong: exit statuses, tries, and lines that say what to do."""

from __future__ import annotations

import email.utils
import json
import time
from collections.abc import Callable
from itertools import count

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.anything import json_values
from tests.cli.calls import PAGE, Cli, patient, said
from tests.cli.scripted import Answer, Call, scripted
from webrecord import errors
from webrecord.api import Api, Patience
from webrecord.replies import retry_after_s
from webrecord.settings import Target

pytestmark = pytest.mark.usefixtures("home")
STARTED = {"recording_id": "x", "state": "starting"}


def api(url: str, pauses: list[float], tries: int = 4) -> Api:
    return Api(Target(url), Patience(tries), pauses.append)


@pytest.mark.parametrize(
    ("status", "body", "exit_status", "says"),
    [
        (
            400,
            {"title": "The body is not JSON", "detail": "not a JSON document"},
            6,
            "The body is not JSON: not a JSON",
        ),
        (401, {"title": "The call is not authorized", "detail": "send …"}, 4, "WEBRECORD_TOKEN"),
        (403, {"title": "This page may not be recorded", "detail": "h"}, 6, "may not be recorded: h"),
        (404, {"title": "Not found", "detail": "no recording x"}, 5, "no recording x"),
        (409, {"title": "The id is in use", "request_id": "r-1"}, 6, "(request r-1)"),
        (500, {"title": "The deployment is not configured", "detail": "WEBRECORD_BUCKET: is missing"}, 8, "BUCKET"),
        (502, {"errorCode": -1, "errorMessage": "function timed out"}, 8, "function timed out"),
        (502, b"<html>\n<h1>Bad  Gateway</h1>", 8, "a gateway before the API answered 502"),
        (302, b"", 8, "302"),
        (200, b"hello", 8, "is the endpoint right?"),
        (200, b"[]", 8, "is the endpoint right?"),
    ],
)
def test_each_answer_has_its_exit_status(status: int, body: object, exit_status: int, says: str) -> None:
    """One line on stderr, nothing on stdout, with --json too."""
    with scripted(lambda _: Answer(status, body)) as server:
        for more in ((), ("--json",)):
            ran = Cli({"WEBRECORD_ENDPOINT": server.url})("show", "x", *more)
            assert (exit_status, "") == (ran.status, ran.out)
            (line,) = ran.err.splitlines()
            assert line.startswith("error: ")
            assert says in line


def test_the_token_goes_to_the_endpoint_alone() -> None:
    """A reply that names another origin, in `Location` too, is an error: nobody else is called."""
    with scripted(lambda _: Answer(200, STARTED)) as other:
        away = Answer(302, b"", {"Location": f"{other.url}/recordings/x"})
        with scripted(lambda call: Answer(201, STARTED, away.headers) if call.method == "POST" else away) as server:
            run = Cli({"WEBRECORD_ENDPOINT": server.url, "WEBRECORD_TOKEN": "a-token"})
            assert 0 == run("start", PAGE).status
            for command in ("show", "watch", "events"):
                assert 8 == run(command, "x").status
            assert {"Bearer a-token"} == {call.headers["authorization"] for call in server.calls}
        assert [] == other.calls


def test_nobody_there_is_3() -> None:
    """A closed port, after some tries, says which endpoint."""
    with pytest.raises(errors.Unreachable, match=r"no answer from http://127\.0\.0\.1:9"):
        api("http://127.0.0.1:9", []).get("x")


def test_busy_is_tried_again_when_it_says() -> None:
    """Retry-After is kept to, in seconds and as a date; then it goes well."""
    began = time.time()
    later = email.utils.formatdate(began + 30, usegmt=True)
    answers = [Answer(503, {}, {"Retry-After": "7"}), Answer(429, {}, {"Retry-After": later}), Answer(201, STARTED)]
    pauses: list[float] = []
    with scripted(lambda _: answers.pop(0)) as server, api(server.url, pauses) as calls:
        assert (201, STARTED) == calls.start({"RecordUrl": PAGE}, "k")
    assert pauses[0] == 7
    assert 29 - (time.time() - began) <= pauses[1] <= 30, "a date has whole seconds"
    assert ["k", "k", "k"] == [call.headers["idempotency-key"] for call in server.calls]


def test_a_lost_answer_of_a_start_is_asked_for_again() -> None:
    """With the same key, so that nothing starts twice."""
    answers = [Answer(201, STARTED, cut=3), Answer(200, STARTED)]
    with scripted(lambda _: answers.pop(0)) as server, api(server.url, []) as calls:
        assert (200, STARTED) == calls.start({"RecordUrl": PAGE}, "k")
    assert 1 == len({(call.headers["idempotency-key"], call.body) for call in server.calls})


@pytest.mark.parametrize("call", ["stop", "delete"])
def test_what_may_not_be_repeated_is_not(call: str) -> None:
    """A stop or delete whose answer was lost is the caller's to judge."""
    lost = Answer(202, STARTED, cut=3)
    with scripted(lambda _: lost) as server, api(server.url, []) as calls, pytest.raises(errors.Unreachable):
        calls.stop("x") if call == "stop" else calls.delete("x", files=True)
    assert 1 == len(server.calls)


def test_tries_end() -> None:
    """The last error is told."""
    pauses: list[float] = []
    busy = Answer(503, {"title": "TRTC can't do it now"})
    with scripted(lambda _: busy) as server, api(server.url, pauses) as calls, pytest.raises(errors.Busy, match="TRTC"):
        calls.get("x")
    assert (4, 3) == (len(server.calls), len(pauses))


@patient
@given(st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=40))
def test_any_retry_after_is_seconds_or_nothing(text: str) -> None:
    """Whatever a gateway writes there: no error, no negative pause."""
    seconds = retry_after_s(httpx.Response(503, headers={"Retry-After": text}))
    assert seconds is None or seconds >= 0


problems = st.dictionaries(
    st.sampled_from(["title", "detail", "errors", "request_id"]),
    json_values(st.none() | st.booleans() | st.integers() | st.text()),
)


@patient
@given(st.integers(300, 599), problems)
def test_any_problem_document_becomes_an_error(status: int, problem: dict[str, object]) -> None:
    """Whatever shape it has: one of our errors, never a defect of ours."""
    assert 1 < errors.of_reply(status, problem).exit_status < 9


@pytest.mark.process
def test_a_reader_that_leaves_is_no_error() -> None:
    """`webrecord list | head`: no traceback, nothing on stderr."""
    many = [{"recording_id": f"r{n}", "state": "completed", "page_url": "x" * 200} for n in range(2000)]

    def answer(call: Call) -> Answer:
        del call
        return Answer(200, {"recordings": many})

    with scripted(answer) as server:
        listing = Cli({"WEBRECORD_ENDPOINT": server.url}).process("list", "-n", "2000", "--json")
        with listing as process:
            assert process.stdout is not None
            assert process.stderr is not None
            process.stdout.readline()
            process.stdout.close()
            assert "" == said(process.stderr.read())
            assert 0 == process.wait(300)


def test_events_beyond_one_page_are_fetched() -> None:
    """Page after page by `next_after`; a server that names the same page for ever is left."""
    following = {"": "a", "a": "b", "b": None}

    def pages(call: Call) -> Answer:
        after = call.query.get("after", "")
        more = following[after]
        return Answer(200, {"events": [{"name": f"after {after}"}], **({"next_after": more} if more else {})})

    with scripted(pages) as server, api(server.url, []) as calls:
        named = [event["name"] for event in calls.events("x")["events"]]
    assert ["after ", "after a", "after b"] == named
    stuck = Answer(200, {"events": [], "next_after": "a"})
    with scripted(lambda _: stuck) as server, api(server.url, []) as calls:
        assert {"events": []} == calls.events("x")
        assert 2 == len(server.calls)


def endless(rows: int) -> Callable[[Call], Answer]:
    """Return a server that has so many rows on each page, and always names another page."""
    pages = count(1)

    def answer(call: Call) -> Answer:
        number = next(pages)
        if call.path.endswith("/events"):
            return Answer(200, {"events": [{"name": "e"}] * rows, "next_after": f"page-{number}"})
        row = {"recording_id": "r", "state": "completed", "created_ms": 1_700_000_000_000}
        return Answer(200, {"recordings": [row] * rows, "next_cursor": f"page-{number}"})

    return answer


@pytest.mark.long
@pytest.mark.parametrize("words", [("list", "--all"), ("list", "-n", "1000000"), ("events", "r")], ids=str)
def test_a_list_that_never_ends_is_cut_and_says_so(words: tuple[str, ...]) -> None:
    """What is there is printed, with where it goes on; the exit status says that it is not all."""
    with scripted(endless(30_000)) as server:
        ran = Cli({"WEBRECORD_ENDPOINT": server.url})(*words, "--json")
        assert 2 == len(server.calls)
    told = json.loads(ran.out)
    assert (1, 60_000) == (ran.status, len(told.get("recordings") or told["events"])), ran.err
    assert "page-2" == (told.get("next_cursor") or told["next_after"])
    assert "the list is cut after 60000 " in ran.err
    assert "page-2" in ran.err


def test_pages_without_rows_are_counted_and_one_that_follows_itself_is_the_last() -> None:
    """Neither keeps the command asking."""
    with scripted(endless(0)) as server, Api(Target(server.url), Patience(pages=30)) as calls:
        assert 30 == sum(1 for _ in calls.pages([], None, None))
        assert "page-60" == calls.events("r")["next_after"]
    stuck = Answer(200, {"recordings": [], "next_cursor": "a"})
    with scripted(lambda _: stuck) as server:
        ran = Cli({"WEBRECORD_ENDPOINT": server.url})("list", "--all", "--json")
        assert 2 == len(server.calls)
    assert (1, {"recordings": [], "next_cursor": "a"}) == (ran.status, json.loads(ran.out))
