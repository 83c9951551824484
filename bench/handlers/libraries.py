"""What a function cannot do without, imported, and a reply: pydantic, structlog, the COS client; TRTC's with `trtc`.

`LIBRARIES` in the environment says which, comma-separated.
"""

from __future__ import annotations

import os
from typing import Any

_WANTED = os.environ["LIBRARIES"].split(",")

if "pydantic" in _WANTED:
    from pydantic import BaseModel  # noqa: F401 (imported to be measured, as all here)
if "structlog" in _WANTED:
    import structlog  # noqa: F401
if "cos" in _WANTED:
    from qcloud_cos import CosConfig, CosS3Client  # noqa: F401
if "trtc" in _WANTED:
    from tencentcloud.common.credential import Credential  # noqa: F401
    from tencentcloud.trtc.v20190722 import models, trtc_client  # noqa: F401


def main_handler(_event: Any, _context: Any) -> dict[str, Any]:  # noqa: ANN401 (any event)
    """Answer."""
    return {"statusCode": 200}
