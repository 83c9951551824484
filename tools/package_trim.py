"""Files that the packages leave out, each with a reason.

Paths are globs over the files of a wheel as it is unpacked; `*` crosses folders. Everything else is in.
"""

from __future__ import annotations

from fnmatch import fnmatchcase

EVERYWHERE: dict[str, str] = {
    "*.pyi": "type stubs",
    "*/py.typed": "a mark for type checkers",
    "*.dist-info/*": "metadata: nothing reads it at run time but what METADATA names",
    "*/__main__.py": "a command line",
}
"""Left out of every wheel."""

UNUSED: dict[str, dict[str, str]] = {
    "annotated-types": {
        "annotated_types/test_cases.py": "for tests",
    },
    "certifi": {
        "certifi/tests/*": "for tests",
    },
    "cos-python-sdk-v5": {
        "qcloud_cos/cos_encryption_client.py": "encrypts at the client; COS encrypts at rest",
        "qcloud_cos/crypto.py": "encrypts at the client; the only importer of pycryptodome",
        "qcloud_cos/intelligent_speech.py": "another service's client, which the SDK itself does not import",
    },
    "crcmod-plus": {
        "crcmod/_crcfunpy.py": "stands in for a compiled module, which is in",
    },
    "idna": {
        "idna/cli.py": "a command line",
        "idna/codec.py": "an encoding for who registers it",
        "idna/compat.py": "the interface of an older standard",
    },
    "pydantic": {
        "pydantic/experimental/pipeline.py": "an experiment",
        "pydantic/mypy.py": "mypy's plugin",
        "pydantic/v1/*": "version 1 whole; for models of version 1, of which there are none",
    },
    "requests": {
        "requests/help.py": "prints a bug report",
    },
    "structlog": {
        "structlog/_greenlets.py": "needs greenlet; its importer does without",
        "structlog/twisted.py": "needs Twisted",
    },
    "tencentcloud-sdk-python-common": {
        "tencentcloud/common/*_async.py": "asyncio; needs httpx",
    },
    "tencentcloud-sdk-python-trtc": {
        "tencentcloud/trtc/*_async.py": "asyncio; needs httpx",
        "tencentcloud/trtc/*/errorcodes.py": "names of error codes; imported by nothing",
    },
    "urllib3": {
        "urllib3/contrib/emscripten/*": "for Python in a browser",
        "urllib3/contrib/pyopenssl.py": "needs pyOpenSSL",
        "urllib3/contrib/socks.py": "needs PySocks",
        "urllib3/http2/connection.py": "needs h2",
    },
}
"""Left out of one wheel, by its distribution's name."""

UNUSED_REQUIREMENTS: dict[tuple[str, str], str] = {
    ("cos-python-sdk-v5", "pycryptodome"): "11 MB that only qcloud_cos/crypto.py imports",
    ("requests", "charset-normalizer"): "guesses encodings; COS and TRTC answer in UTF-8, which requests then assumes",
}
"""(distribution, what it says it needs): does not come with it."""

SUBSTITUTES: dict[str, str] = {"crcmod": "crcmod-plus"}
"""A required distribution, and the locked one that has its modules."""

METADATA: dict[str, str] = {
    "python-ulid": "asks for its own version when it is imported",
}
"""Distributions whose name and version are kept as metadata."""

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
        "shared.usecases.read_ports": "nobody reads recordings through it",
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


def reason(distribution: str, path: str) -> str | None:
    """Return why a file of a wheel is left out; None when it is in."""
    if distribution in METADATA and path.endswith(".dist-info/METADATA"):
        return None
    for patterns in (UNUSED.get(distribution, {}), EVERYWHERE):
        for pattern, why in patterns.items():
            if fnmatchcase(path, pattern):
                return why
    return None
