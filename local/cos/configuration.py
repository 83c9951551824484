"""A bucket's CORS and lifecycle rules: checked, kept and given back. Neither has an effect here."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree as ET

from local.cos import xmlbody
from local.cos.call import Call
from local.cos.errors import CosError
from local.cos.reply import Reply
from local.cos.service import Service

_METHODS = {"GET", "PUT", "POST", "DELETE", "HEAD"}
_MOST_CORS, _MOST_LIFECYCLE = 100, 1000


async def put_cors(service: Service, call: Call) -> Reply:
    """PUT Bucket cors: replaces all rules."""
    body = await call.body()
    rules = xmlbody.parse(body, "CORSConfiguration").findall("CORSRule")
    if not 1 <= len(rules) <= _MOST_CORS or not all(map(_is_cors, rules)):
        raise CosError("MalformedXML", "A CORSRule has AllowedOrigin and AllowedMethod; there are 1 to 100.")
    return _keep(service, call, "cors", body)


async def put_lifecycle(service: Service, call: Call) -> Reply:
    """PUT Bucket lifecycle: replaces all rules."""
    body = await call.body()
    rules = xmlbody.parse(body, "LifecycleConfiguration").findall("Rule")
    if not 1 <= len(rules) <= _MOST_LIFECYCLE or not all(map(_is_lifecycle, rules)):
        raise CosError("MalformedXML", "A Rule has a Filter, a Status and something to do; there are 1 to 1000.")
    return _keep(service, call, "lifecycle", body)


async def get_cors(service: Service, call: Call) -> Reply:
    """GET Bucket cors."""
    return _kept(service, call, "cors", "NoSuchCORSConfiguration")


async def get_lifecycle(service: Service, call: Call) -> Reply:
    """GET Bucket lifecycle."""
    return _kept(service, call, "lifecycle", "NoSuchLifecycleConfiguration")


async def delete_cors(service: Service, call: Call) -> Reply:
    """DELETE Bucket cors."""
    _file(service, call, "cors").unlink(missing_ok=True)
    return Reply(status=204)


async def delete_lifecycle(service: Service, call: Call) -> Reply:
    """DELETE Bucket lifecycle."""
    _file(service, call, "lifecycle").unlink(missing_ok=True)
    return Reply(status=204)


def _is_cors(rule: ET.Element) -> bool:
    methods = [each.text for each in rule.findall("AllowedMethod")]
    return bool(methods) and set(methods) <= _METHODS and bool(rule.findtext("AllowedOrigin"))


def _is_lifecycle(rule: ET.Element) -> bool:
    acts = {"Expiration", "Transition", "AbortIncompleteMultipartUpload", "NoncurrentVersionExpiration"}
    named = rule.find("Filter") is not None or rule.find("Prefix") is not None
    return named and rule.findtext("Status") in ("Enabled", "Disabled") and any(each.tag in acts for each in rule)


def _keep(service: Service, call: Call, kind: str, body: bytes) -> Reply:
    path = _file(service, call, kind)
    draft = path.with_suffix(".new")
    draft.write_bytes(body)
    draft.replace(path)
    return Reply()


def _kept(service: Service, call: Call, kind: str, absent: str) -> Reply:
    try:
        body = _file(service, call, kind).read_bytes()
    except FileNotFoundError:
        raise CosError(absent) from None
    return Reply(body, headers={"Content-Type": "application/xml"})


def _file(service: Service, call: Call, kind: str) -> Path:
    bucket = service.store.bucket(call.name)
    return service.store.root / ".meta" / f"{bucket.name}.{kind}.xml"
