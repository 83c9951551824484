"""The local cloud's keys."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

from local.config import Keys


def test_keys_are_made_once_for_the_owner_alone(tmp_path: Path) -> None:
    """The second reader gets the same; nobody else may read the file, and no key is shown."""
    keys = Keys.of(tmp_path)
    assert keys == Keys.of(tmp_path)
    assert 0o600 == (tmp_path / "keys.json").stat().st_mode & 0o777
    assert keys.owner_key not in repr(keys)


def test_keys_of_an_earlier_version_stay(tmp_path: Path) -> None:
    """What it did not know is added, once."""
    earlier = {name: value for name, value in asdict(Keys.of(tmp_path)).items() if not name.startswith("owner")}
    (tmp_path / "keys.json").write_text(json.dumps(earlier))
    keys = Keys.of(tmp_path)
    assert earlier == {name: value for name, value in asdict(keys).items() if name in earlier}
    assert keys == Keys.of(tmp_path)
    assert 0o600 == (tmp_path / "keys.json").stat().st_mode & 0o777
