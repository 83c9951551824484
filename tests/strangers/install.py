"""The Node packages of the lock file beside this, installed once, below .local/strangers/."""

from __future__ import annotations

import hashlib
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

HERE = Path(__file__).parent
INSTALLED = HERE.parents[1] / ".local" / "strangers"
NPM_S = 240.0


class StrangersMissingError(Exception):
    """They could not be installed; one line says why."""


def install() -> Path:
    """Return the folder of node_modules, from npm's cache where it has them.

    Raises:
        StrangersMissingError: there is no Node.js, no npm, or no registry.
    """
    npm = shutil.which("npm")
    if npm is None or shutil.which("node") is None:
        raise StrangersMissingError("Node.js 18 or newer and npm are not installed")
    manifests = [HERE / "package.json", HERE / "package-lock.json"]
    ready = INSTALLED / hashlib.sha256(b"".join(path.read_bytes() for path in manifests)).hexdigest()[:16]
    if not ready.is_dir():
        INSTALLED.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=INSTALLED) as made:
            draft = Path(made) / "draft"
            draft.mkdir()
            for path in manifests:
                shutil.copy(path, draft)
            _run([npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--prefer-offline"], draft)
            if not ready.is_dir():  # another run may have been faster
                draft.rename(ready)
    return ready / "node_modules"


def _run(command: list[str], folder: Path) -> None:
    try:
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=NPM_S, check=False)
    except subprocess.TimeoutExpired as error:
        raise StrangersMissingError(f"npm did not install them within {NPM_S:g} s") from error
    if done.returncode:
        codes = re.findall(r"npm err(?:or|!) code (\w+)", done.stderr, re.IGNORECASE)
        raise StrangersMissingError(f"npm could not install them: {', '.join(codes) or done.returncode}")
