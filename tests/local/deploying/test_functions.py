"""SCF in the local cloud: what was created runs, with what it was given; what the reference forbids is refused."""

from __future__ import annotations

import base64
import hashlib
import json
import urllib.error
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from local.kindness import Delays
from tests.local.deploying.account import (
    BUCKET,
    SOURCE,
    Account,
    allow,
    document,
    empty_account,
    function,
    raw_zip,
    until,
    zipped,
)  # fmt: skip

pytestmark = pytest.mark.process
URL = json.dumps({"AuthType": "NONE", "NetConfig": {"EnableIntranet": False, "EnableExtranet": True}})


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Account]:
    """One account for the tests that leave nothing behind, or name their own functions."""
    with empty_account(tmp_path_factory.mktemp("account")) as account:
        yield account.activated()


def test_a_function_that_was_created_runs_with_its_code_variables_and_role(shared: Account) -> None:
    """InvokeFunction answers what the handler returned."""
    shared.create("runs")
    result = shared.call("scf", "InvokeFunction", FunctionName="runs", Event='{"a": 1}', LogType="Tail")["Result"]
    said = json.loads(result["RetMsg"])
    assert ("42", "runs", 256, 0) == (said["answer"], said["function"], said["memory"], result["InvokeResult"])
    assert said["id"].startswith("AKIDrole")
    assert "called" in result["Log"]
    failed = shared.call("scf", "InvokeFunction", FunctionName="runs", Event='{"raise": true}')["Result"]
    assert (430, "ValueError: as asked") == (failed["InvokeResult"], failed["ErrMsg"])


def test_a_function_url_calls_it_and_stays_when_the_trigger_is_updated(shared: Account) -> None:
    """The address is the server's; the event has the path behind it."""
    shared.create("web")
    made = shared.call(
        "scf", "CreateTrigger", FunctionName="web", TriggerName="url-trigger", Type="http", TriggerDesc=URL,
        Qualifier="$DEFAULT", Enable="OPEN",
    )["TriggerInfo"]  # fmt: skip
    url, name = json.loads(made["TriggerDesc"])["NetConfig"]["ExtranetUrl"], made["TriggerName"]
    assert name != "url-trigger"
    with urllib.request.urlopen(f"{url}/recordings/x%2Fy?a=1") as answer:
        assert ("yes", "/recordings/x%2Fy") == (answer.headers["x-told"], json.loads(answer.read())["path"])
    assert "ResourceInUse.Trigger" == shared.code(
        "scf", "CreateTrigger", FunctionName="web", TriggerName="b", Type="http", TriggerDesc=URL, Qualifier="$DEFAULT"
    )
    closed = {"FunctionName": "web", "TriggerName": name, "Type": "http", "Qualifier": "$DEFAULT"}
    shared.call("scf", "UpdateTrigger", **closed, Enable="CLOSE", TriggerDesc=URL)
    with pytest.raises(urllib.error.HTTPError, match="404"):
        urllib.request.urlopen(url)
    shared.call("scf", "UpdateTrigger", **closed, Enable="OPEN", TriggerDesc=URL)
    (listed,) = shared.call("scf", "ListTriggers", FunctionName="web")["Triggers"]
    assert (url, 1) == (json.loads(listed["TriggerDesc"])["NetConfig"]["ExtranetUrl"], listed["Enable"])


def test_new_code_and_variables_are_what_runs_next(shared: Account) -> None:
    """The environment's list is replaced, what is not sent stays; the digest is the uploaded zip's."""
    shared.create("changes")
    package = raw_zip({"index.py": SOURCE.replace('os.environ.get("ANSWER")', "os.environ.get('OTHER')")})
    shared.call("scf", "UpdateFunctionCode", FunctionName="changes", ZipFile=base64.b64encode(package).decode())
    shared.settled("changes")
    variables = {"Variables": [{"Key": "OTHER", "Value": "43"}]}
    shared.call("scf", "UpdateFunctionConfiguration", FunctionName="changes", Environment=variables, Timeout=7)
    shown = shared.settled("changes")
    assert (256, 7, [{"Key": "OTHER", "Value": "43"}]) == (
        shown["MemorySize"], shown["Timeout"], shown["Environment"]["Variables"],
    )  # fmt: skip
    result = shared.call("scf", "InvokeFunction", FunctionName="changes")["Result"]
    assert "43" == json.loads(result["RetMsg"])["answer"]
    address = shared.call("scf", "GetFunctionAddress", FunctionName="changes")
    assert hashlib.sha256(package).hexdigest() == address["CodeSha256"]
    with urllib.request.urlopen(address["Url"]) as kept:
        assert package == kept.read()


def test_an_object_under_the_prefix_calls_it_once(shared: Account) -> None:
    """A COS trigger is closed unless Enable says otherwise, and rules may not overlap."""
    shared.create(
        "stored", Code={"ZipFile": zipped(SOURCE.replace('"called"', 'event["Records"][0]["cos"]["cosObject"]["key"]'))}
    )
    name = f"{BUCKET}.cos.ap-guangzhou.myqcloud.com"
    desc = json.dumps({"event": "cos:ObjectCreated:*", "filter": {"Prefix": "jobs/", "Suffix": ""}})
    trigger = {"FunctionName": "stored", "TriggerName": name, "Type": "cos", "TriggerDesc": desc}
    made = shared.call("scf", "CreateTrigger", **trigger)["TriggerInfo"]
    assert (0, name) == (made["Enable"], made["TriggerName"])
    shared.call("scf", "UpdateTriggerStatus", **trigger, Enable="OPEN")
    assert "FailedOperation.UpdateTriggerStatus" == shared.code("scf", "UpdateTriggerStatus", **trigger, Enable="OPEN")
    assert "InvalidParameterValue.Type" == shared.code("scf", "UpdateTrigger", **trigger, Enable="OPEN")
    inner = json.dumps({"event": "cos:ObjectCreated:Put", "filter": {"Prefix": "jobs/a"}})
    assert "InvalidParameterValue.CosNotifyRuleConflict" == shared.code(
        "scf", "CreateTrigger", **{**trigger, "TriggerDesc": inner}
    )
    for key in ("other/x", "jobs/y"):
        shared.cos().put_object(BUCKET, b"{}", key)
    logs = shared.running.cloud.state_dir / "scf" / "logs" / "stored.log"
    assert "/1250000000/films/jobs/y" in until(lambda: logs.exists() and logs.read_text())
    assert "other/x" not in logs.read_text()
    shared.call("scf", "DeleteTrigger", **trigger)
    assert "ResourceNotFound.Cos" == shared.code("scf", "DeleteTrigger", **trigger)


def test_a_timer_calls_it(shared: Account) -> None:
    """Each second, where it says so; its description comes back as JSON."""
    shared.create("timed", Code={"ZipFile": zipped(SOURCE.replace('"called"', 'event["Message"]'))})
    shared.call(
        "scf", "CreateTrigger", FunctionName="timed", TriggerName="tick", Type="timer", TriggerDesc="* * * * * * *",
        CustomArgument="said so", Enable="OPEN",
    )  # fmt: skip
    logs = shared.running.cloud.state_dir / "scf" / "logs" / "timed.log"
    until(lambda: logs.exists() and "said so" in logs.read_text())
    (listed,) = shared.call("scf", "ListTriggers", FunctionName="timed")["Triggers"]
    assert {"cron": "* * * * * * *"} == json.loads(listed["TriggerDesc"])
    shared.call("scf", "DeleteTrigger", FunctionName="timed", TriggerName="tick", Type="timer")


def test_a_version_keeps_what_it_was_and_an_alias_moves_the_calls(shared: Account) -> None:
    """PublishVersion freezes; UpdateAlias of $DEFAULT is a rollback in one call."""
    shared.create("kept")
    number = shared.call("scf", "PublishVersion", FunctionName="kept")["FunctionVersion"]
    shared.settled("kept")
    variables = {"Variables": [{"Key": "ANSWER", "Value": "new"}]}
    shared.call("scf", "UpdateFunctionConfiguration", FunctionName="kept", Environment=variables)
    shared.settled("kept")

    def answer(**how: str) -> Any:
        result = shared.call("scf", "InvokeFunction", FunctionName="kept", **how)["Result"]
        return json.loads(result["RetMsg"])["answer"]

    assert ("new", "42") == (answer(), answer(Qualifier=number))
    shared.call("scf", "UpdateAlias", FunctionName="kept", Name="$DEFAULT", FunctionVersion=number)
    assert ("42", "new") == (answer(), answer(Qualifier="$LATEST"))
    assert "UnsupportedOperation.AliasBind" == shared.code(
        "scf", "DeleteFunction", FunctionName="kept", Qualifier=number
    )


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"FunctionName": "1st"}, "InvalidParameterValue.FunctionName"),
        ({"FunctionName": None}, "MissingParameter"),
        ({"Code": {}}, "MissingParameter.Code"),
        ({"Code": {"ZipFile": "§"}}, "InvalidParameterValue.ZipFileBase64BinasciiError"),
        ({"Code": {"ZipFile": "QUJD"}}, "InvalidParameterValue.ZipFile"),
        ({"Code": {"ZipFile": zipped(name="other.py")}}, "InvalidParameterValue.Handler"),
        ({"Code": {"ZipFile": zipped(name="../index.py")}}, "InvalidParameterValue.ZipFile"),
        ({"Handler": "main_handler"}, "InvalidParameterValue.Handler"),
        ({"Runtime": "Python3.11"}, "InvalidParameterValue.Runtime"),
        ({"MemorySize": 200}, "InvalidParameterValue.MemorySize"),
        ({"MemorySize": "256"}, "InvalidParameter"),
        ({"Timeout": 901}, "InvalidParameterValue"),
        ({"Timeout": True}, "InvalidParameter"),
        ({"Colour": "red"}, "UnknownParameter"),
        ({"Environment": {"Variables": [{"Key": "A", "Value": "1", "Secret": "x"}]}}, "UnknownParameter"),
        ({"Environment": {"Variables": [{"Key": "A", "Value": ""}]}}, "InvalidParameterValue.Environment"),
        ({"Environment": {"Variables": [{"Key": "A", "Value": "x" * 4096}]}},
         "InvalidParameterValue.EnvironmentExceededLimit"),
        ({"Environment": {"Variables": [{"Key": "SCF_A", "Value": "1"}]}},
         "InvalidParameterValue.EnvironmentSystemProtect"),
        ({"Description": "webrecord 1.0: a/b"}, "InvalidParameterValue.Description"),
        ({"Role": "nobody"}, "ResourceNotFound.Role"),
        ({"ClsLogsetId": "a"}, "InvalidParameterValue.Cls"),
        ({"ClsLogsetId": "a", "ClsTopicId": "b"}, "InvalidParameterValue.Cls"),
    ],
)  # fmt: skip
def test_what_the_reference_forbids_is_refused_and_nothing_is_made(
    shared: Account, changes: dict[str, Any], code: str
) -> None:
    """Each by its own code."""
    assert code == shared.code("scf", "CreateFunction", **function("bad", **changes))
    assert "ResourceNotFound.Function" == shared.code("scf", "GetFunction", FunctionName="bad")


def test_the_lone_empty_pair_clears_all_variables(shared: Account) -> None:
    """As Terraform and the toolkit send it."""
    shared.create("cleared")
    empty = {"Variables": [{"Key": "", "Value": ""}]}
    shared.call("scf", "UpdateFunctionConfiguration", FunctionName="cleared", Environment=empty)
    assert [] == shared.settled("cleared")["Environment"]["Variables"]


def test_configuration_takes_no_handler_and_no_other_runtime(shared: Account) -> None:
    """And the log topic changes with its role only."""
    shared.create("fixed")
    configure = ("scf", "UpdateFunctionConfiguration")
    assert "UnknownParameter" == shared.code(*configure, FunctionName="fixed", Handler="index.main_handler")
    assert "FailedOperation.UpdateFunctionConfiguration" == shared.code(
        *configure, FunctionName="fixed", Runtime="Python3.7"
    )
    logs = {"ClsLogsetId": "a", "ClsTopicId": "b"}
    assert "InvalidParameterValue.ClsRole" == shared.code(*configure, FunctionName="fixed", **logs)


def test_a_body_over_ten_megabytes_is_refused(shared: Account) -> None:
    """10,485,760 bytes, as field reports quote it."""
    code = {"ZipFile": "A" * 10_485_760}
    assert "RequestSizeLimitExceeded" == shared.code("scf", "CreateFunction", **function("large", Code=code))


def test_while_something_goes_on_with_a_function_all_else_is_refused(tmp_path: Path) -> None:
    """Creating and Updating, each by the action's own code; a deleted function is there until it is gone."""
    with empty_account(tmp_path, Delays((1.0, 1.0), 0.0, 0.0, 0.0, 0.3, 0.0)) as account:
        account.activated()
        account.call("scf", "CreateFunction", **function())
        assert "Creating" == account.call("scf", "GetFunction", FunctionName="one")["Status"]
        zip_file, desc = zipped(), {"TriggerName": "url", "Type": "http", "TriggerDesc": URL}
        refused = {
            "CreateFunction": (function(), "ResourceInUse.Function"),
            "UpdateFunctionCode": ({"ZipFile": zip_file}, "FailedOperation.UpdateFunctionCode"),
            "UpdateFunctionConfiguration": ({"Timeout": 5}, "FailedOperation.UpdateFunctionConfiguration"),
            "CreateTrigger": (desc, "FailedOperation.CreateTrigger"),
            "DeleteFunction": ({}, "FailedOperation.DeleteFunction"),
            "PublishVersion": ({}, "FailedOperation.PublishVersion"),
            "InvokeFunction": ({}, "FailedOperation.FunctionVersionStatusNotActive"),
        }
        for action, (body, code) in refused.items():
            assert code == account.code("scf", action, **{"FunctionName": "one", **body}), action
        account.settled()
        made = account.call("scf", "CreateTrigger", FunctionName="one", **desc)["TriggerInfo"]
        assert "" == json.loads(made["TriggerDesc"])["NetConfig"]["ExtranetUrl"]
        until(lambda: json.loads(
            account.call("scf", "ListTriggers", FunctionName="one")["Triggers"][0]["TriggerDesc"]
        )["NetConfig"]["ExtranetUrl"])  # fmt: skip
        account.call("scf", "UpdateFunctionConfiguration", FunctionName="one", Timeout=5)
        assert "FailedOperation.UpdateFunctionCode" == account.code(
            "scf", "UpdateFunctionCode", FunctionName="one", ZipFile=zip_file
        )
        assert 5 == account.settled()["Timeout"]
        account.call("scf", "DeleteFunction", FunctionName="one")
        assert "Deleting" == account.call("scf", "GetFunction", FunctionName="one")["Status"]
        until(lambda: not account.call("scf", "ListFunctions")["Functions"])


def test_rights_are_asked_for_and_a_denial_names_action_and_resource(shared: Account) -> None:
    """A sub-user needs the action, and PassRole for the role that it gives away."""
    uin = shared.call("cam", "AddUser", Name="ci")["Uin"]
    key = shared.call("cam", "CreateAccessKey", TargetUin=uin)["AccessKey"]
    ci = shared.as_user((key["AccessKeyId"], key["SecretAccessKey"]))
    assert str(uin) == ci.call("sts", "GetCallerIdentity")["UserId"]
    code, said = ci.refusal("scf", "CreateFunction", **function("cis"))
    assert "UnauthorizedOperation.CAM" == code
    assert "(scf:CreateFunction)" in said
    policy = shared.call("cam", "CreatePolicy", PolicyName="ci", PolicyDocument=document(allow("scf:CreateFunction")))
    shared.call("cam", "AttachUserPolicy", AttachUin=uin, PolicyId=policy["PolicyId"])
    code, said = ci.refusal("scf", "CreateFunction", **function("cis"))
    assert "(cam:PassRole)" in said
    assert "roleName/functions" in said
    resource = "qcs::cam::uin/100000000001:roleName/functions"
    wider = document(allow("scf:CreateFunction"), allow("cam:PassRole", resource=resource))
    shared.call("cam", "UpdatePolicy", PolicyId=policy["PolicyId"], PolicyDocument=wider)
    ci.call("scf", "CreateFunction", **function("cis"))
    shared.call("cam", "UpdateAccessKey", AccessKeyId=key["AccessKeyId"], Status="Inactive", TargetUin=uin)
    assert "AuthFailure.SecretIdNotFound" == ci.code("sts", "GetCallerIdentity")


@pytest.mark.parametrize("half", ["\ud800", "a\udfff"])
def test_half_a_character_is_a_refusal_like_any_other(shared: Account, half: str) -> None:
    """In values, in names of fields, and wherever a message repeats it."""
    assert "InvalidParameter" == shared.code("scf", "GetFunction", FunctionName=half)
    assert "InvalidParameter" == shared.code("scf", "GetFunction", **{"FunctionName": "a", half: 1})
    variables = {"Variables": [{"Key": "A", "Value": half}]}
    assert "InvalidParameter" == shared.code("scf", "CreateFunction", **function("half", Environment=variables))


def test_what_is_under_way_comes_to_its_end_when_new_code_is_put(shared: Account) -> None:
    """The old code answers whom it was called by; the next call is the new code's."""
    slow = """
import time
def main_handler(event, context):
    print("under way", flush=True)
    time.sleep(1.5)
    return "old"
"""
    shared.create("slow", Code={"ZipFile": zipped(slow)})
    with ThreadPoolExecutor(1) as pool:
        called = pool.submit(shared.call, "scf", "InvokeFunction", FunctionName="slow")
        log = shared.running.cloud.state_dir / "scf" / "logs" / "slow.log"
        until(lambda: log.exists() and "under way" in log.read_text())
        shared.call("scf", "UpdateFunctionCode", FunctionName="slow", ZipFile=zipped(slow.replace("old", "new")))
        shared.settled("slow")
        assert '"new"' == shared.call("scf", "InvokeFunction", FunctionName="slow")["Result"]["RetMsg"]
        assert '"old"' == called.result()["Result"]["RetMsg"]


def test_a_function_that_can_not_run_here_keeps_no_other_from_its_triggers(shared: Account) -> None:
    """Another language's is deployed as on the platform; calling it is refused, its timer is passed over."""
    node = {"Runtime": "Nodejs16.13", "Code": {"ZipFile": zipped("", "index.js")}}
    code = shared.code("scf", "CreateFunction", **function("node", **node))
    assert "InvalidParameterValue.Handler" == code
    shared.create("old", Runtime="Python2.7")
    assert "FailedOperation.InvokeFunction" == shared.code("scf", "InvokeFunction", FunctionName="old")
    every_second = {"TriggerName": "tick", "Type": "timer", "TriggerDesc": "* * * * * * *", "Enable": "OPEN"}
    shared.call("scf", "CreateTrigger", FunctionName="old", **every_second)
    shared.create("young", Code={"ZipFile": zipped(SOURCE.replace('"called"', '"ticked"'))})
    shared.call("scf", "CreateTrigger", FunctionName="young", **every_second)
    logs = shared.running.cloud.state_dir / "scf" / "logs" / "young.log"
    until(lambda: logs.exists() and logs.read_text().count("ticked") > 1)
    for name in ("old", "young"):
        shared.call("scf", "DeleteTrigger", FunctionName=name, TriggerName="tick", Type="timer")


def test_in_another_region_it_is_the_same(tmp_path: Path) -> None:
    """A bucket is in one region alone, and a trigger's must be its function's; names are a region's own."""
    with empty_account(tmp_path, region="ap-singapore") as account:
        account.activated()
        account.create()
        assert [] == Account(account.running, account.key).call("scf", "ListFunctions")["Functions"]
        desc = json.dumps({"event": "cos:ObjectCreated:*", "filter": {"Prefix": "jobs/"}})
        trigger = {"FunctionName": "one", "Type": "cos", "TriggerDesc": desc}
        name = f"{BUCKET}.cos.{{}}.myqcloud.com"
        elsewhere = name.format("ap-guangzhou")
        assert "InvalidParameterValue.Cos" == account.code("scf", "CreateTrigger", **trigger, TriggerName=elsewhere)
        account.call("scf", "CreateTrigger", **trigger, TriggerName=name.format("ap-singapore"))
        (row,) = account.cos().list_buckets()["Buckets"]["Bucket"]
        assert "ap-singapore" == row["Location"]
        account.region = "ap-atlantis"
        assert "UnsupportedRegion" == account.code("scf", "ListFunctions")
