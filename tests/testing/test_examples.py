"""Properties are judged by what they find, not by how long a busy machine takes for an example."""

from __future__ import annotations

from hypothesis import HealthCheck, settings


def test_no_example_has_a_deadline() -> None:
    """A test that says nothing of time has none, with few examples too; a slow machine is no fault of a strategy."""
    said = settings()
    assert (None, True) == (said.deadline, HealthCheck.too_slow in said.suppress_health_check)
