"""What reading recordings needs: apart from the code that reads, which a start does not import."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from shared.ports import FileStore
from shared.usecases.ports import Ports


@dataclass(frozen=True)
class QueryPorts(Ports):
    """What reading needs besides what starting does.

    Attributes:
        files: the whole bucket, with the recorded files; its keys are as COS has them.
        many: how many documents are read: `map`, or that of a thread pool.
        sleep: seconds.
        url_valid_s: how long a signed URL is good. SCF logs what a function returns, so it is short.
    """

    files: FileStore
    many: Callable[[Callable[[str], Any], Iterable[str]], Iterable[Any]]
    sleep: Callable[[float], None]
    url_valid_s: int = 900
