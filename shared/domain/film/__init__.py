"""The film check: looks into recorded films without a decoder. `check.inspect` is its door.

Below it, FilmError says that a film can't be played, ReadStopped that it could not be read on (`reader`).
"""
