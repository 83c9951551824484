"""How a function of the local platform is deployed, and how an invocation fails."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

INTERNAL_ERROR = 500


class InvocationError(Exception):
    """The function raised, timed out, died, was down, is too busy, or returned what it may not.

    Attributes:
        code: the platform's status code.
        request_id: the invocation's; empty where there was none.
    """

    def __init__(self, message: str, code: int = INTERNAL_ERROR, request_id: str = "") -> None:
        super().__init__(message)
        self.code, self.request_id = code, request_id


@dataclass
class FunctionConfig:
    """How a function is deployed; times in seconds.

    Attributes:
        name: the function's name, and its log's.
        module: what holds the handler.
        handler: the function in it.
        code_dir: put first on the path, and the working directory; the function's code.
        environment: our variables.
        credentials: the role's keys of this moment; every invocation has its own.
        timeout_s: after it the process is killed.
        init_timeout_s: what a new process may take before, to start and to load the code.
        max_instances: invocations at once; one more is refused, and an asynchronous one waits.
        instance_wait_s: a synchronous one waits so long, too, before it is refused: for machines that are smaller
            than the platform. The platform refuses at once.
        speed: divides the waits between retries, for tests.
        python: the interpreter that runs it.
        bare: of installed packages it sees none: only its code and the standard library, as on the platform.
    """

    name: str
    module: str
    code_dir: Path
    environment: Mapping[str, str] = field(repr=False)
    timeout_s: float
    region: str
    init_timeout_s: float = 65.0
    memory_mb: int = 256
    max_instances: int = 300
    instance_wait_s: float = 0.0
    speed: float = 1.0
    python: str = sys.executable
    bare: bool = False
    handler: str = "main_handler"
    credentials: Callable[[], Mapping[str, str]] = dict
