"""What CAM's actions share."""

from __future__ import annotations

import time
from typing import Any, TypeVar

from local.account import Accounts, Policy, PolicyError, User
from local.account.model import AccountRole
from local.api3 import Answer, ApiError

__all__ = ["attached", "invalid", "page", "policy_of", "refused", "when"]

T = TypeVar("T")


def when(seconds: float) -> str:
    """Write a time as CAM does: Beijing's."""
    return time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(seconds + 8 * 3600))


def invalid(code: str, message: str) -> ApiError:
    """Return `InvalidParameter.…`."""
    return ApiError(f"InvalidParameter.{code}", message)


def refused(error: PolicyError) -> ApiError:
    """Return what a bad document is answered with."""
    return invalid(error.code, str(error))


def page(items: list[T], body: dict[str, Any]) -> list[T]:
    """Return one page: Page from 1, Rp up to 200.

    Raises:
        ApiError: there is no such page.
    """
    size, number = body.get("Rp", 20), body.get("Page", 1)
    if not 1 <= size <= 200 or number < 1:
        raise invalid("ParamError", "Page is 1 or more, Rp 1 to 200.")
    return items[(number - 1) * size : number * size]


def policy_of(accounts: Accounts, body: dict[str, Any]) -> Policy:
    """Return the policy that a call names, by number or name.

    Raises:
        ApiError: it is not there, or none is named.
    """
    if "PolicyId" in body:
        found = accounts.policies.get(body["PolicyId"])
        if found is None:
            raise invalid("PolicyIdNotExist", f"There is no policy {body['PolicyId']}.")
        return found
    if "PolicyName" not in body:
        raise invalid("PolicyIdError", "PolicyId or PolicyName is needed.")
    found = accounts.policy_named(body["PolicyName"])
    if found is None:
        raise invalid("PolicyIdNotExist", f"There is no policy {body['PolicyName']}.")
    return found


def attached(accounts: Accounts, who: User | AccountRole, body: dict[str, Any]) -> Answer:
    """List the policies of a user or role, as late as lists are."""
    held = who.policies.seen(accounts.delays.fresh_s)
    rows = [
        {
            "PolicyId": policy.number,
            "PolicyName": policy.name,
            "AddTime": when(since),
            "PolicyType": "QCS" if policy.preset else "User",
            "CreateMode": 2,
        }
        for number, since in held.items()
        if (policy := accounts.policies.get(number)) is not None
    ]
    return {"List": page(rows, body), "TotalNum": len(rows)}
