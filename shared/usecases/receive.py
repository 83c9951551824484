"""Receive a callback: verify, store raw, acknowledge; what is derived from it can be derived again.

TRTC waits 5 s and gives a message up after a minute. The PUT of the raw bytes is the write that makes the
acknowledgement true; everything behind it is best effort within the time that is left.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import NamedTuple

from pydantic import SecretStr

from shared.domain.callback_says import evidence_of_callback
from shared.domain.callbacks import Callback, parse_callback
from shared.domain.document import Recording
from shared.domain.errors import NotStored, StoreError, Unauthorized
from shared.domain.keys import task_facts
from shared.domain.signature import verify
from shared.domain.states import State, state_of
from shared.ports import ObjectStore
from shared.store import journal, markers, tombstones, writer
from shared.store.stored import recording_of_task
from shared.usecases import wakes


class Received(NamedTuple):
    """The result of a callback: the recording after it, or why its document was not rewritten (reconcile does it).

    Neither is there while the task's start has not been stored yet.
    """

    callback: Callback
    recording: Recording | None = None
    left: str | None = None


def receive(
    body: bytes,
    signature: str | None,
    sdk_app_id: str | None,
    received_ms: int,
    *,
    store: ObjectStore,
    keys: Sequence[SecretStr],
    sdk_app_ids: Sequence[int],
) -> Received:
    """Verify the untouched bytes by the headers `Sign` and `SdkAppId`, store them, then rewrite the document.

    Raises:
        Unauthorized: not signed with one of the keys, or for another SdkAppId; nothing was stored.
        NotStored: the raw bytes are not durable: TRTC must send again.
    """
    if not verify([key.get_secret_value() for key in keys], body, signature):
        raise Unauthorized("the Sign header does not match the body: is the key in WEBRECORD_CALLBACK_KEYS?")
    if (sdk_app_id or "").strip() not in {str(allowed) for allowed in sdk_app_ids}:
        raise Unauthorized("the SdkAppId header is not one of WEBRECORD_SDK_APP_ID")
    callback = parse_callback(body, received_ms)
    kept = {"received-ms": str(received_ms), "sign": signature or ""}
    key = f"{task_facts(callback.task_key)}{callback.name}.json"

    def stored() -> bool:
        try:
            return store.create(key, body, kept)  # a resend says nothing new
        except StoreError as error:
            raise NotStored(str(error)) from error

    def linked() -> str | StoreError | None:
        try:
            return recording_of_task(store, callback.task_key) if callback.task_id else None
        except StoreError as error:
            return error

    fresh, recording_id = store.at_once(stored, linked)
    try:
        if isinstance(recording_id, StoreError):
            raise recording_id
        gone = False
        if recording_id is None:  # the pointer may have been written since: then the start did not see the callback
            recording_id, gone = store.at_once(linked, lambda: tombstones.is_gone(store, callback.task_key))
            if isinstance(recording_id, StoreError):
                raise recording_id
        try:
            known = journal.documented(store, recording_id) if recording_id else None
            if known is None:
                if gone or (recording_id and tombstones.is_gone(store, callback.task_key)):
                    store.delete(key)  # of a deleted recording nothing is kept
                    return Received(callback, left="its recording was deleted")
                return Received(callback)  # it overtook the start's own write, which will find it
            before, known = known.documented, known.plus(evidence_of_callback(callback))
            # A task's last events arrive together: a listing may lack the other one, while the document may have it.
            ending = state_of(known.accepted, known.evidence)[0] in (State.STOPPING, State.UPLOADING)
            if not fresh:  # whoever took it before may have died before its markers
                known = writer.standing(store, known, received_ms)._replace(documented=None)
            wake = partial(wakes.leave, store, before, now_ms=received_ms)
            _, recording = writer.save(
                store, known, received_ms, wake, again=ending, of_task=callback.task_key if fresh else None
            )
            return Received(callback, recording=recording)
        except Exception as error:  # noqa: BLE001 (what is stored is acknowledged, whatever deriving from it meets)
            if recording_id:
                # The document lacks this fact and no later one may come: reconcile has to look.
                markers.mark_look(store, recording_id, received_ms)
            return Received(callback, left=f"{type(error).__name__}: {error}")
    except StoreError as error:
        raise NotStored(f"stored, but not where reconcile would find it: {error}") from error
