"""What somebody can do about a recording that is not well. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from shared.domain.reasons import Code

_FILE = (
    "give the address of a page, not of a file; COS sends every file on its default domain as a download, where "
    "the bucket was made since 2024: serve the page under a domain of your own"
)
_FULL = "nothing: it starts when another recording ends; ask TRTC for a higher quota"
_NOT_ACTIVATED = "web page recording is not activated for this SdkAppId: activate it in the TRTC console"
_LOOP = "the address redirects in a circle, often for want of a login: give the final address, with a token in it"
_LOST = "check that the callback URL in the TRTC console reaches the callback function; a late file is still taken"
_START = "start it under another key; if that fails too, look at the page's first seconds, or ask TRTC with the task_id"

ADVICE: Mapping[Code, str] = {
    Code.PAGE_FILE: _FILE,
    Code.PAGE_EMPTY: "make the address answer 200 with a page; 204 and 205 have no content",
    Code.PAGE_CERTIFICATE: "use a certificate that browsers trust, for this very host name, and not expired",
    Code.PAGE_TLS: "enable TLS on this port, or give the address as http://",
    Code.PAGE_PROXY: "a proxy on the way refused: correct the recorder's proxy settings",
    Code.PAGE_LOGIN: "the recorder cannot type a password: put a token into the address that outlives the recording",
    Code.PAGE_NAME: "check the spelling of the host: public DNS must know its name",
    Code.PAGE_CLOSED: "nothing listens at this host and port: start the server, or correct the port",
    Code.PAGE_SLOW: "the page did not answer in time: let the firewall admit the public internet, or make it faster",
    Code.PAGE_LOOP: _LOOP,
    Code.PAGE_BROKE_OFF: "the server broke off instead of answering: try https://, and look at its log",
    Code.PAGE_FORBIDDEN: "Chrome refuses such addresses: use http or https, and an ordinary port",
    Code.PAGE_UNREACHABLE: "TRTC cannot reach this address: use one on the public internet",
    Code.PAGE_ERROR: "the film shows the page's error: open the address in a private window, and fix it",
    Code.PAGE_REFUSED: "the server refuses the page: open the address in a private window, and fix it",
    Code.PAGE_NOT_READY: "the page did not call notifyReady in time: fix the page, or leave ReadyTimeout out",
    Code.PAGE_FAILED: "TRTC's browser must reach the page from the public internet, without a login",
    Code.RECORDER_BROWSER: "install Chromium, or correct CHROMIUM, on the machine that records",
    Code.RECORDER_START: _START,
    Code.RECORDER_ERROR: "the recorder could not write the film: look at its disk; start it under another key",
    Code.RECORDER_GAVE_UP: "the browser failed repeatedly on this page: check its memory use and its media",
    Code.TRTC_KEYS: "TRTC does not accept the function's keys: check its execution role with the doctor",
    Code.TRTC_PERMISSION: "the execution role may not call TRTC: attach the policy of docs/deploy-by-hand.md",
    Code.TRTC_ACCOUNT: "the SdkAppId belongs to another account: correct WEBRECORD_SDK_APP_ID",
    Code.TRTC_NOT_ACTIVATED: _NOT_ACTIVATED,
    Code.TRTC_PARAMETER: "TRTC refused a parameter: correct the request and send it under another key",
    Code.TRTC_RATE: "nothing: too many calls at once; the timer starts it",
    Code.TRTC_FULL: _FULL,
    Code.UPLOAD_FAILED: "check the bucket and the key TRTC uploads with (WEBRECORD_STORAGE_SECRET_ID) with the doctor",
    Code.FILES_UNPROVEN: _LOST,
    Code.FILES_UNNAMED: _LOST,
    Code.FILES_MISSING: _LOST,
    Code.ENDED_AT_LIMIT: "split the session, or raise MaxDurationLimit; a video above 1920x1080 ends a recording too",
    Code.NOTHING_RECORDED: _START,
    Code.STOPPED_BEFORE_BEGIN: "nothing: it was stopped; start it under another key to record it after all",
    Code.STOPPED_AT_BEGIN: "nothing: start it under another key to record it after all",
    Code.CANCELLED: "nothing: it was cancelled; start it under another key to record it after all",
    Code.NOT_ALLOWED: "allow it again in the settings that the reason names, and start it under another key",
    Code.OWN_KEYS: "send the same request again, with the same Idempotency-Key",
    Code.STOP_AT_PASSED: "give it a later StopAt",
    Code.START_TOO_LATE: "ask for it earlier, or raise WEBRECORD_START_WITHIN or StartBy",
    Code.RESTART_TOO_LATE: "start it under another key, with a longer MaxDurationLimit",
    Code.RELAY_FAILED: (
        "a relay failed: check its address; TRTC's mainland site relays to a CDN that is not Tencent's"
        " only after its support has enabled that"
    ),
}
"""By the code of the reason; a code without an entry needs nothing from anybody."""
