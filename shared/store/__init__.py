"""The store: the only doors to what is kept of a recording."""
