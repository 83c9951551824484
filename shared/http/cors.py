"""Cross-origin calls: which browsers' pages may call the API (Fetch standard, CORS protocol)."""

from __future__ import annotations

from collections.abc import Sequence

from shared.triggers import HttpRequest, HttpResponse

MAX_AGE_S = 600
_REQUEST_HEADERS = "authorization, content-type, idempotency-key, if-none-match, traceparent"
_REPLY_HEADERS = "ETag, Location, Retry-After"


def allow(origins: Sequence[str], request: HttpRequest, reply: HttpResponse) -> HttpResponse:
    """Return the reply with what lets the request's origin read it, if it is one of `origins` (`*`: any)."""
    if not origins:
        return reply
    varies = ", ".join(filter(None, (reply.headers.get("Vary"), "Origin")))
    headers, origin = {**reply.headers, "Vary": varies}, request.headers.get("origin")
    if origin and (origin in origins or "*" in origins):
        headers["Access-Control-Allow-Origin"] = origin
        headers["Access-Control-Expose-Headers"] = _REPLY_HEADERS
        if request.method == "OPTIONS" and "access-control-request-method" in request.headers:
            headers["Access-Control-Allow-Methods"] = reply.headers.get("Allow", "")
            headers["Access-Control-Allow-Headers"] = _REQUEST_HEADERS
            headers["Access-Control-Max-Age"] = str(MAX_AGE_S)
    return HttpResponse(reply.status, reply.body, headers)
