"""What somebody can do about a recording that is not well. Pure."""

from __future__ import annotations

from shared.domain.states import State

ADVICE = (
    ("Page load timeout", "the page did not call notifyReady in time: mend the page, or leave ReadyTimeout out"),
    ("the page could not be recorded", "TRTC's browser must reach the page from the public internet, without a login"),
    ("AuthFailure", "TRTC does not accept the function's keys: check its execution role with the doctor"),
    ("UnauthorizedOperation", "the execution role may not call TRTC: attach the policy of docs/deploy.md"),
    ("SdkAppIdNotUnderAppId", "WEBRECORD_SDK_APP_ID is of another account"),
    ("NotAbility", "web page recording is not activated for this SdkAppId: activate it in the TRTC console"),
    ("NotAllowed", "web page recording is not activated for this SdkAppId: activate it in the TRTC console"),
    ("InvalidParameter", "TRTC refused a parameter: correct the request and send it under another key"),
    ("MissingParameter", "TRTC misses a parameter: correct the request and send it under another key"),
    ("RequestLimitExceeded", "nothing: too many calls at once; the timer starts it"),
    ("RequestRejection", "nothing, it starts when another recording ends; a higher quota is TRTC's to give"),
    ("LimitExceeded", "nothing, it starts when another recording ends; a higher quota is TRTC's to give"),
    ("the caller's storage keys are not kept", "send the same request again, with the same Idempotency-Key"),
    ("upload failed", "check the bucket and the key TRTC uploads with (WEBRECORD_STORAGE_SECRET_ID) with the doctor"),
    ("stopped before it started", "nothing: it was cancelled; start it under another key to record it after all"),
    ("it ended before it began", "nothing: it was stopped; start it under another key to record it after all"),
    ("could not be started in time", "ask for it earlier, or raise WEBRECORD_START_WITHIN or StartBy"),
    ("its stop_at passed", "give it a later StopAt"),
    ("the recorder gave up", "the page makes the browser fail again and again: look at its memory and its media"),
    ("ended at a limit", "split the session, or raise MaxDurationLimit; a video above 1920x1080 ends a recording too"),
)  # fmt: skip
"""A piece of the reason, and what to do; the first that fits."""
LOST = "check that the callback URL in the TRTC console reaches the callback function; a late file is still taken"


def advice(state: State, reason: str | None) -> str | None:
    """Return what to do, where something is to be said."""
    found = next((what for piece, what in ADVICE if piece in (reason or "")), None)
    return LOST if found is None and state is State.LOST else found
