"""The process a function runs in: reads invocations, calls `main_handler(event, context)`, writes results.

    python -I -B local/scf_runtime.py CODE_DIR MODULE

Started by its path and isolated (-I), so that of this repository the function sees its code folder and nothing else;
with -S not even installed packages, as on the platform.

One JSON line in on standard input, `{"event":…, "context":…}`; one JSON line out, `{"result":…}` or
`{"error":…}`. What the function prints goes to standard error, its log.
"""

from __future__ import annotations

import importlib
import json
import os
import sys
import traceback
from typing import Any


def main() -> None:
    """Serve invocations until standard input ends."""
    code_dir, module_name = sys.argv[1:3]
    results = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # from here on print() is the function's log
    sys.path.insert(0, code_dir)
    handler: Any = None
    for line in sys.stdin:
        invocation = json.loads(line)
        try:
            if handler is None:
                handler = importlib.import_module(module_name).main_handler
            answer = {"result": handler(invocation["event"], invocation["context"])}
            text = json.dumps(answer)
        except BaseException as error:  # noqa: BLE001 (the platform reports whatever ends an invocation)
            traceback.print_exc()
            text = json.dumps({"error": f"{type(error).__name__}: {error}"})
        sys.stdout.flush()
        results.write(text + "\n")
        results.flush()


if __name__ == "__main__":
    main()
