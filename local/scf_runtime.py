"""The process a function runs in: reads invocations, calls `main_handler(event, context)`, or
what FUNCTION names, writes results.

    python -I -B local/scf_runtime.py CODE_DIR MODULE [FUNCTION]
    python -I -B local/scf_runtime.py FOLDER

The second way forks such processes, as `local/scf_forks.py` asks: installed packages are imported once, sources are
compiled once. FOLDER only says whose it is.

Started by its path and isolated (-I), so that of this repository the function sees its code folder and nothing else;
with -S not even installed packages, as on the platform.

One JSON line in on standard input, `{"event":…, "context":…, "environ":…}`; one JSON line out, `{"result":…}` or
`{"error":…}`, UTF-8; before the first one `{}`: the function is loaded, its time begins. What the function prints goes
to standard error, its log. The process ends with its standard input, in the middle of an invocation too: then nobody
waits for the result.
"""

from __future__ import annotations

import contextlib
import importlib
import io
import json
import os
import queue
import signal
import sys
import threading
import traceback
from typing import Any


def main() -> None:
    """Serve invocations, or fork what does, until standard input ends."""
    code_dir, module_name, name = _fork() if len(sys.argv) == 2 else (*sys.argv[1:4], "main_handler")[:3]
    results, source = os.fdopen(os.dup(1), "wb"), os.dup(0)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)  # invocations are not for what the function starts
    os.dup2(2, 1)  # from here on print() is the function's log
    sys.stdout = sys.stderr = io.TextIOWrapper(
        io.BufferedWriter(_Log()), encoding="utf-8", errors="backslashreplace", line_buffering=True
    )
    sys.path.insert(0, code_dir)
    handler: Any = None
    invocations: queue.SimpleQueue[bytes] = queue.SimpleQueue()
    threading.Thread(target=_read, args=(source, invocations), daemon=True).start()
    while True:
        invocation = json.loads(invocations.get().decode("utf-8", "surrogatepass"))
        os.environ.update(invocation.get("environ", {}))  # the role's keys are each invocation's own
        try:
            if handler is None:
                handler = getattr(importlib.import_module(module_name), name)
                results.write(b"{}\n")
                results.flush()
            text = _json({"result": handler(invocation["event"], invocation["context"])})
        except BaseException as error:  # noqa: BLE001 (the platform reports whatever ends an invocation)
            traceback.print_exc()
            text = _json({"error": f"{type(error).__name__}: {error}"})
        sys.stdout.flush()
        results.write(text + b"\n")
        results.flush()


def _fork() -> tuple[str, str, str]:
    """Fork an instance whenever one is asked for; only the instance returns, with what it is to serve.

    Nothing of the functions' own code runs before, and there is one thread: what their imports read, print, start or
    wait for is the instance's, as where it is started by itself.
    """
    import gc  # an instance that is started by itself needs none of these
    import socket
    import time

    asked = socket.socket(fileno=os.dup(0))
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    signal.signal(signal.SIGCHLD, _reap)
    if first := asked.recv(1 << 20):
        gc.disable()  # it would examine what stays
        _prepare(**json.loads(first))
        gc.freeze()
        gc.enable()
    while True:
        line, descriptors, *_ = socket.recv_fds(asked, 1 << 20, 3)
        if not line:
            os._exit(0)
        if os.fork() == 0:
            break
        for descriptor in descriptors:
            os.close(descriptor)
    asked.close()
    os.setsid()
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    for number, descriptor in enumerate(descriptors):
        os.dup2(descriptor, number)
        os.close(descriptor)
    wanted = json.loads(line)
    code_dir = os.fsdecode(wanted["code_dir"].encode("latin-1"))
    os.environ.clear()
    os.environ.update(wanted["environ"])
    time.tzset()  # Python has read TZ when it began
    os.chdir(code_dir)
    os.write(1, f"{os.getpid()}\n".encode())
    return code_dir, wanted["module"], wanted["handler"]


def _reap(*_: object) -> None:
    with contextlib.suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass


def _prepare(packages: list[str], sources: list[str]) -> None:
    """Import packages, and compile the sources in folders; what fails here, the instance does again, and says why."""
    import warnings
    from importlib.machinery import SourceFileLoader

    for package in packages:
        with contextlib.suppress(Exception):
            importlib.import_module(package)
    compiled, plain = {}, SourceFileLoader.get_code
    found = [walked for folder in sources for walked in os.walk(os.fsdecode(folder.encode("latin-1")))]
    for path in [os.path.join(folder, name) for folder, _, names in found for name in names]:  # noqa: PTH118 (fast)
        if path.endswith(".py"):
            loader = SourceFileLoader("compiled", path)
            with contextlib.suppress(Exception), warnings.catch_warnings():
                warnings.simplefilter("error")
                compiled[path] = loader.get_data(path), plain(loader, "compiled")

    def get_code(loader: SourceFileLoader, name: str) -> Any:  # noqa: ANN401 (as the loader's own)
        path = loader.get_filename(name)
        if path in compiled and compiled[path][0] == loader.get_data(path):  # or else somebody has edited it
            return compiled[path][1]
        return plain(loader, name)

    SourceFileLoader.get_code = get_code  # type: ignore[assignment, method-assign]


class _Log(io.RawIOBase):
    """Standard error, a file that may lie on a full disk: then its lines are lost, and no invocation."""

    def fileno(self) -> int:
        return 2

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:  # noqa: ANN401 (any buffer)
        with contextlib.suppress(OSError):
            os.write(2, data)
        return len(data)


def _read(source: int, invocations: queue.SimpleQueue[bytes]) -> None:
    # os.read, since a thread inside sys.stdin at exit would abort the interpreter.
    rest = bytearray()
    with contextlib.suppress(ConnectionError):  # of a socket: whoever has invoked was killed
        while data := os.read(source, 1 << 16):
            *lines, tail = data.split(b"\n")
            for line in lines:
                invocations.put(bytes(rest + line))
                rest.clear()
            rest += tail
    if hasattr(os, "killpg") and os.getpgrp() == os.getpid():
        os.killpg(0, signal.SIGKILL)  # what the function has started ends with it
    os._exit(0)


def _json(value: dict[str, Any]) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "surrogatepass")


if __name__ == "__main__":
    main()
