"""CAM, STS and CLS in the local cloud, by the official SDKs; and what only the real service could tell, both ways."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from qcloud_cos.cos_exception import CosServiceError
from tencentcloud.common.exception.tencent_cloud_sdk_exception import TencentCloudSDKException

from local.faults.model import ApiFault
from local.kindness import Delays, Unknowns
from tests.local.deploying.account import BUCKET, TRUST, Account, allow, document, empty_account, function, until

UIN = 100000000001
KEYED = [{"Key": "status", "Value": {"Type": "long", "SqlFlag": True, "Tokenizer": "", "ContainZH": False}}]
INDEX = {
    "Status": True,
    "Rule": {
        "FullText": {"CaseSensitive": False, "Tokenizer": "@&?|#", "ContainZH": True},
        "KeyValue": {"CaseSensitive": False, "KeyValues": KEYED},
    },
}


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Account]:
    """One account for tests that use names of their own."""
    with empty_account(tmp_path_factory.mktemp("account")) as account:
        yield account.activated()


def user(account: Account, name: str, *statements: dict[str, Any]) -> Account:
    """Make a sub-user with a key and a policy; return the account as it."""
    uin = account.call("cam", "AddUser", Name=name, ConsoleLogin=0, UseApi=0)["Uin"]
    key = account.call("cam", "CreateAccessKey", TargetUin=uin)["AccessKey"]
    if statements:
        policy = account.call("cam", "CreatePolicy", PolicyName=f"of-{name}", PolicyDocument=document(*statements))
        account.call("cam", "AttachUserPolicy", AttachUin=uin, PolicyId=policy["PolicyId"])
    return account.as_user((key["AccessKeyId"], key["SecretAccessKey"]))


def test_the_account_knows_itself(shared: Account) -> None:
    """AppId is a number, the others are texts; a sub-user is told its own Uin and the account's."""
    whose = shared.call("cam", "GetUserAppId")
    assert (str(UIN), str(UIN), 1250000000) == (whose["Uin"], whose["OwnerUin"], whose["AppId"])
    who = shared.call("sts", "GetCallerIdentity")
    assert ("RootAccount", str(UIN)) == (who["Type"], who["AccountId"])
    sub = user(shared, "knows", allow("cam:GetUserAppId"))
    assert ("SubAccount", str(UIN)) == (sub.call("sts", "GetCallerIdentity")["Type"], str(UIN))
    assert sub.call("cam", "GetUserAppId")["Uin"] != str(UIN)


def test_a_role_and_its_policy_come_back_normalised(shared: Account) -> None:
    """By name and by id; twice is refused by CAM's own codes; ids are numbers and texts as the schema says."""
    role = {"RoleName": "made", "PolicyDocument": TRUST, "Description": "scf-webrecord deployment x"}
    assert "InvalidParameter.RoleNotExist" == shared.code("cam", "GetRole", RoleName="made")
    number = shared.call("cam", "CreateRole", **role)["RoleId"]
    assert "InvalidParameter.RoleNameInUse" == shared.code("cam", "CreateRole", **role)
    info = shared.call("cam", "GetRole", RoleId=number)["RoleInfo"]
    assert ("made", role["Description"]) == (info["RoleName"], info["Description"])
    assert "\\/" in info["PolicyDocument"]
    policy = {"PolicyName": "made", "PolicyDocument": document(allow("cos:GetObject"))}
    policy_id = shared.call("cam", "CreatePolicy", **policy)["PolicyId"]
    assert "FailedOperation.PolicyNameInUse" == shared.code("cam", "CreatePolicy", **policy)
    (listed,) = shared.call("cam", "ListPolicies", Scope="Local", Keyword="made", Rp=200, Page=1)["List"]
    assert policy_id == listed["PolicyId"]
    attach = {"AttachRoleName": "made", "PolicyId": policy_id}
    shared.call("cam", "AttachRolePolicy", **attach)
    shared.call("cam", "AttachRolePolicy", **attach)
    attached = shared.call("cam", "ListAttachedRolePolicies", RoleName="made", Page=1, Rp=200)
    assert [policy_id] == [row["PolicyId"] for row in attached["List"]]
    assert "FailedOperation" == shared.code("cam", "DeletePolicy", PolicyId=[policy_id])
    shared.call("cam", "DetachRolePolicy", DetachRoleName="made", PolicyId=policy_id)
    shared.call("cam", "DeletePolicy", PolicyId=[policy_id])
    shared.call("cam", "DeleteRole", RoleName="made")
    assert "ResourceNotFound.PolicyIdNotFound" == shared.code("cam", "GetPolicy", PolicyId=policy_id)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("{", "PolicyDocumentError"),
        (document(allow("scf:CreateFunctoin")), "ActionNotExist"),
        (document(allow("cam:MakeRole")), "ActionNotExist"),
        (document({**allow("cos:GetObject"), "effect": "yes"}), "EffectError"),
    ],
)
def test_a_policy_that_is_none_is_not_made(shared: Account, text: str, code: str) -> None:
    """Actions of SCF and CAM are looked up in the schema."""
    assert f"InvalidParameter.{code}" == shared.code("cam", "CreatePolicy", PolicyName="none", PolicyDocument=text)


def test_a_user_has_two_keys_and_goes_when_it_has_none(shared: Account) -> None:
    """The secret is shown once; an active key is not deleted."""
    uin = shared.call("cam", "AddUser", Name="uploader", Remark="r")["Uin"]
    assert "InvalidParameter.SubUserNameInUse" == shared.code("cam", "AddUser", Name="uploader")
    keys = [
        shared.call("cam", "CreateAccessKey", TargetUin=uin, Description=f"scf-webrecord/{n}")["AccessKey"]
        for n in range(2)
    ]
    assert all(key["SecretAccessKey"] for key in keys)
    assert "OperationDenied.AccessKeyOverLimit" == shared.code("cam", "CreateAccessKey", TargetUin=uin)
    listed = shared.call("cam", "ListAccessKeys", TargetUin=uin)["AccessKeys"]
    assert [key["AccessKeyId"] for key in keys] == [key["AccessKeyId"] for key in listed]
    assert not any("SecretAccessKey" in key for key in listed)
    assert "OperationDenied.HaveKeys" == shared.code("cam", "DeleteUser", Name="uploader")
    for key in keys:
        named = {"AccessKeyId": key["AccessKeyId"], "TargetUin": uin}
        shared.call("cam", "UpdateAccessKey", **named, Status="Inactive")
        shared.call("cam", "DeleteAccessKey", **named)
        assert "ResourceNotFound.SecretNotExist" == shared.code("cam", "DeleteAccessKey", **named)
    shared.call("cam", "DeleteUser", Name="uploader")
    assert "ResourceNotFound.UserNotExist" == shared.code("cam", "GetUser", Name="uploader")


def test_one_policy_is_asked_by_cos_and_by_the_api(shared: Account) -> None:
    """The same key and document; what no statement allows is denied in both."""
    resource = f"qcs::cos:ap-guangzhou:uid/1250000000:{BUCKET}/in/*"
    sub = user(shared, "cos", allow("name/cos:PutObject", resource=resource))
    sub.cos().put_object(BUCKET, b"x", "in/a")
    with pytest.raises(CosServiceError, match="AccessDenied"):
        sub.cos().put_object(BUCKET, b"x", "out/a")
    assert "AuthFailure.UnauthorizedOperation" == sub.code("cam", "GetUser", Name="cos")
    assert "AuthFailure.UnauthorizedOperation" == sub.code("cls", "DescribeLogsets")


def test_a_log_topic_from_nothing_to_an_alarm_and_back(shared: Account) -> None:
    """Each step finds what it made; each is taken away only when nothing hangs on it."""
    logset = shared.call("cls", "CreateLogset", LogsetName="d")["LogsetId"]
    assert "InvalidParameter.LogsetConflict" == shared.code("cls", "CreateLogset", LogsetName="d")
    topic = shared.call("cls", "CreateTopic", LogsetId=logset, TopicName="d", Period=30)["TopicId"]
    assert "InvalidParameter.TopicConflict" == shared.code("cls", "CreateTopic", LogsetId=logset, TopicName="d")
    filters = [{"Key": "topicName", "Values": ["d"]}, {"Key": "logsetId", "Values": [logset]}]
    (found,) = shared.call("cls", "DescribeTopics", Filters=filters, PreciseSearch=1)["Topics"]
    assert (topic, False) == (found["TopicId"], found["Index"])
    assert "ResourceNotFound.IndexNotExist" == shared.code("cls", "DescribeIndex", TopicId=topic)
    shared.call("cls", "CreateIndex", TopicId=topic, **INDEX)
    assert "InvalidParameter.IndexConflict" == shared.code("cls", "CreateIndex", TopicId=topic, **INDEX)
    assert INDEX["Rule"] == shared.call("cls", "DescribeIndex", TopicId=topic)["Rule"]
    receivers = {"Name": "n", "Type": "All", "WebCallbacks": [{"CallbackType": "Http", "Url": "https://a.example"}]}
    notice = shared.call("cls", "CreateAlarmNotice", **receivers)["AlarmNoticeId"]
    target = {
        "TopicId": topic, "LogsetId": logset, "Query": "* | SELECT 1", "Number": 1, "StartTimeOffset": -5,
        "EndTimeOffset": 0, "SyntaxRule": 1,
    }  # fmt: skip
    alarm = {
        "Name": "a", "AlarmTargets": [target], "MonitorTime": {"Type": "Period", "Time": 5}, "TriggerCount": 1,
        "AlarmPeriod": 60, "Condition": "$1.bad > 0", "AlarmNoticeIds": [notice], "Status": True,
    }  # fmt: skip
    number = shared.call("cls", "CreateAlarm", **alarm)["AlarmId"]
    assert "InvalidParameter.AlarmConflict" == shared.code("cls", "CreateAlarm", **alarm)
    for wrong in (
        {"AlarmPeriod": 1441}, {"TriggerCount": 0}, {"AlarmLevel": 3}, {"Name": "a|b"}, {"Condition": "$2.bad > 0"},
        {"MonitorTime": {"Type": "Period", "Time": 0}}, {"AlarmTargets": [{**target, "EndTimeOffset": -5}]},
        {"Classifications": [{"Key": "Of", "Value": "d"}]},
    ):  # fmt: skip
        assert "InvalidParameter" == shared.code("cls", "CreateAlarm", **{**alarm, "Name": "b", **wrong}), wrong
    shared.call("cls", "ModifyAlarm", AlarmId=number, AlarmPeriod=30)
    (listed,) = shared.call("cls", "DescribeAlarms", Filters=[{"Key": "name", "Values": ["a"]}])["Alarms"]
    assert (30, "d", "$1.bad > 0") == (
        listed["AlarmPeriod"], listed["AlarmTargets"][0]["TopicName"], listed["Condition"],
    )  # fmt: skip
    assert "OperationDenied.NoticeHasAlarm" == shared.code("cls", "DeleteAlarmNotice", AlarmNoticeId=notice)
    assert "FailedOperation.BindedAlarm" == shared.code("cls", "DeleteTopic", TopicId=topic)
    assert "FailedOperation.LogsetNotEmpty" == shared.code("cls", "DeleteLogset", LogsetId=logset)
    shared.call("cls", "DeleteAlarm", AlarmId=number)
    shared.call("cls", "DeleteAlarmNotice", AlarmNoticeId=notice)
    shared.call("cls", "DeleteTopic", TopicId=topic)
    shared.call("cls", "DeleteLogset", LogsetId=logset)


@pytest.mark.parametrize("key", [{"Key": "_a"}, {"Key": "a b"}, {"Key": ""}, {"Value": {"Type": "json"}}])
def test_an_index_of_what_can_not_be_indexed_is_refused(shared: Account, key: dict[str, Any]) -> None:
    """Names as the reference has them; the type json is for listed accounts."""
    named = json.dumps(key)
    logset = shared.call("cls", "CreateLogset", LogsetName=named)["LogsetId"]
    topic = shared.call("cls", "CreateTopic", LogsetId=logset, TopicName=named)["TopicId"]
    rule = {"KeyValue": {"CaseSensitive": False, "KeyValues": [{**KEYED[0], **key}]}}
    assert "InvalidParameter" == shared.code("cls", "CreateIndex", TopicId=topic, Rule=rule)


def test_an_empty_account_has_nothing_activated(tmp_path: Path) -> None:
    """Neither SCF nor CLS nor a bucket."""
    with empty_account(tmp_path) as account:
        assert 1 == account.call("cls", "GetClsService")["Status"]
        assert "OperationDenied.AccountNotExists" == account.code("cls", "DescribeLogsets")
        assert "FailedOperation.QcsRoleNotFound" == account.code("scf", "CreateFunction", **function())
        assert not account.cos().list_buckets().get("Buckets")
        assert [] == account.call("scf", "ListFunctions")["Functions"]
        account.call("cls", "OpenClsService")
        assert 0 == account.call("cls", "GetClsService")["Status"]


@pytest.mark.long
def test_what_is_new_is_seen_late(tmp_path: Path) -> None:
    """CAM itself has a role at once, SCF after a while; so have lists, and the effects of policies."""
    with empty_account(tmp_path, Delays((0.0, 0.0), 1.5, 1.0, 0.5, 0.0, 1.0)) as account:
        account.activated()
        account.call("cam", "GetRole", RoleName="functions")
        created = account.call("cam", "CreatePolicy", PolicyName="late", PolicyDocument=document(allow("cam:GetUser")))
        assert [] == account.call("cam", "ListPolicies", Keyword="late")["List"]
        account.call("cam", "GetPolicy", PolicyId=created["PolicyId"])
        until(lambda: account.call("cam", "ListPolicies", Keyword="late")["List"])
        sub = user(account, "late", allow("cam:GetUser"))
        assert "AuthFailure.UnauthorizedOperation" == sub.code("cam", "GetUser", Name="late")
        until(lambda: _permitted(sub))
        account.call("cam", "CreateRole", RoleName="fresh", PolicyDocument=TRUST)
        assert "ResourceNotFound.Role" == account.code("scf", "CreateFunction", **function(Role="fresh"))
        account.call("scf", "CreateFunction", **function("old"))
        until(lambda: _created(account))


def _permitted(account: Account) -> bool:
    try:
        account.call("cam", "GetUser", Name="late")
    except TencentCloudSDKException:
        return False
    return True


def _created(account: Account) -> bool:
    try:
        account.call("scf", "CreateFunction", **function(Role="fresh"))
    except TencentCloudSDKException as error:
        return bool(error.code != "ResourceNotFound.Role")
    return True


def test_closed_logs_fail_a_function_later_or_at_once(tmp_path: Path) -> None:
    """Which is real nobody knows: both can be had. A function that failed can only be deleted."""
    for answer in ("fails later", "refused"):
        with empty_account(tmp_path / answer, closed_logs=answer) as account:
            account.call("cam", "CreateRole", RoleName="SCF_QcsRole", PolicyDocument=TRUST)
            policy = {"AttachRoleName": "SCF_QcsRole", "PolicyName": "QcloudAccessForScfRole"}
            account.call("cam", "AttachRolePolicy", **policy)
            body = function(Role=None)
            if answer == "refused":
                assert "FailedOperation.ClsServiceUnregistered" == account.code("scf", "CreateFunction", **body)
                continue
            account.call("scf", "CreateFunction", **body)
            shown = account.settled()
            assert ("CreateFailed", 0) == (shown["Status"], shown["CodeSize"])
            assert "FailedOperation.ClsServiceUnregistered" == shown["StatusReasons"][0]["ErrorCode"]
            assert "FailedOperation.UpdateFunctionConfiguration" == account.code(
                "scf", "UpdateFunctionConfiguration", FunctionName="one", Timeout=5
            )
            account.call("scf", "DeleteFunction", FunctionName="one")
            account.call("cls", "OpenClsService")
            account.create(Role=None)


def test_each_unknown_can_be_had_the_other_way(tmp_path: Path) -> None:
    """An empty value, a second attachment, a deletion while attached, another digest, letters, URLs, service roles."""
    others = {name: answers[1] for name, answers in Unknowns.choices().items() if name != "closed_logs"}
    with empty_account(tmp_path, None, **{**others, "service_role": "accepted"}) as account:
        account.activated()
        variables = {"Variables": [{"Key": "EMPTY", "Value": ""}]}
        account.create(Environment=variables, Description="1.0: a/b")
        assert variables["Variables"] == account.settled()["Environment"]["Variables"]
        attach = {"AttachRoleName": "SCF_QcsRole", "PolicyName": "QcloudAccessForScfRole"}
        assert "InvalidParameter.ParamError" == account.code("cam", "AttachRolePolicy", **attach)
        first = account.call("scf", "GetFunctionAddress", FunctionName="one")
        assert first["CodeSha256"] not in first["Url"]
        desc = json.dumps({"AuthType": "NONE", "NetConfig": {"EnableExtranet": True}})
        made = {"FunctionName": "one", "Type": "http", "TriggerDesc": desc}
        info = account.call("scf", "CreateTrigger", **made, TriggerName="u")["TriggerInfo"]
        assert 1 == info["Enable"]
        assert "InvalidParameterValue.Type" == account.code(
            "scf", "UpdateTrigger", **made, TriggerName=info["TriggerName"]
        )
        account.call("cam", "DeleteRole", RoleName="SCF_QcsRole")
    with empty_account(tmp_path / "b", service_role="refused") as account:
        assert "InvalidParameter.RoleNameError" == account.code(
            "cam", "CreateRole", RoleName="SCF_QcsRole", PolicyDocument=TRUST
        )


def test_an_unknown_that_there_is_not_is_named() -> None:
    """With the ones that there are."""
    with pytest.raises(ValueError, match=r"colour=red is not one of .*empty_environment=refused\|accepted"):
        Unknowns.of(["colour=red"])
    assert "accepted" == Unknowns.of(["empty_environment=accepted"]).empty_environment


def test_faults_strike_these_services_too(shared: Account) -> None:
    """A refusal by code, an answer that is lost after its effect, and a front that is broken."""
    faults = shared.running.cloud.faults
    faults.add(ApiFault(on="cam", do="fail", action="GetUser", code="InternalError", count=1))
    assert "InternalError" == shared.code("cam", "GetUser", Name="x")
    faults.add(ApiFault(on="scf", do="fail", action="ListFunctions", status=502, count=1))
    with pytest.raises(TencentCloudSDKException) as broken:
        shared.call("scf", "ListFunctions")
    assert "ServerNetworkError" == broken.value.code
    faults.add(ApiFault(on="cam", do="lose", action="CreateAccessKey", count=1))
    uin = shared.call("cam", "AddUser", Name="lost")["Uin"]
    with pytest.raises(TencentCloudSDKException) as lost:
        shared.call("cam", "CreateAccessKey", TargetUin=uin)
    assert "ClientNetworkError" == lost.value.code
    assert 1 == len(shared.call("cam", "ListAccessKeys", TargetUin=uin)["AccessKeys"])
