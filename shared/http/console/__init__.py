"""The console: one page, served by the recordings function, that shows and steers recordings through the API.

The page holds its style and its script; a policy (CSP) names them by their hashes, so that nothing else runs. Of
its other assets it loads only the HLS player, and that only when a recording is HLS.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
from functools import lru_cache
from pathlib import Path

from shared.domain.errors import NotFound
from shared.domain.ids import etag
from shared.triggers import HttpResponse

LANGUAGES = ("en", "zh")
"""The first is for everybody who asks for none of them."""
SCRIPTS = (
    "dom", "text", "api", "poll", "dialog", "signin", "filters",
    "list", "timeline", "player", "events", "recording", "form", "main",
)  # fmt: skip
"""The page's script in order: together they are one module."""

_HERE = Path(__file__).parent
_ASSETS = {
    "hls.js": ("hls.light.min.js", "text/javascript; charset=utf-8"),
    "hls.LICENSE": ("hls.LICENSE", "text/plain; charset=utf-8"),
}
_SAFE = {"X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer"}


def reply(asset: str, accept_language: str = "", files: str = "", lang: str = "") -> HttpResponse:
    """Return the page in one language, or something it loads.

    Args:
        asset: the path below `/console/`; "" is the page itself; NotFound for any that there is not.
        accept_language: the header, which decides the page's language unless the address does.
        files: the origin that recorded files are read from: of other origins the page may only read its own.
        lang: the language that the address names, `?lang=zh`; one that we do not speak decides nothing.
    """
    if asset == "":
        return _page(_language(f"{lang},{accept_language}"), files)
    if asset not in _ASSETS:
        raise NotFound(f"the console has no {asset}")
    return _asset(asset)


def origin_of(url: str) -> str:
    """Return the origin of an address as a policy names it; "" for one that is none."""
    found = re.match(r"https?://[A-Za-z0-9.-]+(?::[0-9]{1,5})?(?=[/?#]|\Z)", url)
    return found[0] if found else ""


def _language(accepted: str) -> str:
    wishes = []
    for position, wish in enumerate(accepted.lower().split(",")):
        tag, _, parameter = wish.strip().partition(";")
        try:
            weight = min(1.0, float(parameter.strip().removeprefix("q=") or 1))
        except ValueError:
            weight = 0.0
        wishes.append((-weight, position, tag.split("-")[0]))
    known = (tag for weight, _, tag in sorted(wishes) if weight < 0 and tag in LANGUAGES)
    return next(known, LANGUAGES[0])


@lru_cache
def _page(language: str, files: str) -> HttpResponse:
    messages = json.loads(_read(f"messages.{language}.json"))
    style, script = lean(_read("console.css")), _script(messages)
    values = {"lang": language, "files": files, "title": messages["list.title"], "noscript": messages["noscript"]}
    page = _read("console.html")
    for name, value in {**values, "style": style, "script": script}.items():
        page = page.replace(f"{{{name}}}", value, 1)
    headers = {
        "Content-Type": "text/html; charset=utf-8",
        "Content-Security-Policy": _policy(style, script, files),
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cache-Control": "no-cache",
        "Vary": "Accept-Language",
        "Content-Language": language,
        "ETag": etag(page),
        **_SAFE,
    }
    return HttpResponse(200, page, headers)


@lru_cache
def _asset(asset: str) -> HttpResponse:
    name, content_type = _ASSETS[asset]
    body = _read(name)
    headers = {"Content-Type": content_type, "Cache-Control": "public, max-age=86400", "ETag": etag(body), **_SAFE}
    return HttpResponse(200, body, headers)


def _script(messages: dict[str, str]) -> str:
    # As JSON in a script no text may end the element.
    table = json.dumps(_grouped(messages), ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c")
    return "\n".join([f"const GROUPS = {table};", *(lean(_read(f"js/{name}.js")) for name in SCRIPTS)])


def _grouped(messages: dict[str, str]) -> dict[str, dict[str, str]]:
    """Return messages by the first part of their key, which is sent once instead of with each: 3 KB less."""
    groups: dict[str, dict[str, str]] = {}
    for key, text in messages.items():
        first, _, rest = key.partition(".")
        groups.setdefault(first, {})[rest] = text
    return groups


def lean(source: str) -> str:
    """Return style or script without indentation, empty lines and lines of comment: a tenth of the page."""
    lines = (line.strip() for line in source.splitlines())
    return "\n".join(line for line in lines if line and not line.startswith("//")) + "\n"


def _policy(style: str, script: str, files: str) -> str:
    rules = [
        "default-src 'none'",
        f"script-src {_hash(script)} 'self'",
        f"style-src {_hash(style)}",
        f"connect-src 'self' {files}".rstrip(),
        f"media-src blob: 'self' {files}".rstrip(),
        "img-src data:",
        "base-uri 'none'",
        "frame-ancestors 'none'",
        "form-action 'none'",
        "require-trusted-types-for 'script'",
        "trusted-types console",
    ]
    return "; ".join(rules)


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def _read(name: str) -> str:
    return (_HERE / name).read_text("utf-8")
