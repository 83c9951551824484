"""Run checks: each by itself, so that one that fails, or hangs, hides no other.

The checks are in `doctor_bucket.py` and `doctor_calls.py`: functions over ports that return what they saw.
"""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from shared.domain.errors import WebRecordError
from shared.domain.finding import Finding, Level, Seen, fail

Check = Callable[[], Seen]


def examine(checks: Mapping[str, Check], limit_s: float) -> Iterator[Finding]:
    """Run all checks at once and yield what they found, in their order.

    Args:
        checks: by their names.
        limit_s: seconds after which a check is given up. It is said to have failed, and left to end by itself.
    """
    until = time.monotonic() + limit_s
    answers = {name: _started(check) for name, check in checks.items()}
    for name, answer in answers.items():
        try:
            level, seen = answer.get(timeout=max(0.0, until - time.monotonic()))
        except queue.Empty:
            level, seen = fail(f"no answer within {limit_s:g} s: is the network open to it?")
        yield Finding(level, name, seen)


def report(findings: list[Finding]) -> dict[str, Any]:
    """Return findings as JSON: whether nothing failed, and each of them."""
    failed = any(finding.level is Level.FAIL for finding in findings)
    return {"ok": not failed, "findings": [finding.to_dict() for finding in findings]}


def _started(check: Check) -> queue.SimpleQueue[Seen]:
    answer: queue.SimpleQueue[Seen] = queue.SimpleQueue()

    def run() -> None:
        try:
            seen = check()
        except WebRecordError as error:
            seen = fail(str(error))
        except Exception as error:  # noqa: BLE001 (whatever it is, the other checks are told of)
            seen = fail(f"the check itself failed: {type(error).__name__}")
        answer.put(seen)

    threading.Thread(target=run, daemon=True).start()
    return answer
