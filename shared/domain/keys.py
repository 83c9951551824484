"""Keys: where each object of a recording is stored, and which of the listed ones are ours.

Anybody who may write to the bucket can put any name beside ours: what reads a name is total.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime, timezone
from functools import partial

from shared.domain.ids import digest_id

_MARKER = re.compile(r"(?:open|due|ask|tell)/[0-9]{13}-[A-Za-z0-9_-]{1,26}")
_WAKE = re.compile(r"wake/([A-Za-z0-9_-]{1,26}(?:\.place)?)")
WAKES = "wake/"
"""The prefix of all wakes."""
PLACE = ".place"
"""Suffix of a wake that reports a free place of TRTC's quota; the invocation that deletes it may use the place."""
_INDEXED = re.compile(r"(?:index|days/[0-9]{4}-[0-9]{2}-[0-9]{2})/([0-9]{13}-[A-Za-z0-9_-]{1,26})")
_CALLBACK = re.compile(r"tasks/[^/]+/facts/[0-9]{13}-[^/]+\.json")
SEGMENTS = (".ts", ".m4s")
"""Endings of the pieces of a playlist, which a listing finds beside it."""


Key = Callable[[str], str]
request_key: Key = "recordings/{}/request.json".format
"""The accepted request."""
document_key: Key = "recordings/{}/recording.json".format
"""The derived document that people and programs read."""
again_key: Key = "recordings/{}/again".format
"""The time at which a refused attempt was last repeated under its RecordId."""
recording_folder: Key = "recordings/{}/".format
"""Prefix of everything that is stored of a recording itself."""
recording_facts: Key = "recordings/{}/facts/".format
"""Prefix of the facts we wrote about a recording."""
task_facts: Key = "tasks/{}/facts/".format
"""Prefix of the callbacks of a task, by its key."""
pointer_key: Key = "tasks/{}/recording.json".format
"""The pointer from a task, by its key, to its recording."""
work_key: Key = "work/{}.json".format
"""A job's progress; its marker in `open/` has the same id."""


def _marker(queue: str, at_ms: int, recording_id: str) -> str:
    return f"{queue}/{at_ms:013d}-{recording_id}"  # they sort by time


open_key = partial(_marker, "open")
"""Key of a marker: check this recording from that time on."""
due_key = partial(_marker, "due")
"""Key of a marker: make this scheduled or queued start."""
ask_key = partial(_marker, "ask")
"""Key of a marker: ask TRTC about this silent recording."""
tell_key = partial(_marker, "tell")
"""Key of a marker: notify this recording's receiver."""


def wake_key(about: str) -> str:
    """Return the key of a wake: this recording or job has due work, so reconcile runs at once."""
    return f"{WAKES}{about}"


def wake_keys(recording_id: str) -> tuple[str, str]:
    """Return the keys of all wakes that a recording may have."""
    return wake_key(recording_id), wake_key(f"{recording_id}{PLACE}")


def woken(key: str) -> str | None:
    """Return the name of the recording, place or job in a wake's key; None for any other key."""
    found = _WAKE.fullmatch(key)
    return found[1] if found else None


def moved(key: str, at_ms: int) -> str:
    """Return the key of the same marker at another time; ValueError unless `is_marker`."""
    return _marker(key.partition("/")[0], at_ms, marked(key)[1])


def marked(key: str) -> tuple[int, str]:
    """Return time and recording id of a marker; ValueError unless `is_marker`."""
    at_ms, _, recording_id = key.partition("/")[2].partition("-")
    return int(at_ms), recording_id


def is_marker(key: str) -> bool:
    """Tell whether a listed key is a marker."""
    return _MARKER.fullmatch(key) is not None


def is_callback(key: str) -> bool:
    """Tell whether a listed key is that of a stored callback."""
    return _CALLBACK.fullmatch(key) is not None


def is_file_name(name: str) -> bool:
    """Tell whether what follows a task's folder is a file's name, not a folder's that somebody made there."""
    return bool(name) and "/" not in name


def is_film(name: str, of_format: str) -> bool:
    """Return True if TRTC gives such a name to a playable file: the MP4, or the playlist of HLS."""
    return is_file_name(name) and name.lower().endswith(".m3u8" if of_format == "hls" else ".mp4")


def is_recorded(name: str, of_format: str) -> bool:
    """Return True if TRTC gives such a name to a film or to a segment of one."""
    return is_film(name, of_format) or (of_format == "hls" and is_file_name(name) and name.lower().endswith(SEGMENTS))


def indexed(key: str) -> str | None:
    """Return the name of an entry of the listing index, `<inverted ms>-<id>`; None for any other key."""
    found = _INDEXED.fullmatch(key)
    return found[1] if found else None


def index_name(created_ms: int, recording_id: str) -> str:
    """Return the name of a recording's entry in the listing index; they sort with the newest first."""
    return f"{10**13 - created_ms:013d}-{recording_id}"


def recording_named(name: str) -> str:
    """Return the recording id in the name of an index entry."""
    return name[14:]


def index_key(created_ms: int, recording_id: str) -> str:
    """Return the key of the entry in the listing index, which is flat: the newest recording comes first."""
    return f"index/{index_name(created_ms, recording_id)}"


def former_index_key(created_ms: int, recording_id: str) -> str:
    """Return the key of the entry that the release before the flat index wrote: a folder for each day (UTC)."""
    day = datetime.fromtimestamp(created_ms / 1000, tz=timezone.utc).date()
    return f"days/{day}/{index_name(created_ms, recording_id)}"


def gone_key(recording_id: str) -> str:
    """Return the key of the tombstone of an id that was used and deleted."""
    return f"gone/{digest_id('recording', recording_id)}"


def gone_task_key(task_key: str) -> str:
    """Return the key of the tombstone of a deleted recording's task."""
    return f"gone/{digest_id('task', task_key)}"
