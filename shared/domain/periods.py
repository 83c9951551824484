"""Periods that starting a recording and looking after it share, milliseconds."""

START_LEAD_MS = 5_000
"""A recording begins about 5 s after the call (TRTC document "web recording")."""
IN_FLIGHT_MS = 30_000
"""An attempt younger than this may still be in somebody's hands: the function's own time limit."""
REPEAT_MS = 60_000
"""Between two looks at something that should happen soon; the timer's own period."""
CLOCKS_DIFFER_MS = 5_000
"""By so much the clocks of recorder and uploader may differ."""
