"""A recording lives by its loops: one that ended ends the recorder, and another one goes on."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

from local.recorder.job import Job
from local.recorder.session import Session
from local.recorder.studio import Studio


class _Encoder:
    pictures = 0

    def picture(self, *_: object) -> None:
        """Take it."""


class _Page:
    def __init__(self) -> None:
        self.crashed, self.too_large = asyncio.Event(), asyncio.Event()


async def _fails() -> None:
    raise RuntimeError("torn")


async def _ends() -> None:
    return


def test_a_loop_that_ended_is_a_crash(tmp_path: Path) -> None:
    """Rather than a frozen or silent film up to the limit: for an error, and for an end without a word."""

    async def run(loop: Any) -> tuple[str, str, str]:
        job = Job(page_url="about:blank", work_dir=tmp_path, max_duration_s=600)
        studio = Studio(job, lambda _moment, _picture: None)
        before = studio.broken()
        studio._go(loop(), "pictures")  # noqa: SLF001 - as the studio starts them
        await asyncio.sleep(0.05)
        session = Session(job, lambda _event: None, asyncio.Event())
        try:
            encoder: Any = _Encoder()
            page: Any = _Page()
            session._zero = asyncio.get_running_loop().time()  # noqa: SLF001
            return before, studio.broken(), await session._until_end(encoder, page, studio)  # noqa: SLF001
        finally:
            await studio.close()

    assert ("", "the loop of pictures is over: RuntimeError: torn", "crash") == asyncio.run(run(_fails))
    assert ("", "the loop of pictures is over: it ended", "crash") == asyncio.run(run(_ends))
