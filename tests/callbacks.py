"""Callbacks as TRTC sends them: they are in `testing`, which bench uses too."""

from __future__ import annotations

from testing.callbacks import KEY, SDK_APP_ID, TASK, callback, mp4_stop, signed, vod_commit

__all__ = ["KEY", "SDK_APP_ID", "TASK", "callback", "mp4_stop", "signed", "vod_commit"]
