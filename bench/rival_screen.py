"""The usual way with a display: Xvfb, a full Chromium on it, and ffmpeg's x11grab.

`python -m bench.rival_screen` speaks as the local recorder does: a job on the first line of standard input, then
`stop`.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

from bench.rival_cast import ENCODE, SIZE

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
FLAGS = (
    "--no-sandbox",
    "--kiosk",
    "--disable-gpu",
    "--no-first-run",
    "--no-default-browser-check",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    "--autoplay-policy=no-user-gesture-required",
    "--hide-scrollbars",
    "--disable-background-timer-throttling",
    "--disable-backgrounding-occluded-windows",
    "--disable-renderer-backgrounding",
    "--window-position=0,0",
)


def browser() -> str | None:
    """Return a full Chromium; a headless shell has no window."""
    return next((path for name in BROWSERS if (path := shutil.which(name))), None)


def main() -> None:
    """Record until told to stop."""
    job = json.loads(sys.stdin.readline())
    work, size = Path(job["work_dir"]), "x".join(map(str, SIZE))
    reading, writing = os.pipe()
    display = ["Xvfb", "-displayfd", str(writing), "-screen", "0", f"{size}x24", "-nolisten", "tcp"]
    server = subprocess.Popen(display, pass_fds=[writing], stderr=subprocess.DEVNULL)
    os.close(writing)
    with os.fdopen(reading) as told:
        screen = f":{told.readline().strip()}"
    profile = f"--user-data-dir={work / '.profile'}"
    command = [browser() or "", *FLAGS, profile, f"--window-size={SIZE[0]},{SIZE[1]}", job["page_url"]]
    shown = subprocess.Popen(command, env={**os.environ, "DISPLAY": screen}, stderr=subprocess.DEVNULL)
    grab = ["-f", "x11grab", "-draw_mouse", "0", "-framerate", "25", "-video_size", size, "-i", screen]
    report = ["-progress", "pipe:1", "-stats_period", "0.05"]
    ffmpeg = ["ffmpeg", "-v", "error", *report, *grab, *ENCODE, str(work / "recording.mp4")]
    encoder = subprocess.Popen(ffmpeg, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert encoder.stdin is not None
    assert encoder.stdout is not None
    for line in encoder.stdout:
        if line.startswith("frame=") and int(line.removeprefix("frame=")) > 0:
            break
    print(json.dumps({"event": "started"}), flush=True)
    # Nobody reads its reports from here on: without this a full pipe would stop it.
    drain = subprocess.Popen(["cat"], stdin=encoder.stdout, stdout=subprocess.DEVNULL)
    sys.stdin.readline()
    encoder.stdin.write("q")
    encoder.stdin.close()
    encoder.wait(30)
    encoder.stdout.close()
    for process in (shown, server):
        process.terminate()
        process.wait(30)
    drain.wait(30)


if __name__ == "__main__":
    main()
