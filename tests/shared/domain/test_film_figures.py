"""What a second of a picture is like, from the sizes of its samples."""

from __future__ import annotations

from array import array
from collections.abc import Sequence

import pytest

from shared.domain.film.figures import picture_of
from shared.domain.film.tables import Track

FPS, GROUP = 25, 50
QUIET = [11] * (GROUP - 1)
REFINED = [400] * 6 + [11] * (GROUP - 7)


def track(*groups: Sequence[int], fps: int = FPS) -> Track:
    """A picture of 640 x 360, a key frame at the beginning of each group."""
    sizes = array("I", [size for group in groups for size in group])
    begins = [sum(map(len, groups[:number])) for number in range(len(groups))]
    times = range(len(sizes))
    return Track(
        "vide", "avc1", fps, width=640, height=360, times=times, sizes=sizes, sync=begins, end=len(sizes)
    )  # fmt: skip


@pytest.mark.parametrize("sizes", [(4128, 4982, 5243, 4982, 5243), (4128, 5243, 5243, 5243, 4982)])
def test_a_step_of_the_encoder_is_no_motion(sizes: tuple[int, ...]) -> None:
    """Rate control gives key frames of one still page two sizes; nothing can have changed in between."""
    assert picture_of(track(*([size, *QUIET] for size in sizes))).nothing


@pytest.mark.parametrize("sizes", [(4128, 4982, 5243, 4982, 5243), (4128, 5243, 5243, 5243, 4982)])
def test_a_change_that_hides_where_an_encoder_refines_is_motion(sizes: tuple[int, ...]) -> None:
    """The pictures after a key frame are not looked at, so the next key frame tells."""
    assert not picture_of(track(*([size, *REFINED] for size in sizes))).nothing


def test_a_slide_that_changes_with_a_key_frame_is_motion() -> None:
    """An encoder that sees a scene cut begins a group with it."""
    assert not picture_of(track(*([size, *QUIET] for size in (4000, 4000, 4600, 6000, 5000)))).nothing


@pytest.mark.parametrize("fps", [5, 10, 25])
def test_an_encoder_refines_for_pictures_or_for_a_time(fps: int) -> None:
    """At few pictures a second it takes longer; half a group is looked at whatever it does."""
    refining = [[5000, *[300] * 11, *[11] * (GROUP - 12)] for _ in range(5)]
    moving = [[5000, *[300] * (GROUP - 1)] for _ in range(5)]
    assert (True, False) == (picture_of(track(*refining, fps=fps)).nothing, picture_of(track(*moving, fps=fps)).nothing)
