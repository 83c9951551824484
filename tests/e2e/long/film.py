"""A page that goes silent half-way: a stretch is told from a minute on, so this is longer than `make test` waits.

`python -m pytest tests/e2e/long/film.py`
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.e2e.films import begin, filming, judged, recorded, told

pytestmark = pytest.mark.e2e


def test_a_page_that_goes_silent_half_way(tmp_path: Path) -> None:
    """It is suspect; the finding says from when to when, and not that the whole film is silent."""
    with filming(tmp_path) as (_, client, site):
        recorded(client, begin(client, site, "half", "/half"), 75)
        client.stop("half")
        result = judged(client, "half")
    assert ("completed", "suspect", ["silent_stretch"]) == told(result), result
    (finding,) = result["film_findings"]
    assert 4_000 <= finding["from_ms"] <= 14_000
    assert finding["to_ms"] - finding["from_ms"] >= 60_000
