"""Tests of the recorder: real browser, real files."""
