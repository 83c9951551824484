"""The local cloud runs the packages: `python -m local up --from-packages`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from local.at_start import package_zip
from local.client import FINAL, Client
from local.config import LocalConfig
from tests.cloud import RunningCloud
from tools.package import Package

pytestmark = pytest.mark.whole


@pytest.fixture
def from_packages(packages: dict[str, Package], tmp_path: Path) -> Iterator[RunningCloud]:
    """A local cloud that runs what was built; its recorder is a timer."""
    config = LocalConfig(
        tmp_path / "state",
        timer_recorder=True,
        gentle=True,
        tick_s=2,
        from_packages=True,
        packages_dir=packages["callback"].folder.parent,
    )
    with RunningCloud(config) as running:
        yield running


def test_a_page_is_recorded_by_the_packages(from_packages: RunningCloud) -> None:
    """From the API's call to the completed recording, all three functions from their packages."""
    with closing(Client(from_packages.cloud.address.gateway, from_packages.cloud.keys.api_token)) as client:
        started = client.start({"RecordUrl": "https://example.com/", "RecordingId": "packaged"})
        client.wait("packaged", ("recording", *FINAL), 90)
        client.stop(started["recording_id"])
        result = client.wait("packaged", FINAL, 90)
        assert "completed" == result["state"], result
        assert result["files"]
        assert 1 == client.invoke("reconcile", {"replay": ["packaged"]})["recordings"]
    for function in from_packages.cloud.functions.values():
        assert function.config.bare
        assert f"{function.config.module}.py" in {path.name for path in function.config.code_dir.iterdir()}


def test_packages_that_were_not_built_are_said(tmp_path: Path) -> None:
    """One line that says what to do, not a gateway whose functions all fail."""
    with pytest.raises(SystemExit, match="make package"):
        package_zip("callback", tmp_path)
