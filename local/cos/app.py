"""The ASGI app: parse, authenticate, route, answer; every refusal as COS's XML."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Match
from starlette.types import Receive, Scope, Send

from local.cos import buckets, call, configuration, cors, multipart, objects, policy, signature
from local.cos.call import Call
from local.cos.errors import CosError
from local.cos.model import CosSettings
from local.cos.reply import Reply, xml
from local.cos.service import OnCreated, Service
from local.cos.signature import Claim, Credentials
from local.cos.store import BucketStore
from local.faults.wire import NoAnswer, Silence, disturbed

Handler = Callable[[Service, Call], Awaitable[Reply]]
_Route = tuple[str, str, str]
Permits = Callable[[str, str, str], bool]

_log = logging.getLogger(__name__)

# (scope, method, sub-resource) -> operation
_ROUTES: dict[_Route, Handler] = {
    ("service", "GET", ""): buckets.get_service,
    ("bucket", "PUT", ""): buckets.put_bucket,
    ("bucket", "HEAD", ""): buckets.head_bucket,
    ("bucket", "DELETE", ""): buckets.delete_bucket,
    ("bucket", "GET", ""): buckets.list_objects,
    ("bucket", "GET", "acl"): buckets.get_acl,
    ("bucket", "PUT", "acl"): buckets.put_acl,
    ("bucket", "GET", "versioning"): buckets.get_versioning,
    ("bucket", "GET", "uploads"): multipart.list_uploads,
    ("bucket", "GET", "cors"): configuration.get_cors,
    ("bucket", "PUT", "cors"): configuration.put_cors,
    ("bucket", "DELETE", "cors"): configuration.delete_cors,
    ("bucket", "GET", "lifecycle"): configuration.get_lifecycle,
    ("bucket", "PUT", "lifecycle"): configuration.put_lifecycle,
    ("bucket", "DELETE", "lifecycle"): configuration.delete_lifecycle,
    ("bucket", "POST", "delete"): objects.delete_objects,
    ("object", "PUT", ""): objects.put_object,
    ("object", "PUT", "copy"): objects.copy_object,
    ("object", "GET", ""): objects.get_object,
    ("object", "HEAD", ""): objects.head_object,
    ("object", "DELETE", ""): objects.delete_object,
    ("object", "GET", "acl"): buckets.get_acl,
    ("object", "PUT", "acl"): buckets.put_acl,
    ("object", "POST", "uploads"): multipart.initiate,
    ("object", "PUT", "uploadId"): multipart.upload_part,
    ("object", "PUT", "uploadId copy"): multipart.copy_part,
    ("object", "POST", "uploadId"): multipart.complete,
    ("object", "DELETE", "uploadId"): multipart.abort,
    ("object", "GET", "uploadId"): multipart.list_parts,
}
# Sub-resources that COS documents and this server lacks. Not to know one would be to answer another question.
_UNSUPPORTED = frozenset(
    (
        "accelerate",
        "append",
        "asyncfetch",
        "ci-process",
        "domain",
        "domaincertificate",
        "encryption",
        "intelligenttiering",
        "inventory",
        "location",
        "logging",
        "object-lock",
        "origin",
        "policy",
        "referer",
        "replication",
        "restore",
        "retention",
        "select",
        "symlink",
        "tagging",
        "versions",
        "website",
    )
)
_SUPPORTED = frozenset(sub.split()[0] for _, _, sub in _ROUTES if sub and sub != "copy")


def create_app(
    store: BucketStore,
    *,
    credentials: Credentials,
    on_created: OnCreated | None = None,
    settings: CosSettings | None = None,
    permits: Permits = lambda _id, _action, _resource: True,
) -> Starlette:
    """A COS on the given disk.

    Args:
        store: where the objects are. The caller closes it.
        credentials: secret id -> Credential, or None for an unknown id. A credential with a token wants that
            token in x-cos-security-token (header or parameter).
        on_created: told about every new object once it is durable, without delaying the reply. A coroutine
            function runs on the server's loop, a plain function in a worker thread. Its exceptions are logged.
        permits: tells whether a secret id may do `PutObject`, `GetBucket`, … on `<bucket>/<key or listed prefix>`;
            on `*`, where it is about no bucket.
        settings: replace the store's; change them at run time through this object or `store.settings`.
    """
    if settings is not None:
        store.settings = settings
    service = Service(store, on_created)

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        yield
        await service.finish()

    return Starlette(routes=[_Everything(service, credentials, permits)], lifespan=lifespan)


class _Everything(BaseRoute):
    """Takes every method and every path: Starlette's patterns would miss keys with a line break."""

    def __init__(self, service: Service, credentials: Credentials, permits: Permits) -> None:
        self._service = service
        self._credentials = credentials
        self._permits = permits

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        return (Match.FULL if scope["type"] == "http" else Match.NONE), {}

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        try:
            response = await self._respond(request)
        except ClientDisconnect:
            return  # nobody is left to answer
        await response(scope, receive, send)

    async def _respond(self, request: Request) -> Response:
        if request.method == "OPTIONS":
            return self._preflight(request)
        parsed = Call(request, None, None, {}, (b"/",))
        try:
            parsed = call.parse(request, self._service.settings)
            secret_id = self._authenticate(parsed)
            route = _route(parsed)
            self._authorize(secret_id, parsed, route)
            response = await self._act(parsed, route)
        except NoAnswer as silence:
            return Silence(silence.seconds)
        except ClientDisconnect:
            raise
        except CosError as error:
            response = _refusal(parsed, error)
        except OSError as error:
            # A full or broken disk: COS says no more than that, and our log needs no trace.
            _log.error("%s %s: %s", request.method, parsed.resource, error)
            response = _refusal(parsed, CosError("InternalError"))
        except Exception:  # noqa: BLE001 - the last resort: a bug here is COS's InternalError
            _log.exception("%s %s failed", request.method, parsed.resource)
            response = _refusal(parsed, CosError("InternalError"))
        try:
            await parsed.drain()
        except ClientDisconnect:
            response.forget()
            raise
        response.add({"x-cos-request-id": parsed.request_id, **self._readers(parsed)})
        return response

    def _readers(self, parsed: Call) -> dict[str, str]:
        """Return what the answer says to the browser of a page of another origin."""
        origin = parsed.headers.get("origin")
        rules = self._rules(parsed) if origin else []
        rule = cors.first(rules, origin or "", parsed.method)
        return rule.answer(origin or "") if rule else {}

    def _rules(self, parsed: Call) -> list[cors.Rule]:
        store = self._service.store
        if parsed.bucket is None or store.find(parsed.bucket) is None:
            return []
        return cors.kept_rules(store.configuration(parsed.bucket, "cors"))

    def _preflight(self, request: Request) -> Reply:
        """OPTIONS Object, without a signature: 403 where no rule lets the request through."""
        parsed = Call(request, None, None, {}, (b"/",))
        try:
            parsed = call.parse(request, self._service.settings)
            reply = self._let(parsed)
        except CosError as error:
            reply = _refusal(parsed, error)
        reply.add({"x-cos-request-id": parsed.request_id})
        return reply

    def _let(self, parsed: Call) -> Reply:
        headers = parsed.headers
        origin, method = headers.get("origin", ""), headers.get("access-control-request-method", "")
        asked = [name.strip() for name in headers.get("access-control-request-headers", "").split(",") if name.strip()]
        rule = cors.first(self._rules(parsed), origin, method, asked)
        if rule is None:
            raise CosError("AccessForbidden")
        allowed = {"Access-Control-Allow-Headers": ",".join(asked)} if asked else {}
        return Reply(headers={**rule.answer(origin), **allowed})

    async def _act(self, parsed: Call, route: _Route) -> Reply:
        fault = self._service.settings.faults.cos(parsed.method, parsed.key or parsed.params.get("prefix", ""))
        if fault is not None and fault.do == "fail":
            raise CosError(fault.code or "ServiceUnavailable", "A fault asks for it.", status=fault.status)
        return await disturbed(fault, lambda: _ROUTES[route](self._service, parsed), lambda reply: reply.forget())

    def _authenticate(self, parsed: Call) -> str:
        headers: dict[str, bytes] = {}
        for raw, value in parsed.headers.raw:
            headers.setdefault(raw.decode("latin-1"), value)
        params: dict[str, bytes] = {}
        for name, value in call.query(parsed.request.scope["query_string"]):
            params.setdefault(name.lower(), value)
        token = parsed.headers.get("x-cos-security-token") or parsed.params.get("x-cos-security-token")
        claim = Claim.read(parsed.headers.get("authorization", ""), parsed.params)
        signature.verify(
            claim,
            self._credentials,
            token=token,
            method=parsed.method,
            paths=parsed.paths,
            params=params,
            headers=headers,
        )
        return claim.secret_id if claim else ""  # an anonymous request was refused

    def _authorize(self, secret_id: str, parsed: Call, route: _Route) -> None:
        resource = f"{parsed.bucket}/{parsed.key or parsed.params.get('prefix', '')}" if parsed.bucket else "*"
        if not self._permits(secret_id, policy.ACTIONS[route], resource):
            raise CosError("AccessDenied")
        if route[2].endswith("copy"):
            source = "/".join(objects.copy_source(parsed))
            if not self._permits(secret_id, policy.READ, source):
                raise CosError("AccessDenied", "The source of the copy may not be read.")


def _route(parsed: Call) -> _Route:
    """The operation asked for, a key of the routes.

    Raises:
        CosError: NotImplemented for what this server lacks, MethodNotAllowed for what COS lacks, too.
    """
    scope = "service" if parsed.bucket is None else "bucket" if parsed.key is None else "object"
    if not _UNSUPPORTED.isdisjoint(parsed.params) or parsed.headers.get("content-type", "").startswith(
        "multipart/form"
    ):
        raise CosError("NotImplemented")
    asked = _SUPPORTED.intersection(parsed.params)
    # An upload id says more than anything beside it.
    sub = "uploadId" if "uploadId" in asked else next(iter(sorted(asked)), "")
    if scope == "object" and parsed.method == "PUT" and "x-cos-copy-source" in parsed.headers:
        sub = f"{sub} copy".strip()
    route = (scope, parsed.method, sub)
    if route not in _ROUTES:
        known = any((scope, sub) == (place, name) for place, _, name in _ROUTES)
        raise CosError("MethodNotAllowed" if known else "NotImplemented")
    return route


def _refusal(parsed: Call, error: CosError) -> Reply:
    trace_id = parsed.request_id[::-1]
    headers = {**error.headers, "x-cos-trace-id": trace_id}
    if parsed.method == "HEAD":
        return Reply(status=error.status, headers=headers)
    return xml(
        "Error",
        [
            ("Code", error.code),
            ("Message", error.message),
            ("Resource", parsed.resource),
            ("RequestId", parsed.request_id),
            ("TraceId", trace_id),
        ],
        headers,
        error.status,
    )
