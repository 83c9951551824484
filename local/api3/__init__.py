"""What every service of Tencent Cloud API 3.0 shares: signature, envelope, errors, schema, rate, faults."""

from local.api3.app import MAX_BODY_BYTES, Inside, create_app
from local.api3.caller import Principal
from local.api3.errors import ApiError
from local.api3.rate import Rate
from local.api3.schema import Schema, SchemaError
from local.api3.service import Action, Answer, ApiCall, ApiService
from local.api3.tc3 import KeyPair

__all__ = [
    "MAX_BODY_BYTES",
    "Action",
    "Answer",
    "ApiCall",
    "ApiError",
    "ApiService",
    "Inside",
    "KeyPair",
    "Principal",
    "Rate",
    "Schema",
    "SchemaError",
    "create_app",
]
