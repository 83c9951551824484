"""The console from the package: its page and its player are in the zip and served."""

from __future__ import annotations

import pytest

from local.scf_events import function_url_event
from tests.cloud import RunningCloud
from tests.package.conftest import Run
from tests.package.test_run import invocation

pytestmark = pytest.mark.whole


def test_the_packaged_function_serves_the_console(running: RunningCloud, run: Run) -> None:
    """Without a token, as HTML with its policy; under a stage too."""
    paths = ("/console", "/release/console", "/console/hls.js", "/console/nothing")
    calls = [function_url_event("GET", path, {}, {"Accept-Language": "zh"}, b"", "127.0.0.1") for path in paths]
    page, staged, player, nothing = run(
        "recordings", *(invocation("recordings", call) for call in calls), running=running
    ).results
    assert 200 == page["statusCode"] == player["statusCode"]
    assert page["body"] == staged["body"]
    assert '<html lang="zh">' in page["body"]
    assert "sha256-" in page["headers"]["Content-Security-Policy"]
    assert "Hls" in player["body"]
    assert 404 == nothing["statusCode"]
