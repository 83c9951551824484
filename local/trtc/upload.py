"""Uploads by the official COS SDK with the caller's own keys; the one importer of qcloud_cos here."""

from __future__ import annotations

import asyncio
import logging
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from local import regular
from local.trtc.parameters import CosTarget
from local.trtc.ports import UploadError

__all__ = ["CosUploader"]

CONTENT_TYPES = {".mp4": "video/mp4", ".m3u8": "application/vnd.apple.mpegurl", ".ts": "video/mp2t"}


class RedirectError(OSError):
    """COS answered with a redirect."""


class CosUploader:
    """Uploads to one COS endpoint.

    Args:
        endpoint: Such as `http://127.0.0.1:9000`; `None` is the real COS of the caller's region.
        timeout_s: Of one connection or read, seconds.
    """

    def __init__(self, endpoint: str | None = None, timeout_s: float = 10.0) -> None:
        self._timeout_s = timeout_s
        self._where: dict[str, object] = {"Scheme": "https"}
        import requests

        self._session = requests.Session()
        self._session.hooks["response"].append(_no_redirect)
        if endpoint is not None:
            self._session.trust_env = False  # no proxy of the environment: the endpoint is on this machine
            parts = urlsplit(endpoint)
            self._where = {"Scheme": parts.scheme, "IP": parts.hostname, "Port": parts.port}
        # The SDK logs signing keys at DEBUG and every refusal at ERROR; our line says what matters.
        logging.getLogger("qcloud_cos").setLevel(logging.CRITICAL)

    async def upload(self, target: CosTarget, key: str, path: Path) -> None:
        """Store the file by one PUT (COS takes 5 GB so, files end at 2 GB), in a thread: the SDK blocks.

        Raises:
            UploadError: COS refused or could not be reached; the text names the code only.
        """
        await asyncio.to_thread(self._put, target, key, path)

    def _put(self, target: CosTarget, key: str, path: Path) -> None:
        from qcloud_cos import CosConfig, CosS3Client
        from qcloud_cos.cos_exception import CosClientError, CosServiceError

        try:
            config = CosConfig(
                Region=target.region, SecretId=target.access_key, SecretKey=target.secret_key,
                Timeout=self._timeout_s, **self._where,
            )  # fmt: skip
            client = CosS3Client(config, retry=0, session=self._session)  # our retries report what they do
            with regular.opened(path) as body:
                client.put_object(
                    Bucket=target.bucket, Key=key, Body=body,
                    ContentType=CONTENT_TYPES.get(key[key.rfind(".") :], "application/octet-stream"),
                )  # fmt: skip
        except CosServiceError as error:
            raise UploadError(f"{error.get_status_code()} {error.get_error_code()}") from None
        except (CosClientError, OSError, ValueError) as error:  # ValueError: a key that no header can carry
            raise UploadError(_why(error)) from None


def _no_redirect(answer: Any, *_: Any, **__: Any) -> None:  # noqa: ANN401 (requests has no types here)
    """Fail: a film goes to no host that an answer names, and nothing is stored by an answer that is no success."""
    if 300 <= answer.status_code < 400:
        answer.close()
        raise RedirectError(f"the answer was {answer.status_code}: redirects are not followed")


def _why(error: BaseException) -> str:
    """Return the kind of error and its deepest cause; never what a library writes, which may hold the request."""
    known = error.__context__ or error  # the SDK's error only repeats the text of what it caught
    cause = known
    while (deeper := cause.__cause__ or cause.__context__) is not None:
        cause = deeper
    said = getattr(cause, "strerror", None) or (str(cause) if type(cause) is RedirectError else None)
    return f"{type(known).__name__}: {said}" if said else type(known).__name__
