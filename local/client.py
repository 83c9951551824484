"""Recording one page through the gateway, as any backend would: start, watch, stop, wait for the result."""

from __future__ import annotations

import ssl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

FINAL = ("completed", "failed", "lost", "cancelled")
RESULT_TIMEOUT_S = 180.0
ALIVE_S = 2.0


class ClientError(Exception):
    """The gateway refused, or the result did not come; one line that says what to do."""


@dataclass
class Client:
    """Calls the gateway of a local cloud with its token."""

    gateway: str
    token: str = field(repr=False)
    timeout_s: float = 60.0

    def __post_init__(self) -> None:
        headers = {"Authorization": f"Bearer {self.token}"}
        # The gateway speaks no TLS: to read whom a browser trusts takes longer than most calls.
        nobody = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        self._http = httpx.Client(
            base_url=self.gateway, headers=headers, timeout=self.timeout_s, trust_env=False, verify=nobody
        )

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def alive(self, within_s: float = ALIVE_S) -> bool:
        """Tell whether the gateway answers."""
        try:
            return self._http.get("/_local/health", timeout=within_s).is_success
        except httpx.HTTPError:
            return False

    def users(self) -> list[str]:
        """Return the commands that use the cloud, without the one that started it; none where it does not answer."""
        try:
            answer = self._http.get("/_local/health", timeout=ALIVE_S)
            return list(answer.json()["users"]) if answer.is_success else []
        except (httpx.HTTPError, ValueError, KeyError, TypeError):
            return []

    @contextmanager
    def lease(self, who: str) -> Iterator[None]:
        """Keep the cloud running during this block, at most as long as this process lives.

        Raises:
            ClientError: it is about to end.
        """
        try:
            with self._http.stream("GET", "/_local/lease", params={"who": who}) as reply:
                if not reply.is_success:
                    raise ClientError("the local cloud is shutting down: run the command again")
                body = reply.iter_raw()  # the connection lives as long as this
                next(body, b"")
                yield
        except httpx.HTTPError as error:
            raise ClientError(f"lost the local cloud ({type(error).__name__}): is it still up?") from error

    def start(self, request: dict[str, Any]) -> dict[str, Any]:
        """POST /recordings."""
        return dict(self._json("POST", "/recordings", request))

    def get(self, recording_id: str) -> dict[str, Any]:
        """GET /recordings/{id}."""
        return dict(self._json("GET", f"/recordings/{recording_id}"))

    def stop(self, recording_id: str) -> dict[str, Any]:
        """POST /recordings/{id}/stop."""
        return dict(self._json("POST", f"/recordings/{recording_id}/stop"))

    def invoke(self, function: str, event: dict[str, Any]) -> dict[str, Any]:
        """Invoke a function with an event of one's own, and return its result."""
        return dict(self._json("POST", f"/_local/functions/{function}/invoke", event) or {})

    def faults(self) -> list[dict[str, Any]]:
        """Return the rules of faults, each with its name and counts."""
        return list(self._json("GET", "/_local/faults")["faults"])

    def add_faults(self, file: dict[str, Any]) -> list[str]:
        """Add the rules of a faults file; return their names."""
        return list(self._json("POST", "/_local/faults", file)["added"])

    def callbacks_to(self, url: str, key: str) -> None:
        """Do what TRTC's console does: say where callbacks go, and which key signs them."""
        self._json("PUT", "/_local/callbacks/endpoint", {"url": url, "key": key})

    def clear_faults(self, names: list[str]) -> list[str]:
        """Remove rules, all of them when no name is given; return the names of those removed."""
        query = "&".join(f"name={name}" for name in names)
        return list(self._json("DELETE", f"/_local/faults?{query}")["cleared"])

    def resend(self, which: dict[str, Any]) -> dict[str, str]:
        """Send logged callbacks again; return the new id of each: see `local.control`."""
        return dict(self._json("POST", "/_local/callbacks/resend", which)["resent"])

    def progress(self, task_id: str | None) -> dict[str, Any]:
        """Return seconds and frames recorded so far of a task, as the local recorder counts them."""
        tasks: list[dict[str, Any]] = self._json("GET", "/_local/progress")
        return next((task for task in tasks if task["task_id"] == task_id), {})

    def wait(self, recording_id: str, states: tuple[str, ...], timeout_s: float = RESULT_TIMEOUT_S) -> dict[str, Any]:
        """Return the recording once it is in one of the states.

        Raises:
            ClientError: it was not in time.
        """
        until = time.monotonic() + timeout_s
        while (recording := self.get(recording_id))["state"] not in states:
            if time.monotonic() > until:
                raise ClientError(f"{recording_id} is still {recording['state']} after {timeout_s:g} s")
            time.sleep(0.2)
        return recording

    def _json(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:  # noqa: ANN401 (any JSON)
        try:
            reply = self._http.request(method, path, json=body)
            answer = reply.json()
        except (httpx.HTTPError, ValueError) as error:
            raise ClientError(f"{method} {path}: {type(error).__name__}: is the local cloud up?") from error
        if not reply.is_success:
            told = answer if isinstance(answer, dict) else {}
            why = told.get("detail") or told.get("errorMessage") or reply.text
            raise ClientError(f"{method} {path}: {reply.status_code} {why}")
        return answer


def is_http_address(text: str) -> bool:
    """Tell whether a whole address is written there, with its scheme, and a host that can be called."""
    try:
        url = httpx.URL(text)
    except httpx.InvalidURL:
        return False
    return url.scheme in ("http", "https") and bool(url.host) and (url.port or 1) <= 65535


def object_path(state_dir: Path, file: dict[str, Any]) -> Path | None:
    """Return the local file of a recorded file in COS; None for VOD."""
    return state_dir / "cos" / file["bucket"] / file["key"] if "key" in file else None
