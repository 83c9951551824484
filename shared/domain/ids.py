"""Names: recording ids, TRTC RecordIds, task keys, and where each object of a recording is stored."""

from __future__ import annotations

import base64
import hashlib
import re
from functools import lru_cache
from typing import TypeGuard

from shared.domain.errors import InvalidRequest
from shared.domain.wrongs import Wrong

_RECORDING_ID = re.compile(r"[A-Za-z0-9_-]{1,26}")
FACT_NAME = r"^[0-9]{13}-[A-Za-z0-9_]{1,40}-[0-9a-f]{16}$"
_FACT_NAME = re.compile(FACT_NAME)
NO_TASK = "~none"
"""The key of a callback that names no task."""
_TASK_ID = re.compile(r"[\x21-\x7e]{1,500}")
_START_TIME_SUFFIX = re.compile(r"_StartTimeMs_[0-9]{13}\Z")


def recording_id_of(text: str) -> str:
    """Return the recording id for a caller's key: itself when it fits, else a digest of it.

    A UUID has 36 characters and TRTC's RecordId, which holds the id and an attempt number, less than 32 bytes.
    """
    return text if _RECORDING_ID.fullmatch(text) else digest_id("key", text)


def is_recording_id(text: str) -> bool:
    """Tell whether a text can be a recording's id."""
    return _RECORDING_ID.fullmatch(text) is not None


@lru_cache(maxsize=256)
def digest_id(*parts: str) -> str:
    """Return 26 characters that are the same for the same parts."""
    digest = hashlib.sha256("\x00".join(parts).encode("utf-8", "surrogatepass")).digest()
    return base64.b32encode(digest).decode("ascii")[:26].lower()


def is_digest_id(text: str) -> bool:
    """Tell whether a text can be an id of `digest_id`."""
    return re.fullmatch("[a-z2-7]{26}", text) is not None


def caller_key(header: str | None, recording_id: str | None, record_id: str | None) -> str | None:
    """Return the caller's name for a recording from Idempotency-Key, RecordingId, RecordId, or raise InvalidRequest."""
    if header is not None and not re.fullmatch(r"[\x21-\x7e]{1,255}", header):
        raise InvalidRequest([Wrong("key").at("Idempotency-Key")])
    given = {key for key in (header, recording_id, record_id) if key is not None}
    if len(given) > 1:
        raise InvalidRequest([Wrong("key_differs").at("Idempotency-Key")])
    return given.pop() if given else None


def record_id_of(recording_id: str, attempt: int) -> str:
    """Return TRTC's RecordId of an attempt: deterministic, so that TRTC starts one task for it, < 32 bytes."""
    record_id = f"{recording_id}-{attempt}"
    return record_id if len(record_id) < 32 else digest_id("record", record_id)


def bare_task_id(task_id: str) -> str:
    """Return the TaskId without the `_StartTimeMs_` suffix that event 310 carries for COS."""
    return _START_TIME_SUFFIX.sub("", task_id)


def is_task_id(value: object) -> TypeGuard[str]:
    """Tell whether what came as a TaskId can be one: keys are made of it, and callbacks find their recording by it."""
    if not isinstance(value, str) or not _TASK_ID.fullmatch(value):
        return False
    return bare_task_id(value) != "" and not {".", ".."} & {*value.split("/")}


@lru_cache(maxsize=256)
def task_key_of(task_id: str) -> str:
    """Return a path-safe, reversible name for a TaskId, which may hold `+ / - . = *`.

    No two TaskIds share a key; one too long for a path is named by its digest.
    """
    bare = bare_task_id(task_id)
    if not bare:
        return NO_TASK
    key = re.sub(r"[^A-Za-z0-9_-]", lambda m: "".join(f"~{b:02X}" for b in m[0].encode("utf-8", "surrogatepass")), bare)
    return key if len(key) <= 400 else f"~sha256-{hashlib.sha256(bare.encode('utf-8', 'surrogatepass')).hexdigest()}"


def task_id_of(task_key: str) -> str | None:
    """Return the TaskId that a key names; None where there is none, or only its digest."""
    if task_key == NO_TASK or task_key.startswith("~sha256-"):
        return None
    spelled = task_key.encode("utf-8", "surrogatepass")
    return re.sub(rb"~([0-9A-F]{2})", lambda m: bytes([int(m[1], 16)]), spelled).decode("utf-8", "replace")


def fact_name(ms: int, kind: str, body: bytes) -> str:
    """Return `<ms>-<kind>-<digest>`: the same fact always has the same name."""
    return f"{ms:013d}-{kind}-{hashlib.sha256(body).hexdigest()[:16]}"


def is_fact_name(text: str) -> bool:
    """Tell whether a text can be the name of a fact."""
    return _FACT_NAME.fullmatch(text) is not None


def etag(text: str) -> str:
    """Return the entity tag of a text, quotes included (RFC 9110)."""
    return f'"{hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:32]}"'


def names_etag(header: str | None, tag: str) -> bool:
    """Tell whether an If-None-Match header names the tag: a list of tags, weak ones too, or `*` (RFC 9110)."""
    return header is not None and (header.strip() == "*" or tag in re.findall(r'"[^"]*"', header))
