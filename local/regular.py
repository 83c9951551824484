"""Is this a file that can be read to its end? A pipe or a device would be waited for without one."""

from __future__ import annotations

import os
import stat
from pathlib import Path


def why_not(path: Path) -> str | None:
    """Return why a path is no file that can be read; None where it is one.

    Raises:
        ValueError: it has a NUL.
    """
    try:
        mode = path.stat().st_mode
    except FileNotFoundError:
        return "it is a link that leads nowhere" if path.is_symlink() else "it is not there"
    except OSError as error:
        return error.strerror or str(error)
    if stat.S_ISDIR(mode):
        return "it is a folder"
    if not stat.S_ISREG(mode):
        return "it is no regular file"
    return None if os.access(path, os.R_OK) else os.strerror(13)
