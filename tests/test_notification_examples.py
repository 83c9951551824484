"""The receivers' code in docs/notifications.md takes what we sign, and nothing else."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import time
from collections.abc import Callable
from datetime import datetime, timezone
from itertools import accumulate
from pathlib import Path
from typing import Any

import pytest
from standardwebhooks import Webhook

from shared.domain.outbox import RETRY_AFTER_S
from shared.domain.states import State
from tools.openapi import Notification

DOCS = Path(__file__).parent.parent / "docs"
DOCUMENT = (DOCS / "notifications.md").read_text(encoding="utf-8")
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
BODY = '{"type":"recording.completed","data":{"page":"课堂"}}'.encode()
CASES: dict[str, tuple[bool, Callable[[dict[str, str]], dict[str, str]], bytes]] = {
    "as it is sent": (True, lambda headers: headers, BODY),
    "with a signature of another key before it": (
        True,
        lambda headers: {**headers, "webhook-signature": f"v1,AAAA {headers['webhook-signature']}"},
        BODY,
    ),
    "with another body": (False, lambda headers: headers, BODY + b" "),
    "with another id": (False, lambda headers: {**headers, "webhook-id": "another"}, BODY),
    "with a time that is not signed": (
        False,
        lambda headers: {**headers, "webhook-timestamp": str(int(headers["webhook-timestamp"]) + 1)},
        BODY,
    ),
    "with a time that is none": (False, lambda headers: {**headers, "webhook-timestamp": "soon"}, BODY),
    "with an empty signature": (False, lambda headers: {**headers, "webhook-signature": ""}, BODY),
}

QUICK = ("-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC")
"""Java compiles and runs one small file: no second compiler and no parallel collector for that."""


def example(language: str) -> str:
    (code,) = re.findall(rf"^```{language}\n(.*?)^```", DOCUMENT, re.DOTALL | re.MULTILINE)
    return str(code)


def sent(at_s: int) -> dict[str, str]:
    signature = Webhook(SECRET).sign("lesson-completed", datetime.fromtimestamp(at_s, timezone.utc), BODY.decode())
    return {"webhook-id": "lesson-completed", "webhook-timestamp": str(at_s), "webhook-signature": signature}


def questions() -> list[tuple[bool, dict[str, str], bytes]]:
    now_s = int(time.time())
    asked = [(right, change(sent(now_s)), body) for right, change, body in CASES.values()]
    return [*asked, (False, sent(now_s - 3_600), BODY)]


def test_python_takes_what_we_sign_and_nothing_else() -> None:
    """Each case has its verdict; a signature of an hour ago is refused."""
    scope: dict[str, Any] = {}
    exec(example("python"), scope)
    for right, headers, body in questions():
        assert right == scope["verify"](SECRET, headers, body)


@pytest.mark.process
def test_node_takes_what_we_sign_and_nothing_else(tmp_path: Path) -> None:
    """The same verdicts as Python's."""
    node = shutil.which("node")
    if node is None:
        pytest.skip("NOT TESTED: there is no node on the PATH")
    asked = questions()
    calls = [[headers, body.decode()] for _, headers, body in asked]
    script = tmp_path / "receiver.js"
    script.write_text(
        f"{example('js')}\nconst calls = {json.dumps(calls)};\n"
        f"console.log(JSON.stringify(calls.map(([h, b]) => verify({json.dumps(SECRET)}, h, Buffer.from(b)))));\n",
        encoding="utf-8",
    )
    done = subprocess.run([node, str(script)], capture_output=True, text=True, check=True, timeout=300)
    assert [right for right, _, _ in asked] == json.loads(done.stdout)


@pytest.mark.process
def test_java_takes_what_we_sign_and_nothing_else(tmp_path: Path) -> None:
    """The same verdicts as Python's."""
    java = shutil.which("java")
    if java is None or shutil.which("javac") is None:
        pytest.skip("NOT TESTED: there is no JDK on the PATH")
    asked = questions()
    names = ("webhook-id", "webhook-timestamp", "webhook-signature")
    lines = ""
    for _, headers, body in asked:
        given = ", ".join(json.dumps(one) for one in (SECRET, *map(headers.get, names)))
        text = f"{json.dumps(body.decode())}.getBytes(StandardCharsets.UTF_8)"
        lines += f"System.out.println(Webhooks.verify({given}, {text}));\n"
    imports, _, code = example("java").partition("class Webhooks")
    script = tmp_path / "Receiver.java"
    main = f"class Receiver {{ public static void main(String[] none) throws Exception {{\n{lines}\n}} }}\n"
    script.write_text(f"{imports}{main}class Webhooks{code}", encoding="utf-8")
    done = subprocess.run([java, *QUICK, str(script)], capture_output=True, text=True, check=True, timeout=300)
    assert [str(right).lower() for right, _, _ in asked] == done.stdout.split()


def test_the_bodies_in_the_document_are_bodies() -> None:
    """Each fits the model, and names its state in all places; the links to films are not in it."""
    blocks = re.findall(r"^```json\n(.*?)^```", DOCUMENT, re.DOTALL | re.MULTILINE)
    bodies = [Notification.model_validate_json(block) for block in blocks]
    assert [State.COMPLETED, State.FAILED] == [body.state for body in bodies]
    for body in bodies:
        assert f"recording.{body.state.value}" == body.type
        assert {body.state} == {body.current_state, body.data.state}
        assert [] == [file for file in body.data.files if file.url]


@pytest.mark.parametrize(("edition", "title"), [("", "after the first"), (".zh-CN", "距第一次")])
def test_the_tries_in_the_document_are_made(edition: str, title: str) -> None:
    """Each after as long as the table says, in both languages."""
    text = (DOCS / f"notifications{edition}.md").read_text(encoding="utf-8")
    (row,) = re.findall(rf"^\| {title} \| (.*) \|$", text, re.MULTILINE)
    unit_s = {"h": 3_600, "min": 60}
    told = [re.findall(r"(\d+) (h|min)", cell) for cell in row.split(" | ")]
    assert list(accumulate(RETRY_AFTER_S)) == [sum(int(n) * unit_s[unit] for n, unit in cell) for cell in told]
