"""What can be wrong with a field: a stable code, its English sentence, and the values in it. Pure.

Programs, the console and the command line go by the code; messages in other languages name the same values.
"""

from __future__ import annotations

from collections.abc import Mapping

from shared.domain.errors import FieldError

WORDS: Mapping[str, str] = {
    "missing": "is missing",
    "empty": "must not be empty",
    "unknown": "unknown field",
    "unknown_like": "unknown field; did you mean {like}?",
    "unknown_parameter": "unknown parameter",
    "unknown_parameter_like": "unknown parameter; did you mean {like}?",
    "not_object": "must be an object, not {kind}",
    "not_list": "must be a list, not {kind}",
    "not_text": "must be a text",
    "not_whole": "must be a whole number",
    "not_number": "must be a number",
    "not_switch": "must be true or false",
    "no_body": 'must be a JSON object, such as {{"RecordUrl": "https://example.com"}}',
    "unfit": "does not fit",
    "at_least": "must be at least {limit}",
    "at_most": "must be at most {limit}",
    "more_than": "must be more than {limit}",
    "less_than": "must be less than {limit}",
    "choice": "must be {choices}",
    "one_of": "must be one of {choices}",
    "too_long": "must be at most {limit} characters",
    "too_many": "must hold at most {limit}",
    "bytes": "must be 1 to {limit} bytes of UTF-8",
    "form": "has a form that is not allowed",
    "letters": "must be letters, digits, _ and - (A-Z, a-z, 0-9)",
    "label_name": "is no label's name: it must be 1 to 64 letters, digits, _, . and - (A-Z, a-z, 0-9)",
    "id": "must be 1 to 26 letters, digits, _ and - (A-Z, a-z, 0-9)",
    "rtmp": "must be an address such as rtmp://host/app/stream",
    "key": "must be 1 to 255 printable ASCII characters",
    "key_differs": "differs from the id in the body",
    "ids_differ": "differs from RecordId: both name the recording, so give one",
    "spaces": "must not hold spaces or control characters",
    "no_http": "must be an absolute http:// or https:// URL",
    "no_url": "is not a URL that a browser can open",
    "no_host": "has no host",
    "login": (
        "must not hold a user name or password (user:password@), which would be stored and shown;"
        " put a token into the path or query instead"
    ),
    "no_instant": "must be RFC 3339 with an offset (2026-01-31T09:00:00+08:00) or epoch seconds",
    "no_such_time": "is no time that exists",
    "one_storage": "must hold exactly one of CloudStorage and CloudVod",
    "two_storages": "give it, or StorageParams, not both",
    "cos_only": "is for storage cos alone, not for vod",
    "formats_differ": "differs from WebRecordVideoParams.Format",
    "stop_before_start": "must be after StartAt",
    "by_before_start": "must not be before StartAt",
    "app_id": "is not one of WEBRECORD_SDK_APP_ID",
    "caller_storage": "is switched off here (WEBRECORD_CALLER_STORAGE); use storage and prefix",
    "ceiling": "must be at most {limit} (seconds)",
    "stop_beyond_limit": (
        "is more than {limit} s after the start, when TRTC ends the recording; raise MaxDurationLimit, or stop earlier"
    ),
    "year": "must be within a year from now",
    "past": "is in the past",
    "start_past": (
        "is in the past: a start may be {limit} s late (WEBRECORD_START_WITHIN, or StartBy);"
        " leave StartAt out to start now"
    ),
    "own_keys_wait": "can't wait with StorageParams of your own: such keys are not kept",
    "relay_off": "is switched off here (WEBRECORD_RELAY_HOSTS)",
    "relay_host": "has no host that can be relayed to",
    "relay_refused": "has a host that is not among WEBRECORD_RELAY_HOSTS: {host}",
    "relay_private": "has a private host: {host}; WEBRECORD_RELAY_HOSTS must name it in full",
    "notify_login": "must not hold a user name or password",
    "notify_host": "has a host that is no host name",
    "notify_refused": "has a host that may not be notified: {host} is not among WEBRECORD_NOTIFY_HOSTS",
    "notify_http": "must be https; only a host that is allowed by its full name may be notified over http",
    "notify_private": "has a private address as its host: {host}; WEBRECORD_NOTIFY_HOSTS must name it in full",
    "label": "must be name or name:value",
    "day": "must be a day such as 2026-01-31 (UTC)",
    "days_order": "is after to",
    "days_far": "is more than {limit} days before to",
    "range": "must be {low} to {high}",
    "cursor": "is not of this list: give it back unchanged, with the same filters",
    "wait": "must be seconds, 0 to {limit}",
}
"""A code never changes its meaning. The sentence follows the field's name."""


class Wrong(ValueError):
    """A value does not fit; `field` is set where another one than the checked is to be changed."""

    def __init__(self, code: str, field: str = "", **values: object) -> None:
        self.code, self.field, self.values = code, field, {name: str(value) for name, value in values.items()}
        super().__init__(WORDS[code].format(**self.values))

    def at(self, path: str, value: str = "") -> FieldError:
        """Return it as the error of a field; `value` is shown behind it."""
        return FieldError(path, f"{self}{value}", self.code, self.values)
