"""Replies: recordings as JSON, and the one table that maps errors to problem details (RFC 9457)."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from shared.domain import errors
from shared.domain.document import Recording
from shared.domain.ids import etag, names_etag
from shared.domain.reasons import of_trtc
from shared.domain.words import words_of
from shared.triggers import HttpResponse

if TYPE_CHECKING:
    from shared.domain.detail import Detail
    from shared.usecases.read_list import Page

PROBLEMS: dict[type[Exception], tuple[int, str, str]] = {
    errors.MalformedJson: (400, "malformed-json", "The body is not JSON"),
    errors.RepeatedHeader: (400, "repeated-header", "A header came with different values"),
    errors.ParametersRefused: (400, "parameters-refused", "TRTC refused a parameter"),
    errors.Unauthorized: (401, "unauthorized", "The call is not authorized"),
    errors.PageNotAllowed: (403, "page-not-allowed", "This page may not be recorded"),
    errors.NotFound: (404, "not-found", "Not found"),
    errors.MethodNotAllowed: (405, "method-not-allowed", "Method not allowed"),
    errors.Conflict: (409, "conflict", "The id is in use"),
    errors.TooLarge: (413, "too-large", "The body is too large"),
    errors.ReplyTooLarge: (413, "reply-too-large", "The reply would be too large"),
    errors.UnsupportedMediaType: (415, "unsupported-media-type", "The body must be application/json"),
    errors.InvalidRequest: (422, "invalid-request", "The request is not valid"),
    errors.ConfigurationError: (500, "configuration", "The deployment is not configured"),
    errors.RecorderMisconfigured: (502, "recorder-misconfigured", "TRTC refused this deployment"),
    errors.RecorderError: (502, "recorder", "TRTC answered with an error"),
    errors.RecorderBusy: (503, "recorder-busy", "TRTC can't do it now"),
    errors.CallerMustRetry: (503, "caller-must-retry", "TRTC can't start it now"),
    errors.NotStored: (500, "not-stored", "The callback could not be stored"),
    errors.Damaged: (500, "damaged", "What is stored can't be read"),
    errors.StoreError: (503, "store", "Storage did not answer as it should"),
    errors.WebRecordError: (500, "internal", "Internal error"),
    Exception: (500, "internal", "Internal error"),
}

CHECK = "check the deployment's settings, keys and role with its doctor (python -m shared.doctor)"
"""What to do where TRTC refuses the deployment by a code that says no more."""


def recording_reply(status: int, recording: Recording, base: str = "") -> HttpResponse:
    """Return a recording without the evidence it was decided from; `base` is in front of the address of a new one."""
    body = recording.model_dump_json(exclude={"evidence"}, exclude_none=True)
    headers = {"Location": f"{base}/recordings/{recording.recording_id}"} if status == 201 else {}
    return HttpResponse(status, body, headers)


def json_reply(body: object) -> HttpResponse:
    """Return any document as JSON, with an ETag over it."""
    text = json.dumps(body, ensure_ascii=False)
    return HttpResponse(200, text, {"ETag": etag(text)})


def page_reply(page: Page) -> HttpResponse:
    """Return a page of a list."""
    recordings = [item.model_dump(mode="json", exclude_none=True) for item in page.recordings]
    return json_reply({"recordings": recordings, **({"next_cursor": page.next_cursor} if page.next_cursor else {})})


def detail_reply(detail: Detail, tag: str, *, conditional: bool = True) -> HttpResponse:
    """Return a recording as it is read by itself. Unless `conditional`, it is sent also to who has it already."""
    body = detail.model_dump_json(exclude_none=True)
    headers = {"ETag": tag} if conditional else {"ETag": tag, "Cache-Control": "no-store"}
    return HttpResponse(200, body, headers)


def conditional(method: str, if_none_match: str | None, reply: HttpResponse) -> HttpResponse:
    """Return what of the reply the caller needs: nothing for HEAD, 304 for what it has already."""
    own = reply.headers.get("ETag")
    cached = reply.headers.get("Cache-Control") != "no-store"
    if reply.status == 200 and own and cached and names_etag(if_none_match, own):
        kept = {name: value for name, value in reply.headers.items() if name in ("ETag", "Vary", "Cache-Control")}
        return HttpResponse(304, "", kept)
    return HttpResponse(reply.status, "", reply.headers) if method == "HEAD" else reply


def problem(error: Exception, request_id: str) -> HttpResponse:
    """Return the problem details of an error; what is not ours says nothing of its inside."""
    kind = next(cls for cls in type(error).__mro__ if cls in PROBLEMS)
    status, name, title = PROBLEMS[kind]
    detail = str(error) if isinstance(error, errors.WebRecordError) else "see the function's log under this request id"
    if isinstance(error, errors.StoreError) and error.meaning:
        detail = f"{detail}; {error.meaning}"
    if isinstance(error, errors.RecorderMisconfigured):
        detail = f"{detail}; {words_of('advice').get(of_trtc(error.code), CHECK)}"
    body: dict[str, Any] = {
        "type": f"urn:scf-webrecord:problem:{name}",
        "title": title,
        "status": status,
        "detail": detail,
        "request_id": request_id,
    }
    headers = {"Content-Type": "application/problem+json; charset=utf-8"}
    if isinstance(error, errors.InvalidRequest):
        body["errors"] = [field.document() for field in error.errors]
        body |= {"more_errors": error.more} if error.more else {}
    if isinstance(error, errors.RecorderError):
        body["trtc"] = {"code": error.code, "message": error.message, "request_id": error.request_id}
    if isinstance(error, errors.MethodNotAllowed):
        headers["Allow"] = ", ".join(error.allow)
    if isinstance(error, errors.Unauthorized):
        headers["WWW-Authenticate"] = "Bearer"
    if status == 503:
        headers["Retry-After"] = str(error.after_s if isinstance(error, errors.CallerMustRetry) else 5)
    return HttpResponse(status, json.dumps(body, ensure_ascii=False), headers)
