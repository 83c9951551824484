"""The one account that owns everything in the local COS."""

from __future__ import annotations

from local.cos.xmlbody import Node

_UIN = "qcs::cam::uin/100000000001:uin/100000000001"

OWNER: list[Node] = [("ID", _UIN), ("DisplayName", "100000000001")]

# Private: full control for the owner, nothing for anybody else.
ACCESS_CONTROL: list[Node] = [
    ("Owner", OWNER),
    (
        "AccessControlList",
        [
            (
                "Grant",
                [
                    (
                        'Grantee xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:type="CanonicalUser"',
                        OWNER,
                    ),
                    ("Permission", "FULL_CONTROL"),
                ],
            )
        ],
    ),
]
