"""Functions in any folder, also where the terminal's encoding has no letters for it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from local.scf_forks import Forks
from tests.local.processes import ROOT

pytestmark = [
    pytest.mark.process,
    pytest.mark.skipif(not shutil.which("localedef") or sys.platform != "linux", reason="no locale can be made here"),
]
CODE = """
import os
at_import = os.environ["NAME"]

def main_handler(event, context):
    return os.path.basename(os.getcwd()) + at_import
"""


@pytest.mark.parametrize("forked", [False, *([True] if Forks.work_here() else [])])
def test_a_folder_and_a_setting_may_have_any_letters(tmp_path: Path, forked: bool) -> None:
    """Our locale may be ISO 8859-1; the function's is UTF-8, and it finds what is meant."""
    locale, folder = "en_US.ISO-8859-1", tmp_path / "录制 100%"
    subprocess.run(["localedef", "-i", "en_US", "-f", "ISO-8859-1", str(tmp_path / locale)], capture_output=True)
    if not (tmp_path / locale).is_dir():
        pytest.skip("this system has no description of the locale")
    folder.mkdir()
    (folder / "one.py").write_text(CODE)
    code = f"""
import asyncio, os, pathlib, sys
from local.scf_config import FunctionConfig
from local.scf_forks import Forks
from local.scf_function import Function
assert "iso8859-1" == sys.getfilesystemencoding()
folder = pathlib.Path(os.fsdecode({os.fsencode(folder)!r}))

async def main():
    forks = Forks(folder, [], []) if {forked} else None
    function = Function(FunctionConfig("one", "one", folder, {{"NAME": {"名"!a}}}, 30.0, ""), folder / "log", forks)
    print(ascii(await function.invoke({{}})))
    await function.aclose()
    if forks:
        forks.close()

asyncio.run(main())
"""
    environ = {**os.environ, "LOCPATH": str(tmp_path), "LC_ALL": locale, "PYTHONUTF8": "0"}
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=environ, capture_output=True, text=True)
    assert ("", ascii("录制 100%名") + "\n") == (done.stderr, done.stdout)
