"""docs/cli.md says what the command line does."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

from tests.cli.calls import Cli
from webrecord.errors import EXIT_STATUSES

TEXT = (Path(__file__).parent.parent.parent / "docs" / "cli.md").read_text()


def test_every_command_is_documented_and_the_reverse() -> None:
    """A heading for each command, a command for each heading."""
    documented = set(re.findall(r"^### ([a-z]+)$", TEXT, re.MULTILINE))
    listed = Cli({})("--help").out.partition("Commands:")[2]
    assert documented == set(re.findall(r"^  ([a-z]+)  ", listed, re.MULTILINE))


def test_every_exit_status_is_documented() -> None:
    """The table is the one in the code."""
    rows = re.findall(r"^\| (\d+) \| (.+) \|$", TEXT, re.MULTILINE)
    assert dict(EXIT_STATUSES) == {int(status): meaning for status, meaning in rows}


def test_every_option_in_the_documents_exists() -> None:
    """Of each `webrecord …` line: the command knows every option that is given."""
    commands = re.findall(r"^webrecord ([^|#\n]+)", TEXT, re.MULTILINE)
    assert len(commands) > 12
    for command in commands:
        for line in command.split(";"):
            words = [word for word in shlex.split(line) if word != "webrecord"]
            path = words[:2] if words[0] == "config" else words[:1]
            known = Cli({})(*path, "--help").out
            for option in re.findall(r"(?<= )--?[a-z][a-z-]*", " " + " ".join(words)):
                assert option in known, line
