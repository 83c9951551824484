"""The command line of the API: start recordings, see what became of them, fetch their files.

It is a client like any other: it knows docs/api.md and nothing of the functions behind it.
"""
