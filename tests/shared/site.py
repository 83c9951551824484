"""A deployment for the doctor: the local cloud, with the guide's policies on its keys, to be broken at will."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from http.server import BaseHTTPRequestHandler
from typing import Any

import pytest

from local import guide
from local.account import Statement, parse_policy
from local.config import BUCKET
from local.kindness import Lagging
from shared.doctor import Finding
from shared.doctor.run import LIMIT_S, Examination
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
        found = list(Examination(function, self.api_url, self.callback_url, wake_s=0).run(LIMIT_S * 6))
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
        self._change("reconcile", add=actions)

    def deny_role(self, *actions: str) -> None:
        """Take actions from the role."""
        self._change("reconcile", drop=actions)

    def allow_uploads(self, *actions: str) -> None:
        """Let the upload key do this anywhere."""
        self._change("upload", add=actions)

    def deny_uploads(self, *actions: str) -> None:
        """Take actions from the upload key."""
        self._change("upload", drop=actions)

    def unlimited(self) -> None:
        """Let both keys do everything."""
        for name in ("reconcile", "upload"):
            self._statements(name).settled((Statement(True, ("*",), ("*",)),))

    def guided(self) -> None:
        """Hold both keys to the guide's policies."""
        accounts = self.running.cloud.accounts
        for name, who in (("reconcile", accounts.roles[guide.ROLE]), ("upload", accounts.users[guide.UPLOADER])):
            policy = accounts.policy_named(f"scf-webrecord-{name}")
            assert policy is not None
            who.policies.settled({policy.number: 0.0})
            policy.statements.settled(parse_policy(policy.text))

    def _change(self, name: str, add: tuple[str, ...] = (), drop: tuple[str, ...] = ()) -> None:
        dropped = {f"cos:{action}" for action in drop}
        kept = [
            replace(each, actions=tuple(action for action in each.actions if action not in dropped))
            for each in self._statements(name).now
        ]
        added = Statement(True, tuple(f"cos:{action}" for action in add), (f"qcs::cos:::{BUCKET}/*",))
        self._statements(name).settled((*kept, added))

    def _statements(self, name: str) -> Lagging[tuple[Statement, ...]]:
        policy = self.running.cloud.accounts.policy_named(f"scf-webrecord-{name}")
        assert policy is not None
        return policy.statements

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
    settings, gateway = deployed.cloud.cos_settings, deployed.cloud.address.gateway
    monkeypatch.setenv("TENCENTCLOUD_REGION", "ap-guangzhou")
    site = Site(deployed, monkeypatch, gateway, f"{gateway}/callback")
    site.guided()
    yield site
    site.unlimited()
    settings.versioned, settings.create_buckets = False, True


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
    """An address where nothing listens, nor comes to listen: the system gives no such port away."""
    return "http://127.0.0.1:9"
