"""The API's description: made of the models, kept as a file, and true of the deployed function."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import jsonschema_rs
import pytest

from shared.domain.request import RecordingRequest
from shared.domain.words import words_of
from shared.http import api
from shared.http.replies import PROBLEMS
from tests.cloud import RunningCloud
from tools.openapi import document

ROOT = Path(__file__).parents[2]
DOCUMENT = document()


def examples(node: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, dict[str, Any], Any]]:
    """Yield where, the schema and the value of each example."""
    if isinstance(node, dict):
        for name, example in node.get("examples", {}).items() if "schema" in node else ():
            yield "/".join((*path, name)), node["schema"], example["value"]
        for name, inner in node.items():
            yield from examples(inner, (*path, name))


EXAMPLES = {where: (schema, value) for where, schema, value in examples({**DOCUMENT["paths"], **DOCUMENT["webhooks"]})}


def test_the_published_file_is_the_document() -> None:
    """What the function serves, and docs/openapi.json links to, is written by `make openapi`."""
    for published in ("shared/http/description/openapi.json", "docs/openapi.json"):
        assert json.loads((ROOT / published).read_text()) == DOCUMENT, "run `make openapi`"


ROUTES = {f"{method} {path}" for path, methods in api.ROUTES.items() for method in methods}


def test_every_route_is_described_and_no_other() -> None:
    """Path and methods, but the description itself and the console."""
    described = {f"{name.upper()} {path}" for path, item in DOCUMENT["paths"].items() for name in item}
    assert {each for each in ROUTES if not re.search("/(openapi.json|console)", each)} == {
        each for each in described if not each.startswith("PARAMETERS")
    }


def test_the_list_of_calls_has_every_route_and_no_other() -> None:
    """The first table of docs/api.md; what the console's page loads is the console's."""
    rows = re.findall(r"^\| (`[A-Z]+ /.*?) \|", (ROOT / "docs" / "api.md").read_text(), re.MULTILINE)
    calls = {call for row in rows for call in re.findall(r"`([A-Z]+ [^`?]+)", row)}
    assert {each for each in ROUTES if "/console/" not in each} == calls


def test_an_example_is_what_it_shows() -> None:
    """Each fits the schema beside it."""
    for where, (schema, value) in EXAMPLES.items():
        judge = jsonschema_rs.validator_for({**schema, "components": DOCUMENT["components"]})
        assert [] == [error.message for error in judge.iter_errors(value)], where


@pytest.mark.parametrize("where", [where for where in EXAMPLES if where.startswith("/") and "requestBody" in where])
def test_an_example_request_is_accepted(running: RunningCloud, where: str) -> None:
    """As it stands, by the model and by the API."""
    value = EXAMPLES[where][1]
    RecordingRequest.model_validate(value)
    asked = {name: text for name, text in value.items() if name not in ("StartAt", "StopAt")}  # their year passes
    token = {"Authorization": f"Bearer {running.cloud.keys.api_token}"}
    gateway = running.cloud.address.gateway
    reply = httpx.post(f"{gateway}/recordings", json=asked, headers=token, timeout=60)
    assert reply.status_code in (201, 202), reply.text
    httpx.post(f"{gateway}/recordings/{reply.json()['recording_id']}/stop", headers=token, timeout=60)


def test_every_body_has_an_example() -> None:
    """Of each request and each reply, in every state that a reply may have after its call."""
    bodies = [
        content
        for item in [*DOCUMENT["paths"].values(), *DOCUMENT["webhooks"].values()]
        for method, operation in item.items()
        if method != "parameters"
        for one in (operation.get("requestBody", {}), *operation["responses"].values())
        for content in one.get("content", {}).values()
    ]
    assert len(bodies) > 20
    assert [] == [content for content in bodies if not content.get("examples")]
    shown = {value["state"] for where, (_, value) in EXAMPLES.items() if "/20" in where and "state" in value}
    assert {"scheduled", "queued", "starting", "recording", "stopping", "completed", "failed", "cancelled"} <= shown


def test_the_error_of_a_field_is_shown_as_it_is_replied() -> None:
    """Its code, its sentence and what that names."""
    fields = [field for _, value in EXAMPLES.values() if "errors" in value for field in value["errors"]]
    assert len(fields) > 3
    for field in fields:
        assert field["message"].startswith(words_of("field")[field["code"]].format(**field.get("values", {}))), field


def test_each_error_has_its_own_example() -> None:
    """Under its status, by its name; together they show every problem that a caller of the API can meet."""
    shown = set()
    for where, (_, value) in EXAMPLES.items():
        if "application/problem+json" in where:
            parts = where.split("/")
            assert str(value["status"]) in parts
            assert f"urn:scf-webrecord:problem:{parts[-1]}" == value["type"]
            shown.add(parts[-1])
    callers = {name for _, name, _ in PROBLEMS.values()} - {"method-not-allowed", "not-stored"}
    assert callers == shown


def test_every_problem_is_documented() -> None:
    """docs/api.md names every `type` with its status."""
    text = (ROOT / "docs" / "api.md").read_text()
    for status, name, title in PROBLEMS.values():
        assert f"| `{name}` | {status} | {title} |" in text


def test_a_stranger_with_a_generator_finds_nothing(running: RunningCloud, tmp_path: Path) -> None:
    """Requests made from the description, good and bad: documented statuses, types and schemas, and no 500.

    What it can't know is that fields exclude each other, so refusing data that fits the schema is no finding.
    Waiting calls take their time, and have tests of their own. 503 is what storage on a busy machine may come to.
    """
    expected = 'expected-statuses = ["2xx", "3xx", "4xx", "503"]'
    (tmp_path / "schemathesis.toml").write_text(f"[checks.not_a_server_error]\n{expected}\n")
    command = [
        sys.executable, "-m", "schemathesis.cli", "run", f"{running.cloud.address.gateway}/openapi.json",
        "--header", f"Authorization: Bearer {running.cloud.keys.api_token}", "--no-color", "--seed", "1",
        "--checks", "all", "--exclude-checks", "positive_data_acceptance", "--max-examples", "8",
        "--exclude-path", "/recordings/{id}/wait", "--max-response-time", "60",
        "--generation-database", "none",
        "--workers", "1",  # it parses source in each, which CPython 3.11 does not bear in several threads at once
    ]  # fmt: skip
    # Hypothesis' tables of characters are kept there; to make them anew is a third of the work.
    env = {**os.environ, "HYPOTHESIS_STORAGE_DIRECTORY": str(ROOT / ".hypothesis")}
    ran = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, env=env, timeout=1_800)
    assert 0 == ran.returncode, ran.stdout[-4_000:] + ran.stderr[-2_000:]
