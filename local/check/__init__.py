"""The page check: opens a page as the recorder would and says what will fail, what may, and what to do.

`run` puts it together; `visit` opens the page and gathers, with `watch` and two scripts; `judge` decides, pure, over
the plain values of `seen`; `show` prints.
"""
