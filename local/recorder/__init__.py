"""Records a web page, picture and sound, into files: one process, one browser, one recording.

`python -m local.recorder` reads a `Job` as JSON from the first line of its standard input and writes events,
one JSON object a line, to its standard output; `stop`, end of input or SIGTERM ends it. It uploads nothing.
"""
