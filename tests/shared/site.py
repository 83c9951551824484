"""A deployment for the doctor: the local cloud, with the guide's policies on its keys, to be broken at will."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from http.server import BaseHTTPRequestHandler
from typing import Any

import pytest

from local import cam
from local.config import BUCKET
from local.cos import Allow
from shared.doctor.examination import LIMIT_S, Examination
from shared.domain.finding import Finding
from tests.cloud import RunningCloud
from tests.serving import serving


@dataclass
class Site:
    """The deployment, and ways to break it; all is mended afterwards.

    Attributes:
        running: the local cloud.
        patch: changes the functions' environment.
        api_url, callback_url: its addresses.
    """

    running: RunningCloud
    patch: pytest.MonkeyPatch
    api_url: str
    callback_url: str

    def examine(self, function: str = "all") -> dict[str, Finding]:
        """Run the doctor; return what it found by the checks' names. A busy machine gets more time than a user."""
        found = list(Examination(function, self.api_url, self.callback_url).run(LIMIT_S * 6))
        assert len({finding.check for finding in found}) == len(found)
        return {finding.check: finding for finding in found}

    def setting(self, **environment: str) -> None:
        """Set variables."""
        for name, value in environment.items():
            self.patch.setenv(name, value)

    def unset(self, *names: str) -> None:
        """Remove variables."""
        for name in names:
            self.patch.delenv(name, raising=False)

    def allow_role(self, *actions: str) -> None:
        """Let the role do this, and all that it may already, anywhere."""
        self._change(self.running.cloud.keys.role_id, add=actions)

    def deny_role(self, *actions: str) -> None:
        """Take actions from the role."""
        self._change(self.running.cloud.keys.role_id, drop=actions)

    def allow_uploads(self, *actions: str) -> None:
        """Let the upload key do this anywhere."""
        self._change(self.running.cloud.keys.upload_id, add=actions)

    def deny_uploads(self, *actions: str) -> None:
        """Take actions from the upload key."""
        self._change(self.running.cloud.keys.upload_id, drop=actions)

    def _change(self, secret_id: str, add: tuple[str, ...] = (), drop: tuple[str, ...] = ()) -> None:
        policies = self.running.cloud.cos_settings.policies
        kept = tuple(replace(allow, actions=allow.actions - set(drop)) for allow in policies[secret_id])
        policies[secret_id] = (*kept, Allow(frozenset(add), f"{BUCKET}/*"))

    def objects(self) -> set[str]:
        """Return every object of every bucket."""
        store, settings = self.running.cloud.store, self.running.cloud.cos_settings
        return {
            f"{bucket.name}/{entry.key}"
            for bucket in store.buckets()
            for entry in bucket.page("", "", "", 10**6, settings).entries
        }

    def forget(self, *names: str) -> None:
        """Delete objects, whoever may not."""
        for name in names:
            bucket, _, key = name.partition("/")
            self.running.cloud.store.bucket(bucket).delete(key, self.running.cloud.cos_settings)


@pytest.fixture
def site(deployed: RunningCloud, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    """A deployment that is right."""
    keys, settings, gateway = deployed.cloud.keys, deployed.cloud.cos_settings, deployed.cloud.address.gateway
    monkeypatch.setenv("TENCENTCLOUD_REGION", "ap-guangzhou")
    settings.policies = {keys.role_id: cam.role(BUCKET), keys.upload_id: cam.upload_key(BUCKET)}
    yield Site(deployed, monkeypatch, gateway, f"{gateway}/callback")
    settings.policies, settings.versioned, settings.create_buckets = {}, False, True


@contextmanager
def answering(status: int, headers: dict[str, str], body: bytes = b"") -> Iterator[str]:
    """A server that answers everything alike; its address."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            self.send_response_only(status)
            for name, value in {**headers, "Content-Length": str(len(body))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        do_POST = do_PUT = do_DELETE = do_GET  # noqa: N815 (http.server's names)

        def log_message(self, *_: Any) -> None:
            pass

    with serving(Handler) as server:
        yield server.url


@contextmanager
def silent() -> Iterator[str]:
    """A server that takes connections and never answers; its address."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen(64)
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"


def nobody() -> str:
    """An address where nothing listens."""
    with socket.socket() as was_here:
        was_here.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{was_here.getsockname()[1]}"
