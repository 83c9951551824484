"""Starting a browser, and not going through with it."""

from __future__ import annotations

import asyncio
import contextlib
from pathlib import Path

import pytest

from local.recorder.browser import Browser
from local.recorder.job import Viewport
from tests.local.processes import alive
from tests.local.trtc.servers import until

pytestmark = pytest.mark.process


def test_a_start_that_nobody_waits_for_leaves_no_browser(tmp_path: Path) -> None:
    """A stop while Chromium starts: its process is gone at once, and its profile, before the recorder says its end."""
    silent, note = tmp_path / "silent-headless-shell", tmp_path / "pid"
    silent.write_text(f"#!/bin/sh\necho $$ > {note}.new && mv {note}.new {note}\nexec sleep 60\n")
    silent.chmod(0o700)

    async def main() -> int:
        launching = asyncio.create_task(
            Browser.launch(str(silent), tmp_path, Viewport(64, 64, 1.0), begin_frame=True, env={})
        )
        await asyncio.to_thread(until, note.exists)
        launching.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await launching
        return int(note.read_text())

    assert not alive(asyncio.run(main()))
    assert not (tmp_path / "profile").exists()
