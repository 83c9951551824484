"""What it costs, measured: `python -m bench all` writes docs/performance.md. Development only, never packaged.

Every number is a median with its range, beside a baseline of the same run; variants take turns, so that a machine
that slows down slows all of them down. Nothing here fails because of a number.
"""
