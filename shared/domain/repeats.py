"""Repeats: compare a request with the accepted one of the same id, by the fields that the callers sent.

Defaults are not compared: a release may change them between a request and its repeat.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from typing import Any
from unicodedata import normalize

from pydantic_core import Url

from shared.domain.accepted import Accepted, part_of
from shared.domain.instants import instant_ms
from shared.domain.request import RecordingRequest

_FORMER_DEFAULTS = {
    "MaxDurationLimit": 36_000,
    "WebRecordVideoParams.Width": 1280,
    "WebRecordVideoParams.Height": 720,
    "WebRecordVideoParams.MaxMediaFileDuration": 1440,
    "PublishCdnParams": [],
    "ReadyTimeout": 0,
}
"""What the release that did not store `said` filled in. It never changes."""


_DEFAULTS = {"Format": "mp4", "NotifyOn": "final", "Storage": "cos", "Expect.Sound": True, "Expect.Motion": True}
"""What the request's model leaves open and others decide: the policy, and the film check."""


def differences(accepted: Accepted, request: RecordingRequest, usual: dict[str, Any] | None = None) -> list[str]:
    """Return the paths of the fields that either request named and in which they differ, in order, never a value.

    What one of them leaves out counts with its default, which is one of `usual` where the deployment has its own. What
    both leave out is not compared: a release, or a setting, may change it.
    """
    then, now = _DEFAULTS | _spelled(accepted.request), _DEFAULTS | _spelled(request.redacted())
    said = accepted.said
    if said is None:
        former = _DEFAULTS | _FORMER_DEFAULTS
        said = [path for path, value in then.items() if value != former.get(path)]
    then = _spelled({"SdkAppId": accepted.sdk_app_id, "NotifyUrl": accepted.notify_url}) | then
    now = _spelled(usual or {}) | now
    return sorted(path for path in {*said, *said_by(request)} if then.get(path) != now.get(path))


def said_by(request: RecordingRequest) -> list[str]:
    """Return the paths of the fields that the caller named, in order."""
    named = _spelled(request.redacted(said=True))
    empty = tuple(f"{path}." for path, value in named.items() if value == {})  # an object that is all defaults
    return sorted(path for path in _spelled(request.redacted()) if path in named or path.startswith(empty))


def _spelled(request: dict[str, Any]) -> dict[str, Any]:
    """Return path → value of what a request asks for: without ids, times as epoch ms, each thing in one spelling."""
    asked = {name: value for name, value in request.items() if name not in ("RecordingId", "RecordId")}
    for name in {"StartAt", "StopAt", "StartBy"} & asked.keys():
        with suppress(ValueError):
            asked[name] = instant_ms(asked[name])
    for name in {"RecordUrl", "NotifyUrl"} & asked.keys():
        with suppress(ValueError, TypeError):
            asked[name] = str(Url(asked[name]))  # as a browser takes it: host's case, default port, dots in the path
    if "Labels" in asked:
        asked["Labels"] = {name: _composed(value) for name, value in part_of(asked, "Labels").items()}
    video = {**part_of(asked, "WebRecordVideoParams")}
    in_video = video.pop("Format", None)
    if wanted := asked.get("Format") or in_video:
        asked["Format"] = wanted
    return {
        path: value
        for path, value in _leaves(asked | {"WebRecordVideoParams": video})
        if path not in ("Labels", "WebRecordVideoParams", "Expect")  # an empty one says nothing
    }


def _composed(value: Any) -> Any:  # noqa: ANN401 (whatever is stored)
    return normalize("NFC", value) if isinstance(value, str) else value


def _leaves(asked: dict[str, Any], inside: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in asked.items():
        if isinstance(value, dict) and value:
            yield from _leaves(value, f"{inside}{name}.")
        else:
            yield f"{inside}{name}", value
