"""The functions warm, over a cloud whose calls take time: `python3.10 -I -S -B child_latency.py LIBRARIES SERVER`.

On standard input comes what to do, as JSON: the number of rounds, the events by name, the context, the callback key and
the parameters of a bare StartWebRecord. Each round is the life of one recording: started, repeated, called back, read,
listed, stopped; around it the SDKs' own calls are made bare. Out comes how long each took, ns, by name.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import importlib
import json
import os
import sys
import time
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

FUNCTIONS = ("recordings", "callback", "reconcile")


def main() -> None:
    """Live through the rounds, and print one JSON line."""
    build, server = sys.argv[1:3]
    out, sink = os.dup(1), os.open(os.devnull, os.O_WRONLY)
    os.dup2(sink, 1)  # the functions' logs
    given = json.loads(sys.stdin.read())
    sys.path[:0] = [str(Path(__file__).parent.parent), build]  # the sources; each package has what its function needs
    from bench.child_warm import Bare

    bare = Bare(server, dict(os.environ), given["trtc"])
    handlers = {name: importlib.import_module(f"functions.{name}").main_handler for name in FUNCTIONS}
    took = defaultdict[str, list[int]](list)
    used = defaultdict[str, list[int]](list)

    def timed(name: str, do: Callable[[], Any]) -> Any:  # noqa: ANN401 (whatever it gives)
        began, cpu = time.perf_counter_ns(), time.process_time_ns()
        result = do()
        used[name].append(time.process_time_ns() - cpu)
        took[name].append(time.perf_counter_ns() - began)
        return result

    def invoke(name: str, function: str, about: dict[str, str]) -> dict[str, Any]:
        event = _filled(given["events"][name], about)
        if name == "callback":
            digest = hmac.new(given["key"].encode(), event["body"].encode(), hashlib.sha256).digest()
            event["headers"]["Sign"] = base64.b64encode(digest).decode()
        reply = timed(name, lambda: handlers[function](event, given["context"]))
        if reply is not None and reply["statusCode"] >= 300:
            raise RuntimeError(f"{name}: {reply}")
        return json.loads(reply["body"]) if reply and reply["body"] else {}

    for _ in range(given["rounds"]):  # before there is anything to do
        invoke("idle tick", "reconcile", {})
    for number in range(given["rounds"]):
        about = {"KEY": f"round-{number}"}
        for name, call in given["bare"].items():
            timed(f"bare {name}", bare.prepared(_filled(call, about)))
        about["TASK"] = invoke("start", "recordings", about)["task_id"]
        for name in ("repeat", "callback", "get", "list", "stop"):
            invoke(name, "callback" if name == "callback" else "recordings", about)
    os.write(out, json.dumps({"took": took, "used": used}).encode())


def _filled(template: dict[str, Any], about: dict[str, str]) -> dict[str, Any]:
    text = json.dumps(template)
    for name, value in about.items():
        text = text.replace(f"@{name}@", value)
    filled: dict[str, Any] = json.loads(text)
    return filled


if __name__ == "__main__":
    main()
