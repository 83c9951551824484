"""A deployment is made, finished, changed and repeated, whatever call it was interrupted at."""

from __future__ import annotations

import json
import re
import shutil
import tempfile
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.deploy.account import Account, Died
from tests.examples import at_most
from webrecord.deploy import envfile
from webrecord.deploy.change import Applying
from webrecord.deploy.deployment import Deployment
from webrecord.deploy.errors import ApiError, NotOurs
from webrecord.deploy.options import Options
from webrecord.deploy.verify import verify
from webrecord.errors import BadUsage, CliError

ROOT = Path(__file__).parent.parent.parent
ENV = {
    "TENCENT_REGION": "ap-guangzhou",
    "WEBRECORD_ROLE": "scf-webrecord",
    "WEBRECORD_SDK_APP_ID": "1400000001",
    "WEBRECORD_BUCKET": "films-1250000000",
    "WEBRECORD_CALLBACK_KEYS": "k" * 32,
    "WEBRECORD_API_TOKENS": f"backend:{'t' * 40}",
}


FRESH = "# mine\n" + "".join(f"{name}={value}\n" for name, value in ENV.items())


def checkout(folder: Path) -> Options:
    build = folder / "build"
    build.mkdir()
    for key in ("recordings", "callback", "reconcile"):
        (build / f"{key}.zip").write_bytes(f"PK {key}".encode())
    shutil.copy(ROOT / "serverless.yml", folder)
    env = folder / ".env"
    env.write_text(FRESH)
    return Options(folder, env, build, version="1.2.3")


@pytest.fixture
def options(tmp_path: Path) -> Options:
    """A checkout with packages and a .env."""
    return checkout(tmp_path)


class Clock:
    """Time that passes by sleeping alone."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


def deploy(account: Account, options: Options) -> list[str]:
    """Apply everything as the command does; return the lines of what was done."""
    clock, said = Clock(), list[str]()
    applying = Applying(lambda change, _: said.append(change.line), clock, clock.sleep)
    for resource in Deployment(account, options).resources():
        if hasattr(resource, "sleep"):
            resource.sleep, resource.clock = clock.sleep, clock  # type: ignore[attr-defined]
        applying.apply(resource)
    return said


def test_an_empty_account_becomes_a_deployment_and_a_second_run_changes_nothing(options: Options) -> None:
    """Everything is there, the key is in .env and in the functions; then the plan is empty, and nothing is written."""
    account = Account(unknown_roles=3)
    assert len(deploy(account, options)) > 15
    assert {"scf-webrecord-recordings", "scf-webrecord-callback", "scf-webrecord-reconcile"} == set(account.functions)
    values = envfile.read(options.env)
    assert [values["WEBRECORD_STORAGE_SECRET_ID"]] == account.live_keys()
    variables = account.functions["scf-webrecord-recordings"]["Environment"]["Variables"]
    assert {"Key": "WEBRECORD_STORAGE_SECRET_KEY", "Value": values["WEBRECORD_STORAGE_SECRET_KEY"]} in variables
    account.restarted()
    assert [] == Deployment(account, options).plan()
    assert [] == deploy(account, options)
    assert [] == account.writes


def test_every_line_of_env_that_is_not_a_secret_stays(options: Options) -> None:
    """Comments and order stay; the file is its owner's alone."""
    deploy(Account(), options)
    lines = options.env.read_text().splitlines()
    assert ["# mine", *(f"{name}={value}" for name, value in ENV.items())] == lines[:-2]
    assert 0o600 == options.env.stat().st_mode & 0o777


def test_a_plan_changes_nothing_and_shows_no_secret(options: Options) -> None:
    """It reads; what it prints holds neither keys nor tokens."""
    account = Account()
    deploy(account, options)
    account.restarted()
    env = options.env.read_text().replace("t" * 40, "n" * 40).replace("k" * 32, "q" * 32)
    options.env.write_text(env)
    lines = "\n".join(change.line for change in Deployment(account, options).plan())
    assert [] == account.writes
    assert "WEBRECORD_API_TOKENS (changed)" in lines
    assert not re.search(r"n{40}|t{40}|k{32}|q{32}|AKID|S0000", lines)


@pytest.mark.whole
@pytest.mark.parametrize("fault", ["die_after", "lose"])
def test_killed_at_any_call_the_same_command_finishes(options: Options, fault: str) -> None:
    """After each fault a second run ends where one clean run ends, with one live key that .env knows."""
    clean = Account()
    deploy(clean, options)
    total, picture = len(clean.calls), clean.picture()
    for number in range(total):
        options.env.write_text(FRESH)
        account = Account()
        setattr(account, fault, number)
        try:
            deploy(account, options)
        except (Died, ApiError):
            account.restarted()
            deploy(account, options)
        assert picture == account.picture(), (fault, number)
        assert [envfile.read(options.env)["WEBRECORD_STORAGE_SECRET_ID"]] == account.live_keys(), (fault, number)


def test_what_is_under_our_names_and_not_ours_is_left_alone(options: Options) -> None:
    """A role, a user, a policy or a function of the same name stops the run; --adopt takes it over."""
    stranger = {"Description": "somebody's", "Remark": "somebody's"}
    policy = json.dumps({"version": "2.0", "statement": []})
    for account in (
        Account(roles={"scf-webrecord-recordings": {**stranger, "PolicyDocument": policy, "attached": set()}}),
        Account(users={"scf-webrecord-upload": {**stranger, "Uin": 7, "attached": set()}}),
        Account(
            policies={7: {**stranger, "PolicyName": "scf-webrecord-upload", "PolicyDocument": policy, "PolicyId": 7}}
        ),
        Account(
            functions={
                "scf-webrecord-callback": {**stranger, "Status": "Active", "Environment": {}, "Role": "x", "code": ""}
            }
        ),
    ):
        with pytest.raises(NotOurs, match="--adopt"):
            deploy(account, options)
        account.restarted()
        deploy(account, replace(options, adopt=True))
        assert [] == Deployment(account, replace(options, adopt=True)).plan()


def test_drift_is_shown_field_by_field_and_set_right(options: Options) -> None:
    """What somebody changed in the console is in the plan before it is overwritten; foreign triggers stay."""
    account = Account()
    deploy(account, options)
    found = account.functions["scf-webrecord-reconcile"]
    found["MemorySize"] = 64
    found["Environment"]["Variables"].append({"Key": "WEBRECORD_X", "Value": "1"})
    for row in account.triggers["scf-webrecord-reconcile"]:
        row["Enable"] = 0
    account.triggers["scf-webrecord-reconcile"].append(
        {"Type": "timer", "TriggerName": "theirs", "TriggerDesc": "{}", "Enable": 1}
    )
    lines = [change.line for change in Deployment(account, options).plan()]
    assert any("MemorySize 64 → " in line and "WEBRECORD_X goes" in line for line in lines), lines
    assert any("is switched on" in line for line in lines), lines
    deploy(account, options)
    assert [] == Deployment(account, options).plan()
    assert "theirs" in {row["TriggerName"] for row in account.triggers["scf-webrecord-reconcile"]}


@pytest.mark.parametrize("ours_too", [True, False])
def test_a_trigger_of_the_bucket_that_tells_something_else_is_not_ours(options: Options, ours_too: bool) -> None:
    """One for what is deleted, under our bucket and prefix, stays; ours is made beside it."""
    account = Account()
    deploy(account, options)
    name = "scf-webrecord-recordings"
    ours = next(row for row in account.triggers[name] if row["Type"] == "cos")
    theirs = {**ours, "TriggerDesc": ours["TriggerDesc"].replace("ObjectCreated", "ObjectRemove")}
    others = [row for row in account.triggers[name] if row is not ours or ours_too]
    account.triggers[name] = [theirs, *others]
    lines = [change.line for change in Deployment(account, options).plan()]
    assert ([] if ours_too else ["+ trigger COS jobs/ of recordings"]) == lines
    deploy(account, options)
    assert theirs in account.triggers[name]
    assert [] == Deployment(account, options).plan()


def test_a_trigger_of_ours_that_tells_of_some_names_alone_is_set_right(options: Options) -> None:
    """A suffix that somebody gave it lets job objects of other names lie: it is in the plan."""
    account = Account()
    deploy(account, options)
    ours = next(row for row in account.triggers["scf-webrecord-recordings"] if row["Type"] == "cos")
    ours["TriggerDesc"] = ours["TriggerDesc"].replace('"Suffix": ""', '"Suffix": ".csv"')
    assert any("suffix .csv → " in change.line for change in Deployment(account, options).plan())
    deploy(account, options)
    assert [] == Deployment(account, options).plan()


def test_a_function_that_fails_is_told_with_its_own_words() -> None:
    """What broke it is in the line, and no name of a field that its answer has not."""
    broken = {"errorCode": 430, "errorMessage": "ImportError: no module named x"}

    class Broken(Account):
        def _scf_invoke_function(self, _: dict[str, object]) -> dict[str, object]:
            return {"Result": {"RetMsg": json.dumps(broken)}}

    clock = Clock()
    found = list(verify(Broken(), "d-reconcile", {}, {}, sleep=clock.sleep))
    assert not found[0].ok
    assert "it failed: ImportError: no module named x" == found[0].line


@pytest.mark.parametrize("address", ["http://[x", "http://a\x00b", "http://127.0.0.1:99999"])
def test_an_address_that_is_none_is_a_finding(address: str) -> None:
    """An answer of SCF that is odd ends no verification without a word."""
    clock = Clock()
    where = {"callback": address, "recordings": address}
    found = list(verify(Account(), "d-reconcile", where, ENV, sleep=clock.sleep))
    assert ["no answer: "] * 4 == [one.line[:11] for one in found if "address" not in one.name][-4:]


def test_a_token_that_no_header_holds_is_a_finding() -> None:
    """Letters beyond ASCII can't be sent."""
    clock = Clock()
    values = {**ENV, "WEBRECORD_API_TOKENS": "backend:令牌令牌令牌", "WEBRECORD_SDK_APP_ID": "１４００"}
    where = {"callback": "http://127.0.0.1:1", "recordings": "http://127.0.0.1:1"}
    found = list(verify(Account(), "d-reconcile", where, values, sleep=clock.sleep))
    assert 4 == sum(one.line.startswith("no answer: ") for one in found)


def test_another_runtime_is_refused_before_anything_is_changed(options: Options) -> None:
    """SCF changes no function's: the line says whose, and where it is told what to do."""
    account = Account()
    deploy(account, options)
    path = options.root / "serverless.yml"
    path.write_text(path.read_text().replace("runtime: Python3.10", "runtime: Python3.12"))
    account.restarted()
    with pytest.raises(BadUsage, match=r"callback runs on Python3\.10, .*docs/deploy\.md"):
        Deployment(account, options).plan()
    assert [] == account.writes


def test_an_address_never_changes(options: Options) -> None:
    """New code, new settings, another mode of the URL: the same Function URL."""
    account = Account()
    deploy(account, options)
    before = Deployment(account, options).addresses()
    assert all(before.values())
    (options.build / "recordings.zip").write_bytes(b"PK new")
    for row in account.triggers["scf-webrecord-recordings"]:
        if row["Type"] == "http":
            row["TriggerDesc"] = row["TriggerDesc"].replace('"NONE"', '"CAM"')
    deploy(account, options)
    assert before == Deployment(account, options).addresses()
    assert [] == Deployment(account, options).plan()


def test_a_lost_key_is_switched_off_and_two_are_a_question(options: Options) -> None:
    """A key whose secret nobody has is made inactive before another is made; of two nobody can tell which is used."""
    account = Account()
    deploy(account, options)
    account.functions.clear()
    account.triggers.clear()
    options.env.write_text(FRESH)
    old = account.live_keys()
    deploy(account, options)
    assert 1 == len(account.live_keys())
    assert old != account.live_keys()
    account.functions.clear()
    account.triggers.clear()
    options.env.write_text(FRESH)
    with pytest.raises(BadUsage, match="it has two keys"):
        deploy(account, options)


def test_a_key_that_the_functions_have_comes_back_into_env(options: Options) -> None:
    """Whoever deploys from another machine goes on with the key in use."""
    account = Account()
    deploy(account, options)
    before = envfile.read(options.env)
    options.env.write_text(FRESH)
    deploy(account, options)
    assert before == envfile.read(options.env)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda account: account.buckets.regions.update({"films-1250000000": "ap-beijing"}), "is in ap-beijing"),
        (
            lambda account: (
                account.buckets.regions.update({"films-1250000000": "ap-guangzhou"}),
                account.buckets.versioned.update({"films-1250000000": "Suspended"}),
            ),
            "versioning Suspended",
        ),
    ],
)
def test_a_bucket_that_can_not_serve_is_refused_before_anything_is_made(
    options: Options, change: object, words: str
) -> None:
    """Another region, or versioning that was ever on."""
    account = Account()
    assert callable(change)
    change(account)
    with pytest.raises(CliError, match=words):
        deploy(account, options)
    assert [] == account.writes


@pytest.mark.long
@settings(max_examples=at_most(40), deadline=None)
@given(st.lists(st.tuples(st.sampled_from(["die_before", "die_after", "lose"]), st.integers(0, 140)), max_size=4))
def test_any_row_of_interruptions_ends_the_same(faults: list[tuple[str, int]]) -> None:
    """Interrupted several times, the last run finishes with one live key; or two lost keys are a question."""
    with tempfile.TemporaryDirectory() as folder:
        made = checkout(Path(folder))
        clean = Account()
        deploy(clean, made)
        made.env.write_text(FRESH)
        account, asked = Account(), False
        for fault, number in [*faults, ("", 0)]:
            setattr(account, fault or "die_before", number if fault else None)
            try:
                deploy(account, made)
            except (Died, ApiError):
                pass
            except BadUsage as error:
                asked = "two keys" in str(error)
            account.restarted()
            assert len(account.live_keys()) <= 1
        assert asked or clean.picture() == account.picture()


class Examined:
    """An account whose doctor finds this, one answer after the other, and the last one from then on."""

    def __init__(self, *answers: object) -> None:
        self.answers = list(answers)

    def call(self, _service: str, action: str, **_given: object) -> dict[str, object]:
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, ApiError):
            raise answer
        return {"Result": {"RetMsg": json.dumps({"findings": answer})}, "RequestId": action}


WELL, LATE = [{"check": "wake", "level": "ok"}], [{"check": "wake", "level": "fail", "seen": "none came"}]
COLD = ApiError("InvokeFunction", "FailedOperation.InvokeFunction", "starting", "r")


@pytest.mark.parametrize(
    ("answers", "expected"),
    [
        ([WELL], [("doctor, inside the function", True)]),
        ([LATE, COLD, LATE, WELL], [("doctor, inside the function", True)]),
        ([LATE], [("doctor: wake", False)]),
    ],
)
def test_what_takes_its_time_to_be_there_is_waited_for(answers: list[object], expected: list[tuple[str, bool]]) -> None:
    """Rights, triggers and a cold start that are late fail no deployment; what stays wrong is said soon."""
    clock = Clock()
    found = verify(Examined(*answers), "d-reconcile", {}, {}, sleep=clock.sleep)  # type: ignore[arg-type]
    assert expected == [(one.name, one.ok) for one in found if one.name.startswith("doctor")]
    assert clock.now <= 30


def test_what_is_deployed_calls_the_services_that_its_deployer_calls(options: Options) -> None:
    """Another endpoint on the command line is the functions' own, unless .env names one."""
    near = replace(options, defaults={"WEBRECORD_TRTC_ENDPOINT": "http://127.0.0.1:1"})
    described = Deployment(Account(), near).description.function("reconcile").environment
    assert "http://127.0.0.1:1" == described["WEBRECORD_TRTC_ENDPOINT"]
    with options.env.open("a") as file:
        file.write("WEBRECORD_TRTC_ENDPOINT=trtc.example\n")
    described = Deployment(Account(), near).description.function("reconcile").environment
    assert "trtc.example" == described["WEBRECORD_TRTC_ENDPOINT"]
