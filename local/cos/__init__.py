"""A local Tencent COS: the documented HTTP API on 127.0.0.1, with its own signature check, state on disk."""

from __future__ import annotations

from local.cos.app import create_app
from local.cos.configuration import let_read
from local.cos.errors import CosError
from local.cos.model import Attributes, CosSettings, Credential, Entry, ObjectCreated
from local.cos.store import BucketStore

__all__ = [
    "Attributes",
    "BucketStore",
    "CosError",
    "CosSettings",
    "Credential",
    "Entry",
    "ObjectCreated",
    "create_app",
    "let_read",
]
