"""Tests of the local TRTC API, driven by the official SDK."""
