"""What only the doctor asks: a bucket about itself, and the deployment's own addresses."""

from __future__ import annotations

import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import timezone
from email.utils import parsedate_to_datetime

import requests

from shared.adapters.cos import CosStore
from shared.domain.errors import StoreError, UnreachableError

READ_BYTES = 4096


class CosProbe(CosStore):
    """One bucket, and what it says of itself."""

    def versioning(self) -> str:
        answer = self._ask("versioning", lambda client: client.get_bucket_versioning(self._bucket))
        return str((answer or {}).get("Status") or "")

    def clock_ahead_s(self) -> float | None:
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


@dataclass(frozen=True)
class RequestsProbe:
    """Calls an address, without proxies, cookies or redirects.

    `timeout_s` holds for the connection, and again for each piece of the answer.
    """

    timeout_s: float

    def send(self, method: str, url: str, headers: Mapping[str, str], body: bytes = b"") -> tuple[int, str]:
        try:
            with requests.Session() as session:
                session.trust_env = False  # a .netrc would replace our Authorization
                answer = session.request(
                    method, url, headers=dict(headers), data=body, timeout=self.timeout_s,
                    allow_redirects=False, stream=True,
                )  # fmt: skip
                with answer:
                    read = next(answer.iter_content(READ_BYTES), b"")
                return answer.status_code, read.decode("utf-8", "replace")
        except (requests.RequestException, OSError, ValueError) as error:
            raise UnreachableError(f"no answer ({type(error).__name__})") from None
