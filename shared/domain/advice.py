"""What somebody can do about a recording that is not well. Pure."""

from __future__ import annotations

import re

from shared.domain.states import State

FILE = (
    "give the address of a page, not of a file; COS hands out every file on its default domain as a download, where "
    "the bucket was made since 2024: serve the page under a domain of your own"
)
LOGIN = "nobody types a password there: put a short-lived token into the page's address"
SLOW = "the page did not answer in time: let the firewall admit the public internet, or make it faster"
LOOP = "the address redirects in a circle, as without a login: give the one where it ends, with a token in it"
BROKE_OFF = "the server broke off instead of answering: try https://, and look at its log"
FORBIDDEN = "Chrome opens no such address: use http or https, and an ordinary port"
START = "start it under another key; if that fails too, look at the page's first seconds, or ask TRTC with the task_id"

# Chrome's words for an address come first: they say what is to be mended, and whose it is.
ADVICE = (
    (r"is a download", FILE),
    (r"ERR_ABORTED, the address answers", "let the address answer 200 with a page: 204 and 205 have none"),
    (r"ERR_ABORTED", FILE),
    (r"ERR_CERT_", "use a certificate that browsers trust, for this very host name, and not expired"),
    (r"ERR_SSL_", "let the port speak TLS as browsers do, or give the address as http://"),
    (r"ERR_\w*PROXY|ERR_TUNNEL|ERR_SOCKS", "a proxy on the way refused: correct the recorder's proxy settings"),
    (r"ERR_\w*AUTH|the (address|page) answer(s|ed) 401", LOGIN),
    (r"ERR_NAME_", "check the spelling of the host: public DNS must know its name"),
    (r"ERR_CONNECTION_REFUSED", "nothing listens at this host and port: start the server, or correct the port"),
    (r"ERR_\w*TIMED_OUT|Goto url timeout", SLOW),
    (r"ERR_TOO_MANY_REDIRECTS", LOOP),
    (r"ERR_(EMPTY|CONNECTION|INVALID_HTTP|HTTP2|RESPONSE_HEADERS|CONTENT|INCOMPLETE)", BROKE_OFF),
    (r"ERR_(UNSAFE_PORT|UNKNOWN_URL|INVALID_URL|BLOCKED|DISALLOWED|ACCESS|FILE)|to invalid URL", FORBIDDEN),
    (r"ERR_(INTERNET|ADDRESS|NETWORK)_", "the recorder has no way to this address: use one of the public internet"),
    (r"the page answered", "the film shows the page's error: open the address in a private window, and mend it"),
    (r"ERR_HTTP_RESPONSE", "the server refuses the page: open the address in a private window, and mend it"),
    (r"no Chromium found|no browser at", "install Chromium, or correct CHROMIUM, on the machine that records"),
    (r"Page load timeout", "the page did not call notifyReady in time: mend the page, or leave ReadyTimeout out"),
    (r"StartRecording error", START),
    (r"the page could not be recorded", "TRTC's browser must reach the page from the public internet, without a login"),
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
    ("not allowed any more", "allow it again in the settings that the reason names, and start it under another key"),
    ("stopped before it started", "nothing: it was cancelled; start it under another key to record it after all"),
    ("it was stopped at its first picture", "nothing: start it under another key to record it after all"),
    ("it ended before it began", "nothing: it was stopped; start it under another key to record it after all"),
    ("could not be started in time", "ask for it earlier, or raise WEBRECORD_START_WITHIN or StartBy"),
    ("its stop_at passed", "give it a later StopAt"),
    ("Recorder error|Disk full", "the recorder could not write the film: look at its disk; start it under another key"),
    ("the recorder gave up", "the page makes the browser fail again and again: look at its memory and its media"),
    ("ended at a limit", "split the session, or raise MaxDurationLimit; a video above 1920x1080 ends a recording too"),
)  # fmt: skip
"""A pattern in the reason, and what to do; the first that is found."""
LOST = "check that the callback URL in the TRTC console reaches the callback function; a late file is still taken"


def advice(state: State, reason: str | None) -> str | None:
    """Return what to do, where something is to be said."""
    found = next((what for pattern, what in ADVICE if re.search(pattern, reason or "")), None)
    return LOST if found is None and state is State.LOST else found
