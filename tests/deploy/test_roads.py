"""A proxy of the shell stays out of what is on this machine: a local cloud is deployed into behind any."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest

from tests.deploy.test_deployment import FRESH, Examined, checkout
from tests.serving import Server, serving
from webrecord.commands.account import Given
from webrecord.deploy.verify import verify

DEAD = "http://127.0.0.1:1"
VALUES = {"WEBRECORD_SDK_APP_ID": "1400000001", "WEBRECORD_CALLBACK_KEYS": "k", "WEBRECORD_API_TOKENS": "backend:t"}


@pytest.fixture
def answering() -> Iterator[Server]:
    """Something on this machine: an API 3.0, a bucket list, and our two addresses in one."""

    class Anything(BaseHTTPRequestHandler):
        def _answer(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            known = self.headers.get("Authorization") == "Bearer t" or len(self.headers.get("Sign") or "") > 9
            api = self.headers.get("X-TC-Action")
            text = json.dumps({"Response": {"RequestId": "r", "Arn": "a"}}) if api else "<Result><Buckets/></Result>"
            ours = not api and "q-sign" not in (self.headers.get("Authorization") or "")
            self.send_response(401 if ours and not known else 200)
            self.send_header("Content-Type", "application/json" if api else "application/xml")
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text.encode())

        do_GET = do_POST = _answer  # noqa: N815 (http.server's names)

        def log_message(self, *_: Any) -> None:
            pass

    with serving(Anything) as server:
        yield server


@pytest.mark.parametrize("dead", [DEAD, "socks5://127.0.0.1:1"])
def test_no_proxy_is_asked_for_a_local_cloud(
    answering: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, dead: str
) -> None:
    """Not for the APIs, not for COS, not for what was deployed; what NO_PROXY named before stays."""
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, dead)
        monkeypatch.setenv(name.lower(), dead)
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.setenv(name, "intern.example")
    options = checkout(tmp_path)
    options.env.write_text(f"{FRESH}TENCENTCLOUD_SECRET_ID=a\nTENCENTCLOUD_SECRET_KEY=b\n")
    given = Given(options.env, options.build, "scf-webrecord", "china", answering.url, answering.url)
    assert "a" == given.cloud.call("sts", "GetCallerIdentity")["Arn"]
    assert given.cloud.buckets.region_of("films-1250000000") is None
    addresses: dict[str, str | None] = {"recordings": answering.url, "callback": answering.url}
    account: Any = Examined([{"check": "wake", "level": "ok"}])
    found = list(verify(account, "d-reconcile", addresses, VALUES, sleep=lambda _: None))
    assert [] == [one for one in found if not one.ok]
    assert "intern.example" == os.environ["NO_PROXY"] == os.environ["no_proxy"]
