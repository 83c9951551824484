"""How far a job object was taken, and by whom: of two events for one object each knows only its own half."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import partial
from typing import Any

from pydantic import BaseModel, ConfigDict

from shared.domain import ids
from shared.domain.errors import Damaged, RequestError
from shared.domain.parsing import parse_request
from shared.ports import ObjectStore
from shared.store import tombstones
from shared.store.stored import request_of

MOST_REPORTED = 500
"""Lines in a report."""


class Job(BaseModel):
    """How far a job object was taken, as stored under `work/`.

    Attributes:
        bucket, region, key, etag: the object.
        at_ms: when its event came.
        left: numbers of the lines that were neither accepted nor reported; None before the object was read.
        names: the names that lines which are left have of their own.
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
    names: dict[int, str] = {}
    problems: list[dict[str, Any]] = []
    more: int = 0
    until_ms: int = 0

    @property
    def id(self) -> str:
        """The name of what is stored of it; a line's recording has another."""
        return ids.digest_id(self.bucket, self.key, self.etag)

    @property
    def source(self) -> str:
        """Who asks, as its recordings have it."""
        return f"cos:{self.bucket}/{self.key}"

    def line_id(self, number: int) -> str:
        """Return the id of the recording of a line without a name of its own."""
        return ids.digest_id(self.bucket, self.key, self.etag, str(number))

    def name(self, documents: Mapping[int, bytes]) -> None:
        """Keep the names of the lines that are left, so that they can be looked up when the object is gone."""
        named = ((number, self.names.get(number) or _own_name(documents.get(number, b""))) for number in self.left)
        self.names = {number: name for number, name in named if name}

    def add(self, problem: dict[str, Any]) -> None:
        """Keep a problem for the report."""
        if len(self.problems) < MOST_REPORTED:
            self.problems.append(problem)
        else:
            self.more += 1


def is_taken(job: Job, number: int, store: ObjectStore) -> bool:
    """Tell whether a line is a recording, or was one that is deleted: another invocation may have taken it.

    Raises:
        StoreError: nobody can tell.
    """
    name = job.names.get(number)
    recording_id = ids.recording_id_of(name) if name else job.line_id(number)
    try:
        accepted, gone = store.at_once(
            partial(request_of, store, recording_id), partial(tombstones.is_used, store, recording_id)
        )
    except Damaged:
        return True
    return gone or (accepted is not None and (name is None or accepted.source == job.source))


def _own_name(document: bytes) -> str | None:
    if not re.search(rb'"record(ing)?_?id"', document, re.IGNORECASE):
        return None  # as of most
    try:
        request = parse_request(document)
    except RequestError:
        return None
    return request.recording_id or request.record_id
