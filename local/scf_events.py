"""The events SCF hands to a function, as the trigger documents show them."""

from __future__ import annotations

import base64
import re
import time
import uuid
from collections.abc import Iterable, Mapping
from typing import Any, TypeAlias

from local.cos import ObjectCreated

Values: TypeAlias = Mapping[str, "str | list[str]"]
"""What came once, and in a list what came several times."""
_SHORT_REGIONS = {"ap-guangzhou": "gz", "ap-shanghai": "sh", "ap-beijing": "bj", "ap-singapore": "sg"}
_SECRET_HEADERS = {"connection", "content-length", "host"}


def collected(pairs: Iterable[tuple[str, str]]) -> dict[str, str | list[str]]:
    """Return what came once as it is, and what came several times as a list, as gateways do."""
    found: dict[str, list[str]] = {}
    for name, value in pairs:
        found.setdefault(name, []).append(value)
    return {name: values[0] if len(values) == 1 else values for name, values in found.items()}


def function_url_event(
    method: str, path: str, query: Values, headers: Values, body: bytes, client: str
) -> dict[str, Any]:
    """Return the event of a Function URL: lower-case headers, text body, no isBase64Encoded."""
    return {
        "body": body.decode("utf-8", "replace"),
        "headers": {**{name.lower(): value for name, value in headers.items()}, "x-scf-remote-addr": client},
        "httpMethod": method,
        "path": path,
        "queryString": dict(query),
    }


def api_gateway_event(
    method: str, path: str, query: Values, headers: Values, body: bytes, client: str
) -> dict[str, Any]:
    """Return the event of an API Gateway trigger: stage in front of the path, header case as it comes."""
    event = {
        "requestContext": {
            "serviceId": "service-local",
            "path": "/" + path.strip("/").split("/")[0],
            "httpMethod": method,
            "requestId": uuid.uuid4().hex,
            "identity": {},
            "sourceIp": client.split(":", maxsplit=1)[0],
            "stage": "release",
        },
        "headers": {_title(name): value for name, value in headers.items() if name.lower() not in _SECRET_HEADERS},
        "body": body.decode("utf-8", "replace"),
        "pathParameters": {},
        "queryStringParameters": {},
        "headerParameters": {},
        "stageVariables": {"stage": "release"},
        "path": f"/release{path}",
        "queryString": dict(query),
        "httpMethod": method,
        "isBase64Encoded": False,
    }
    try:
        body.decode("utf-8")
    except UnicodeDecodeError:
        event["body"], event["isBase64Encoded"] = base64.b64encode(body).decode(), True
    return event


def object_created_event(created: ObjectCreated, region: str) -> dict[str, Any]:
    """Return the event of a COS trigger for one object."""
    name, _, appid = created.bucket.rpartition("-")
    meta = {"x-cos-request-id": created.request_id, "Content-Type": created.content_type, "ETag": created.etag}
    return {
        "Records": [
            {
                "cos": {
                    "cosSchemaVersion": "1.0",
                    "cosObject": {
                        "url": f"http://{created.bucket}.cos.{region}.myqcloud.com/{created.key}",
                        "meta": {**meta, **created.meta},
                        "vid": "",
                        "key": f"/{appid}/{name}/{created.key}",
                        "size": created.size,
                    },
                    "cosBucket": {
                        "region": _SHORT_REGIONS.get(region, region),
                        "cosRegion": region,
                        "name": name,
                        "appid": appid,
                    },
                    "cosNotificationId": "unkown",
                },
                "event": {
                    "eventName": created.event_name,
                    "eventVersion": "1.0",
                    "eventTime": int(created.event_time),
                    "eventSource": "qcs::cos",
                    "requestParameters": {
                        "requestSourceIP": "127.0.0.1",
                        "requestHeaders": {"Authorization": "q-sign-algorithm=sha1&q-ak=LOCAL"},
                    },
                    "eventQueue": f"qcs:0:scf:{region}:appid/{appid}:default.local.$LATEST",
                    "reservedInfo": "",
                    "reqid": 179398952,
                },
            }
        ]
    }


def timer_event(name: str, argument: str = "") -> dict[str, Any]:
    """Return the event of a timer trigger."""
    now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    return {"Type": "Timer", "TriggerName": name, "Time": now, "Message": argument}


def context(function: str, request_id: str, memory_mb: int, timeout_s: float, region: str) -> dict[str, Any]:
    """Return the context of an invocation, a dict as SCF's Python runtime has it."""
    return {
        "memory_limit_in_mb": memory_mb,
        "time_limit_in_ms": int(timeout_s * 1000),
        "request_id": request_id,
        "environment": "{}",
        "environ": "",
        "function_version": "$LATEST",
        "function_name": function,
        "namespace": "default",
        "tencentcloud_region": region,
        "tencentcloud_appid": "1250000000",
        "tencentcloud_uin": "100000000001",
    }


def _title(name: str) -> str:
    return re.sub(r"(^|-)([a-z])", lambda m: m[1] + m[2].upper(), name.lower())
