"""The documents say what the code does: settings, routes, states, commands, deployment."""

from __future__ import annotations

import ast
import json
import re
import subprocess
from datetime import datetime
from pathlib import Path

import pytest
import yaml

from local.__main__ import app
from shared import __version__
from shared.domain import refusals
from shared.domain.detail import Detail
from shared.domain.document import Overview
from shared.domain.reasons import PASSING, Code
from shared.domain.request import RecordingRequest
from shared.domain.states import State
from shared.domain.words import words_of
from shared.settings import ENV_PREFIX, CallbackSettings, ReconcileSettings, RecordingsSettings, StoreSettings
from webrecord import films
from webrecord.deploy import alarms, logs

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text()
SERVERLESS = yaml.safe_load((ROOT / "serverless.yml").read_text())["inputs"]
SETTINGS: dict[str, type[StoreSettings]] = {
    "recordings": RecordingsSettings,
    "callback": CallbackSettings,
    "reconcile": ReconcileSettings,
}


def names(kind: type[StoreSettings]) -> set[str]:
    return {f"{ENV_PREFIX}{name.upper()}" for name in kind.model_fields}


@pytest.mark.parametrize("name", ["settings.md", "settings.zh-CN.md"])
def test_every_setting_is_documented_and_the_reverse(name: str) -> None:
    """The settings tables have exactly the variables that the functions read, at the right function."""
    text = (ROOT / "docs" / name).read_text().replace("| 全部 |", "| all |")
    rows = re.findall(r"^\| (`WEBRECORD_.*?) \| ([a-z, ]+) \|", text, re.MULTILINE)
    documented: dict[str, set[str]] = {name: set() for name in SETTINGS}
    for cell, function in rows:
        for where in documented if function == "all" else function.split(", "):
            documented[where].update(re.findall(r"WEBRECORD_\w+", cell))
    assert {name: names(kind) for name, kind in SETTINGS.items()} == documented


def test_every_state_is_in_the_readme() -> None:
    """The line of states names all of them."""
    (line,) = re.findall(r"^States: (.*)$", README, re.MULTILINE)
    assert {state.value for state in State} == set(re.findall(r"[a-z]+", line))


@pytest.mark.parametrize(("name", "final"), [("states.md", "**final**"), ("states.zh-CN.md", "**终态**")])
def test_every_state_is_explained_and_drawn(name: str, final: str) -> None:
    """The first table and the diagram have all states, and the table says which are final, in both languages."""
    text = (ROOT / "docs" / name).read_text()
    rows = dict(re.findall(r"^\| `([a-z]+)`(?:（[^）]+）)? \| (.*?) \|", text.split("\n## ")[0], re.MULTILINE))
    assert {state.value: state.final for state in State} == {name: final in row for name, row in rows.items()}
    drawn = set(re.findall(r"^    (\w+) --> (\w+)", text, re.MULTILINE))
    assert {state.value for state in State} == {name for pair in drawn for name in pair}


def _reasons(name: str) -> list[list[str]]:
    """Return the rows of the table of reason codes: code, what happened, what to do, whether it is tried again."""
    section = re.split(r"^## (?:Reason codes|原因码)$", (ROOT / "docs" / name).read_text(), flags=re.MULTILINE)[1]
    lines = re.findall(r"^\| `([a-z_]+)` \| (.+) \| (.+) \| (.+) \|$", section, re.MULTILINE)
    return [list(line) for line in lines]


def test_every_reason_code_has_a_row_in_both_languages() -> None:
    """Each code once, in the same order; the Chinese row says what the console says of the code."""
    english, chinese = _reasons("states.md"), _reasons("states.zh-CN.md")
    assert sorted(code.value for code in Code) == sorted(row[0] for row in english)
    assert [row[0] for row in english] == [row[0] for row in chinese]
    words = json.loads((ROOT / "shared" / "http" / "console" / "messages.zh.json").read_text())
    assert [words[f"reason.{row[0]}"] for row in chinese] == [row[1] for row in chinese]


def test_what_is_tried_again_is_the_same_in_the_code_and_in_both_languages() -> None:
    """Passing problems wait for a start; a page or a recorder that fails is another attempt."""
    english = {row[0]: row[3] for row in _reasons("states.md")}
    starts = {code for code, again in english.items() if again.startswith("start")}
    assert {code.value for code in PASSING} == starts
    failures = {code.value for code in Code if code.value.startswith(("page_", "recorder_"))} - {"page_error"}
    assert failures == {code for code, again in english.items() if again == "attempts"}
    told = {"attempts": "重试", "start": "重新排队", "if it waited": "仅预约或排队中", "no": "否"}
    same = {code: told[again] for code, again in english.items() if again in told}
    assert same == {row[0]: row[3] for row in _reasons("states.zh-CN.md") if row[0] in same}
    assert {"trtc_error"} == english.keys() - same.keys()


def test_every_command_in_the_readme_exists() -> None:
    """`make X` is a target, `-m local X` a command."""
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    commands = {info.name or (info.callback.__name__ if info.callback else "") for info in app.registered_commands}
    for text in (README, (ROOT / "README.zh-CN.md").read_text()):
        assert set(re.findall(r"\bmake ([a-z-]+)", text)) <= targets
        assert set(re.findall(r"-m local ([a-z]+)", text)) <= commands


@pytest.mark.process
def test_every_target_is_in_the_list_of_make_help() -> None:
    """Each target has its line."""
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    listed = subprocess.run(["make", "help"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert targets == {line.split()[0] for line in listed.splitlines() if not line.startswith("make")}


def test_the_workflow_and_the_hooks_only_call_make() -> None:
    """What a pull request runs is what everybody can run."""
    workflow = yaml.safe_load((ROOT / ".github/workflows/check.yml").read_text())
    steps = [step for job in workflow["jobs"].values() for step in job["steps"]]
    hooks = [
        hook
        for repo in yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text())["repos"]
        for hook in repo["hooks"]
    ]
    commands = [step["run"] for step in steps if "run" in step] + [hook["entry"] for hook in hooks]
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    called = {re.fullmatch(r'(?:sudo env PATH="\$PATH" )?make ([a-z-]+)(?: [A-Z]+=\S+)*', one) for one in commands}
    assert None not in called, commands
    assert {match[1] for match in called if match} <= targets


@pytest.mark.parametrize("name", SETTINGS)
def test_the_deployment_sets_what_its_function_reads(name: str) -> None:
    """Required settings are set, no unknown one is, and the handler is a file of functions/."""
    function = SERVERLESS["functions"][name]
    given = {entry["key"] for entry in function["environments"]}
    fields = SETTINGS[name].model_fields
    required = {f"{ENV_PREFIX}{field.upper()}" for field, info in fields.items() if info.is_required()}
    assert required <= given <= names(SETTINGS[name])
    module, _, handler = function["handler"].partition(".")
    assert f"\n{handler} = entrypoint(" in (ROOT / "functions" / f"{module}.py").read_text()


def test_the_triggers_are_open_and_do_not_loop() -> None:
    """COS triggers stay closed unless enabled, networks too; the jobs' prefix is not the results'."""
    triggers = {(t["type"], t["function"]): t["parameters"] for t in SERVERLESS["triggers"]}
    wanted = {("http", "recordings"), ("http", "callback"), ("timer", "reconcile")}
    wanted |= {("cos", "recordings"), ("cos", "reconcile")}
    assert wanted == set(triggers)
    for (kind, _), parameters in triggers.items():
        assert parameters["enable"] if kind in ("cos", "timer") else parameters["netConfig"]["enableExtranet"]
    given = {e["key"]: e["value"] for e in SERVERLESS["functions"]["recordings"]["environments"]}
    prefix = triggers["cos", "recordings"]["filter"]["prefix"]
    assert given["WEBRECORD_JOBS_PREFIX"] == prefix
    assert not prefix.startswith(given["WEBRECORD_PREFIX"])


def _noted() -> set[str]:
    """Return what is given to `log.note`, and what functions return that are named `noted`."""
    nodes = [
        node
        for folder in ("shared", "functions")
        for path in (ROOT / folder).rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
    ]
    calls = [node for node in nodes if isinstance(node, ast.Call) and ast.unparse(node.func) == "log.note"]
    functions = [node for node in nodes if isinstance(node, ast.FunctionDef) and node.name == "noted"]
    returned = [node for function in functions for node in ast.walk(function) if isinstance(node, ast.Dict)]
    names = {key.value for one in returned for key in one.keys if isinstance(key, ast.Constant)}
    return {keyword.arg for call in calls for keyword in call.keywords if keyword.arg} | set(map(str, names))


def test_every_field_of_the_log_is_explained() -> None:
    """docs/operations.md has each field that the code notes, and queries none that it does not."""
    text = (ROOT / "docs" / "operations.md").read_text()
    rows = {
        name
        for line in text.splitlines()
        if line.startswith("| `")
        for name in re.findall(r"`(\w+)`", line.split("|")[1])
    }
    assert set() == _noted() - rows


@pytest.mark.long
def test_every_statement_is_about_fields_that_are_noted_and_indexed() -> None:
    """What docs/operations.md queries is in the index that `webrecord deploy` makes, as a field of its own."""
    text = (ROOT / "docs" / "operations.md").read_text()
    statements = re.findall(r"^```sql\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    written = {name for one in statements for name in re.findall(r"\b[a-z]+(?:_[a-z0-9]+)*\b", one.partition("|")[2])}
    fields = {*logs.TEXTS, *logs.LONGS, *logs.DOUBLES}
    asked = written & _noted()
    assert {"ended_lost", "ended_failed", "queue_age_s", "outcome", "status", "error", "starts", "duration_ms"} <= asked
    assert set() == asked - fields
    problems = text.partition("\n## Fix a problem")[2]
    seen = set(re.findall(r"`(\w+)`", "".join(re.findall(r"^\|([^|]*)\|", problems, re.MULTILINE))))
    assert "films_bad" in seen
    assert set() == (seen & _noted()) - fields - {state.value for state in State}
    assert "json_extract" not in text


def test_the_codes_of_a_full_trtc_are_those_of_the_code() -> None:
    """The run-book tells the quota from the rate by the same beginnings of TRTC's codes."""
    text = (ROOT / "docs" / "operations.md").read_text()
    rows = re.findall(r"^\| `queue_age_s` grows, `refused` begins with (.*?) \|", text, re.MULTILINE)
    told = [set(re.findall(r"`([\w.]+)`", row)) for row in rows]
    assert [{*refusals._QUOTA}, {*refusals._RATE}] == told  # noqa: SLF001 (the beginnings stand there alone)


def test_every_alarm_is_explained_as_it_is_made() -> None:
    """docs/operations.md has the statement, name and condition of each alarm that `webrecord deploy --alarms` makes."""
    text = (ROOT / "docs" / "operations.md").read_text()
    parts = re.findall(
        r"^\*\*\d\. [^\n]*?\(`([a-z-]+)`\)\. Alarm when `([^`]*)`.*?^```sql\n(.*?)^```", text, re.MULTILINE | re.DOTALL
    )
    made = [(one.key, one.condition.removeprefix("$1."), one.query("scf-webrecord")) for one in alarms.STATEMENTS]
    assert made == [(key, condition, " ".join(statement.split())) for key, condition, statement in parts]


def test_the_request_in_the_documents_is_valid() -> None:
    """The example of docs/api.md has known fields with values in range; its reply follows, with the same times."""
    section = (ROOT / "docs" / "api.md").read_text().partition("## Send a request")[2].partition("\n## ")[0]
    block, reply, queued = re.findall(r"^```json\n(.*?)^```", section, re.MULTILINE | re.DOTALL)
    request = RecordingRequest.model_validate_json(block)
    assert ("hls", "changes") == (request.file_format, request.notify_on)
    told = Overview.model_validate_json(reply)
    assert State.QUEUED is Overview.model_validate_json(queued).state
    assert (request.record_url, request.labels, State.SCHEDULED) == (told.page_url, told.labels, told.state)
    assert [told.start_at_ms, told.stop_at_ms] == [
        int(datetime.fromisoformat(json.loads(block)[name]).timestamp() * 1000) for name in ("StartAt", "StopAt")
    ]


def test_the_replies_in_the_documents_are_replies() -> None:
    """Each recording in JSON fits the model of a reply, and its advice is the one that its code has."""
    section = (ROOT / "docs" / "api.md").read_text().partition("## Read a recording")[2].partition("\n## ")[0]
    blocks = re.findall(r"^```json\n(.*?)^```", section, re.MULTILINE | re.DOTALL)
    records, completed, failed = map(Detail.model_validate_json, blocks)
    assert [State.RECORDING, State.COMPLETED, State.FAILED] == [one.state for one in (records, completed, failed)]
    assert 2 == len(completed.files)
    assert failed.advice_code
    assert words_of("advice")[failed.advice_code or ""] == failed.advice


def test_the_version_is_the_same_everywhere() -> None:
    """Of the project, the functions and the newest release in CHANGELOG.md, which has its day."""
    (project,) = re.findall(r'^version = "(.*)"$', (ROOT / "pyproject.toml").read_text(), re.MULTILINE)
    released = re.findall(r"^## (\S+) – (20\d\d-[01]\d-[0-3]\d)$", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)
    assert (project, project) == (__version__, released[0][0])


def test_advice_and_documents_name_only_parameters_that_exist() -> None:
    """A word that looks like a parameter of the request is one, so who follows the advice is not refused."""
    schemas = json.loads((ROOT / "docs" / "openapi.json").read_text())["components"]["schemas"]
    known = {name for one in schemas.values() for name in one.get("properties", {})} | {"JavaScript", "TaskId"}
    advice = [*words_of("advice").values(), *films.ADVICE.values(), (ROOT / "docs" / "film-check.md").read_text()]
    for language in ("en", "zh"):
        messages = json.loads((ROOT / f"shared/http/console/messages.{language}.json").read_text())
        advice += messages.values()
    named = {word for text in advice for word in re.findall(r"\b[A-Z][a-z]+(?:[A-Z][a-z]+)+\b", text)}
    assert set() == named - known
    assert not re.search(r"output\.streams", "".join(advice))
