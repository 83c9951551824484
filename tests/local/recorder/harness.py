"""Running the recorder as its parent does, and a web server with pages that behave in every wrong way."""

from __future__ import annotations

import contextlib
import http.server
import json
import os
import queue
import signal
import socketserver
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from tests.local.recorder.forks import ForkedRecorder
from tests.spread import alone

ROOT = Path(__file__).parents[3]
CLOCK = (ROOT / "local" / "pages" / "clock.html").as_uri()
WAIT_S = 300.0
"""For what only hangs where something is wrong: a busy machine may stall for minutes."""
FEW = 5
"""Pictures a second, where no test looks at their times."""
TIMED = 10
"""Pictures a second, where their times are looked at: they are as right as those of 25, for half of the work."""
SMALL = {"width": 320, "height": 180}
"""What is recorded where no test looks at the size: large enough to read the time in a picture of the clock."""


class RecorderProcess:
    """One recorder process; leaving the `with` block kills it if it still runs.

    Its picture is small, and few a second are asked for, unless the job says otherwise.
    """

    def __init__(self, work_dir: Path, page_url: str = CLOCK, **job: object) -> None:
        self.work_dir = work_dir
        self.events: list[dict[str, Any]] = []
        self.said_ms: dict[str, float] = {}
        self.process = ForkedRecorder()
        self._queue: queue.Queue[dict[str, Any] | None] = queue.Queue()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        size = {} if "mobile" in job else SMALL
        self.say(json.dumps({"page_url": page_url, "work_dir": str(work_dir), "fps": FEW, **size, **job}))

    def __enter__(self) -> RecorderProcess:
        return self

    def __exit__(self, *exc: object) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self._reader.join(WAIT_S)
        for pipe in (self.process.stdin, self.process.stdout):
            with contextlib.suppress(BrokenPipeError):
                pipe.close()

    def say(self, line: str) -> None:
        """Write a line to the recorder's standard input."""
        self.said_ms[line] = time.time() * 1000
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()

    def until(self, kind: str) -> dict[str, Any]:
        """Wait for the next event of a kind."""
        while True:
            event = self._queue.get(timeout=WAIT_S)
            assert event is not None, f"ended without {kind}: {self.events}"
            if event["event"] == kind:
                return event

    def run(self, seconds: float) -> dict[str, Any]:
        """Record that long, stop, and return the last event."""
        self.until("started")
        time.sleep(seconds)
        self.say("stop")
        return self.end()

    def end(self) -> dict[str, Any]:
        """Wait for the recorder's exit and return its last event."""
        self.process.wait(WAIT_S)
        self._reader.join(WAIT_S)
        return self.events[-1]

    def of(self, kind: str) -> list[dict[str, Any]]:
        """Return the events of a kind so far."""
        return [event for event in self.events if event["event"] == kind]

    def files(self, kind: str) -> list[Path]:
        """Return the reported files of a kind."""
        return [self.work_dir / event["name"] for event in self.of("file") if event["kind"] == kind]

    def browser(self) -> dict[int, str]:
        """Return the browser's processes: ids and command lines."""
        everybody = list(processes())
        family = {self.process.pid: ""}
        grown = True
        while grown:
            fresh = {pid: command for pid, parent, command in everybody if parent in family and pid not in family}
            family |= fresh
            grown = bool(fresh)
        del family[self.process.pid]
        assert family, "the recorder has no browser"
        return family

    def _read(self) -> None:
        for line in self.process.stdout:
            event = json.loads(line)
            self.events.append(event)
            self._queue.put(event)
        self._queue.put(None)


def at_best(check: Callable[[Path], None], folder: Path) -> None:
    """Check a recording, or the second or third where others took the processors from the first: it is in real time.

    While the third is made, no other worker begins a test.
    """
    for left in (2, 1, 0):
        place = folder / f"recorded-{left}"
        place.mkdir()
        try:
            with contextlib.nullcontext() if left else alone():
                return check(place)
        except AssertionError:
            if not left:
                raise
    return None


def processes() -> Iterator[tuple[int, int, str]]:
    """Yield every process: id, parent's id, command line."""
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError):
                parent = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
                command = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
                yield int(entry.name), parent, command


def all_gone(family: dict[int, str], within_s: float = 30) -> bool:
    """Tell whether all these processes are gone, or go within a moment."""
    deadline = time.monotonic() + within_s
    while family.items() & {(pid, command) for pid, _, command in processes()}:
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def kill(pid: int) -> None:
    """End a process at once."""
    os.kill(pid, signal.SIGKILL)


class PageServer(socketserver.ThreadingMixIn, http.server.HTTPServer):
    """Pages by path, some with a status and headers; `/hang` never answers; `/report?key=value` goes to `reports`."""

    daemon_threads = True

    def __init__(self, pages: dict[str, str], odd: dict[str, tuple[int, dict[str, str]]]) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.pages = pages
        self.odd = odd
        self.reports: queue.Queue[dict[str, str]] = queue.Queue()
        self.released = threading.Event()

    def url(self, path: str) -> str:
        """Return a page's address."""
        return f"http://127.0.0.1:{self.server_port}{path}"


class _Handler(http.server.BaseHTTPRequestHandler):
    server: PageServer

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        if parts.path == "/hang":
            self.server.released.wait(WAIT_S)
            return
        if parts.path == "/report":
            self.server.reports.put(dict(parse_qsl(parts.query)))
        body = self.server.pages.get(parts.path, "").encode()
        status, headers = self.server.odd.get(parts.path, (200, {}))
        self.send_response(status)
        told = {"Content-Type": "text/html; charset=utf-8", "Content-Length": str(len(body)), **headers}
        for name, value in told.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
        """Stay silent."""


@contextlib.contextmanager
def serve(pages: dict[str, str], odd: dict[str, tuple[int, dict[str, str]]] | None = None) -> Iterator[PageServer]:
    """Run a site for the length of the block."""
    site = PageServer(pages, odd or {})
    thread = threading.Thread(target=site.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield site
    finally:
        site.released.set()
        site.shutdown()
        thread.join()
        site.server_close()
