"""The values that a deployment is rendered with: a `.env` file, or examples; and how the CLI puts them in."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from local.regular import why_not

REQUIRED = ("TENCENT_REGION", "WEBRECORD_ROLE", "WEBRECORD_SDK_APP_ID", "WEBRECORD_BUCKET", "WEBRECORD_CALLBACK_KEYS")
# Values of the right form and a generous length, none of them real.
EXAMPLE = {
    "TENCENT_REGION": "ap-guangzhou",
    "WEBRECORD_ROLE": "scf-webrecord",
    "WEBRECORD_SDK_APP_ID": "1400000001,1400000002,1400000003",
    "WEBRECORD_BUCKET": "example-recordings-of-a-department-1250000000",
    "WEBRECORD_CALLBACK_KEYS": f"{'k' * 32},{'K' * 32}",
    "WEBRECORD_API_TOKENS": ",".join(f"backend-{number}:{str(number) * 43}" for number in range(4)),
    "WEBRECORD_STORAGE_SECRET_ID": "I" * 36,
    "WEBRECORD_STORAGE_SECRET_KEY": "S" * 32,
    "WEBRECORD_ALLOWED_HOSTS": ",".join(f"*.class-{number}.example.com" for number in range(8)),
    "WEBRECORD_NOTIFY_HOSTS": "hooks.example.com,*.hooks.example.com",
    "WEBRECORD_NOTIFY_URL": "https://hooks.example.com/recordings",
    "WEBRECORD_NOTIFY_SECRET": f"whsec_{'A' * 32}",
    "WEBRECORD_CORS_ORIGINS": "https://app.example.com,https://admin.example.com",
    "WEBRECORD_TRTC_REGION": "ap-singapore",
    "WEBRECORD_TRTC_ENDPOINT": "trtc.intl.tencentcloudapi.com",
    "WEBRECORD_COS_ENDPOINT": "cos.ap-guangzhou.myqcloud.com",
    "WEBRECORD_CALLER_STORAGE": "refuse",
    "WEBRECORD_RELAY_HOSTS": "*.livepush.example.com",
    "WEBRECORD_MAX_DURATION_CEILING": "86400",
    "WEBRECORD_MAX_ATTEMPTS": "3",
    "WEBRECORD_START_WITHIN": "3600",
    "WEBRECORD_URL_VALID": "900",
    "WEBRECORD_FILM_CHECK": "on",
    "WEBRECORD_FILM_IGNORE": "still,silent_stretch",
    "WEBRECORD_LOST_AFTER": "3600",
}
VARIABLE = re.compile(r"\$\{env:(\w+)\}")
MOST = 1_000_000
"""Bytes of a .env."""
UNDEFINED = "undefined"


def parse_env(text: str) -> dict[str, str]:
    """Return the variables of a .env file; no inline comments, quotes around a whole value are dropped."""
    found = {}
    for line in text.splitlines():
        name, equals, value = line.removeprefix("\ufeff").partition("=")
        if equals and not line.lstrip().startswith("#"):
            found[name.strip()] = re.sub(r"""^(['"])(.*)\1$""", r"\2", value.strip())
    return found


def read_env(path: Path) -> dict[str, str]:
    """Return the variables of a .env file.

    Raises:
        ValueError: it is no text in UTF-8, or sets a variable twice; one line says where.
        OSError: it can't be read.
    """
    if not str(path).startswith("/dev/fd/") and (why := why_not(path)):
        raise ValueError(f"{path} can't be read: {why}")
    if path.stat().st_size > MOST:
        raise ValueError(f"{path} can't be read: it has more than {MOST:,} bytes")
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise ValueError(f"{path} is not text in UTF-8: save it as UTF-8") from None
    lines = [line.partition("=")[0].strip() for line in text.splitlines() if "=" in line]
    twice = [name for name, count in Counter(lines).items() if count > 1 and not name.startswith("#")]
    if twice:
        raise ValueError(f"{path} sets {', '.join(twice)} more than once: keep one line of each")
    return parse_env(text)


def resolve(value: Any, environment: Mapping[str, str]) -> Any:  # noqa: ANN401 (what YAML holds)
    """Return the value with `${env:…}` replaced as the CLI does: one that is missing gives the word `undefined`."""
    if isinstance(value, dict):
        return {key: resolve(inner, environment) for key, inner in value.items()}
    if isinstance(value, list):
        return [resolve(inner, environment) for inner in value]
    if isinstance(value, str):
        return VARIABLE.sub(lambda match: environment.get(match[1], UNDEFINED), value)
    return value


def examples() -> dict[str, dict[str, str]]:
    """Return the environments that are rendered when nobody gives one: everything set, and what is required."""
    least = {name: value if name in REQUIRED else "" for name, value in EXAMPLE.items()}
    return {"everything set": EXAMPLE, "the least set": least}
