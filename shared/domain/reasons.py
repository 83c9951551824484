"""Reasons: why a recording is in its state, as a stable code and in words. Pure.

TRTC gives no codes for what a page did: its words get theirs here, once, and nothing reads a code out of ours.
"""

from __future__ import annotations

import re
from enum import Enum
from typing import NamedTuple


class Code(str, Enum):
    """What a reason is about; programs, the console and the advice go by it. A code never changes its meaning."""

    PAGE_FILE = "page_file"
    PAGE_EMPTY = "page_empty"
    PAGE_CERTIFICATE = "page_certificate"
    PAGE_TLS = "page_tls"
    PAGE_PROXY = "page_proxy"
    PAGE_LOGIN = "page_login"
    PAGE_NAME = "page_name"
    PAGE_CLOSED = "page_closed"
    PAGE_SLOW = "page_slow"
    PAGE_LOOP = "page_loop"
    PAGE_BROKE_OFF = "page_broke_off"
    PAGE_FORBIDDEN = "page_forbidden"
    PAGE_UNREACHABLE = "page_unreachable"
    PAGE_ERROR = "page_error"
    PAGE_REFUSED = "page_refused"
    PAGE_NOT_READY = "page_not_ready"
    PAGE_FAILED = "page_failed"
    RECORDER_BROWSER = "recorder_browser"
    RECORDER_START = "recorder_start"
    RECORDER_ERROR = "recorder_error"
    RECORDER_GAVE_UP = "recorder_gave_up"
    TRTC_KEYS = "trtc_keys"
    TRTC_PERMISSION = "trtc_permission"
    TRTC_ACCOUNT = "trtc_account"
    TRTC_NOT_ACTIVATED = "trtc_not_activated"
    TRTC_PARAMETER = "trtc_parameter"
    TRTC_RATE = "trtc_rate"
    TRTC_FULL = "trtc_full"
    TRTC_SILENT = "trtc_silent"
    TRTC_ERROR = "trtc_error"
    UPLOAD_KEYS = "upload_keys"
    UPLOAD_FAILED = "upload_failed"
    FILES_HELD = "files_held"
    FILES_UNPROVEN = "files_unproven"
    FILES_UNNAMED = "files_unnamed"
    FILES_MISSING = "files_missing"
    ENDED_AT_LIMIT = "ended_at_limit"
    NOTHING_RECORDED = "nothing_recorded"
    STOPPED_BEFORE_BEGIN = "stopped_before_begin"
    STOPPED_AT_BEGIN = "stopped_at_begin"
    CANCELLED = "cancelled"
    NOT_ALLOWED = "not_allowed"
    OWN_KEYS = "own_keys"
    STOP_AT_PASSED = "stop_at_passed"
    START_TOO_LATE = "start_too_late"
    RESTART_TOO_LATE = "restart_too_late"
    RELAY_FAILED = "relay_failed"
    OTHER = "other"


class Reason(NamedTuple):
    """Why, as a code and in words."""

    code: Code
    words: str


PASSING = frozenset((Code.TRTC_RATE, Code.TRTC_FULL, Code.TRTC_SILENT, Code.TRTC_ERROR))
"""Codes of passing problems. If time runs out during one, the reason is the time; else what must be fixed."""

_TRTC = sorted((
    ("AuthFailure", Code.TRTC_KEYS),
    ("UnauthorizedOperation", Code.TRTC_PERMISSION),
    ("SdkAppIdNotUnderAppId", Code.TRTC_ACCOUNT),
    ("NotAbility", Code.TRTC_NOT_ACTIVATED),
    ("NotAllowed", Code.TRTC_NOT_ACTIVATED),
    ("InvalidParameter", Code.TRTC_PARAMETER),
    ("MissingParameter", Code.TRTC_PARAMETER),
    ("UnknownParameter", Code.TRTC_PARAMETER),
    ("RequestLimitExceeded", Code.TRTC_RATE),
    ("RestrictedFrequency", Code.TRTC_RATE),
    ("RequestRejection", Code.TRTC_FULL),
    ("RestrictedConcurrency", Code.TRTC_FULL),
    ("ResourceInsufficient", Code.TRTC_FULL),
    ("LimitExceeded", Code.TRTC_FULL),
    ("Client", Code.TRTC_SILENT),
    ("UploadKeysMissing", Code.UPLOAD_KEYS),
), key=lambda row: -len(row[0]))  # fmt: skip
"""Part of a TRTC error code → our code; the longest match counts."""

_PAGE = (
    (r"is a download", Code.PAGE_FILE),
    (r"ERR_ABORTED, the address answers", Code.PAGE_EMPTY),
    (r"ERR_ABORTED", Code.PAGE_FILE),
    (r"ERR_CERT(_|IFICATE)", Code.PAGE_CERTIFICATE),
    (r"ERR_(SSL|TLS|ECH)", Code.PAGE_TLS),
    (r"ERR_\w*PROXY|ERR_TUNNEL|ERR_SOCKS", Code.PAGE_PROXY),
    (r"ERR_\w*AUTH|the (address|page) answer(s|ed) 401", Code.PAGE_LOGIN),
    (r"ERR_(ICANN_)?(NAME|DNS|HOST_RESOLVER)_", Code.PAGE_NAME),
    (r"ERR_CONNECTION_REFUSED", Code.PAGE_CLOSED),
    (r"ERR_\w*TIMED_OUT|Goto url timeout", Code.PAGE_SLOW),
    (r"ERR_TOO_MANY_REDIRECTS", Code.PAGE_LOOP),
    (r"ERR_(EMPTY|CONNECTION|SOCKET|HTTP2|QUIC|RESPONSE_HEADERS|CONTENT|INCOMPLETE)", Code.PAGE_BROKE_OFF),
    (r"ERR_INVALID_(HTTP|RESPONSE|CHUNKED)", Code.PAGE_BROKE_OFF),
    (r"ERR_(UNSAFE|UNKNOWN_URL|INVALID_URL|INVALID_REDIRECT|BLOCKED|DISALLOWED|ACCESS|FILE)", Code.PAGE_FORBIDDEN),
    (r"to invalid URL", Code.PAGE_FORBIDDEN),
    (r"ERR_(INTERNET|ADDRESS|NETWORK)_", Code.PAGE_UNREACHABLE),
    (r"the page answered", Code.PAGE_ERROR),
    (r"ERR_HTTP_RESPONSE", Code.PAGE_REFUSED),
    (r"no Chromium found|no browser at", Code.RECORDER_BROWSER),
    (r"Page load timeout", Code.PAGE_NOT_READY),
    (r"StartRecording error", Code.RECORDER_START),
)  # fmt: skip
"""Pattern in the recorder's message → our code; the first match counts, so the most precise (Chrome's) come first."""

_FORMER = (
    (r"^stopped before it started", Code.CANCELLED),
    (r"^not allowed any more", Code.NOT_ALLOWED),
    (r"the caller's storage keys are not kept", Code.OWN_KEYS),
    (r"^its stop_at passed", Code.STOP_AT_PASSED),
    (r"^it could not be started in time", Code.START_TOO_LATE),
    (r"^its time was over", Code.RESTART_TOO_LATE),
    (r"upload failed: ", Code.UPLOAD_FAILED),
    (r"the recorder made no file", Code.NOTHING_RECORDED),
    (r"it ended before it began", Code.STOPPED_BEFORE_BEGIN),
    (r"it was stopped at its first picture", Code.STOPPED_AT_BEGIN),
    (r"files were named", Code.FILES_UNPROVEN),
    (r"everything is uploaded, and no event named a file", Code.FILES_UNNAMED),
    (r"the task is gone and no file came", Code.FILES_MISSING),
    (r"files are still on the recorder's side", Code.FILES_HELD),
    (r"ended at a limit", Code.ENDED_AT_LIMIT),
)  # fmt: skip
"""Sentences of releases that stored no codes."""


def named(code: str) -> Code:
    """Return a stored code; OTHER for one of a release to come."""
    return Code(code) if code in Code._value2member_map_ else Code.OTHER


def of_trtc(trtc_code: str) -> Code:
    """Return the code for an error code of TRTC's."""
    return next((code for piece, code in _TRTC if piece in trtc_code), Code.TRTC_ERROR)


def of_page(words: str, other: Code = Code.PAGE_FAILED) -> Code:
    """Return the code for the recorder's words about a page; `other` for words that nobody knows."""
    return next((code for pattern, code in _PAGE if re.search(pattern, words)), other)


def of_recorder(words: str) -> Code:
    """Return the code for the recorder's words where it gave up."""
    error = re.search(r"Recorder error|Disk full", words)
    return Code.RECORDER_ERROR if error else of_page(words, Code.RECORDER_GAVE_UP)


def former(words: str) -> Code:
    """Return the code for a sentence that a former release stored without one; for reading such alone."""
    found = next((code for pattern, code in _FORMER if re.search(pattern, words)), None)
    # Where time ran out, what stood in the way follows: that counts unless it passes by itself.
    if found in (None, Code.STOP_AT_PASSED, Code.START_TOO_LATE, Code.RESTART_TOO_LATE):
        cause = next((code for piece, code in _TRTC if piece in words), None) or of_page(words, Code.OTHER)
        if cause is Code.OTHER and re.search(r"the recorder gave up|exit task|Recorder error|Disk full", words):
            cause = of_recorder(words)
        if cause is Code.OTHER and "the page could not be recorded" in words:
            cause = Code.PAGE_FAILED
        return cause if found is None or cause not in (*PASSING, Code.OTHER) else found
    return found
