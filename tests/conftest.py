"""What many tests share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from local.config import LocalConfig
from shared import bootstrap
from tests.cloud import RunningCloud


@pytest.fixture(scope="session")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningCloud]:
    """A local cloud whose recorder is a timer: everything real but the picture."""
    config = LocalConfig(tmp_path_factory.mktemp("cloud"), timer_recorder=True, speed=20, tick_s=0, policies=False)
    with RunningCloud(config) as running:
        running.cloud.callback_settings.timeout_s *= config.speed  # answers take as long as they take
        running.cloud.trtc_settings.finish_timeout_s = 5
        yield running


@pytest.fixture
def deployed(running: RunningCloud, monkeypatch: pytest.MonkeyPatch) -> Iterator[RunningCloud]:
    """The functions' environment in this process, as SCF would set it, against the local cloud."""
    for name, value in running.cloud.environment().items():
        monkeypatch.setenv(name, value)
    _forget()
    yield running
    _forget()


def _forget() -> None:
    for build in (bootstrap.recordings, bootstrap.callback, bootstrap.reconcile):
        build.cache_clear()
