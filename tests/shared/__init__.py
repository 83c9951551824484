"""Tests of what is deployed."""

from hypothesis import HealthCheck, settings

# Time is no property here: a busy machine must not fail a test.
settings.register_profile("shared", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("shared")
