"""An instance of SCF, for tests: `python3.10 -I -S -B instance.py CODE_DIR MODULE`.

Only the standard library and the code folder are on the path. One JSON list of `{"event":…, "context":…}` in on
standard input; out comes what each returned, and the files of all modules that were imported. Run with `--import`
as the module, it imports every module of ours instead, and says which it could not.
"""

from __future__ import annotations

import importlib
import json
import os
import sys
import traceback
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any


def every_module(code_dir: str) -> dict[str, str]:
    """Import the function's module and every one of shared/; return what each failed with."""
    warnings.simplefilter("ignore")  # deprecated modules say so when they are imported
    failed = {}
    for source in sorted([*Path(code_dir).glob("*.py"), *Path(code_dir, "shared").rglob("*.py")]):
        module = ".".join(source.relative_to(code_dir).with_suffix("").parts).removesuffix(".__init__")
        try:
            importlib.import_module(module)
        except Exception as error:  # noqa: BLE001 (all of them are to be seen)
            failed[module] = f"{type(error).__name__}: {error}"
    return failed


def invoke(handler: Callable[[Any, Any], Any], invocation: dict[str, Any]) -> Any:
    """Return what the handler returns, or how it failed."""
    try:
        return handler(invocation["event"], invocation["context"])
    except Exception:  # noqa: BLE001 (the test sees what it was)
        return {"raised": traceback.format_exc()}


def main() -> None:
    """Run what is asked for, and print one JSON line."""
    code_dir, module = sys.argv[1:3]
    out = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # from here on print() is the function's log
    given = sys.stdin.read()
    installed = [path for path in sys.path if "site-packages" in path or "dist-packages" in path]
    answer: dict[str, Any] = {"installed": installed}
    sys.path.insert(0, code_dir)
    if module == "--import":
        answer["failed"] = every_module(code_dir)
    else:
        handler = importlib.import_module(module).main_handler
        answer["results"] = []
        for invocation in json.loads(given):
            answer["results"].append(invoke(handler, invocation))
    found = {name: getattr(module, "__file__", None) for name, module in list(sys.modules.items())}
    answer["modules"] = {name: file for name, file in found.items() if file and file.startswith(code_dir)}
    out.write(json.dumps(answer))
    out.flush()


if __name__ == "__main__":
    main()
