"""A command that uses the local cloud of a state folder: says whose it is, and goes on until its input ends."""

from __future__ import annotations

import sys
from pathlib import Path

from rich.console import Console

from local.running import cloud_in
from local.state import holder_of


def main(state_dir: Path, page: str) -> None:
    """Join or start it; record a page where one is named."""
    with cloud_in(state_dir, Console(stderr=True), ["--no-browser", "--gentle", "--tick-seconds", "0"]) as client:
        if page:
            recording_id = client.start({"RecordUrl": page})["recording_id"]
            client.wait(recording_id, ("recording",))
        holder = holder_of(state_dir)
        sys.stdout.write(f"{holder.pid if holder else 0}\n")
        sys.stdout.flush()
        sys.stdin.read()


if __name__ == "__main__":
    main(Path(sys.argv[1]), "".join(sys.argv[2:]))
