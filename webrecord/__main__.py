"""`python -m webrecord`."""

from webrecord.main import main

main()
