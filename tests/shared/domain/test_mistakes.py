"""What is wrong with a caller's values is told in words that a stranger understands, and no secret is repeated."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from shared.domain.errors import FieldError, InvalidRequest, MalformedJson
from shared.domain.listing import parse_query
from shared.domain.parsing import parse_request
from shared.domain.words import words_of
from tests.anything import json_values

PAGE = "https://page.example/room"
VALIDATORS_WORDS = re.compile(
    r"Value error|Extra inputs|Field required|[Ii]nput should|should match|pattern|pydantic|\^\[|\[key\]|valid string"
)
SECRET = "AKIDsecretofthecaller"


def errors(document: object) -> list[FieldError]:
    """Return what is wrong with a request; nothing where it is right."""
    try:
        parse_request(json.dumps(document).encode())
    except InvalidRequest as error:
        return error.errors
    return []


@pytest.mark.parametrize(
    ("fields", "path", "message"),
    [
        ({"RecordURL": PAGE}, "RecordURL", "unknown field; did you mean RecordUrl?"),
        ({"url": PAGE}, "url", "unknown field; did you mean RecordUrl?"),
        ({"Width": 640}, "Width", "unknown field; did you mean WebRecordVideoParams.Width?"),
        ({"zzz": 1}, "zzz", "unknown field"),
        ({"WebRecordVideoParams": {"widht": 1}}, "WebRecordVideoParams.widht", "unknown field; did you mean Width?"),
        ({"StorageParams": {"CloudVod": {"TencentVod": {"mediatyp": 1}}}}, "StorageParams.CloudVod.TencentVod.mediatyp",
         "unknown field; did you mean MediaType?"),
        ({"": 1}, "''", "unknown field"),
        ({"RecordUrl": "page.example"}, "RecordUrl", "must be an absolute http:// or https:// URL, not 'page.example'"),
        ({"RecordUrl": "ftp://a/?token=1"}, "RecordUrl", "must be an absolute http:// or https:// URL, not 'ftp://a/'"),
        ({"Labels": {"教室": "1"}}, "Labels.教室",
         "is no label's name: it must be 1 to 64 letters, digits, _, . and - (A-Z, a-z, 0-9): '教室'"),
        ({"MaxDurationLimit": 60}, "MaxDurationLimit", "must be at least 1800, not 60"),
        ({"MaxDurationLimit": "1800"}, "MaxDurationLimit", "must be a whole number, not '1800'"),
        ({"MaxDurationLimit": True}, "MaxDurationLimit", "must be a whole number, not true"),
        ({"Format": "avi"}, "Format", "must be 'mp4' or 'hls', not 'avi'"),
        ({"StartAt": "tomorrow"}, "StartAt",
         "must be RFC 3339 with an offset (2026-01-31T09:00:00+08:00) or epoch seconds, not 'tomorrow'"),
        ({"StartAt": "2026-02-30T09:00:00+08:00"}, "StartAt", "is no time that exists: '2026-02-30T09:00:00+08:00'"),
        ({"StartAt": "2026-01-31T09:00:00+99:99"}, "StartAt", "is no time that exists: '2026-01-31T09:00:00+99:99'"),
        ({"StorageParams": SECRET}, "StorageParams", "must be an object, not a text"),
        ({"PublishCdnParams": {}}, "PublishCdnParams", "must be a list, not an object"),
        ({"RecordingId": "a b"}, "RecordingId", "must be 1 to 26 letters, digits, _ and - (A-Z, a-z, 0-9), not 'a b'"),
    ],
)  # fmt: skip
def test_each_mistake_in_words(fields: dict[str, Any], path: str, message: str) -> None:
    """The field, what is wrong, the value, and the nearest name that exists."""
    assert message == {one.path: one.message for one in errors({"RecordUrl": PAGE, **fields})}[path]


def test_a_body_that_is_no_object() -> None:
    """It is named, too."""
    message = 'must be a JSON object, such as {"RecordUrl": "https://example.com"}'
    assert [("body", message, "no_body", {})] == errors([1])


@pytest.mark.parametrize(
    "fields",
    [
        {"NotifyUrl": [SECRET]},
        {"PublishCdnParams": [{"PublishCdnUrl": f"http://a/{SECRET}", "IsTencentCdn": 1}]},
        {"StorageParams": {"CloudStorage": {"AccessKey": 1, "SecretKey": [SECRET], "Region": "", "Bucket": ""}}},
        {"StorageParams": {"CloudStorage": SECRET}},
        {"RecordUrl": f"ftp://user:{SECRET}@a/"},
        {"RecordUrl": f"ftp://a/?token={SECRET}"},
        {"SecretKey": SECRET},
        {"StorageParams": {"CloudVod": {"TencentVod": {"SessionContext": {"a": SECRET}}}}},
    ],
)
def test_no_secret_is_repeated(fields: dict[str, Any]) -> None:
    """Not the value of a key, of an address that may hold one, or of a field that is unknown."""
    found = errors({"RecordUrl": PAGE, **fields})
    assert found
    assert SECRET not in str(found)


values = json_values(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text() | st.just("x" * 5000)
)
names = st.sampled_from(
    ("RecordUrl", "record_url", "MaxDurationLimit", "StorageParams", "WebRecordVideoParams", "SdkAppId", "RecordId",
     "PublishCdnParams", "ReadyTimeout", "EmulateMobileParams", "RecordingId", "storage", "prefix", "format", "StartAt",
     "StopAt", "StartBy", "NotifyUrl", "NotifyOn", "Labels", "Width", "CloudStorage", "CloudVod", "TencentVod")
)  # fmt: skip
documents = st.recursive(
    values,
    lambda inner: st.dictionaries(names | st.text(max_size=200), inner, max_size=5) | st.lists(inner, max_size=2),
    max_leaves=12,
)


def told(found: list[FieldError]) -> None:
    for path, message, code, values in found:
        assert message.startswith(words_of("field")[code].format(**values))
        assert path
        assert 0 < len(message) <= 300
        without_values = re.sub(r"'(\\.|[^'\\])*'…?|\"(\\.|[^\"\\])*\"…?", "", message)
        assert not VALIDATORS_WORDS.search(without_values), message
        assert message.isprintable()


@given(documents)
def test_any_wrong_request_is_told_in_words(document: object) -> None:
    """No word of the validator's, no nameless field, no message that is longer than 300 characters."""
    try:
        told(errors(document))
    except MalformedJson:
        assert not isinstance(document, dict)


@example({"state": "\U0002ebe1" * 40})
@given(st.dictionaries(st.sampled_from(("state", "from", "to", "label", "limit", "cursor")) | st.text(), st.text()))
def test_any_wrong_question_is_told_in_words(query: dict[str, str]) -> None:
    """The same for what a list is asked for."""
    try:
        parse_query(query, 1_795_000_000_000)
    except InvalidRequest as error:
        told(error.errors)


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({"from": "yesterday"}, ("from", "must be a day such as 2026-01-31 (UTC), not 'yesterday'")),
        ({"stat": "failed"}, ("stat", "unknown parameter; did you mean state?")),
        ({"state": "fail"}, ("state", ("must be one of scheduled, queued, starting, recording, paused, stopping, "
                                      "uploading, completed, failed, lost, cancelled, "
                                      "not 'fail'"))),
    ],
)  # fmt: skip
def test_what_a_list_can_not_be_asked_for(query: dict[str, str], expected: tuple[str, str]) -> None:
    """The wrong value is repeated, and a form that is right shown."""
    with pytest.raises(InvalidRequest) as refused:
        parse_query(query, 1_795_000_000_000)
    assert [expected] == [(error.path, error.message) for error in refused.value.errors]


@pytest.mark.parametrize("encoding", ["gbk", "big5", "utf-16"])
def test_a_document_of_another_encoding_is_told_as_such(encoding: str) -> None:
    """What Chinese editors save: where it is no UTF-8, and what to do about it."""
    body = '{"RecordUrl": "https://example.com/", "Labels": {"a": "數學"}}'.encode(encoding)
    with pytest.raises(MalformedJson, match=r"byte \d+ is not UTF-8: save or send it as UTF-8"):
        parse_request(body)
