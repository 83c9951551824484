"""TRTC's webhook envelope and the event types of groups 3 (files), 4 (relay) and 8 (recorder).

Source: the public webhook pages of cloud and web recording. Unknown groups, types and fields are kept: the
parser only fails on what is not a JSON object at all.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from contextlib import suppress
from enum import IntEnum
from types import MappingProxyType
from typing import Any, NamedTuple

from shared.domain.ids import bare_task_id, fact_name, task_key_of


class Event(IntEnum):
    """The documented event types."""

    UPLOAD_START = 303
    FILE_INFO = 304
    UPLOAD_STOP = 305
    FILE_SLICE = 307
    MP4_STOP = 310
    VOD_COMMIT = 311
    VOD_STOP = 312
    CDN_STATUS = 401
    RECORDER_START = 801
    RECORDER_STOP = 802
    RECORDER_STATUS_UPDATE = 803
    RECORDER_RESOURCE_LIMIT = 804


DAY_MS = 86_400_000
AHEAD_MS = 60_000
"""A callback is sent once its event happened: a later time is wrong by more than clocks differ."""
LATE_MS = 180_000
"""TRTC sends for a minute. What a recorder says to have done longer before that is told by a wrong clock."""
_SECONDS_FROM = 10**9
"""From here to ten times as much it is seconds, 2001 to 2286; as milliseconds that were early 1970."""
RECORDER = 8
"""The group of events about the recorder itself; those about files may speak of long before."""
KNOWN = frozenset(int(event) for event in Event)


class Callback(NamedTuple):
    """One webhook, read tolerantly.

    Attributes:
        group: EventGroupId; 0 when absent or unreadable.
        type: EventType; 0 when absent or unreadable.
        task_id: the TaskId without its `_StartTimeMs_` suffix; empty when absent.
        event_ms: EventMsTs, or EventTs in milliseconds; when it came, where neither can be right, or where the recorder
            tells its beginning, pause or end LATE_MS later: what its clock says decides when we stop and settle it.
        payload: EventInfo.Payload as it came; empty when absent.
        name: the fact's name; the same for every resend, since CallbackTs is left out of the digest. It begins with
            `event_ms`; where that is of LATE_MS before, with when it came.
    """

    group: int
    type: int
    task_id: str
    event_ms: int
    name: str
    payload: Mapping[str, Any] = MappingProxyType({})

    @property
    def task_key(self) -> str:
        """The path-safe name of the task."""
        return task_key_of(self.task_id)

    @property
    def known(self) -> bool:
        """Whether the type is one of the documented ones."""
        return self.type in KNOWN

    @property
    def status(self) -> int | None:
        """Payload.Status; for UPLOAD_STOP LeaveCode, or Status, which means the same; None when unreadable.

        The documents give UPLOAD_STOP a LeaveCode, TRTC has been seen to send a Status. Where both come and differ, a 1
        counts: files are still on the recorder's side, and it is not safe to say otherwise.
        """
        status = _code(self.payload.get("Status"))
        if self.type != Event.UPLOAD_STOP:
            return status
        leave = _code(self.payload.get("LeaveCode"))
        return status if leave is None or status == 1 else leave


def parse_callback(body: bytes, received_ms: int | None = None) -> Callback:
    """Read a webhook's raw bytes, which came at `received_ms`: its own time counts from a day before to AHEAD_MS after.

    What is no JSON object (signed all the same) becomes a callback of group and type 0 without a task: it is kept, too.
    """
    document = read_json(body)
    if not isinstance(document, dict):
        return Callback(group=0, type=0, task_id="", event_ms=0, name=fact_name(0, "0", body))
    info = _mapping(document.get("EventInfo"))
    payload = _mapping(info.get("Payload"))
    event_type = number(document.get("EventType")) or 0
    event_type = event_type if 0 <= event_type < 10**9 else 0  # it is part of an object's key
    event_ms = moment_ms(info.get("EventMsTs")) or moment_ms(info.get("EventTs"), seconds=True) or 0
    own_ms = event_ms if _is_plausible(event_ms, received_ms) else 0
    late = received_ms is not None and own_ms < received_ms - LATE_MS
    heard_ms = (0 if late else own_ms) or received_ms or 0
    document.pop("CallbackTs", None)
    try:
        identity = json.dumps(document, sort_keys=True, separators=(",", ":")).encode()
    except (ValueError, RecursionError):
        identity = body  # nested so deeply that it can be read and not be written
    task_id = info.get("TaskId")
    return Callback(
        group=number(document.get("EventGroupId")) or 0,
        type=event_type,
        task_id=bare_task_id(task_id) if isinstance(task_id, str) else "",
        event_ms=heard_ms if event_type // 100 == RECORDER else own_ms or heard_ms,
        # A resend has the same name, but for one whose time can't be right: stored twice, each keeps when it came.
        name=fact_name(heard_ms, str(event_type), identity),
        payload=payload,
    )


def read_json(body: bytes) -> Any:  # noqa: ANN401 (any JSON value)
    """Return what a body says; None where it is no JSON however it is read.

    Words that are cut within a character, in GBK or with a raw line break do not hide what stands beside them.
    """
    for encoding in (None, "utf-8", "gb18030"):
        try:
            text = body.decode(encoding, "replace").strip("\ufeff\0 \t\r\n") if encoding else body
            return json.loads(text, strict=encoding is None)
        except (ValueError, RecursionError):  # noqa: PERF203 (hardly any body needs a second reading)
            continue
    return None


def _is_plausible(event_ms: int, received_ms: int | None) -> bool:
    return 0 <= event_ms < 10**13 if received_ms is None else -DAY_MS <= event_ms - received_ms <= AHEAD_MS


def number(value: object) -> int | None:
    """Return an integer that may have come as a string; None when it is neither."""
    if isinstance(value, bool):
        return None
    if isinstance(value, float):
        return int(value) if value.is_integer() else None
    if isinstance(value, int):
        return value
    if isinstance(value, str) and len(value) <= 20 and value.strip().lstrip("-").isascii():
        try:
            return int(value)
        except ValueError:
            return None
    return None


def moment_ms(value: object, *, seconds: bool = False) -> int | None:
    """Return a time as epoch ms; it may have come in seconds, also with a fraction, or as text. None when it is none.

    `seconds`: what a number is that could be either.
    """
    if isinstance(value, str) and re.fullmatch(r"[0-9]{1,17}(\.[0-9]{1,9})?", value.strip()):
        value = float(value) if "." in value else int(value)
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < 10**13:
        return None
    in_seconds = _SECONDS_FROM <= value < 10 * _SECONDS_FROM or (seconds and value < _SECONDS_FROM)
    return int(value * 1000) if in_seconds else int(value)


def unwrapped(value: object) -> object:
    """Return what the JSON text of a list or an object holds; anything else as it came."""
    if isinstance(value, str) and value.lstrip()[:1] in ("[", "{"):
        with suppress(ValueError, RecursionError):
            return json.loads(value, strict=False)
    return value


def _code(value: object) -> int | None:
    code = number(value)
    return code if code is not None and abs(code) < 10**6 else None


def _mapping(value: object) -> dict[str, Any]:
    found = unwrapped(value)
    return found if isinstance(found, dict) else {}
