"""Instances of the functions, as processes of their own."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
BARE = ("-I", "-S", "-B")
"""Only the standard library and what is put on the path; nothing compiled is written."""
PATIENCE_S = 300


def first_reply_s(
    python: str,
    module: str,
    folders: Sequence[Path],
    invocation: Mapping[str, Any],
    environ: Mapping[str, str],
    group: Path | None = None,
) -> float:
    """Return the seconds from before the process to its reply; it runs with the share of a core that `group` gives.

    Raises:
        RuntimeError: it did not answer with a success.
    """
    began_ns = time.monotonic_ns()
    script = str(HERE / "child_cold.py")
    command = _within([python, *BARE, script, module, *map(str, folders)], group)
    told = _run(command, json.dumps(invocation), environ)
    _check(told["reply"])
    return float(told["at_ns"] - began_ns) / 1e9


def warm(
    python: str,
    code_dir: Path,
    module: str,
    steps: Sequence[Mapping[str, Any]],
    environ: Mapping[str, str],
    core: int = -1,
) -> list[dict[str, Any]]:
    """Return what a warm instance tells of each step; see `child_warm`.

    Raises:
        RuntimeError: a step was not answered with a success.
    """
    script, server = str(HERE / "child_warm.py"), environ["WEBRECORD_COS_ENDPOINT"]
    told = _run([python, *BARE, script, str(code_dir), module, server, str(core)], json.dumps(steps), environ)
    for step in told:
        _check(step["reply"])
    return list(told)


def latency(
    python: str, build: Path, given: Mapping[str, Any], environ: Mapping[str, str]
) -> dict[str, dict[str, list[int]]]:
    """Return what `child_latency` tells; RuntimeError where a call was not answered with a success."""
    command = [
        python,
        *BARE,
        str(HERE / "child_latency.py"),
        str(build / "reconcile"),
        environ["WEBRECORD_COS_ENDPOINT"],
    ]
    told: dict[str, dict[str, list[int]]] = _run(command, json.dumps(given), environ)
    return told


def film(python: str, folder: Path, path: Path, group: Path | None = None) -> dict[str, Any]:
    """Return what `child_film` tells of a film; it runs with the share of a core that `group` gives."""
    command = [python, *BARE, str(HERE / "child_film.py"), str(folder), str(path)]
    told: dict[str, Any] = _run(_within(command, group), "", {})
    return told


def _within(command: list[str], group: Path | None) -> list[str]:
    """Return a command that puts itself into a control group first."""
    return ["/bin/sh", "-c", 'echo $$ > "$0" && exec "$@"', str(group), *command] if group else command


def _run(command: list[str], given: str, environ: Mapping[str, str]) -> Any:  # noqa: ANN401 (JSON)
    done = subprocess.run(
        command, input=given, capture_output=True, text=True, env=dict(environ), timeout=PATIENCE_S, check=False
    )
    if done.returncode:
        raise RuntimeError(f"an instance ended with {done.returncode}:\n{done.stderr[-2000:]}")
    return json.loads(done.stdout)


def _check(reply: Mapping[str, Any] | None) -> None:
    if reply is not None and reply["statusCode"] >= 300:
        raise RuntimeError(f"an instance answered {reply['statusCode']}: {reply.get('body')}")
