"""The film check: looks into recorded films without a decoder. `check.inspect` is its door."""
