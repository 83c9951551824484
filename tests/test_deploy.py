"""The deployment: what the platform would be sent is what the functions need, and every check can fail."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from copy import deepcopy
from dataclasses import replace
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from local import guide
from local.account import APP_ID, parse_policy
from local.config import BUCKET, REGION
from shared.domain.steps import Timing
from shared.ports import ListedObject, StoredObject
from shared.usecases.look import ReconcilePorts
from shared.usecases.tick import CLEARED_EVERY, tick
from testing.callbacks import callback, mp4_stop
from tests.fakes import MemoryStore
from tests.world import World
from tools import deploy_check, deploy_file, deploy_payloads, deploy_values
from tools import deploy_check_functions as functions
from tools import deploy_check_settings as settings
from tools import deploy_check_triggers as triggers
from tools.deploy_check import CHECKS, problems
from tools.deploy_payloads import Check, Deployment
from tools.deploy_values import resolve
from tools.node_modules import NodeModulesMissingError, install
from webrecord.deploy.description import describe, role_of
from webrecord.deploy.policies import canonical, of_function, of_upload

ROOT = Path(__file__).parent.parent
TEXT = (ROOT / "serverless.yml").read_text()
EXAMPLE = (ROOT / ".env.example").read_text()
GUIDE, BY_HAND, COSTS = ((ROOT / "docs" / f"{name}.md").read_text() for name in ("deploy", "deploy-by-hand", "costs"))


@pytest.fixture(scope="session")
def rendered() -> dict[str, Deployment]:
    """What the toolkit makes of serverless.yml, with everything set and with the least."""
    try:
        modules = install(deploy_payloads.TOOLKIT, "deploy_check")
    except NodeModulesMissingError as error:
        pytest.skip(f"THE TOOLKIT'S PART OF THE DEPLOYMENT IS NOT CHECKED: {error}")
    environments = deploy_values.examples()
    return {name: deploy_payloads.render(TEXT, EXAMPLE, values, modules) for name, values in environments.items()}


@pytest.fixture
def good(rendered: dict[str, Deployment], tmp_path: Path) -> Deployment:
    """A deployment that may be changed, of a checkout where nothing is built."""
    whole = rendered["everything set"]
    (tmp_path / "functions").symlink_to(ROOT / "functions")
    return replace(whole, functions=deepcopy(whole.functions), triggers=deepcopy(whole.triggers), root=tmp_path)


def written(text: str = TEXT, example: str = EXAMPLE) -> Deployment:
    """Return a deployment as it is written, for the checks that need no toolkit."""
    return Deployment(text, example, {}, [])


@pytest.mark.whole
def test_the_deployment_is_right(rendered: dict[str, Deployment], capsys: pytest.CaptureFixture[str]) -> None:
    """Every check says ok, whether everything is set or the least."""
    status = deploy_check.run(rendered)
    said = capsys.readouterr().out
    assert (0, len(CHECKS)) == (status, said.count("ok\t")), said


def _of(deployment: Deployment, kind: str) -> Any:
    return next(trigger for trigger in deployment.triggers if trigger["Type"] == kind)


def _described(kind: str, change: Callable[[Any], object]) -> Callable[[Deployment], None]:
    def mutate(deployment: Deployment) -> None:
        trigger = _of(deployment, kind)
        described = json.loads(trigger["TriggerDesc"])
        change(described)
        trigger["TriggerDesc"] = json.dumps(described)

    return mutate


def _wakes(prefix: str) -> Callable[[Deployment], None]:
    """Give reconcile's COS trigger another prefix."""

    def mutate(deployment: Deployment) -> None:
        trigger: Any
        (trigger,) = (t for t in deployment.triggers if (t["Type"], deployment.owner(t)) == ("cos", "reconcile"))
        described = json.loads(trigger["TriggerDesc"])
        described["filter"]["Prefix"] = prefix
        trigger["TriggerDesc"] = json.dumps(described)

    return mutate


def _function(key: str, **fields: Any) -> Callable[[Deployment], None]:
    return lambda deployment: deployment.functions[key].update(fields)


def _variable(key: str, name: str, value: str | None) -> Callable[[Deployment], None]:
    def mutate(deployment: Deployment) -> None:
        variables = deployment.functions[key]["Environment"]["Variables"]
        variables[:] = [each for each in variables if each["Key"] != name]
        if value is not None:
            variables.append({"Key": name, "Value": value})

    return mutate


def _trigger(kind: str, **fields: str) -> Callable[[Deployment], None]:
    return lambda deployment: _of(deployment, kind).update(fields)


def _broken_zip(deployment: Deployment) -> None:
    (deployment.root / "build").mkdir()
    with ZipFile(deployment.root / "build" / "callback.zip", "w") as archive:
        archive.writestr("functions/callback.py", "")


def _no_zip(deployment: Deployment) -> None:
    (deployment.root / "build").mkdir()
    (deployment.root / "build" / "callback.zip").write_bytes(b"PK")


def _without(kind: str) -> Callable[[Deployment], None]:
    def mutate(deployment: Deployment) -> None:
        deployment.triggers[:] = [each for each in deployment.triggers if each["Type"] != kind]  # type: ignore[index]  # JSON

    return mutate


BROKEN: list[tuple[Check, Callable[[Deployment], object], str]] = [
    (functions.check_functions, lambda d: d.functions.pop("callback"), "recordings, reconcile"),  # type: ignore[attr-defined]  # JSON
    (functions.check_functions, _function("callback", FunctionName="scf-webrecord-reconcile"), "one name"),
    (functions.check_functions, _function("callback", FunctionName="a" * 61), "61 characters"),
    (functions.check_functions, _function("callback", FunctionName="1st"), "1st"),
    (
        functions.check_handlers,
        _function("callback", Handler="callbacks.main_handler"),
        "callbacks.main_handler",
    ),
    (functions.check_handlers, _function("callback", Handler="callback.handler"), "callback.handler"),
    (functions.check_handlers, _broken_zip, "callback.zip has no callback.py"),
    (functions.check_handlers, _no_zip, "callback.zip has no callback.py"),
    (functions.check_runtime, _function("callback", Runtime="Python3.9"), "Python3.9"),
    (functions.check_runtime, _function("callback", Type="HTTP"), "HTTP"),
    (functions.check_runtime, _function("callback", InstallDependency="TRUE"), "InstallDependency"),
    (functions.check_role, _function("callback", Role=""), "no role"),
    (functions.check_role, lambda d: d.functions["callback"].pop("Role"), "no role"),
    (
        functions.check_role,
        _function("recordings", PublicNetConfig={"PublicNetStatus": "DISABLE"}),
        "network",
    ),
    (functions.check_memory, _function("callback", MemorySize=32), "32 MB"),
    (functions.check_memory, _function("callback", MemorySize=200), "200 MB"),
    (functions.check_memory, _function("callback", MemorySize=3200), "3200 MB"),
    (functions.check_timeouts, _function("callback", Timeout=0), "0 s"),
    (functions.check_timeouts, _function("callback", Timeout=3), "3 s, not 4.5 to 5"),
    (functions.check_timeouts, _function("callback", Timeout=6), "6 s, not 4.5 to 5"),
    (functions.check_timeouts, _function("recordings", Timeout=31), "31 s, not 1 to 30"),
    (functions.check_timeouts, _function("reconcile", Timeout=50), "50 s, not 60 to 900"),
    (functions.check_timeouts, _function("reconcile", Timeout=901), "901 s"),
    (
        settings.check_environment,
        _variable("callback", "WEBRECORD_BUCKET", None),
        "WEBRECORD_BUCKET is missing",
    ),
    (
        settings.check_environment,
        _variable("callback", "WEBRECORD_TYPO", "1"),
        "WEBRECORD_TYPO is not read",
    ),
    (settings.check_environment, _variable("callback", "SCF_X", "1"), "SCF_X is the platform's"),
    (settings.check_environment, _variable("callback", "QCLOUD_X", "1"), "QCLOUD_X is the platform's"),
    (
        settings.check_environment,
        _variable("callback", "TENCENTCLOUD_X", "1"),
        "TENCENTCLOUD_X is the platform's",
    ),
    (settings.check_size, _variable("recordings", "WEBRECORD_ALLOWED_HOSTS", "h" * 4000), "bytes"),
    (settings.check_settings, _variable("callback", "WEBRECORD_BUCKET", "no-appid"), "WEBRECORD_BUCKET"),
    (
        settings.check_settings,
        _variable("callback", "WEBRECORD_CALLBACK_KEYS", ""),
        "WEBRECORD_CALLBACK_KEYS",
    ),
    (
        settings.check_settings,
        _variable("callback", "WEBRECORD_COS_ENDPOINT", "undefined"),
        "is undefined",
    ),
    (settings.check_settings, _variable("callback", "WEBRECORD_COS_ENDPOINT", ""), "WEBRECORD_COS_ENDPOINT is empty"),
    (settings.check_settings, _variable("reconcile", "WEBRECORD_LOST_AFTER", " "), "WEBRECORD_LOST_AFTER is empty"),
    (settings.check_settings, _variable("recordings", "WEBRECORD_NOTIFY_HOSTS", "${env:X}"), "is undefined"),
    (functions.check_role, _function("callback", Role="undefined"), "no role"),
    (functions.check_role, _function("callback", Role="qcs::cam::uin/1:roleName/d-callback"), "not the name"),
    (functions.check_role, _function("callback", Role="d"), "not the role of callback alone"),
    (functions.check_role, _function("callback", Role="-callback"), "no role"),
    (triggers.check_triggers, _without("http"), "callback has no http"),
    (triggers.check_triggers, _without("timer"), "reconcile has no timer"),
    (triggers.check_triggers, _without("cos"), "recordings has no cos"),
    (triggers.check_triggers, lambda d: d.triggers.append(_of(d, "cos")), "too many"),  # type: ignore[attr-defined]  # JSON
    (triggers.check_triggers, _trigger("cos", FunctionName="another"), "an unknown function"),
    (triggers.check_triggers, _trigger("cos", Enable="CLOSE"), "is closed"),
    (triggers.check_triggers, _trigger("timer", Enable="CLOSE"), "is closed"),
    (triggers.check_triggers, _trigger("http", Enable="CLOSE"), "is closed"),
    (triggers.check_triggers, _trigger("http", Qualifier="$LATEST"), "$LATEST"),
    (triggers.check_http, _described("http", lambda d: d.update(AuthType="CAM")), "CAM"),
    (
        triggers.check_http,
        _described("http", lambda d: d["NetConfig"].update(EnableExtranet=False)),
        "internet",
    ),
    (triggers.check_http, _described("http", lambda d: d.pop("NetConfig")), "not as expected"),
    (
        triggers.check_cos,
        _described("cos", lambda d: d.update(event="cos:ObjectRemove:*")),
        "ObjectRemove",
    ),
    (triggers.check_cos, _described("cos", lambda d: d["filter"].update(Prefix="tasks/")), "tasks/"),
    (triggers.check_cos, _described("cos", lambda d: d["filter"].update(Prefix="")), "overlaps"),
    (triggers.check_cos, _described("cos", lambda d: d["filter"].update(Prefix="web")), "overlaps"),
    (
        triggers.check_cos,
        _described("cos", lambda d: d["filter"].update(Prefix="webrecord/in/")),
        "overlaps",
    ),
    *(
        (triggers.check_cos, _wakes(prefix), "would be invoked by what it writes")
        for prefix in ("", "webrecord/", "webrecord/w", "webrecord/wake", "webrecord/wake/a", "wake/", "jobs/")
    ),
    (triggers.check_cos, _variable("reconcile", "WEBRECORD_PREFIX", "other"), "would be invoked by what it writes"),
    (triggers.check_cos, _variable("reconcile", "WEBRECORD_WAKE_PREFIX", "webrecord/"), "WEBRECORD_WAKE_PREFIX"),
    (triggers.check_cos, _variable("recordings", "WEBRECORD_JOBS_PREFIX", "other/"), "other/"),
    (triggers.check_cos, _variable("recordings", "WEBRECORD_PREFIX", "jobs"), "overlaps"),
    (triggers.check_region, _trigger("cos", TriggerName="b-1.cos.ap-beijing.myqcloud.com"), "ap-beijing"),
    (triggers.check_timer, _trigger("timer", TriggerDesc="0 */5 * * * * *"), "*/5"),
]


@pytest.mark.whole
@pytest.mark.parametrize(("check", "mutate", "said"), BROKEN)
def test_a_broken_payload_is_seen(
    good: Deployment, check: Check, mutate: Callable[[Deployment], object], said: str
) -> None:
    """Each check passes what is right, and says what is wrong."""
    assert [] == problems(good, check)
    mutate(good)
    assert said in "\n".join(problems(good, check))


def _line(name: str, value: str) -> tuple[str, str]:
    return f"'${{env:{name}}}'", f"'{value}'"


MISWRITTEN: list[tuple[Check, tuple[str, str], tuple[str, str], str]] = [
    (functions.check_code, ("src: ./build", "src: ./"), ("", ""), "inputs.src is ./"),
    (functions.check_code, ("src: ./callback", "src: ./recordings"), ("", ""), "callback: its src"),
    (functions.check_code, ("      src: ./callback\n", ""), ("", ""), "callback: its src"),
    (settings.check_secrets, _line("WEBRECORD_CALLBACK_KEYS", "short"), ("", ""), "KEYS is written out"),
    (
        settings.check_secrets,
        _line("WEBRECORD_API_TOKENS", "a:${env:B}"),
        ("", ""),
        "TOKENS is written out",
    ),
    (settings.check_secrets, _line("WEBRECORD_NOTIFY_HOSTS", "x" * 40), ("", ""), "looks like a secret"),
    (settings.check_secrets, ("app: ", "# AKIDabcdefgh12345\napp: "), ("", ""), "serverless.yml:3"),
    (settings.check_secrets, ("", ""), ("SECRET=", "SECRET=whsec_abc"), ".env.example"),
    (
        settings.check_example,
        _line("WEBRECORD_NOTIFY_URL", "${env:NEW}"),
        ("", ""),
        "NEW is not in .env.example",
    ),
    (
        settings.check_example,
        ("", ""),
        ("WEBRECORD_ROLE=", "WEBRECORD_RULE="),
        "WEBRECORD_RULE is not in serverl",
    ),
    (
        settings.check_example,
        ("", ""),
        ("WEBRECORD_ROLE=", "WEBRECORD_ROLE=admin"),
        "WEBRECORD_ROLE has a value",
    ),
    (settings.check_example, ("", ""), ("WEBRECORD_ROLE=", "\nWEBRECORD_ROLE="), "ROLE has no comment"),
    (
        triggers.check_region,
        ("{key: WEBRECORD_BUCKET_REGION, value: '${env:TENCENT_REGION}'}", "{key: WEBRECORD_BUCKET_REGION, value: x}"),
        ("", ""),
        "recordings: WEBRECORD_BUCKET_REGION",
    ),
]


@pytest.mark.parametrize(("check", "text", "example", "said"), MISWRITTEN)
def test_a_miswritten_file_is_seen(check: Check, text: tuple[str, str], example: tuple[str, str], said: str) -> None:
    """The checks of the files as they are written need no toolkit."""
    assert [] == problems(written(), check)
    wrong = written(TEXT.replace(*text) if text[0] else TEXT, EXAMPLE.replace(*example) if example[0] else EXAMPLE)
    assert said in "\n".join(problems(wrong, check))


def test_every_check_is_seen_to_fail() -> None:
    """No check is without a broken variant."""
    assert set(CHECKS) == {check for check, *_ in BROKEN} | {check for check, *_ in MISWRITTEN}


def test_a_failure_is_printed_and_sets_the_status(capsys: pytest.CaptureFixture[str]) -> None:
    """One line per check, what is wrong below it, status 1."""
    broken = written(TEXT.replace("'${env:WEBRECORD_CALLBACK_KEYS}'", "'in-clear'"))
    assert 1 == deploy_check.run({"written": broken})
    said = capsys.readouterr().out
    assert "FAIL\tNo secret is in serverless.yml" in said
    assert "\t- callback: WEBRECORD_CALLBACK_KEYS is written out\n" in said


def test_variables_are_resolved_as_the_cli_does() -> None:
    """Empty stays empty, several in one value are replaced, and a missing one is the text `undefined`."""
    environment = deploy_values.parse_env("# A=0\nA=1\nB='two'\nC=\n")
    assert {"x": ["1.two", "", "undefined"]} == deploy_values.resolve(
        {"x": ["${env:A}.${env:B}", "${env:C}", "${env:D}"]}, environment
    )


def test_the_command_reports_what_it_cannot_read(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A .env that is not there is status 2 and one line."""
    assert 2 == deploy_check.main(["--env", str(tmp_path / "none")])
    assert "error: " in capsys.readouterr().err


@pytest.mark.whole
def test_an_unfinished_env_file_is_refused(
    rendered: dict[str, Deployment], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """.env.example as it is lacks what is required; what the CLI would read is taken away, were it there before."""
    assert rendered
    unfinished, written_file = tmp_path / ".env", tmp_path / "serverless.yml"
    unfinished.write_text(EXAMPLE.replace("WEBRECORD_LOST_AFTER=", ""))
    written_file.write_text("of earlier values")
    assert 1 == deploy_check.main(["--env", str(unfinished), "--write", str(written_file)])
    assert not written_file.exists()
    said = capsys.readouterr().out
    assert "WEBRECORD_BUCKET: is missing" in said
    assert " is undefined: " not in said, "what is not set is not sent"


DESCRIPTION = yaml.safe_load(TEXT)
OPTIONAL = sorted(deploy_values.EXAMPLE.keys() - set(deploy_values.REQUIRED))


@given(st.dictionaries(st.sampled_from(OPTIONAL), st.sampled_from(["", " ", "set"])))
def test_no_subset_of_a_dotenv_sends_what_is_empty(chosen: dict[str, str]) -> None:
    """Whatever of .env is set, empty or missing: what is sent has a value, and what has one is sent."""
    required = {name: deploy_values.EXAMPLE[name] for name in deploy_values.REQUIRED}
    environment = {**required, **{k: deploy_values.EXAMPLE[k] if v == "set" else v for k, v in chosen.items()}}
    described = deploy_file.without_empty(DESCRIPTION, environment)
    sent = deploy_values.resolve(described, environment)["inputs"]["functions"]
    for key, function in DESCRIPTION["inputs"]["functions"].items():
        values = {entry["key"]: entry["value"] for entry in sent[key]["environments"]}
        assert all(value.strip() and value != deploy_values.UNDEFINED for value in values.values())
        expected = {
            entry["key"]
            for entry in function["environments"]
            if all(environment.get(name, "").strip() for name in deploy_values.VARIABLE.findall(entry["value"]))
        }
        assert expected == set(values)


@pytest.mark.whole
def test_the_least_set_is_sent_without_an_empty_value(rendered: dict[str, Deployment]) -> None:
    """As the toolkit renders it for the platform."""
    least = rendered["the least set"]
    sent = {key: least.environment(key) for key in least.functions}
    assert {"recordings": 5, "callback": 5, "reconcile": 5} == {key: len(values) for key, values in sent.items()}
    assert all(value for values in sent.values() for value in values.values())


@pytest.mark.whole
def test_a_dotenv_that_passes_gives_the_file_that_is_deployed(
    rendered: dict[str, Deployment], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """It names its component, packs its own folder, holds no value of .env, and none that would be empty."""
    assert rendered
    dotenv, file = tmp_path / ".env", tmp_path / "build" / "serverless.yml"
    values = {name: value for name, value in deploy_values.EXAMPLE.items() if name in deploy_values.REQUIRED}
    lines = "".join(f"{name}={value}\n" for name, value in values.items())
    dotenv.write_text(f"\ufeff{lines}WEBRECORD_LOST_AFTER=\n")
    assert 0 == deploy_check.main(["--env", str(dotenv), "--write", str(file)]), capsys.readouterr().out
    said = capsys.readouterr().out
    assert f"scf deploy --target={file.parent}" in said
    assert f"note: the CLI takes its values from .env, not from {dotenv}\n" in said
    whole = yaml.safe_load(file.read_text())
    assert ("multi-scf", "./") == (whole["component"], whole["inputs"]["src"]["src"])
    assert "serverless.yml" in whole["inputs"]["src"]["exclude"]
    callback = whole["inputs"]["functions"]["callback"]["environments"]
    assert {"key": "WEBRECORD_CALLBACK_KEYS", "value": "${env:WEBRECORD_CALLBACK_KEYS}"} in callback
    assert values["WEBRECORD_CALLBACK_KEYS"] not in file.read_text()
    assert "WEBRECORD_LOST_AFTER" not in file.read_text()


def test_the_cli_deploys_nothing_from_the_description() -> None:
    """Without a component: it would send what is empty."""
    assert "component" not in yaml.safe_load(TEXT)


@pytest.mark.whole
def test_a_shell_that_outweighs_the_dotenv_is_seen(
    rendered: dict[str, Deployment], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The CLI prefers what is exported, so another value, or an empty one, would be sent."""
    assert rendered
    dotenv = tmp_path / ".env"
    dotenv.write_text("".join(f"{name}={value}\n" for name, value in deploy_values.EXAMPLE.items()))
    monkeypatch.setenv("WEBRECORD_LOST_AFTER", "")
    assert 1 == deploy_check.main(["--env", str(dotenv)])
    assert "they win: unset WEBRECORD_LOST_AFTER\n" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"WEBRECORD_ROLE=a\nX=1\nWEBRECORD_ROLE=b\n", "sets WEBRECORD_ROLE more than once"),
        ("WEBRECORD_ROLE=角色\n".encode("gbk"), "is not text in UTF-8"),
        ("WEBRECORD_ROLE=a\n".encode("utf-16"), "is not text in UTF-8"),
    ],
)
def test_a_dotenv_that_cannot_be_read_is_one_line(
    content: bytes, said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Status 2, and what to do."""
    dotenv = tmp_path / ".env"
    dotenv.write_bytes(content)
    assert 2 == deploy_check.main(["--env", str(dotenv)])
    printed = capsys.readouterr().err
    assert (True, 1) == (said in printed, len(printed.splitlines()))


def test_the_lock_pins_the_toolkit_and_names_no_registry() -> None:
    """One exact version, every package with its hash, and no address that only some networks have."""
    folder = ROOT / "tools" / "deploy_check"
    wanted = json.loads((folder / "package.json").read_text())["dependencies"]
    lock = json.loads((folder / "package-lock.json").read_text())
    (version,) = wanted.values()
    packages: Mapping[str, Mapping[str, Any]] = lock["packages"]
    assert re.fullmatch(r"\d+\.\d+\.\d+", version)
    assert version == packages["node_modules/tencent-component-toolkit"]["version"]
    for path, package in packages.items():
        assert "resolved" not in package
        assert not path or package["integrity"].startswith("sha512-")


def _policies() -> list[Any]:
    return [json.loads(block) for block in re.findall(r"^```json\n(.*?)^```", BY_HAND, re.MULTILINE | re.DOTALL)]


def test_the_policies_give_no_more_than_is_used() -> None:
    """The roles reach the two prefixes, the upload key adds films; no action is a wildcard, callbacks start nothing."""
    recordings, callback, reconcile, upload = (policy["statement"] for policy in _policies())
    for statement in (*recordings, *callback, *reconcile, *upload):
        assert "allow" == statement["effect"]
        assert not any("*" in action for action in statement["action"])
        assert all(action.startswith(("name/cos:", "name/trtc:")) for action in statement["action"])
    reached = {resource.partition("<bucket>")[2] for statement in reconcile for resource in statement["resource"]}
    assert {"/webrecord/*", "/jobs/*", "/*", ""} == reached
    assert [["name/cos:GetBucketVersioning"]] == [s["action"] for s in reconcile if s["resource"][0].endswith(">/*")]
    assert [["name/cos:GetObject"]] == [s["action"] for s in reconcile if s["resource"][0].endswith("/jobs/*")]
    assert not any("trtc" in action for s in callback for action in s["action"])
    assert [["qcs::cos:<region>:uid/<appid>:<bucket>/webrecord/files/*"]] == [s["resource"] for s in upload]
    assert not any(re.search(r"Get|Delete|Head", action) for s in upload for action in s["action"])


def test_the_local_cloud_enforces_the_guides_policies() -> None:
    """So that whatever is tested against it is tested with them; TRTC's part, too."""
    names = {"<region>": REGION, "<appid>": str(APP_ID), "<bucket>": BUCKET}
    for policy, ours in zip(_policies(), guide.documents().values(), strict=True):
        text = json.dumps(policy)
        for name, value in names.items():
            text = text.replace(name, value)
        assert set(parse_policy(text)) == set(parse_policy(ours))


def test_both_routes_give_every_identity_the_same() -> None:
    """What the guide has one enter by hand is what `webrecord deploy` makes: the three roles' and the upload key's."""
    values = {"TENCENT_REGION": "<region>", "WEBRECORD_BUCKET": "films-125", "WEBRECORD_ROLE": "scf-webrecord"}
    plan = describe(yaml.safe_load(TEXT), values, "scf-webrecord")
    made = [*(of_function(plan, function.key) for function in plan.functions), of_upload(plan)]
    ours = {"<bucket>": "films-125", "<appid>": "125"}
    by_hand = [
        json.loads(re.sub("|".join(ours), lambda found: ours[found[0]], json.dumps(policy))) for policy in _policies()
    ]
    assert [canonical(one) for one in by_hand] == [canonical(one) for one in made]


def test_both_routes_name_the_roles_alike() -> None:
    """`scf deploy` asks for the roles that `webrecord deploy` makes, one for each function."""
    functions = resolve(yaml.safe_load(TEXT), {"WEBRECORD_ROLE": "scf-webrecord"})["inputs"]["functions"]
    assert {key: role_of("scf-webrecord", key) for key in functions} == {
        key: one["role"] for key, one in functions.items()
    }


def test_the_guide_checks_callbacks_with_one_that_is_taken() -> None:
    """The body of the check is stored under the task that is to be deleted afterwards."""
    (body,) = re.findall(r"^BODY='(.*)'$", GUIDE, re.MULTILINE)
    world = World()
    assert world.receive(body.encode()).callback.known
    assert ["tasks/check/"] == [key.partition("facts")[0] for key in world.listed()]


class CountingStore(MemoryStore):
    """A bucket that counts requests as COS bills them."""

    def __init__(self) -> None:
        super().__init__()
        self.counts: Counter[str] = Counter()

    def put(self, key: str, body: bytes, metadata: Mapping[str, str] | None = None) -> None:
        self.counts["PUT"] += 1
        super().put(key, body, metadata)

    def get(self, key: str) -> StoredObject | None:
        self.counts["GET"] += 1
        return super().get(key)

    def list(self, prefix: str, after: str = "", limit: int | None = None) -> Iterator[ListedObject]:
        self.counts["LIST"] += 1
        return super().list(prefix, after, limit)

    def delete(self, key: str) -> None:
        self.counts["DELETE"] += 1
        super().delete(key)

    def taken(self) -> Counter[str]:
        """What was counted since the last time."""
        counts, self.counts = self.counts, Counter()
        return counts


class NoNotifier:
    """Nobody is to be told."""

    def send(self, url: str, webhook_id: str, at_s: int, body: bytes, traceparent: str | None = None) -> None:
        raise AssertionError(url)


def test_the_guide_counts_requests_as_the_code_makes_them() -> None:
    """An hour of MP4, which ends at its limit, with four callbacks: the table of what 1,000 recordings cost."""
    store = CountingStore()
    world = World(store=store)
    counted = {}

    def minutes(number: int) -> Counter[str]:
        looks: Counter[str] = Counter()
        for _ in range(number):
            world.clock.now += 60_000
            now = world.ports
            ports = ReconcilePorts(
                **vars(now),
                notifier=NoNotifier(),
                timing=Timing(),
                sleep=lambda _: None,
                pace=lambda: None,
                pace_start=lambda: None,
            )
            looked = tick(ports, 50).looked
            counts = store.taken()
            counts["LIST"] -= 5 + (
                world.clock.now // 60_000 % CLEARED_EVERY == 0
            )  # the tick's own, counted for the timer
            assert looked or not +counts
            looks += counts
            looks["looks"] += looked
        return looks

    task = world.start("lesson", MaxDurationLimit=3_600).recording.task_id or ""
    counted["the start"] = store.taken()
    began = world.clock.now
    world.receive(callback(801, {"Status": 1}, began, task))
    four = store.taken()
    looks = minutes(60)
    ended = world.clock.now
    world.receive(callback(802, {"Status": 1}, ended, task))
    world.receive(callback(303, {"Status": 0}, ended + 1, task))
    world.receive(mp4_stop(0, ended + 2, start_ms=began, end_ms=ended, task=task))
    counted["four callbacks"] = four + store.taken()
    looks += minutes(60)
    assert (8, []) == (looks.pop("looks"), [*world.listed("open/"), *world.listed("ask/")])
    counted["eight checks by the timer"] = looks
    counted["**together**"] = sum(counted.values(), Counter[str]())
    for title, counts in counted.items():
        (row,) = re.findall(rf"^\| {re.escape(title)} \|(.*)\|$", COSTS, re.MULTILINE)
        cells = [int(cell.strip(" *")) for cell in row.split("|")]
        assert [counts[kind] for kind in ("PUT", "GET", "LIST", "DELETE")] == cells, title
