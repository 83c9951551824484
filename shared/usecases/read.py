"""Read one recording: in detail, at its next change, its raw callbacks, a playlist that plays."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any
from urllib.parse import quote, unquote

from shared.domain import ids, keys
from shared.domain.detail import Detail, detail
from shared.domain.document import RecordedFile, Recording
from shared.domain.errors import NotFound, ReplyTooLarge, StoreRefused
from shared.domain.foreign import Foreign
from shared.domain.size import MOST_PAGE, MOST_REPLY, weight
from shared.ports import ListedObject, ObjectStore
from shared.store.journal import current
from shared.store.stored import came_ms
from shared.usecases.ports import QueryPorts, begins_within

EVENTS = 500
"""Callbacks in one reply, which SCF holds to 6 MB."""
LARGEST_EVENT = 500_000
"""Bytes of a callback that is shown; TRTC's have some thousand. Of a larger one the size is said."""
ANSWER_S = 3.5
"""What a caller's wait leaves of the invocation's time."""
POLL_S = 1.0
"""Between two reads while a caller waits."""


def show(recording_id: str, ports: QueryPorts) -> tuple[Detail, str]:
    """Return a recording with signed URLs, and its ETag; NotFound: no recording has this id."""
    told, etag = _told(current(ports.store, recording_id), ports)
    return _shared(told, ports), etag


def _told(recording: Recording, ports: QueryPorts) -> tuple[Detail, str]:
    told = detail(recording)
    told.files = [file.model_copy() for file in told.files]  # what was decided is kept as it is
    ours = [file for file in told.files if _is_ours(file, ports)]
    # TRTC's callbacks do not say how large a file is.
    folders = sorted({(file.key or "").rpartition("/")[0] for file in ours if file.size is None})
    sizes = {item.key: item.size for folder in folders for item in _listed(f"{folder}/", ports)}
    for file in ours:
        file.size = sizes.get(file.key or "", file.size)
    # An ETag stands for signed URLs as long as they are good for half their time more at least.
    window = ports.clock() // (ports.url_valid_s * 500) if ours else ""
    return told, ids.etag(f"{told.model_dump_json()}{window}")


def _shared(told: Detail, ports: QueryPorts) -> Detail:
    for file in (file for file in told.files if _is_ours(file, ports)):
        file.url = ports.files.presign(file.key or "", ports.url_valid_s)
        file.url_expires_ms = ports.clock() + ports.url_valid_s * 1000
        if file.name.endswith(".m3u8"):
            file.playlist_url = f"recordings/{told.recording_id}/playlist?file={quote(file.name, safe='')}"
    return told


def _listed(folder: str, ports: QueryPorts) -> list[ListedObject]:
    try:
        return list(ports.files.list(folder))
    except StoreRefused as error:
        if error.status == 403:
            return []  # a release before put films where a caller said, which our role need not see
        raise


def _is_ours(file: RecordedFile, ports: QueryPorts) -> bool:
    # What lies in a caller's own bucket is not ours to sign for.
    return file.key is not None and file.ours and file.bucket == ports.policy.bucket and file.size != 0


def wait(recording_id: str, known: str | None, seconds: float, ports: QueryPorts) -> tuple[Detail, str]:
    """Return the recording when it changes, when the time is over, or at once if it is final or newer than `known`.

    `known` is the ETag that the caller has, as If-None-Match names it. NotFound: no recording has this id.
    """
    until_ms = ports.clock() + int(begins_within(seconds, ports.left_s(), ANSWER_S) * 1000)
    recording = current(ports.store, recording_id)
    told, etag = _told(recording, ports)
    since = etag if known is None or ids.names_etag(known, etag) else None
    while etag == since and not told.state.final and (left_ms := until_ms - ports.clock()) > 0:
        ports.sleep(min(POLL_S, left_ms / 1000))
        before, recording = recording, current(ports.store, recording_id)
        # The sizes of its files are listed at its changes and in the end: hours of HLS are many pages.
        if recording != before or ports.clock() >= until_ms:
            told, etag = _told(recording, ports)
    return _shared(told, ports), etag


def events(
    recording_id: str, after: str, ports: QueryPorts, foreign: Foreign | None = None
) -> tuple[list[dict[str, Any]], str | None]:
    """Return raw callbacks of all tasks of the recording, in order of their own time, and after which more follow.

    `after` is the name of the callback that the page before ended with, empty for the first page; `foreign` gets what
    else lies among the callbacks. NotFound: no recording has this id.
    """
    evidence = current(ports.store, recording_id).evidence
    listed = [item.key for task_key in evidence.tasks for item in ports.store.list(keys.task_facts(task_key))]
    ours = (foreign or Foreign()).skipped(listed, keys.is_callback)
    named = sorted((_name(key), key) for key in ours if _name(key) > after)
    told = ports.many(lambda key: _event(key, ports.store), [key for _, key in named[:EVENTS]])
    shown, weighs = list[dict[str, Any]](), 0
    for event in told:
        weighs += weight(json.dumps(event)) if event else 0
        if shown and weighs > MOST_PAGE:
            return shown, shown[-1]["name"]
        shown += [event] if event else []
    return shown, named[EVENTS - 1][0] if len(named) > EVENTS else None


def _name(key: str) -> str:
    return key.rpartition("/")[2].removesuffix(".json")


def _event(key: str, store: ObjectStore) -> dict[str, Any] | None:
    stored = store.get(key)
    if stored is None:
        return None
    return {
        "name": _name(key),
        "received_ms": came_ms(stored),
        "body": _read(stored.body) if len(stored.body) <= LARGEST_EVENT else f"{len(stored.body)} bytes",
    }


def _read(body: bytes) -> Any:  # noqa: ANN401 (any JSON value)
    """Return the JSON in a body, or what it holds as text where it is damaged."""
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return body.decode("utf-8", "replace")


def playlist(recording_id: str, name: str, ports: QueryPorts) -> str:
    """Return an HLS playlist of the recording, its segments as signed URLs: the bucket is private.

    Where those are too many for a reply the segments are addresses of ours, which lead to signed ones: see `segment`.

    Raises:
        NotFound: the recording has no such playlist, or it is not uploaded yet.
        ReplyTooLarge: it names more than a reply can hold.
    """
    key = _playlist_key(recording_id, name, ports)
    stored = ports.files.get(key)
    if stored is None:
        raise NotFound(f"recording {recording_id} has no playlist {name}")
    folder, _, file = key.rpartition("/")
    lines = stored.body.decode("utf-8", "replace").splitlines()
    ours = f"segment?file={quote(file, safe='')}&name="
    told = _addressed(lines, lambda line: ports.files.presign(f"{folder}/{line}", ports.url_valid_s))
    told = told or _addressed(lines, lambda line: f"{ours}{quote(line, safe='')}")
    if told is None:
        raise ReplyTooLarge(f"the playlist would have more than {MOST_REPLY} bytes; read the files from the bucket")
    return told


def segment(recording_id: str, name: str, line: str, ports: QueryPorts) -> str:
    """Return a signed URL of a segment beside a playlist. NotFound: no such playlist, or the line is no name."""
    key = _playlist_key(recording_id, name, ports)
    if not keys.is_file_name(line) or line.startswith("#"):
        raise NotFound(f"recording {recording_id} has no such segment")
    return ports.files.presign(f"{key.rpartition('/')[0]}/{line}", ports.url_valid_s)


def _playlist_key(recording_id: str, name: str, ports: QueryPorts) -> str:
    # A `+` that nobody quoted came as a blank; a gateway may have left the name quoted.
    spelled = [name, name.replace(" ", "+"), unquote(name)]
    files = [file for file in current(ports.store, recording_id).files if file.name.endswith(".m3u8")]
    found = [file.key for spelling in spelled for file in files if file.name == spelling and _is_ours(file, ports)]
    if not found or not found[0]:
        raise NotFound(f"recording {recording_id} has no playlist {name}")
    return found[0]


def _addressed(lines: list[str], address: Callable[[str], str]) -> str | None:
    """Return the playlist with an address for each segment; None where a reply does not hold it."""
    told, weighs = list[str](), 0
    for line in lines:
        # Only names beside the playlist: what else a playlist may say, we do not sign for.
        beside = line and not line.startswith("#") and "/" not in line
        told.append(address(line) if beside else line)
        weighs += weight(told[-1])
        if weighs > MOST_REPLY:  # an object of nothing but names would be signed for minutes
            return None
    return "\n".join(told) + "\n"
