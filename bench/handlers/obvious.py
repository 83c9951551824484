"""The same function as one writes it first: everything that any part of it uses is imported at the top.

`OBVIOUS` in the environment is the function's name, `LIKEWISE` what else it imports. The SDKs are as pip installs them.
"""

from __future__ import annotations

import asyncio  # noqa: F401 (imported to be measured, as most here)
import importlib
import os

import pydantic
import qcloud_cos  # noqa: F401
import requests  # noqa: F401
import standardwebhooks  # noqa: F401
import structlog  # noqa: F401
import ulid  # noqa: F401
from tencentcloud.common import credential  # noqa: F401
from tencentcloud.trtc.v20190722 import models, trtc_client  # noqa: F401

from shared.adapters import cos, notify, trtc  # noqa: F401
from shared.domain import policy, request  # noqa: F401
from shared.http import (
    api,  # noqa: F401
)
from shared.usecases import tick as reconcile  # noqa: F401

for _name in os.environ["LIKEWISE"].split():
    importlib.import_module(_name)

# The models as they are by default: complete at import.
for _model in vars(request).values():
    if isinstance(_model, type) and issubclass(_model, pydantic.BaseModel) and _model is not pydantic.BaseModel:
        _model.model_rebuild()

main_handler = importlib.import_module(f"functions.{os.environ['OBVIOUS']}").main_handler
