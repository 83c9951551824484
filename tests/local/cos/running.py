"""Runs the local COS under uvicorn in a thread, for the official SDK to talk to."""

from __future__ import annotations

import socket
import threading
import time
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any

import httpx
import requests
import uvicorn
from qcloud_cos import CosConfig, CosS3Client
from qcloud_cos.cos_exception import CosServiceError

from local.account import Statement, permits
from local.cos import BucketStore, CosSettings, Credential, ObjectCreated, create_app
from local.cos.service import OnCreated

BUCKET = "recordings-1250000000"
REGION = "ap-guangzhou"
HOST = f"{BUCKET}.cos.{REGION}.myqcloud.com"
SECRET_ID = "AKIDlocal"
SECRET_KEY = "local-secret-key"
TEMPORARY_ID = "AKIDtemporary"
TEMPORARY_KEY = "temporary-secret-key"
TOKEN = "session-token"

_CREDENTIALS = {SECRET_ID: Credential(SECRET_KEY), TEMPORARY_ID: Credential(TEMPORARY_KEY, TOKEN)}


class RunningCos:
    """A server on a free port; a context manager. `created` collects what on_created was told."""

    def __init__(self, root: Path, settings: CosSettings | None = None, listener: OnCreated | None = None) -> None:
        self.root = root
        self.settings = settings or CosSettings()
        self.created: list[ObjectCreated] = []
        self.policies: dict[str, tuple[Statement, ...]] = {}
        self._listener: OnCreated = listener or self.created.append
        self._sessions: list[requests.Session] = []

    def __enter__(self) -> RunningCos:
        self.store = BucketStore(self.root)
        app = create_app(
            self.store,
            credentials=_CREDENTIALS.get,
            on_created=self._listener,
            settings=self.settings,
            permits=self._permits,
        )
        # The protocol by number: only then does asyncio switch Nagle's algorithm off.
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        self._socket.bind(("127.0.0.1", 0))
        self.port: int = self._socket.getsockname()[1]
        config = uvicorn.Config(app, log_level="error", access_log=False, timeout_graceful_shutdown=5)
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._server.run, kwargs={"sockets": [self._socket]})
        self._thread.start()
        while not self._server.started:
            time.sleep(0.005)
        self.client = self.sdk()
        self.http = httpx.Client(base_url=f"http://127.0.0.1:{self.port}", timeout=60)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for session in self._sessions:
            session.close()
        self.http.close()
        self._server.should_exit = True
        self._thread.join()
        self._socket.close()
        self.store.close()

    def _permits(self, secret_id: str, action: str, resource: str) -> bool:
        whole = f"qcs::cos:{REGION}:uid/1250000000:{resource}"
        return secret_id not in self.policies or permits(self.policies[secret_id], f"cos:{action}", whole)

    def sdk(
        self, secret_id: str = SECRET_ID, secret_key: str = SECRET_KEY, token: str | None = None, **config: Any
    ) -> Any:
        """An SDK client with connections of its own: those that clients share are never closed."""
        place = {"IP": "127.0.0.1", "Port": self.port} if "Domain" not in config else {}
        session = requests.Session()
        self._sessions.append(session)
        return CosS3Client(
            CosConfig(
                Region=REGION,
                SecretId=secret_id,
                SecretKey=secret_key,
                Token=token,
                Scheme="http",
                **place,
                **config,
            ),
            retry=0,
            session=session,
        )

    def signed(self, method: str, key: str, **arguments: Any) -> httpx.Response:
        """A request through plain httpx, signed by the SDK without extra headers or parameters."""
        authorization = self.client.get_auth(Method=method, Bucket=BUCKET, Key=key, Headers={"host": HOST})
        headers = {"Host": HOST, "Authorization": authorization, **arguments.pop("headers", {})}
        return self.http.request(method, f"/{key.removeprefix('/')}", headers=headers, **arguments)

    def wait_created(self, count: int) -> list[ObjectCreated]:
        """What on_created was told, once it was told `count` things."""
        until = time.monotonic() + 120
        while len(self.created) < count and time.monotonic() < until:
            time.sleep(0.005)
        return list(self.created)


def refusal(call: Any, *arguments: Any, **named: Any) -> tuple[int, str]:
    """Status and error code with which an SDK call is refused."""
    with suppress(KeyError):
        try:
            call(*arguments, **named)
        except CosServiceError as error:
            return error.get_status_code(), error.get_error_code()
    raise AssertionError("the call was not refused")
