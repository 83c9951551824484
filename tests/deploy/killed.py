"""Kill `webrecord deploy` after each of its calls, on a local cloud in a process of its own: `make deploy-faults`.

For each call: an empty account, the command, SIGKILL when the call was answered and before the answer comes; then
the same command again, which must end well, with an account like that of one clean run. What is deployed is a small
function that answers as ours would: what ours do is other tests' business.
"""

from __future__ import annotations

import http.client
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from threading import Lock
from typing import Annotated, Any
from urllib.parse import urlsplit

import typer

from local.config import Address, Keys
from tests.serving import Server, serving
from webrecord.deploy import envfile
from webrecord.deploy.cloud import Tencent

ROOT = Path(__file__).parents[2]
BUCKET = "films-1250000000"
NAME = "scf-webrecord"
FUNCTIONS = ("callback", "reconcile", "recordings")
STUB = """
def main_handler(event, context):
    if "httpMethod" not in event:
        return {"findings": []}
    headers = {name.lower(): value for name, value in event["headers"].items()}
    ok = headers.get("authorization") or headers.get("sign", "wrong") != "wrong"
    return {"isBase64Encoded": False, "statusCode": 200 if ok else 401, "headers": {}, "body": "{}"}
"""
START_S, COMMAND_S = 120, 300
NOT_FORWARDED = {"connection", "transfer-encoding", "content-length"}


@dataclass
class Calls:
    """What was called through us, in order; at the `kill_at`th the caller is killed before the answer comes."""

    kill_at: int | None = None
    names: list[str] = field(default_factory=list)
    victim: subprocess.Popen[str] | None = None
    _lock: Lock = field(default_factory=Lock)

    def is_last(self, name: str) -> bool:
        """Count a call that was answered; kill the caller if it was the one."""
        with self._lock:
            self.names.append(name)
            if len(self.names) != self.kill_at or self.victim is None:
                return False
            self.victim.kill()
            return True


def between(upstream: str, calls: Calls) -> type[BaseHTTPRequestHandler]:
    """Return what passes requests on, untouched: they are signed with the address that the caller knows."""
    place = urlsplit(upstream).netloc

    class Passing(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _pass(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            there = http.client.HTTPConnection(place, timeout=COMMAND_S)
            there.putrequest(self.command, self.path, skip_host=True, skip_accept_encoding=True)
            for name, value in self.headers.items():
                there.putheader(name, value)
            there.endheaders(body or None)
            answer = there.getresponse()
            content = answer.read()
            there.close()
            if calls.is_last(self.headers.get("X-TC-Action") or f"{self.command} Bucket"):
                self.close_connection = True
                return
            self.send_response(answer.status)
            for name, value in answer.getheaders():
                if name.lower() not in NOT_FORWARDED:
                    self.send_header(name, value)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_PUT = do_POST = do_HEAD = do_DELETE = _pass  # noqa: N815 (http.server's names)

        def log_message(self, *_: Any) -> None:
            pass

    return Passing


@dataclass
class Place:
    """An empty account in a local cloud, and a checkout to deploy from."""

    folder: Path
    address: Address
    keys: Keys
    calls: Calls
    servers: tuple[Server, Server]

    @property
    def env(self) -> Path:
        """Return the checkout's .env."""
        return self.folder / ".env"

    def deploys(self) -> subprocess.Popen[str]:
        """Start the command."""
        trtc, cos = (server.url for server in self.servers)
        words = ("deploy", "--yes", "--json", "--endpoint", trtc, "--cos-endpoint", cos)
        keys = {"TENCENTCLOUD_SECRET_ID": self.keys.owner_id, "TENCENTCLOUD_SECRET_KEY": self.keys.owner_key}
        return subprocess.Popen(
            [sys.executable, "-m", "webrecord", *words],
            cwd=self.folder,
            env={**plain(), **keys, "PYTHONPATH": str(ROOT)},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def deployed(self, kill_at: int | None = None) -> tuple[int, str]:
        """Run the command; return its status and what it said."""
        self.calls.names, self.calls.kill_at = [], kill_at
        with self.deploys() as command:
            self.calls.victim = command
            try:
                said, _ = command.communicate(timeout=COMMAND_S)
            except subprocess.TimeoutExpired:
                command.kill()
                said = f"{command.communicate()[0]}\nit did not end in {COMMAND_S} s"
        return command.returncode, said

    def picture(self) -> dict[str, Any]:
        """Return everything that is in the account, without what differs from run to run."""
        account = Tencent(
            self.keys.owner_id, self.keys.owner_key, "ap-guangzhou", endpoint=self.address.trtc,
            cos_endpoint=self.address.cos,
        )  # fmt: skip
        uin = int(account.call("cam", "GetUser", Name=f"{NAME}-upload")["Uin"])
        (topic,) = account.call("cls", "DescribeTopics")["Topics"]
        index = account.call("cls", "DescribeIndex", TopicId=topic["TopicId"])
        logsets = account.call("cls", "DescribeLogsets")["Logsets"]
        return {
            "bucket": account.buckets.region_of(BUCKET),
            "pages": [
                {**rule, "AllowedOrigin": len(rule["AllowedOrigin"])}
                for rule in account.buckets.cors(BUCKET).get("CORSRule", [])
            ],
            "roles": {f"{NAME}-{one}": _role(account, f"{NAME}-{one}") for one in FUNCTIONS},
            "services": _role(account, "SCF_QcsRole"),
            "policies": _policies(account),
            "user": _names(account.call("cam", "ListAttachedUserPolicies", TargetUin=uin, Page=1, Rp=200)),
            "functions": {name: _function(account, name) for name in _listed(account)},
            "logsets": [[row["LogsetName"], row["TopicCount"]] for row in logsets],
            "topic": [topic["TopicName"], topic["Period"], index["Rule"]],
            "key": _key(account, uin) == envfile.read(self.env)["WEBRECORD_STORAGE_SECRET_ID"],
        }  # fmt: skip


def _role(account: Tencent, name: str) -> list[Any]:
    info = account.call("cam", "GetRole", RoleName=name)["RoleInfo"]
    attached = account.call("cam", "ListAttachedRolePolicies", RoleName=name, Page=1, Rp=200)
    return [info["PolicyDocument"], _names(attached)]


def _names(answer: dict[str, Any]) -> list[str]:
    return sorted(row["PolicyName"] for row in answer["List"])


def _policies(account: Tencent) -> dict[str, str]:
    rows = account.call("cam", "ListPolicies", Scope="Local", Rp=200, Page=1)["List"]
    return {
        row["PolicyName"]: account.call("cam", "GetPolicy", PolicyId=row["PolicyId"])["PolicyDocument"] for row in rows
    }


def _listed(account: Tencent) -> list[str]:
    return sorted(row["FunctionName"] for row in account.call("scf", "ListFunctions", Limit=100)["Functions"])


def _function(account: Tencent, name: str) -> dict[str, Any]:
    found = account.call("scf", "GetFunction", FunctionName=name, ShowCode="FALSE")
    kept = ("Status", "Handler", "MemorySize", "Timeout", "Role", "Runtime", "CodeSize")
    rows = account.call("scf", "ListTriggers", FunctionName=name, Limit=100)["Triggers"]
    triggers = [
        [row["Type"], row["Enable"], row["CustomArgument"], re.sub(r"http://[^\"]*", "", row["TriggerDesc"])]
        for row in rows
    ]
    # A key, addresses and a digest of them differ from run to run.
    return {
        **{each: found[each] for each in kept},
        "Description": found["Description"].partition(" config ")[0],
        "Environment": sorted(row["Key"] for row in found["Environment"]["Variables"]),
        "logs": bool(found["ClsTopicId"]),
        "triggers": sorted(triggers),
    }


def _key(account: Tencent, uin: int) -> str:
    """Return the one key that is switched on."""
    rows = account.call("cam", "ListAccessKeys", TargetUin=uin)["AccessKeys"]
    (live,) = [str(row["AccessKeyId"]) for row in rows if row["Status"] == "Active"]
    return live


def plain() -> dict[str, str]:
    """Return the environment without proxies: everything is on this machine."""
    return {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")}


@contextmanager
def place(folder: Path) -> Iterator[Place]:
    """Run a local cloud with an empty account, and make a checkout."""
    checkout, state = folder / "checkout", folder / "cloud"
    (checkout / "build").mkdir(parents=True)
    shutil.copy(ROOT / "serverless.yml", checkout)
    for name in FUNCTIONS:
        with zipfile.ZipFile(checkout / "build" / f"{name}.zip", "w") as package:
            package.writestr(zipfile.ZipInfo(f"{name}.py"), STUB)
    ports = ("--gateway-port", "0", "--trtc-port", "0", "--cos-port", "0")
    words = ("up", "--empty", "--gentle", "--no-browser", "--state-dir", str(state), *ports)
    with ExitStack() as stack:
        log = stack.enter_context((folder / "cloud.log").open("w"))
        up = subprocess.Popen([sys.executable, "-m", "local", *words], cwd=ROOT, env=plain(), stdout=log, stderr=log)
        stack.callback(_end, up)
        until = time.monotonic() + START_S
        while (address := Address.read(state)) is None or not (folder / "cloud.log").read_text().count("Ctrl-C"):
            if up.poll() is not None or time.monotonic() > until:
                raise RuntimeError(f"no local cloud: {(folder / 'cloud.log').read_text()}")
            time.sleep(0.05)
        values = {
            "TENCENT_REGION": "ap-guangzhou",
            "WEBRECORD_ROLE": NAME,
            "WEBRECORD_SDK_APP_ID": "1400000001",
            "WEBRECORD_BUCKET": BUCKET,
            "WEBRECORD_CALLBACK_KEYS": "k" * 32,
            "WEBRECORD_API_TOKENS": f"backend:{'t' * 40}",
            # The functions' own calls go by us: they are not the deployer's.
            "WEBRECORD_TRTC_ENDPOINT": address.trtc,
            "WEBRECORD_COS_ENDPOINT": address.cos,
        }
        envfile.write(checkout / ".env", values)
        calls = Calls()
        servers = tuple(stack.enter_context(serving(between(url, calls))) for url in (address.trtc, address.cos))
        yield Place(checkout, address, Keys.of(state), calls, (servers[0], servers[1]))


def _end(up: subprocess.Popen[bytes]) -> None:
    up.terminate()
    try:
        up.wait(30)
    except subprocess.TimeoutExpired:
        up.kill()
        up.wait()


def clean_run() -> tuple[list[str], dict[str, Any]]:
    """Return the calls of one whole deployment, and the account after it."""
    with tempfile.TemporaryDirectory() as folder, place(Path(folder)) as at:
        status, said = at.deployed()
        if status:
            raise RuntimeError(said)
        return at.calls.names, at.picture()


def killed_at(number: int, clean: dict[str, Any]) -> tuple[float, str]:
    """Kill the command at a call and run it again; return the second run's seconds, and what is wrong."""
    with tempfile.TemporaryDirectory() as folder, place(Path(folder)) as at:
        status, said = at.deployed(kill_at=number)
        if status == 0:
            return 0.0, ""  # it asked less often whether something is ready, and was done before
        if status != -signal.SIGKILL:
            return 0.0, f"it was not killed, but ended with {status}: {said[-500:]}"
        begun = time.monotonic()
        status, said = at.deployed()
        took = time.monotonic() - begun
        if status:
            return took, f"the second run ended with {status}: {said[-800:]}"
        found = at.picture()
        differs = [name for name in clean if json.dumps(found[name]) != json.dumps(clean[name])]
        if differs:
            return took, f"the end differs: {', '.join(f'{name}: {found[name]}' for name in differs)[:800]}"
        if not found["key"]:
            return took, "the key in .env is not the one that is switched on"
        return took, ""


def main(
    first: Annotated[int, typer.Option("--from", min=1, help="The first call after which it is killed.")] = 1,
    last: Annotated[int, typer.Option("--to", help="The last one; 0: all.")] = 0,
    at_once: Annotated[int, typer.Option(min=1, help="How many local clouds at a time.")] = 2,
) -> None:
    """Kill a deployment after each of its calls, and run the same command again."""
    begun = time.monotonic()
    names, clean = clean_run()
    total = len(names)
    typer.echo(f"one clean run: {total} calls, {time.monotonic() - begun:.0f} s")
    numbers = range(first, min(last or total, total) + 1)
    wrong, seconds = 0, list[float]()
    with ThreadPoolExecutor(at_once) as pool:
        for number, (took, why) in zip(numbers, pool.map(lambda one: killed_at(one, clean), numbers), strict=True):
            wrong += bool(why)
            seconds.append(took)
            line = why or f"the same command finished in {took:.1f} s, the end is the same"
            typer.echo(f"killed after call {number} of {total}, {names[number - 1]}: {line}")
    longest = max(seconds, default=0)
    took = time.monotonic() - begun
    typer.echo(f"{len(numbers)} kills, {wrong} wrong; the second run took {longest:.1f} s at most; {took:.0f} s in all")
    raise typer.Exit(1 if wrong else 0)


if __name__ == "__main__":
    typer.run(main)
