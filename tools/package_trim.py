"""What the packages leave out, each with a reason: distributions, modules of ours. A wheel that is in is in whole."""

from __future__ import annotations

UNUSED_REQUIREMENTS: dict[tuple[str, str], str] = {
    ("cos-python-sdk-v5", "pycryptodome"): "11 MB that only qcloud_cos/crypto.py imports",
    ("requests", "charset-normalizer"): "guesses encodings; COS and TRTC answer in UTF-8, which requests then assumes",
}
"""(distribution, what it says it needs): does not come with it."""

SUBSTITUTES: dict[str, str] = {"crcmod": "crcmod-plus"}
"""A required distribution, and the locked one that has its modules."""

OWNERS: dict[str, str] = {"tencentcloud/__init__.py": "tencentcloud-sdk-python-common"}
"""Files that are in several wheels, and whose counts: the version that the SDK tells TRTC."""

NEVER_IMPORTED: dict[str, dict[str, str]] = {
    "callback": {
        "shared.adapters.notify": "reconcile tells the callers",
        "shared.adapters.trtc": "a callback calls nothing of TRTC",
        "shared.domain.policy": "what may be started does not concern what has been",
        "shared.domain.request": "of the stored request a callback needs a few fields as they are",
        "shared.usecases.films": "reconcile looks into films",
        "shared.usecases.look": "reconcile looks",
        "shared.usecases.pace": "reconcile keeps to TRTC's rate",
        "shared.usecases.ports": "of what starting needs a callback has the bucket alone",
        "shared.usecases.start": "a callback starts nothing",
    },
    "recordings": {
        "shared.adapters.notify": "reconcile tells the callers",
        "shared.usecases.films": "reconcile looks into films",
        "shared.usecases.look": "reconcile looks",
        "shared.usecases.pace": "reconcile keeps to TRTC's rate",
    },
    "reconcile": {},
}
"""Modules of shared/ that a function's code names in a function it does not call; they, and what only they import,
are not in its package."""
