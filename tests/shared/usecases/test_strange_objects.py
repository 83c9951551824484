"""What others put into a task's folder is no film: it proves nothing, is not listed, and hides nothing."""

from __future__ import annotations

from typing import Any

import pytest

from shared.domain.errors import RecorderBusy
from shared.domain.evidence import Evidence, Task
from shared.domain.states import State
from shared.store.journal import find
from shared.usecases.stop import stop
from shared.usecases.tasks import task_of_files
from testing.callbacks import callback
from tests.shared.usecases.test_read import reading
from tests.shared.usecases.ticking import Site

STRANGE: list[tuple[str, dict[str, Any], dict[str, bytes]]] = [
    ("a desktop's file", {}, {".DS_Store": b"x" * 6_148}),
    ("an empty film", {}, {"a.mp4": b""}),
    ("a folder", {}, {"x/": b""}),
    ("a folder with a film in it", {}, {"x/a.mp4": b"x"}),
    ("a picture of a film", {}, {"a.mp4.snapshot_0.jpg": b"x"}),
    ("words", {}, {"mp4": b"x", "notes.txt": b"x", "a.mp4.part": b"x"}),
    ("another format's film", {}, {"a.m3u8": b"x", "a_0.ts": b"x"}),
    ("another format's film, of HLS", {"format": "hls"}, {"a.mp4": b"x"}),
    ("an empty playlist", {"format": "hls"}, {"a.m3u8": b""}),
]


def over(objects: dict[str, bytes], **fields: Any) -> Site:
    """Let a recording end of which no callback comes, with these objects in its task's folder."""
    site = Site()
    task_id = site.begin(**fields)
    site.trtc.end(task_id)
    for name, body in objects.items():
        site.store.put(f"files/k1/{task_id}/{name}", body)
    site.run_until_done()
    return site


@pytest.mark.parametrize(("fields", "objects"), [row[1:] for row in STRANGE], ids=[row[0] for row in STRANGE])
def test_what_is_no_film_completes_nothing(fields: dict[str, Any], objects: dict[str, bytes]) -> None:
    """Alone, whatever it is called, it leaves the recording without a film."""
    told = over(objects, **fields).recording()
    assert (State.LOST, []) == (told.state, told.files)


@pytest.mark.parametrize(("fields", "objects"), [row[1:] for row in STRANGE], ids=[row[0] for row in STRANGE])
def test_what_lies_beside_a_film_is_not_listed(fields: dict[str, Any], objects: dict[str, bytes]) -> None:
    """The film is what there is of the recording."""
    film = "film.m3u8" if fields else "film.mp4"
    told = over({**objects, film: b"picture and sound"}, **fields).recording()
    assert (State.COMPLETED, [film]) == (told.state, [file.name for file in told.files])


@pytest.mark.parametrize("name", ["notes/readme.txt", "notes/a.mp4/", "notes/a_0.ts"])
def test_a_folder_without_a_film_is_no_task(name: str) -> None:
    """A start that never arrived is made again, whatever somebody put beside where its films would be."""
    site = Site()
    site.trtc.refusals = [RecorderBusy("ClientNetworkError", "lost", answered=False)]
    site.start()
    site.store.put(f"files/k1/{name}", b"hello")
    site.minutes(3)
    assert list(site.trtc.recording) == [site.recording().task_id]


def test_a_film_in_a_folder_of_a_task_is_no_other_task() -> None:
    """Somebody copied one there; a second attempt whose answer was lost has none."""
    site = Site()
    task_id = site.begin()
    site.store.put(f"files/k1/{task_id}/notes/a.mp4", b"x")
    known = find(site.store, "k1")
    assert task_of_files(known.accepted, known.evidence, site.store) is None


@pytest.mark.parametrize("told", [False, True], ids=["its film tells of the task", "its callbacks tell of the task"])
def test_a_film_in_a_folder_of_a_task_that_was_not_stored_is_no_other_task(told: bool) -> None:
    """A start died before it stored its task; in the listing the folder comes before the film that is beside it."""
    site = Site()
    task_id = site.begin()
    site.store.put(f"files/k1/T/{'' if told else 'other/'}notes/a.mp4", b"x")
    if not told:
        site.store.put("files/k1/T/other/z.mp4", b"x")
    known = find(site.store, "k1")
    evidence = known.evidence.join(Evidence(tasks={"T": Task(began_ms=1)} if told else {}))
    assert (None if told else "T/other") == task_of_files(known.accepted, evidence, site.store)
    assert task_id != "T"


def test_a_film_in_the_folder_of_a_task_of_which_trtc_spoke_is_no_other_task() -> None:
    """A start died before it stored its task, which left no film; somebody made a folder in the task's own."""
    site = Site()
    site.begin()
    site.store.put("files/k1/T/other/notes/a.mp4", b"x")
    known = find(site.store, "k1")
    assert "T/other/notes" == task_of_files(known.accepted, known.evidence, site.store)
    site.receive(callback(801, {"Status": 1}, site.clock.now, "T/other"))
    assert task_of_files(known.accepted, known.evidence, site.store) is None


def test_a_film_found_where_nothing_was_thought_to_be_recorded_is_not_all() -> None:
    """It was stopped early and no word of a picture came: the part found is not all that comes."""
    site = Site()
    task_id = site.begin()
    site.clock.now += 60_000
    stop("k1", "test", reading(site))
    site.receive(callback(802, {"LeaveCode": 0}, site.clock.now, task_id))
    site.store.put(f"files/k1/{task_id}/a_1.mp4", b"x")
    site.minutes(10)
    assert State.UPLOADING is site.recording().state
    site.store.put(f"files/k1/{task_id}/a_2.mp4", b"x")
    site.minutes(60)
    told = site.recording()
    assert (State.COMPLETED, ["a_1.mp4", "a_2.mp4"]) == (told.state, [file.name for file in told.files])
