"""Users, keys, roles and policies of the one account, and the permission check that every service uses."""

from __future__ import annotations

import itertools
import secrets
import time
from collections.abc import Callable

from local.account.model import APP_ID, UIN, AccessKey, AccountRole, Policy, User
from local.account.policy import parse_policy, parse_trust, permits
from local.api3.caller import ROOT, Principal
from local.api3.errors import ApiError
from local.api3.tc3 import KeyPair
from local.kindness import Delays, Lagging
from local.role import Role, RoleKey

__all__ = ["Accounts"]

_EVERYTHING = '{"version":"2.0","statement":[{"effect":"allow","action":["*"],"resource":["*"]}]}'
_PRESET = {1: "AdministratorAccess", 28341895: "QcloudAccessForScfRole"}


class Accounts:
    """The account; use it from one thread.

    Args:
        root: SecretId and SecretKey of the account itself.
        delays: how late others see what is changed.
        rotate_s, valid_s: of every role's temporary keys, see `Role`.
        now: seconds since 1970.
        clock: seconds, for delays.
    """

    def __init__(
        self,
        root: tuple[str, str],
        delays: Delays,
        *,
        rotate_s: float = 0.0,
        valid_s: float = 0.0,
        now: Callable[[], float] = time.time,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.delays, self.now, self.clock = delays, now, clock
        self._rotate_s, self._valid_s = rotate_s, valid_s
        self.app_id, self.uin = APP_ID, UIN
        self._numbers = itertools.count(200_000_001)
        self._uins = itertools.count(UIN + 1)
        self.keys = {root[0]: AccessKey(*root, "", "", now())}
        self.users: dict[str, User] = {}
        self.roles: dict[str, AccountRole] = {}
        self.policies = {
            number: Policy(number, name, _EVERYTHING, "", 0.0, 0.0, Lagging(parse_policy(_EVERYTHING)), preset=True)
            for number, name in _PRESET.items()
        }

    def key(self, secret_id: str) -> KeyPair | None:
        """Return a valid key and its owner."""
        if (known := self.keys.get(secret_id)) is not None:
            if not known.active:
                return None
            known.used = self.now()
            principal = Principal("user", known.owner) if known.owner else ROOT
            return KeyPair(secret_id, known.secret_key, None, principal)
        for role in self.roles.values():
            if (found := role.keys.find(secret_id)) is not None:
                return KeyPair(secret_id, found.secret_key, found.token, Principal("role", role.name))
        return None

    def permits(self, principal: Principal, action: str, resource: str) -> bool:
        """Return True if the caller may do an action (`scf:CreateFunction`) on a resource of six segments, or on
        `*`."""
        if principal.kind == "root":
            return True
        who = (self.users if principal.kind == "user" else self.roles).get(principal.name)
        if who is None:
            return False
        lag_s = self.delays.policy_s
        attached = [self.policies[number] for number in who.policies.seen(lag_s) if number in self.policies]
        return permits((each for policy in attached for each in policy.statements.seen(lag_s)), action, resource)

    def allow(
        self, principal: Principal, action: str, resource: str = "*", code: str = "UnauthorizedOperation"
    ) -> None:
        """Refuse what is not permitted.

        Raises:
            ApiError: with this code; its message names action and resource.
        """
        if not self.permits(principal, action, resource):
            raise ApiError(
                code,
                f"you are not authorized to perform operation ({action})\nresource ({resource}) has no permission\n",
            )

    def assumable(self, name: str, service: str) -> AccountRole | None:
        """Return a role that a service sees, and may take."""
        role = self.roles.get(name)
        if role is None or service not in role.services or self.clock() - role.since < self.delays.role_s:
            return None
        return role

    def arn(self, principal: Principal) -> str:
        """Return how STS names somebody."""
        if principal.kind == "user":
            return f"qcs::cam::uin/{self.uin}:uin/{self.users[principal.name].uin}"
        if principal.kind == "role":
            return f"qcs::sts:::assumed-role/{self.roles[principal.name].number}"
        return f"qcs::cam::uin/{self.uin}:root"

    def policy_named(self, name: str) -> Policy | None:
        """Return the policy of this name."""
        return next((each for each in self.policies.values() if each.name == name), None)

    def user_of(self, uin: int) -> User | None:
        """Return the sub-user with this Uin."""
        return next((each for each in self.users.values() if each.uin == uin), None)

    def holders(self, policy: int) -> list[User | AccountRole]:
        """Return to whom a policy is attached."""
        everybody: list[User | AccountRole] = [*self.users.values(), *self.roles.values()]
        return [each for each in everybody if policy in each.policies.now]

    def add_policy(self, name: str, text: str, description: str = "", *, settled: bool = False) -> Policy:
        """Make a policy.

        Raises:
            PolicyError: its document is none.
        """
        statements, now = parse_policy(text), self.now()
        policy = Policy(next(self._numbers), name, text, description, now, now, Lagging((), clock=self.clock))
        (policy.statements.settled if settled else policy.statements.set)(statements)
        self.policies[policy.number] = policy
        return policy

    def add_user(self, name: str, remark: str = "", *, console: bool = False) -> User:
        """Make a sub-user."""
        uin = next(self._uins)
        user = User(name, uin, uin % 1_000_000_007, remark, console, self.now(), Lagging({}, clock=self.clock))
        self.users[name] = user
        return user

    def add_key(self, owner: str, description: str = "", pair: tuple[str, str] | None = None) -> AccessKey:
        """Make a key of a sub-user, or of the account."""
        secret_id, secret_key = pair or (f"AKID{secrets.token_hex(16)}", secrets.token_hex(16))
        key = AccessKey(secret_id, secret_key, owner, description, self.now())
        self.keys[key.secret_id] = key
        return key

    def add_role(
        self,
        name: str,
        trust: str,
        description: str = "",
        *,
        session_s: int = 7200,
        tags: list[dict[str, str]] | None = None,
    ) -> AccountRole:
        """Make a role.

        Raises:
            PolicyError: its document is none.
        """
        services, now, new = parse_trust(trust), self.now(), secrets.token_hex
        first = RoleKey(f"AKIDrole{new(12)}", new(16), new(32))
        role = AccountRole(
            str(next(self._numbers) + 4_611_686_018_427_000_000),
            name,
            trust,
            services,
            description,
            session_s,
            tags or [],
            now,
            now,
            self.clock(),
            Lagging({}, clock=self.clock),
            Role(first, self._rotate_s, self._valid_s, clock=self.clock),
        )
        self.roles[name] = role
        return role

    def give_key(self, role: str, key: RoleKey) -> None:
        """Let a role have this temporary key from now on."""
        self.roles[role].keys = Role(key, self._rotate_s, self._valid_s, clock=self.clock)

    def attach(self, who: User | AccountRole, policy: Policy, *, settled: bool = False) -> None:
        """Attach a policy."""
        both = {**who.policies.now, policy.number: self.now()}
        (who.policies.settled if settled else who.policies.set)(both)

    def detach(self, who: User | AccountRole, policy: int) -> None:
        """Detach a policy."""
        who.policies.set({number: since for number, since in who.policies.now.items() if number != policy})
