""".env: holds a person's values, and every secret that a deployment creates before it is used."""

from __future__ import annotations

import os
import re
import subprocess
import tempfile
from collections.abc import Mapping
from functools import lru_cache
from io import StringIO
from pathlib import Path

from dotenv.parser import parse_stream

from webrecord import files
from webrecord.errors import BadUsage
from webrecord.words import t

MOST = 1_000_000
"""Bytes of a .env."""
_NAMED = re.compile(r"\s*(?:export\s+)?(?:'(?=[^']+'))?([^\s=#']+)'?\s*(?:=|$)")


def read(path: Path) -> dict[str, str]:
    """Return what the file sets; {} where there is none.

    Raises:
        BadUsage: it is not text in UTF-8, or a line is no variable.
    """
    try:
        text = _text(path)
    except OSError as error:
        raise BadUsage(t("{path} can't be read: {strerror}", path=path, strerror=error.strerror)) from None
    except UnicodeDecodeError:
        raise BadUsage(t("{path} is not text in UTF-8: save it as UTF-8", path=path)) from None
    return dict(_values(path, text))


@lru_cache(maxsize=1)
def _values(path: Path, text: str) -> dict[str, str]:
    # A deployment asks for each of its resources what the file sets by then, mostly the same.
    values = dict[str, str]()
    for one in parse_stream(StringIO(text)):
        if one.error:  # what is left out of a deployment by a slip may be a token that was to end
            raise BadUsage(t("{path}, line {line}: write it as NAME=value", path=path, line=one.original.line))
        if one.key is not None:
            values[one.key] = one.value or ""
    return values


def _text(path: Path) -> str:
    return files.read(path, MOST).decode("utf-8-sig") if path.exists() else ""


def write(path: Path, values: Mapping[str, str]) -> None:
    """Set these variables, and keep every other line; durable, and readable by its owner only, when this returns.

    Raises:
        BadUsage: git has the file, so that the next commit would publish secrets.
    """
    refuse_tracked(path)
    path = path.resolve()  # a link stays one: what it leads to is written
    refuse_tracked(path)
    lines = re.split(r"\r\n|\n|\r", _text(path)) if path.exists() else []
    lines = lines if not lines or lines[-1] else lines[:-1]
    named = [_NAMED.match(line) for line in lines]
    # Of a name that stands twice the last counts: it is written there, and what it was stands nowhere any more.
    last = {found[1]: number for number, found in enumerate(named) if found and found[1] in values}
    kept = list[str]()
    for number, (line, found) in enumerate(zip(lines, named, strict=True)):
        if not found or found[1] not in last:
            kept.append(line)
        elif last[found[1]] == number:
            kept.append(f"{found[1]}={values[found[1]]}")
    lines = [*kept, *(f"{name}={value}" for name, value in values.items() if name not in last)]
    handle, temporary = tempfile.mkstemp(prefix=".env.", dir=path.absolute().parent)  # 0600
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write("\n".join(lines) + "\n")
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)  # noqa: PTH105 (a name that is absolute by now)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
    folder = os.open(path.absolute().parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def refuse_tracked(path: Path) -> None:
    """Raise BadUsage where git tracks the file."""
    folder = path.absolute().parent
    if "GIT_DIR" not in os.environ and not any(
        (each / ".git").exists() for each in (folder, *folder.resolve().parents)
    ):
        return  # no repository, nobody to ask
    command = ["git", "-C", str(folder), "ls-files", "--error-unmatch", "--", path.name]
    try:
        tracked = subprocess.run(command, capture_output=True, check=False, timeout=20).returncode == 0  # noqa: S603 (git, and a path behind --)
    except (OSError, subprocess.TimeoutExpired):
        return  # no git, no commit
    if tracked:
        raise BadUsage(
            t(
                "git tracks {path}, so its secrets would be published: git rm --cached {name}, then renew them",
                path=path,
                name=path.name,
            )
        )


def masked(value: str) -> str:
    """Return a secret as it may be shown."""
    return f"…{value[-4:]}" if re.fullmatch(r"[\w+/=.-]{12,}", value) else "(set)"
