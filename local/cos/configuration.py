"""A bucket's CORS and lifecycle rules: checked, kept and given back. Lifecycle rules have no effect here."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from xml.etree import ElementTree as ET

from local import regular
from local.cos import cors, xmlbody
from local.cos.call import Call
from local.cos.errors import CosError
from local.cos.reply import Reply
from local.cos.service import Service

_MOST_LIFECYCLE = 1000


async def put_cors(service: Service, call: Call) -> Reply:
    """PUT Bucket cors: replaces all rules."""
    body = await call.body()
    cors.read_rules(body)
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


def _is_lifecycle(rule: ET.Element) -> bool:
    acts = {"Expiration", "Transition", "AbortIncompleteMultipartUpload", "NoncurrentVersionExpiration"}
    named = rule.find("Filter") is not None or rule.find("Prefix") is not None
    return named and rule.findtext("Status") in ("Enabled", "Disabled") and any(each.tag in acts for each in rule)


def let_read(path: Path, rule_id: str, origins: Sequence[str]) -> None:
    """Let pages of these origins read a bucket's objects, as the deployment's own rule does; other rules stay."""
    others = [rule for rule in cors.kept_rules(path) if rule.rule_id != rule_id]
    ours = cors.Rule(rule_id, tuple(origins), ("GET", "HEAD"), ("Range",), ("Content-Length", "Content-Range"), "600")
    keep(path, cors.written([*others, ours]))


def keep(path: Path, body: bytes) -> None:
    """Write rules, whole or not at all."""
    draft = path.with_suffix(".new")
    regular.write(draft, body)
    draft.replace(path)


def _keep(service: Service, call: Call, kind: str, body: bytes) -> Reply:
    keep(_file(service, call, kind), body)
    return Reply()


def _kept(service: Service, call: Call, kind: str, absent: str) -> Reply:
    try:
        body = regular.read(_file(service, call, kind))
    except FileNotFoundError:
        raise CosError(absent) from None
    return Reply(body, headers={"Content-Type": "application/xml"})


def _file(service: Service, call: Call, kind: str) -> Path:
    bucket = service.store.bucket(call.name) if call.method == "PUT" else service.store.existing(call.name)
    return service.store.configuration(bucket.name, kind)
