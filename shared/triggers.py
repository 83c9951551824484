"""SCF's events, as facts of the trigger documents, turned into values: HttpRequest, CosEvent, Tick.

Where the documents are open (is a key URL-encoded? is isBase64Encoded honoured?), both answers are accepted.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, NamedTuple
from urllib.parse import parse_qs

from shared.domain.errors import MalformedJson, WebRecordError
from shared.domain.job_keys import spellings

Event = Mapping[str, Any]
_HOST = re.compile(r"[a-z0-9][a-z0-9-]{0,59}")
"""A name of a bucket or of a region."""


class UnknownTriggerError(WebRecordError):
    """The event is none of the triggers this package is deployed with."""


class HttpRequest(NamedTuple):
    """A call through a Function URL or API Gateway.

    Attributes:
        method: in upper case.
        path: as it came, without a query.
        client: the caller's address.
        headers: by lower-case name; what came several times is joined as RFC 9110 joins it.
        query: what came several times is joined by commas, as docs/api.md writes lists.
        body: the raw bytes.
        repeated: headers that came with several values.
        stage, matched: API Gateway's stage and the path that it has configured, "" where it says neither.
    """

    method: str
    path: str
    headers: Mapping[str, str]
    query: Mapping[str, str]
    body: bytes
    client: str
    repeated: frozenset[str] = frozenset()
    stage: str = ""
    matched: str = ""


class HttpResponse(NamedTuple):
    """A reply. `body` is text: whether a Function URL honours base64 is not documented."""

    status: int
    body: str = ""
    headers: Mapping[str, str] = MappingProxyType({})

    def to_event(self) -> dict[str, Any]:
        """Return what SCF wants back from an HTTP trigger."""
        headers = {
            "Content-Type": "application/json; charset=utf-8",
            "X-Content-Type-Options": "nosniff",
            **self.headers,
        }
        # Half a character, which JSON may hold and UTF-8 can't, goes as JSON's own escape.
        body = self.body.encode("utf-8", "backslashreplace").decode()
        return {"isBase64Encoded": False, "statusCode": self.status, "headers": headers, "body": body}


class CosObject(NamedTuple):
    """An object that was created.

    Attributes:
        bucket: `name-appid`.
        region: where it is, as far as the event says.
        keys: what its key may be, the likeliest first; none where no client can read what it came as.
        size: bytes, as far as the event says.
        key: the key as it came.
    """

    bucket: str
    region: str | None
    keys: tuple[str, ...]
    size: int | None = None
    key: str = ""


class CosEvent(NamedTuple):
    """The created objects of one COS event; other event names are left out. `unread`: records of another shape."""

    created: tuple[CosObject, ...]
    unread: int = 0


class Tick(NamedTuple):
    """A timer's event."""

    name: str


class Replay(NamedTuple):
    """An invocation `{"replay": "all"}` (no ids) or `{"replay": ["<id>", …]}`, behind the recording `after`."""

    recording_ids: tuple[str, ...]
    after: str = ""


class Doctor:
    """An invocation `{"doctor": true}`."""


Trigger = HttpRequest | CosEvent | Tick | Replay | Doctor


def parse(event: Event) -> Trigger:
    """Turn an SCF event into a value. MalformedJson: a body that is marked as base64 is not."""
    if not isinstance(event, Mapping):  # an invocation by hand may send any JSON
        raise UnknownTriggerError("an event that is no JSON object is no HTTP, COS or timer event")
    if "httpMethod" in event:
        return _http(event)
    if isinstance(event.get("Records"), list):
        named = [(_part(record, "cos"), _part(record, "event").get("eventName")) for record in event["Records"]]
        created = [
            _object(cos) if isinstance(name, str) else None
            for cos, name in named
            if not isinstance(name, str) or "ObjectCreated" in name
        ]
        return CosEvent(tuple(one for one in created if one), created.count(None))
    if event.get("Type") == "Timer":
        return Tick(str(event.get("TriggerName", "")))
    if "replay" in event:
        return Replay(_wanted(event["replay"]), _text(event.get("after")))
    if event.get("doctor") is True:
        return Doctor()
    raise UnknownTriggerError(f"an event with the keys {sorted(map(str, event))[:10]} is no HTTP, COS or timer event")


def _wanted(value: object) -> tuple[str, ...]:
    """Return the ids that a replay asks for; an empty list asks for nothing, and not for everything."""
    if value == "all":
        return ()
    if not isinstance(value, list) or not value or not all(isinstance(name, str) for name in value):
        raise UnknownTriggerError('replay takes "all" or a list of recording ids')
    return tuple(value)


def _http(event: Event) -> HttpRequest:
    # API Gateway hands declared headers over in a place of their own, too.
    headers = _values(_part(event, "headerParameters"), str.lower)
    headers |= _values(_part(event, "headers"), str.lower)
    asked: object = next((event[name] for name in ("queryString", "queryStringParameters") if event.get(name)), {})
    query = _values(_parsed(asked.removeprefix("?")) if isinstance(asked, str) else _part({"": asked}, ""))
    path, _, behind = _text(event.get("path") or "/").partition("?")
    query = {**_values(_parsed(behind)), **query}
    context = _part(event, "requestContext")
    joined = {name: ", ".join(values) for name, values in headers.items()}
    return HttpRequest(
        method=_text(event["httpMethod"]).upper(),
        path=path,
        headers=joined,
        query={name: ",".join(values) for name, values in query.items()},
        body=_body(event),
        client=joined.get("x-scf-remote-addr") or _text(context.get("sourceIp")),
        repeated=frozenset(name for name, values in headers.items() if len(values) > 1),
        stage=_text(context.get("stage")),
        matched=_text(context.get("path")),
    )


def _values(given: Event, name_of: Callable[[str], str] = str) -> dict[str, list[str]]:
    """Return the different values of each name, in order: gateways hand over one, or a list of them."""
    values: dict[str, dict[str, None]] = {}  # a list would be searched for each of a hundred thousand
    for name, value in given.items():
        for one in value if isinstance(value, list | tuple) else [value]:
            if isinstance(one, str) or (one is not None and not isinstance(one, Mapping | list | tuple)):
                values.setdefault(name_of(_text(name)), {})[_text(one)] = None
    return {name: [*seen] for name, seen in values.items()}


def _text(value: object) -> str:
    """Return any JSON value as a header or query would have it."""
    if type(value) is str:
        return value
    if value is None or isinstance(value, bool):
        return "" if value is None else str(value).lower()
    try:
        return str(value)
    except ValueError:  # a number of thousands of digits
        return ""


def _parsed(query: str) -> dict[str, list[str]]:
    try:
        return parse_qs(query, keep_blank_values=True, max_num_fields=100)
    except ValueError:
        return {}


def _body(event: Event) -> bytes:
    body = event.get("body")
    if body is None:
        return b""
    if isinstance(body, Mapping | list):  # some gateways hand a JSON body over parsed
        return json.dumps(body).encode()
    if event.get("isBase64Encoded") is True:
        try:
            return base64.b64decode(str(body), validate=True)
        except (binascii.Error, ValueError):
            raise MalformedJson("the body is marked as base64 and is not") from None
    return _text(body).encode("utf-8", "surrogatepass")


def _object(cos: object) -> CosObject | None:
    """Return the object that a record is about; None for a record of another shape."""
    bucket, about = _part(cos, "cosBucket"), _part(cos, "cosObject")
    parts = bucket.get("name"), bucket.get("appid"), about.get("key")
    name, appid, key = (str(one) if isinstance(one, str | int) else "" for one in parts)
    if not (name and appid and key):
        return None
    if not (_HOST.fullmatch(name) and re.fullmatch("[0-9]{1,20}", appid)):
        return None  # it becomes part of a host, which our keys are sent to
    region = bucket.get("cosRegion")
    size = about.get("size")
    if not (isinstance(size, int) or (isinstance(size, str) and re.fullmatch("[0-9]{1,15}", size))):
        size = None
    return CosObject(
        bucket=name if name.endswith(f"-{appid}") else f"{name}-{appid}",
        region=region if isinstance(region, str) and _HOST.fullmatch(region) else None,
        keys=spellings(key, name, appid),
        size=None if size is None else int(size),
        key=key,
    )


def _part(whole: object, name: str) -> Event:
    part = whole.get(name) if isinstance(whole, Mapping) else None
    return part if isinstance(part, Mapping) else {}
