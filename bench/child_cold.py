"""An instance's first invocation: `python3.10 -I -S -B child_cold.py MODULE FOLDER…`, one event on standard input.

Out comes, on the last line, when the reply was there (monotonic ns, which all processes share) and what it was. Only
the standard library and the folders are on the path.
"""

from __future__ import annotations

import json
import os
import sys
import time


def main() -> None:
    """Import, invoke, tell."""
    module, folders = sys.argv[1], sys.argv[2:]
    out = os.dup(1)
    os.dup2(2, 1)  # what the function prints is its log
    invocation = json.loads(sys.stdin.read())
    sys.path[:0] = folders
    handler = __import__(module).main_handler
    reply = handler(invocation["event"], invocation["context"])
    at_ns = time.monotonic_ns()
    os.write(out, json.dumps({"at_ns": at_ns, "reply": reply}).encode())


if __name__ == "__main__":
    main()
