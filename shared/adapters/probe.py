"""What only the doctor asks: a bucket about itself, and the deployment's own addresses."""

from __future__ import annotations

import time
from collections.abc import Mapping
from contextlib import suppress
from datetime import timezone
from email.utils import parsedate_to_datetime

import requests

from shared.adapters.cos import CosStore
from shared.domain.errors import StoreError, UnreachableError

READ_BYTES = 4096


class CosProbe(CosStore):
    """One bucket, and what it says of itself."""

    def versioning(self) -> str:
        """Return `Enabled`, `Suspended`, or nothing where there never was any (GetBucketVersioning)."""
        answer = self._ask("versioning", lambda client: client.get_bucket_versioning(self._bucket))
        return str((answer or {}).get("Status") or "")

    def clock_ahead_s(self) -> float | None:
        """Return by how many seconds our clock is ahead of the bucket's; None when it told no time."""
        ahead: list[float] = []

        def note(response: requests.Response, *_: object, **__: object) -> None:
            with suppress(KeyError, ValueError, TypeError):
                told = parsedate_to_datetime(response.headers["Date"])
                # A Date that names no zone is in GMT all the same (RFC 9110).
                told = told if told.tzinfo else told.replace(tzinfo=timezone.utc)
                ahead.append(time.time() - told.timestamp())

        self._session.hooks["response"].append(note)
        try:
            with suppress(StoreError):  # a refusal has a Date, too
                list(self.list("doctor/", limit=1))
        finally:
            self._session.hooks["response"].remove(note)
        return ahead[-1] if ahead else None


class RequestsProbe:
    """Calls an address, without proxies, cookies or redirects.

    Args:
        timeout_s: for the connection, and again for each piece of the answer.
    """

    def __init__(self, timeout_s: float) -> None:
        self._timeout_s = timeout_s

    def send(self, method: str, url: str, headers: Mapping[str, str], body: bytes = b"") -> tuple[int, str]:
        """Return the status and the beginning of the body."""
        try:
            with requests.Session() as session:
                session.trust_env = False  # a .netrc would replace our Authorization
                answer = session.request(
                    method, url, headers=dict(headers), data=body, timeout=self._timeout_s,
                    allow_redirects=False, stream=True,
                )  # fmt: skip
                with answer:
                    read = next(answer.iter_content(READ_BYTES), b"")
                return answer.status_code, read.decode("utf-8", "replace")
        except (requests.RequestException, OSError, ValueError) as error:
            raise UnreachableError(f"no answer ({type(error).__name__})") from None
