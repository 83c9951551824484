"""Where to call, and with which token: options, then the environment, then a profile of the configuration file.

default = "prod"                  # the profile used without --profile; else the one called "default"
[profiles.prod]
endpoint = "https://….tencentscf.com"
token = "…"                       # or token_file = "~/.secrets/webrecord"
"""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import tomlkit
from tomlkit.exceptions import TOMLKitError

from webrecord import files
from webrecord.errors import BadUsage
from webrecord.proxies import is_sendable, is_this_machine
from webrecord.words import t

ENDPOINT, TOKEN, PROFILE = "WEBRECORD_ENDPOINT", "WEBRECORD_TOKEN", "WEBRECORD_PROFILE"
PROFILE_FIELDS = ("endpoint", "token", "token_file")


@dataclass(frozen=True)
class Target:
    """The API's base address without a slash at its end, and the token; None calls without one.

    `endpoint_from` and `token_from` say where each comes from: an option, a variable, a file or a profile.
    """

    endpoint: str
    token: str | None = field(default=None, repr=False)
    endpoint_from: str = field(default="", compare=False)
    token_from: str = field(default="", compare=False)

    def __str__(self) -> str:
        return (
            t("{endpoint} (from {endpoint_from})", endpoint=self.endpoint, endpoint_from=self.endpoint_from)
            if self.endpoint_from
            else self.endpoint
        )

    @property
    def is_private(self) -> bool:
        """Whether nobody on the way can read the token."""
        return is_this_machine(urlsplit(self.endpoint).hostname or "") or urlsplit(self.endpoint).scheme == "https"


@dataclass(frozen=True)
class Choices:
    """What the options say; None where they say nothing."""

    endpoint: str | None = None
    token_file: Path | None = None
    profile: str | None = None


def config_path(environ: Mapping[str, str]) -> Path:
    """Return where the configuration file is, or would be.

    Raises:
        BadUsage: nobody knows where the home folder is.
    """
    if (found := find_config(environ)) is None:
        raise BadUsage(t("there is no home folder for a configuration: set HOME or XDG_CONFIG_HOME"))
    return found


def find_config(environ: Mapping[str, str]) -> Path | None:
    """Return where the configuration file is, or would be; None where there is no home folder."""
    base = environ.get("XDG_CONFIG_HOME") or ""
    if Path(base).is_absolute():
        return Path(base) / "webrecord" / "config.toml"
    try:
        return Path.home() / ".config" / "webrecord" / "config.toml"
    except RuntimeError:
        return None


def home(text: str) -> Path:
    """Return a path with `~` in it made whole, as far as that can be."""
    try:
        return Path(text).expanduser()
    except RuntimeError:
        raise BadUsage(t("{text}: there is no such home folder; write the whole path", text=text)) from None


def resolve(choices: Choices, environ: Mapping[str, str]) -> Target:
    """Return where to call.

    Raises:
        BadUsage: no endpoint is known, or a file is missing, wrong or readable by others.
    """
    path = find_config(environ)
    name, profile = read_profile(choices.profile or environ.get(PROFILE), path)
    own = t("profile {name}", name=name)
    given = choices.endpoint or environ.get(ENDPOINT)
    endpoint = check_endpoint(given or str(profile.get("endpoint", "")))
    source = "--endpoint" if choices.endpoint else ENDPOINT if given else own
    if choices.token_file is not None:
        return Target(
            endpoint,
            read_token(choices.token_file),
            source,
            t("--token-file {token_file}", token_file=choices.token_file),
        )
    if token := environ.get(TOKEN):
        return Target(endpoint, check_token(token, TOKEN), source, TOKEN)
    # A profile's token belongs to its endpoint: another one that was typed in does not get it.
    if given and profile.get("endpoint") and check_endpoint(str(profile["endpoint"])) != endpoint:
        return Target(endpoint, None, source, t("the token of {own} is for its own endpoint only", own=own))
    if "token" in profile and path is not None:
        check_mode(path)
        return Target(endpoint, check_token(str(profile["token"]), own), source, own)
    if "token_file" in profile:
        file = home(str(profile["token_file"]))
        return Target(endpoint, read_token(file), source, f"{own}, {file}")
    return Target(endpoint, None, source)


def read_profile(wanted: str | None, path: Path | None) -> tuple[str, Mapping[str, Any]]:
    """Return a profile's name and fields; empty where there is no file and none was asked for.

    Raises:
        BadUsage: the profile asked for does not exist, or the file can't be read.
    """
    document = read_config(path)
    name = wanted or str(document.get("default", "default"))
    profiles = document.get("profiles", {})
    if name in profiles:
        return name, dict(profiles[name])
    if wanted or "default" in document:
        check_profile(name, profiles, path)
    return name, {}


def check_profile(name: str, profiles: Mapping[str, Any], path: Path | None) -> None:
    """Raise BadUsage unless a profile of this name is among those of a file."""
    if name not in profiles:
        raise BadUsage(
            t(
                "there is no profile {name} in {path} (there: {known}); see `webrecord config set --help`",
                name=name,
                path=path,
                known=", ".join(profiles) or "none",
            )
        )


def read_config(path: Path | None) -> tomlkit.TOMLDocument:
    """Return the configuration; an empty one where there is no file.

    Raises:
        BadUsage: it can't be read, or is not TOML of the right shape.
    """
    if path is None:
        return tomlkit.document()
    try:
        document = tomlkit.parse(files.read(path).decode("utf-8-sig"))
    except (FileNotFoundError, NotADirectoryError):
        return tomlkit.document()
    except OSError as error:
        raise BadUsage(t("{path} can't be read: {strerror}", path=path, strerror=error.strerror)) from None
    except UnicodeDecodeError:
        raise BadUsage(t("{path} can't be read: it is not UTF-8", path=path)) from None
    except TOMLKitError as error:
        # The TOML reader's message holds a position, never a value.
        raise BadUsage(t("{path} can't be read: {error}", path=path, error=error)) from None
    profiles = document.get("profiles", {})
    if not isinstance(profiles, dict) or not all(isinstance(profile, dict) for profile in profiles.values()):
        raise BadUsage(t("{path}: profiles are tables, [profiles.NAME]", path=path))
    for name, profile in profiles.items():
        if unknown := set(profile) - set(PROFILE_FIELDS):
            wrong = ", ".join(sorted(unknown))
            raise BadUsage(
                t(
                    "{path}: profile {name} has {wrong}; known are {names}",
                    path=path,
                    name=name,
                    wrong=wrong,
                    names=", ".join(PROFILE_FIELDS),
                )
            )
    return document


def read_token(path: Path) -> str:
    """Return the token in a file that nobody else may read.

    Raises:
        BadUsage: it can't be read, others may read it, or it holds no token.
    """
    check_mode(path)
    try:
        text = files.read(path).decode("utf-8-sig")
    except OSError as error:
        raise BadUsage(t("{path} can't be read: {strerror}", path=path, strerror=error.strerror)) from None
    except UnicodeDecodeError:
        raise BadUsage(t("{path} can't be read: it is not UTF-8", path=path)) from None
    return check_token(text.strip(), str(path))


def check_mode(path: Path) -> None:
    """Refuse a file with a secret that others may read; pipes, as of `<(…)`, have no such readers.

    Raises:
        BadUsage: with the command that mends it.
    """
    try:
        mode = path.stat().st_mode
    except OSError as error:
        raise BadUsage(t("{path} can't be read: {strerror}", path=path, strerror=error.strerror)) from None
    if os.name == "posix" and stat.S_ISREG(mode) and mode & 0o077:
        raise BadUsage(t("others may read the token in {path}; run: chmod 600 {path}", path=path))


def check_token(token: str, where: str) -> str:
    """Return a token that fits into a header.

    Raises:
        BadUsage: it is empty or holds spaces, controls or other than ASCII; the token is not repeated.
    """
    if token.strip()[:7].lower() == "bearer " or token.startswith(("'", '"')):
        raise BadUsage(t("the token of {where} has quotes or `Bearer` in front: write the token alone", where=where))
    if not token or not all("!" <= char <= "~" for char in token):
        raise BadUsage(t("the token of {where} is empty or has invalid characters", where=where))
    return token


def check_endpoint(text: str) -> str:
    """Return the base address without a slash at its end.

    Raises:
        BadUsage: there is none, or it is no http address.
    """
    if not text:
        raise BadUsage(
            t(
                "the endpoint is missing; give --endpoint, {endpoint} or `webrecord config set endpoint https://…`",
                endpoint=ENDPOINT,
            )
        )
    try:
        parts = urlsplit(text)
        valid = parts.scheme in ("http", "https") and (parts.port is None or parts.port > 0)
        valid = valid and bool(httpx.URL(text).host) and is_sendable(parts.hostname or "")
    except (ValueError, httpx.InvalidURL):
        valid = False
    odd = parts.query or parts.fragment or parts.username is not None if valid else True
    if odd or " " in text or not text.isprintable():
        raise BadUsage(
            t("{text!r} is not an endpoint; write https://host, with a base path if there is one", text=text)
        )
    return text.rstrip("/").removesuffix("/recordings")
