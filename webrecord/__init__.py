"""The command line of the API: start recordings, read their results, download their files.

It uses only the API of docs/api.md and knows nothing of the functions behind it.
"""

from webrecord import early

if early.is_command():
    early.end_in_a_line()
    early.look_for_no_garbage()
