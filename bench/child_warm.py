"""A warm instance: `python3.10 -I -S -B child_warm.py CODE_DIR MODULE SERVER CORE`, steps as JSON on standard input.

Each step is `{"event":…, "context":…, "restore": bool}`; restored first, where asked, are the server's objects. Out
comes for each step how long the handler took (wall and CPU, ns), its reply, the calls it made, and how long such calls
took bare: the SDKs' own clients over a kept connection, with nothing around them. Whoever comes second finds caches
warm, so they take turns: bare is what this step called, made after it, or what the step before called, made before it.
CORE is -1 for any.
"""

from __future__ import annotations

import importlib
import json
import os
import sys
import time
from collections.abc import Callable
from http.client import HTTPConnection
from typing import Any


class Bare:
    """The same calls, made with the SDKs alone."""

    def __init__(self, server: str, environ: dict[str, str], trtc: str | None = None) -> None:
        import requests
        from qcloud_cos import CosConfig, CosS3Client

        host, port = server.removeprefix("http://").split(":")
        own = {"SecretId": environ["TENCENTCLOUD_SECRETID"], "SecretKey": environ["TENCENTCLOUD_SECRETKEY"]}
        token, region = environ["TENCENTCLOUD_SESSIONTOKEN"], environ["WEBRECORD_BUCKET_REGION"]
        config = CosConfig(Region=region, Token=token, Scheme="http", IP=host, Port=int(port), **own)
        session = requests.Session()
        session.trust_env = False
        self._cos = CosS3Client(config, retry=0, session=session)
        self._bucket = environ["WEBRECORD_BUCKET"]
        self._keys, self._endpoint = (
            (own["SecretId"], own["SecretKey"], token),
            (trtc or server).removeprefix("http://"),
        )
        self._trtc: Any = None

    def prepared(self, call: dict[str, Any]) -> Callable[[], object]:
        """Return what makes one call; nothing is sent yet."""
        if call["action"]:
            return self._prepared_trtc(call["action"], call["body"])
        method, key, body = call["method"], call["key"], call["body"].encode("latin-1")
        if method == "PUT":
            return lambda: self._cos.put_object(Bucket=self._bucket, Key=key, Body=body, Metadata=call["headers"])
        if method == "DELETE":
            return lambda: self._cos.delete_object(Bucket=self._bucket, Key=key)
        if not key:
            asked = call["query"]
            return lambda: self._cos.list_objects(Bucket=self._bucket, Prefix=asked.get("prefix", ""), MaxKeys=1000)
        return lambda: self._read(key)

    def _read(self, key: str) -> bytes:
        from qcloud_cos.cos_exception import CosServiceError

        try:
            answer = self._cos.get_object(Bucket=self._bucket, Key=key)
        except CosServiceError:  # it was not there for the handler either
            return b""
        body: bytes = answer["Body"].get_raw_stream().read()
        return body

    def _prepared_trtc(self, action: str, body: str) -> Callable[[], object]:
        from tencentcloud.common.credential import Credential
        from tencentcloud.common.profile.client_profile import ClientProfile
        from tencentcloud.common.profile.http_profile import HttpProfile
        from tencentcloud.trtc.v20190722 import models, trtc_client

        if self._trtc is None:
            profile = ClientProfile(httpProfile=HttpProfile(protocol="http", endpoint=self._endpoint))
            self._trtc = trtc_client.TrtcClient(Credential(*self._keys), "ap-guangzhou", profile)
        parameters = body.encode("latin-1").decode()

        def call() -> object:  # the request's model is part of the SDK, too
            request = getattr(models, f"{action}Request")()
            request.from_json_string(parameters)
            return getattr(self._trtc, action)(request)

        return call


def main() -> None:
    """Take the steps, and print one JSON line."""
    code_dir, module, server, core = sys.argv[1:5]
    out = os.dup(1)
    sink = os.open(os.devnull, os.O_WRONLY)
    os.dup2(sink, 1)  # the function's log
    steps = json.loads(sys.stdin.read())
    sys.path.insert(0, code_dir)
    if int(core) >= 0:
        os.sched_setaffinity(0, {int(core)})
    handler, bare = importlib.import_module(module).main_handler, Bare(server, dict(os.environ))
    control = HTTPConnection(server.removeprefix("http://"))
    told = []
    make: list[Callable[[], object]] = []
    for number, step in enumerate(steps):
        bare_first = number % 2 == 1
        if step["restore"]:
            _ask(control, "restore")
        alone = _timed(make) if bare_first else 0
        _ask(control, "journal")
        began, used = time.perf_counter_ns(), time.process_time_ns()
        reply = handler(step["event"], step["context"])
        used, took = time.process_time_ns() - used, time.perf_counter_ns() - began
        calls = json.loads(_ask(control, "journal"))
        make = [bare.prepared(call) for call in calls]
        alone = alone if bare_first else _timed(make)
        names = [call["action"] or call["method"] + ("" if call["key"] else " list") for call in calls]
        told.append({"took": took, "used": used, "bare": alone, "calls": names, "reply": reply})
    os.write(out, json.dumps(told).encode())


def _timed(make: list[Callable[[], object]]) -> int:
    began = time.perf_counter_ns()
    for each in make:
        each()
    return time.perf_counter_ns() - began


def _ask(control: HTTPConnection, name: str) -> bytes:
    control.request("POST", f"/-/{name}")
    return control.getresponse().read()


if __name__ == "__main__":
    main()
