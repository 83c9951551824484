"""JSON of any shape, for properties that hold of whatever somebody sends."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st


def json_values(
    scalars: st.SearchStrategy[Any], names: st.SearchStrategy[str] | None = None, most: int = 3
) -> st.SearchStrategy[Any]:
    """Draw scalars, and lists and objects of them, in each other, with at most so many elements.

    `st.recursive` draws again whatever has too many leaves, and costs twice as much. Here there must be enough kinds of
    scalars that few values go deep: with `most` elements, more than `most` kinds less two.
    """
    fields = st.text(max_size=5) if names is None else names
    inner: st.SearchStrategy[Any] = st.deferred(
        lambda: scalars | st.lists(inner, max_size=most) | st.dictionaries(fields, inner, max_size=most)
    )
    return inner
