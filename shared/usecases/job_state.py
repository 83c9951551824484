"""How far a job object was taken."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict

from shared.domain import ids

MOST_REPORTED = 500
"""Lines in a report."""


class Job(BaseModel):
    """How far a job object was taken, as stored under `work/`.

    Attributes:
        bucket, region, key, etag: the object.
        at_ms: when its event came.
        left: numbers of the lines that were neither accepted nor reported; None before the object was read.
        problems: what is to be reported, the first of it.
        more: how many problems there are besides.
        until_ms: an invocation takes lines until then; before it, another leaves them alone.
    """

    model_config = ConfigDict(extra="ignore", defer_build=True)

    bucket: str
    region: str | None = None
    key: str
    etag: str
    at_ms: int
    left: list[int] = []
    problems: list[dict[str, Any]] = []
    more: int = 0
    until_ms: int = 0

    @property
    def id(self) -> str:
        """The name of what is stored of it; a line's recording has another."""
        return ids.digest_id(self.bucket, self.key, self.etag)

    def add(self, problem: dict[str, Any]) -> None:
        """Keep a problem for the report."""
        if len(self.problems) < MOST_REPORTED:
            self.problems.append(problem)
        else:
            self.more += 1
