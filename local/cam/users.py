"""CAM's sub-users and their keys."""

from __future__ import annotations

import re
import time

from local.account import AccessKey, Accounts, User
from local.api3 import Action, Answer, ApiCall, ApiError
from local.cam.common import attached, invalid, policy_of, when

__all__ = ["Users"]

_NAME = re.compile(r"[A-Za-z0-9+=,.@_-]{1,64}")
_DESCRIPTION = re.compile(r"[\w+=,.@:/-]{0,1024}")
KEYS_A_USER = 2


class Users:
    """Actions on users and keys."""

    def __init__(self, accounts: Accounts) -> None:
        self._accounts = accounts

    def actions(self) -> dict[str, Action]:
        return {
            "GetUser": lambda call: self._about(self._named(call)),
            "ListUsers": self._list,
            "AddUser": self._add,
            "DeleteUser": self._delete,
            "AttachUserPolicy": self._attach,
            "DetachUserPolicy": self._detach,
            "ListAttachedUserPolicies": lambda call: attached(
                self._accounts, self._user(call.body["TargetUin"]), call.body
            ),
            "CreateAccessKey": self._create_key,
            "ListAccessKeys": self._list_keys,
            "UpdateAccessKey": self._update_key,
            "DeleteAccessKey": self._delete_key,
            "GetSecurityLastUsed": self._last_used,
        }

    def own(self, call: ApiCall) -> int:
        """Return the caller's Uin."""
        caller = call.caller
        return self._accounts.users[caller.name].uin if caller.kind == "user" else self._accounts.uin

    def _named(self, call: ApiCall) -> User:
        user = self._accounts.users.get(call.body["Name"])
        if user is None:
            raise ApiError("ResourceNotFound.UserNotExist", f"There is no user {call.body['Name']}.")
        return user

    def _user(self, uin: int) -> User:
        user = self._accounts.user_of(uin)
        if user is None:
            raise invalid("UserNotExist", f"There is no user {uin}.")
        return user

    def _about(self, user: User) -> Answer:
        return {
            "Uin": user.uin, "Name": user.name, "Uid": user.uid, "Remark": user.remark,
            "ConsoleLogin": int(user.console), "PhoneNum": "", "CountryCode": "", "Email": "",
        }  # fmt: skip

    def _list(self, _call: ApiCall) -> Answer:
        late = self._accounts.now() - self._accounts.delays.fresh_s
        rows = [
            {**self._about(user), "CreateTime": when(user.created), "NickName": ""}
            for user in self._accounts.users.values()
            if user.created <= late
        ]
        return {"Data": rows}

    def _add(self, call: ApiCall) -> Answer:
        body = call.body
        if _NAME.fullmatch(body["Name"]) is None:
            raise invalid("UserNameIllegal", "Name has 1 to 64 letters, digits or +=,.@_-.")
        if body["Name"] in self._accounts.users:
            raise invalid("SubUserNameInUse", f"There is a user {body['Name']} already.")
        user = self._accounts.add_user(body["Name"], body.get("Remark", ""), console=bool(body.get("ConsoleLogin", 0)))
        answer: Answer = {"Uin": user.uin, "Name": user.name, "Uid": user.uid}
        if body.get("UseApi", 0):
            key = self._accounts.add_key(user.name)
            answer |= {"SecretId": key.secret_id, "SecretKey": key.secret_key}
        return answer

    def _delete(self, call: ApiCall) -> Answer:
        user = self._named(call)
        keys = self._keys(user.name)
        if keys and not call.body.get("Force", 0):
            raise ApiError("OperationDenied.HaveKeys", f"{user.name} has {len(keys)} keys: delete them first.")
        if keys and not self._accounts.permits(call.caller, "cam:DeleteApiKey", "*"):
            raise ApiError("UnauthorizedOperation.DeleteApiKey", "Deleting keys wants cam:DeleteApiKey.")
        for key in keys:
            del self._accounts.keys[key.secret_id]
        del self._accounts.users[user.name]
        return {}

    def _attach(self, call: ApiCall) -> Answer:
        user, policy = self._user(call.body["AttachUin"]), policy_of(self._accounts, call.body)
        if policy.number not in user.policies.now:
            self._accounts.attach(user, policy)
        return {}

    def _detach(self, call: ApiCall) -> Answer:
        user, policy = self._user(call.body["DetachUin"]), policy_of(self._accounts, call.body)
        self._accounts.detach(user, policy.number)
        return {}

    def _owner(self, call: ApiCall) -> str:
        uin = call.body.get("TargetUin", self.own(call))
        return "" if uin == self._accounts.uin else self._user(uin).name

    def _keys(self, owner: str) -> list[AccessKey]:
        return [key for key in self._accounts.keys.values() if key.owner == owner]

    def _create_key(self, call: ApiCall) -> Answer:
        owner, description = self._owner(call), call.body.get("Description", "")
        if _DESCRIPTION.fullmatch(description) is None:
            raise invalid("ParamError", "Description has at most 1024 letters, digits or _+=,.@:/-.")
        if len(self._keys(owner)) >= KEYS_A_USER:
            raise ApiError("OperationDenied.AccessKeyOverLimit", f"A user has at most {KEYS_A_USER} keys.")
        key = self._accounts.add_key(owner, description)
        return {"AccessKey": {**self._about_key(key), "SecretAccessKey": key.secret_key}}

    def _about_key(self, key: AccessKey) -> Answer:
        return {
            "AccessKeyId": key.secret_id,
            "Status": "Active" if key.active else "Inactive",
            "CreateTime": when(key.created),
            "Description": key.description,
        }

    def _list_keys(self, call: ApiCall) -> Answer:
        late = self._accounts.now() - self._accounts.delays.fresh_s
        return {"AccessKeys": [self._about_key(key) for key in self._keys(self._owner(call)) if key.created <= late]}

    def _key(self, call: ApiCall) -> AccessKey:
        owner, secret_id = self._owner(call), call.body["AccessKeyId"]
        key = self._accounts.keys.get(secret_id)
        if key is None or key.owner != owner:
            raise ApiError("ResourceNotFound.SecretNotExist", f"There is no such key of {owner or 'the account'}.")
        return key

    def _update_key(self, call: ApiCall) -> Answer:
        key, status = self._key(call), call.body["Status"]
        if status not in ("Active", "Inactive"):
            raise invalid("ParamError", "Status is Active or Inactive.")
        key.active = status == "Active"
        return {}

    def _delete_key(self, call: ApiCall) -> Answer:
        key = self._key(call)
        if key.active:
            raise ApiError("FailedOperation.Accesskey", "The key is Active: set it Inactive first.")
        del self._accounts.keys[key.secret_id]
        return {}

    def _last_used(self, call: ApiCall) -> Answer:
        wanted = call.body["SecretIdList"]
        if not 1 <= len(wanted) <= 10:
            raise invalid("ParamError", "SecretIdList has 1 to 10 keys.")
        found = [self._accounts.keys[each] for each in wanted if each in self._accounts.keys]
        return {
            "SecretIdLastUsedRows": [
                {
                    "SecretId": key.secret_id,
                    "LastUsedDate": time.strftime("%Y-%m-%d", time.gmtime(key.used)) if key.used else "",
                    "LastSecretUsedDate": int(key.used or 0),
                }
                for key in found
            ]
        }
