"""`python -m local record`: start what is not up, record a page, show the progress, print the result."""

from __future__ import annotations

import json
import signal
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import av
from rich.console import Console
from rich.markup import escape
from rich.status import Status

from local.client import FINAL, RESULT_TIMEOUT_S, Client, ClientError, object_path
from local.probe import probe
from local.recorder.browser import WITHOUT_SANDBOX, BrowserError, find_chromium, without_sandbox
from local.running import cloud_in
from local.state import holder_of
from local.waiting import waiting

STOP_TAKES_S = 0.3
"""Between the call that stops and the last recorded picture, about."""
FILM_S = 10.0
"""How long after its end the event of a film that was recorded may take."""


@dataclass(frozen=True)
class RecordOptions:
    """What the command line asked for."""

    url: str
    seconds: float
    file_format: str
    size: str
    mobile: str
    landscape: bool
    ready_timeout: int
    state_dir: Path
    timeout: float = RESULT_TIMEOUT_S
    gentle: bool = False


def run(options: RecordOptions) -> int:
    """Record; return the exit status: 0 completed, 1 failed or with a fault, 2 the call was not possible."""
    console = Console(stderr=True)
    stopping = _CtrlC()
    for name in ("SIGTERM", "SIGHUP", "SIGBREAK"):  # ends what was started for it, like any other end
        if number := getattr(signal, name, None):
            signal.signal(number, lambda number, _frame: sys.exit(128 + number))
    try:
        request = _request(options)
        if holder_of(options.state_dir) is None:  # a cloud is started for us, with the browser of this shell
            find_chromium(None)
        with cloud_in(options.state_dir, console, ["--gentle"] if options.gentle else []) as client, stopping:
            if without_sandbox():
                console.print(f"sandbox: {WITHOUT_SANDBOX}", highlight=False, soft_wrap=True)
            url = options.url or f"{client.gateway}/pages/clock.html"
            watch = _Watch(client, console, options.timeout)
            result = _record(watch, {**request, "RecordUrl": url}, options.seconds, stopping)
            whole = not client.progress(result.get("task_id")).get("troubles")
        return max(_show(result, options.state_dir), int(not whole))
    except (ClientError, BrowserError) as error:
        _error(console, str(error))
        return 2
    except KeyboardInterrupt:
        return 130  # nothing is lost: the local cloud finishes what was recorded


def ask(state_dir: Path, function: str, event: dict[str, Any]) -> dict[str, Any]:
    """Invoke a function of the local cloud, started for it if it is not up, and return its result."""
    console = Console(stderr=True)
    try:
        with cloud_in(state_dir, console) as client, waiting(console, f"the function {function} runs …"):
            return client.invoke(function, event)
    except ClientError as error:
        _error(console, str(error))
        raise SystemExit(2) from error


def _error(console: Console, message: str) -> None:
    console.print(f"[red]error:[/red] {escape(message)}", highlight=False, soft_wrap=True)


class _CtrlC:
    """Ctrl-C asks for the end of the recording; a second one is a KeyboardInterrupt as ever."""

    pressed = False

    def __enter__(self) -> None:
        self._before = signal.signal(signal.SIGINT, self._press)

    def __exit__(self, *_: object) -> None:
        signal.signal(signal.SIGINT, self._before)

    def _press(self, *_: object) -> None:
        if self.pressed:
            raise KeyboardInterrupt
        self.pressed = True


def _request(options: RecordOptions) -> dict[str, Any]:
    width, _, height = options.size.lower().partition("x")
    if not (width.isdecimal() and height.isdecimal()):
        raise ClientError(f"--size {options.size}: write it as 1280x720")
    video = {"Width": int(width), "Height": int(height), "Format": options.file_format}
    request: dict[str, Any] = {"WebRecordVideoParams": video}
    if options.mobile != "none":
        device = int(options.mobile == "tablet")
        request["EmulateMobileParams"] = {
            "MobileDeviceType": device,
            "ScreenOrientation": int(options.landscape),
        }
    if options.ready_timeout:
        request["ReadyTimeout"] = options.ready_timeout
    return request


class _Watch:
    """Watches a recording of the local cloud and reports faults when they happen."""

    def __init__(self, client: Client, console: Console, timeout_s: float) -> None:
        self.client, self.console, self.timeout_s = client, console, timeout_s
        self._told: set[str] = set()
        self._filmed: set[str] = set()
        self._without: set[str] = set()

    def progress(self, recording: dict[str, Any]) -> dict[str, Any]:
        """Return the recorder's own count, after printing its troubles that are new."""
        done = self.client.progress(recording.get("task_id"))
        if done.get("frames"):
            self._filmed.add(done["task_id"])
        elif done.get("state") == "over":
            self._without.add(done["task_id"])
        for trouble in done.get("troubles", []):
            if trouble not in self._told:
                self._told.add(trouble)
                _error(self.console, trouble)
        return done

    def _may_have_film(self, recording: dict[str, Any]) -> bool:
        nothing = str(recording.get("reason")).endswith("nothing was recorded")
        task = recording.get("task_id")
        return task in self._filmed or (nothing and task not in self._without)

    def end(self, recording_id: str) -> dict[str, Any]:
        """Return the recording when it is final, or when its film cannot come any more.

        Raises:
            ClientError: it was not in time.
        """
        until = time.monotonic() + self.timeout_s
        film_by: float | None = None
        while True:
            recording = self.client.get(recording_id)
            done = self.progress(recording)
            if done.get("hopeless") or recording["state"] == "completed":
                return recording
            if recording["state"] in FINAL:
                # Events come in any order, some never: what was short may be called failed until its file is told.
                film_by = film_by or time.monotonic() + (FILM_S if self._may_have_film(recording) else 0.0)
                if time.monotonic() >= min(film_by, until):
                    return recording
            elif time.monotonic() > until:
                why = f" ({recording['reason']})" if recording.get("reason") else ""
                raise ClientError(
                    f"{recording_id} is still {recording['state']}{why} {self.timeout_s:g} s after its stop; "
                    "nothing records any more"
                )
            time.sleep(0.2)


def _record(watch: _Watch, request: dict[str, Any], seconds: float, stopping: _CtrlC) -> dict[str, Any]:
    client, console = watch.client, watch.console
    with waiting(console, "the local cloud starts the recording …"):
        recording = client.start(request)
    recording_id = recording["recording_id"]
    begin_by = time.monotonic() + watch.timeout_s
    with console.status("") as status:
        while recording["state"] not in (*FINAL, "stopping", "uploading"):
            done = watch.progress(recording)
            # Event 801 may be late or dropped on purpose; the recorder's own count stops us all the same.
            told = time.time() - recording["started_ms"] / 1000 if "started_ms" in recording else 0.0
            recorded = told or float(done.get("seconds", 0.0))
            _line(status, console, recording, recorded, seconds, int(done.get("frames", 0)))
            left = seconds - recorded - STOP_TAKES_S if seconds else 1.0
            late = not recorded and time.monotonic() > begin_by
            if late:
                _error(console, f"{recording_id} is stopped: it did not begin within {watch.timeout_s:g} s")
            if stopping.pressed or left <= 0 or late or done.get("hopeless"):
                recording = client.stop(recording_id)
                break
            time.sleep(min(0.25, left))
            recording = client.get(recording_id)
    with waiting(console, "stopped; the file is being uploaded and reported …"):
        return watch.end(recording_id)


def _line(
    status: Status, console: Console, recording: dict[str, Any], recorded: float, seconds: float, frames: int
) -> None:
    of = f" of {seconds:g}" if seconds else " (Ctrl-C stops)"
    rate = f", {frames / recorded:.1f} frames/s" if recorded > 1 else ""
    why = f"  ({recording['reason']})" if recording.get("reason") else ""
    text = f"{recording['state']}  {recorded:.1f}{of} s{rate}  {recording['page_url']}{why}"
    if console.is_terminal:
        status.update(escape(text))
    elif int(recorded) != getattr(status, "shown", -1):
        status.shown = int(recorded)  # type: ignore[attr-defined]  # one line a second where nothing can be redrawn
        console.print(escape(text), highlight=False, soft_wrap=True)


def _show(result: dict[str, Any], state_dir: Path) -> int:
    print(json.dumps(result, indent=2, ensure_ascii=False))
    print(f"\nstate     {result['state']}" + (f" ({result['reason']})" if result.get("reason") else ""))
    if result.get("advice"):
        print(f"advice    {result['advice']}")
    decodable = True
    for file in result.get("files", []):
        path = object_path(state_dir, file)
        if path is not None and path.suffix in (".mp4", ".m3u8") and path.exists():
            decodable &= _show_film(path)
        print(f"file      {path or file.get('url')}")
    document = state_dir / "cos" / "webrecord-1250000000" / "webrecord" / "recordings" / result["recording_id"]
    print(f"document  {document / 'recording.json'}")
    return 0 if result["state"] == "completed" and decodable else 1


def _show_film(path: Path) -> bool:
    """Print what is in the file; False when it is no film."""
    try:
        seen = probe(path)
    except av.FFmpegError as error:
        print(f"film      can't be decoded: {error.strerror}")
        return False
    print(f"duration  {seen.seconds:.1f} s")
    print(f"picture   {seen.width}x{seen.height}, {seen.distinct_per_second:.1f} distinct frames a second")
    print(f"sound     {'yes' if seen.has_sound else 'no'}")
    return True
