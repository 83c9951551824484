"""Errors of an address and of the browser in the reader's language; the code that raises them speaks English."""

from __future__ import annotations

from local.check.words import t


def said(english: str) -> str:
    """Return an error's words as the reader reads them; what is not known stays as it is."""
    for begin, sentence in (("Chromium did not start: ", _not_started), ("no browser at ", _no_browser)):
        if english.startswith(begin):
            return sentence(english.removeprefix(begin))
    return _known().get(english, english)


def _not_started(why: str) -> str:
    return t("Chromium did not start: {why}", why=why)


def _no_browser(name: str) -> str:
    name, named, _ = name.partition(": set CHROMIUM")
    if named:
        return t("no browser at {name}: set CHROMIUM to a program, or to nothing", name=name)
    return t("no browser at {name}", name=name)


def _known() -> dict[str, str]:
    return {
        "must be an absolute http:// or https:// URL": t("must be an absolute http:// or https:// URL"),
        "is not a URL that a browser can open": t("is not a URL that a browser can open"),
        "must not hold spaces or control characters": t("must not hold spaces or control characters"),
        "must not hold a user name or password (user:password@), which would be stored and shown; put a token"
        " into the path or query instead": t(
            "must not hold a user name or password (user:password@), which would be stored and shown; put a"
            " token into the path or query instead"
        ),
        "has no host": t("has no host"),
        "is longer than 8000 characters": t("is longer than 8000 characters"),
        "no Chromium found: install one (Debian: apt install chromium-headless-shell) or set CHROMIUM to its path": t(
            "no Chromium found: install one (Debian: apt install chromium-headless-shell) or set CHROMIUM to its path"
        ),
    }
