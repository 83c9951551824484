"""The film check: looks into recorded films without a decoder. `check.inspect` is its door.

What can't be played raises FilmError anywhere below it, what can't be read on ReadStopped (`reader`).
"""
