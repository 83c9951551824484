"""What the calls of both SDKs have in common: no redirects, no proxy before this machine, and words for a long wait."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from webrecord.proxies import is_this_machine
from webrecord.words import t

if TYPE_CHECKING:
    import requests

TIMEOUT_S = 30


def waited_for(service: str, action: str) -> str:
    """Return what is told of a call that takes long."""
    return t("waiting for an answer of {service} to {action} …", service=service, action=action)


def unled(session: requests.Session) -> requests.Session:
    """Return a session that treats redirects as errors, so that keys never go to another host."""
    from requests import TooManyRedirects

    def refuse(answer: requests.Response, *_: object, **__: object) -> None:
        if 300 <= answer.status_code < 400:
            answer.close()
            raise TooManyRedirects(t("the answer was {status}: redirects are not followed", status=answer.status_code))

    session.hooks["response"].append(refuse)
    return session


@contextmanager
def directly(url: str | None) -> Iterator[None]:
    """Keep a proxy of the shell out of a call to this machine: the SDKs read it from the environment, each its way."""
    parts = urlsplit(url or "")
    if not is_this_machine(parts.hostname or ""):
        yield
        return
    before = {name: os.environ.get(name) for name in ("NO_PROXY", "no_proxy")}
    # One of them compares with the port.
    os.environ.update(dict.fromkeys(before, f"{parts.hostname},{parts.netloc}"))
    try:
        yield
    finally:
        for name, value in before.items():
            os.environ.pop(name, None) if value is None else os.environ.update({name: value})
