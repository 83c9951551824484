"""The account of a local cloud: identities, their keys, and what each may do."""

from local.account.accounts import Accounts
from local.account.model import APP_ID, UIN, AccessKey, AccountRole, Policy, User
from local.account.policy import PolicyError, Statement, parse_policy, parse_trust, permits

__all__ = [
    "APP_ID",
    "UIN",
    "AccessKey",
    "AccountRole",
    "Accounts",
    "Policy",
    "PolicyError",
    "Statement",
    "User",
    "parse_policy",
    "parse_trust",
    "permits",
]
