"""Periods that starts and reconcile share, milliseconds."""

START_LEAD_MS = 5_000
"""A recording begins about 5 s after the call (TRTC document "web recording")."""
IN_FLIGHT_MS = 30_000
"""A younger attempt may still be in progress: no function works on one for longer."""
REPEAT_MS = 60_000
"""Between two checks of something that should happen soon: the timer's period."""
CLOCKS_DIFFER_MS = 5_000
"""The most by which the clocks of TRTC's recorder and uploader differ."""
