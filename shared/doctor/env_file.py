"""Reads a .env file for the doctor's command. It is apart because it is never packaged, nor is the parser it needs."""

from __future__ import annotations

from io import StringIO
from pathlib import Path

from dotenv.main import DotEnv
from dotenv.parser import parse_stream

MAX_BYTES = 1_000_000


def read_env(path: Path) -> dict[str, str]:
    """Return what a .env file sets; an empty line keeps the default.

    Raises:
        ValueError: there is no such file, or it is none; one line that names it and never holds a value.
    """
    try:
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
        if len(content) > MAX_BYTES:
            raise ValueError(f"{path} is no .env file: it has more than {MAX_BYTES:,} bytes")
        text = content.decode("utf-8-sig")
    except (FileNotFoundError, NotADirectoryError):
        raise ValueError(f"there is no file {path}") from None
    except OSError as error:
        raise ValueError(f"{path} can't be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise ValueError(f"{path} is not text in UTF-8: save it as UTF-8") from None
    lines = list(parse_stream(StringIO(text)))
    wrong = next((line for line in lines if line.error or "\0" in (line.value or "")), None)
    if wrong:
        raise ValueError(f"{path}, line {wrong.original.line}: is not NAME=value")
    values = DotEnv(None, StringIO(text), interpolate=False).dict()
    twice = [name for name in values if len({line.value for line in lines if line.key == name}) > 1]
    if twice:
        raise ValueError(f"{path} sets {', '.join(twice)} more than once: keep one line of each")
    return {name: value for name, value in values.items() if name and value}
