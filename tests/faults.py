"""Faults at the n-th call, for use-case tests: they are in `testing`, with what else surrounds us."""

from __future__ import annotations

from testing.planned import Died, Faults, FaultyRecorder, FaultyStore, Kind

__all__ = ["Died", "Faults", "FaultyRecorder", "FaultyStore", "Kind"]
