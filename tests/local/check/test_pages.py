"""The page check in a real Chromium: a page for each finding, and pages that have none."""

from __future__ import annotations

import asyncio
import contextlib
import json
import shutil
import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from local.check.judge import CHECKS, judge
from local.check.rules.common import Case
from local.check.run import CheckOptions, check
from local.check.seen import Asked
from local.check.show import document, lines
from local.check.visit import Wish, look
from local.recorder.browser import BrowserError, find_chromium
from local.recorder.job import Job
from local.recorder.page import Page
from local.recorder.studio import Studio
from tests.cli.calls import Cli
from tests.local.check import pages
from tests.local.check.test_judge import CONTROL
from tests.local.recorder.harness import ROOT, PageServer, serve

SIZE = {"width": 640, "height": 360}
"""What is heard is the matter of these, and the pages fit into it."""
AT_ONCE = 6
BUSY = ("/heavy", "/good#crash")
"""They have the browser for themselves."""
READY = ("/good", "/plain", "/circle", "/toolate", "/leaving")
"""They are waited for, a second and a second again."""
SAMPLE = ("clock.html", "sample.html")
Found = dict[str, str]


@pytest.fixture(scope="module")
def browser() -> str:
    try:
        return find_chromium(None)
    except BrowserError as error:
        pytest.skip(f"NOT TESTED: {error}")


@contextlib.contextmanager
def over_tls(site: PageServer, folder: Path) -> Iterator[str]:
    """Serve the same pages by https, with a certificate that nobody signed."""
    names = ["-keyout", str(folder / "key"), "-out", str(folder / "certificate"), "-subj", "/CN=127.0.0.1"]
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", *names]
    subprocess.run(command, check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "certificate", folder / "key")
    with PageServer(site.pages, site.odd) as server:
        server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        yield f"https://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """The pages; what `{…}` in them and in their addresses stands for."""
    with socket.socket() as closed, serve({}, {}) as running:
        closed.bind(("127.0.0.1", 0))  # nobody else can have it meanwhile
        closed_port = str(closed.getsockname()[1])
        names = {"{OTHER}": f"http://localhost:{running.server_port}", "{CLOSED}": closed_port, "": running.url("")}
        names |= {name: pages.film(*size) for name, size in pages.FILMS.items()}
        with over_tls(running, tmp_path_factory.mktemp("tls")) as names["{TLS}"]:
            running.pages |= {path: filled(html, names) for path, html in pages.PAGES.items()}
            running.pages |= {f"/{name}": (ROOT / "local" / "pages" / name).read_text() for name in SAMPLE}
            for path, (status, headers) in pages.ODD.items():
                running.odd[path] = status, {name: filled(value, names) for name, value in headers.items()}
            yield names


def filled(text: str, names: dict[str, str]) -> str:
    for name, value in names.items():
        text = text.replace(name, value) if name else text
    return text


def address(page: str, names: dict[str, str]) -> str:
    return names[""] + page if page.startswith("/") else filled(page, names)


@pytest.fixture(scope="module")
def judged(browser: str, site: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> dict[str, Case]:
    """All pages, several at once in one browser: what was seen of each."""
    wanted = [page for page, _, _ in pages.EXPECTED] + [page for page, _ in pages.ABSENT] + ["/marks"]
    job = Job(page_url="-", work_dir=tmp_path_factory.mktemp("work"), way="screencast", chromium=browser)

    async def all_of_them() -> dict[str, Case]:
        studio = Studio(job, lambda _moment, _jpeg: None)
        turn = asyncio.Semaphore(AT_ONCE)
        try:
            first = await studio.open()

            async def one(name: str) -> tuple[str, Case]:
                async with turn:
                    wait_s = int(name in READY)
                    seconds = 4.0 if name.endswith("hang") else 1.2
                    asked = Asked(address(name, site), seconds, wait_s, now_s=time.time())
                    page = await Page.open(first.connection, job.viewport, None, begin_frame=False)
                    if name.endswith("/mixed"):
                        await page.call("Security.setIgnoreCertificateErrors", {"ignore": True})
                    if name.endswith("#crash"):
                        asyncio.get_running_loop().call_later(1, page.tell, "Page.crash")
                    visited = await look(page, Wish(asked), lambda _line: None)
                    if not name.endswith("#crash"):  # the last one: what is left of it ends with the browser
                        await first.connection.call("Target.closeTarget", {"targetId": page.target})
                    return name, Case(asked, visited.visit)

            seen = dict(await asyncio.gather(*(one(name) for name in dict.fromkeys(wanted) if name not in BUSY)))
            return seen | dict([await one(name) for name in BUSY])
        finally:
            await studio.close()

    return asyncio.run(all_of_them())


def levels(case: Case) -> Found:
    return {finding.check: finding.level.value for finding in judge(case)}


@pytest.mark.parametrize(("page", "code", "level"), pages.EXPECTED)
def test_a_page_for_each_finding(judged: dict[str, Case], page: str, code: str, level: str) -> None:
    """The finding comes, as bad as it is."""
    assert level == levels(judged[page]).get(code), levels(judged[page])


@pytest.mark.parametrize(("page", "code"), pages.ABSENT)
def test_a_page_that_only_looks_like_it(judged: dict[str, Case], page: str, code: str) -> None:
    """The finding does not come."""
    assert code not in levels(judged[page])


def test_every_finding_has_a_page() -> None:
    """Those of sound, autoplay and processors are below."""
    assert set(CHECKS) == {code for _, code, _ in pages.EXPECTED} | {"silent", "autoplay", "heavy"}


def test_a_page_that_keeps_processors_busy(judged: dict[str, Case]) -> None:
    """Its use is seen; how much that is, the machine's other work decides."""
    busy, idle = judged["/heavy"].visit.cores, judged["/plain"].visit.cores
    assert busy > 3 * idle
    assert busy > 0.1


@pytest.mark.parametrize(
    ("page", "said"),
    [
        ("/halfway", "the page answers, and is not complete within 30 s"),
        ("/nocontent", "its server answers 204, no content"),
        ("/to-file", "it redirects to an address that is not http or https"),
        ("/lead", "the page leads to an address that can't be opened: http://no-such-host.invalid/"),
        ("/onward", "the page leads to an address that does not answer: http://127.0.0.1"),
        ("/forbidden", "the page's own Content-Security-Policy forbids it"),
        ("/frame404", "frame 127.0.0.1/missing (answers 404)"),
        ("/sockethang", "/hang does not open"),
        ("/old", "“browser is not supported”"),
    ],
)
def test_what_is_wrong_is_said_in_words(judged: dict[str, Case], page: str, said: str) -> None:
    """Its author need not know the browser's names of errors."""
    assert said in "\n".join(finding.seen for finding in judge(judged[page]))


def test_a_title_ends_no_quotation(judged: dict[str, Case]) -> None:
    """A page can't put words into the check's mouth, nor pile marks on its lines."""
    first = next(lines(judged["/marks"], []))
    assert first.count("”") == 1
    assert first.count("\u0301") < 9


def test_a_hostile_page_is_bounded_and_shown_harmlessly(judged: dict[str, Case]) -> None:
    """It calls the check's own hooks with anything, names itself in escapes, and floods; secrets stay out."""
    for page in ("/hostile", "/alert", "/popup"):
        case = judged[page]
        findings = judge(case)
        told = "\n".join([*lines(case, findings), json.dumps(document(case, findings, None))])
        assert not CONTROL.search(told.replace("\n", ""))
        assert "abcdefghijkl" not in told
        assert len(told) < 8_000
    assert len(judged["/hostile"].visit.devices) <= 50


@pytest.fixture(scope="module")
def heard(browser: str, site: dict[str, str]) -> dict[str, Found]:
    """The pages with sound, and those without any fault, each in a browser of its own, twice; three at once."""
    turn = asyncio.Semaphore(3)

    async def one(page: str) -> tuple[str, Found]:
        job = Job(page_url="-", work_dir=Path(), ready_timeout_s=20 if ".html" in page else 0, chromium=browser)
        options = CheckOptions(site[""] + page, job.model_copy(update={"way": "screencast", **SIZE}), 2, local=True)
        async with turn:
            return page, levels((await check(options, lambda _line: None)).case)

    async def all_of_them() -> dict[str, Found]:
        return dict(await asyncio.gather(*map(one, ["/tone", "/mute", "/effects", *(f"/{name}" for name in SAMPLE)])))

    return asyncio.run(all_of_them())


def test_sound_that_depends_on_autoplay(heard: dict[str, Found]) -> None:
    """It is heard with permission; without, nothing starts it, not even a click."""
    assert {"autoplay": "note"} == heard["/tone"]


def test_a_player_that_makes_no_sound(heard: dict[str, Found]) -> None:
    """Nothing but zeros came out of the browser."""
    assert "warn" == heard["/mute"].get("silent")


def test_a_page_that_is_heard_waits_for_nothing(heard: dict[str, Found]) -> None:
    """It plays by itself; a sound that is kept for later, and a word such as "start", are no fault."""
    assert "waits_for_click" not in heard["/effects"]


@pytest.mark.parametrize("name", SAMPLE)
def test_a_page_that_records_well(heard: dict[str, Found], name: str) -> None:
    """The sample of the guide and the bundled clock have no finding at all."""
    assert {} == heard[f"/{name}"]


def test_the_command_line_from_end_to_end(browser: str, site: dict[str, str], tmp_path: Path) -> None:
    """`webrecord check` of a page with a fault: a verdict, a picture, status 1; nothing of it is left behind."""
    picture = tmp_path / "page.png"
    words = ["check", f"{site['']}/empty", "--seconds", "1", "--local", "--json", "--screenshot", picture]
    done = Cli({"CHROMIUM": browser, "TMPDIR": str(tmp_path)})(*words)
    told: dict[str, Any] = done.document
    assert (1, "will_not", "blank") == (done.status, told["verdict"], told["findings"][0]["check"])
    assert picture.read_bytes().startswith(b"\x89PNG")
    assert "watching" in done.err
    assert [picture] == list(tmp_path.iterdir())
    shutil.rmtree(tmp_path)
