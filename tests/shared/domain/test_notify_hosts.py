"""Where notifications may go: a truth table of hosts, and no way to wrap a private address."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.errors import WebRecordError
from shared.domain.hosts import names
from shared.domain.notify_hosts import NotificationError, check_notify_url


def refusal(url: str, *hosts: str) -> str | None:
    """Return why the URL is refused; None when it is not."""
    try:
        check_notify_url(url, hosts)
    except ValueError as error:
        return str(error)
    return None


@pytest.mark.parametrize(
    ("url", "glob", "expected"),
    [
        ("https://hooks.example/", "hooks.example", True),
        ("https://hooks.example", "hooks.example", True),
        ("HTTPS://HOOKS.example./a?b=c#d", "hooks.EXAMPLE", True),
        ("https://hooks.example:8443/", "hooks.example", True),
        ("https://a.hooks.example/", "*.hooks.example", True),
        ("https://hooks.example/", "*.hooks.example", False),
        ("https://evilhooks.example/", "hooks.example", False),
        ("https://hooks.example.evil.example/", "hooks.example", False),
        ("https://evil.example/hooks.example?hooks.example#hooks.example", "hooks.example", False),
        ("https://hooks.example\\@evil.example/", "evil.example", False),
        ("https://hooks.example\\@evil.example/", "hooks.example", True),
        ("https://bücher.example/", "xn--bcher-kva.example", True),
        # http only to a host by its full name
        ("http://hooks.example/", "hooks.example", True),
        ("http://hooks.example/", "*", False),
        ("http://hooks.example/", "hooks.exampl?", False),
        ("http://hooks.example/", "hooks.exampl[e]", False),
        ("https://hooks.exampl/", "hooks.exampl[e]", False),
        ("https://hooks.example/", "hooks.exampl[e]", True),
        # a private address only by its full name
        ("http://127.0.0.1:8000/", "127.0.0.1", True),
        ("https://2130706433/", "127.0.0.1", True),
        ("https://127.0.0.1/", "127.*", False),
        ("https://127.0.0.1/", "*", False),
        ("https://0x7f.1/", "*", False),
        ("https://169.254.169.254/", "*", False),
        ("https://8.8.8.8/", "*", True),
        ("http://8.8.8.8/", "*", False),
        ("http://[::1]:8000/", "[::1]", True),
        ("https://[::1]/", "*", False),
        ("https://[::ffff:10.0.0.1]/", "*", False),
        ("https://[2606:4700::1111]/", "*", True),
        ("http://localhost:3000/", "localhost", True),
        ("http://localhost/", "*", False),
        # no host name
        ("https://*/", "*", False),
        ("https://a..example/", "*", False),
        ("https://.example/", "*", False),
        ("https://a;b.example/", "*", False),
        (f"https://{'a' * 64}.example/", "*", False),
        (f"https://{'a' * 63}.example/", "*", True),
        (f"https://{'a.' * 130}example/", "*", False),
        ("https://exa_mple.example/", "*", True),
        # no web address
        ("ftp://hooks.example/", "*", False),
        ("file:///hooks.example", "*", False),
        ("hooks.example", "*", False),
        ("//hooks.example/", "*", False),
        ("", "*", False),
        ("https://", "*", False),
        ("https://./", "*", False),
        (" https://hooks.example/", "*", False),
        ("https://hooks.example/\r\nX: y", "*", False),
        ("https://[fe80::1%25eth0]/", "*", False),
    ],
)
def test_truth_table(url: str, glob: str, expected: bool) -> None:
    """The host as a browser reads it decides: by glob for public https, by its full name for anything weaker."""
    assert expected == (refusal(url, "never.example", glob) is None)


@pytest.mark.parametrize("url", ["https://hooks.example/", "http://localhost/", "https://8.8.8.8/"])
def test_nobody_is_allowed_by_default(url: str) -> None:
    """An empty list allows no host at all."""
    assert refusal(url) is not None


@pytest.mark.parametrize(
    "url", ["https://user:pass@hooks.example/", "https://user@hooks.example/", "https://:pass@hooks.example/"]
)
def test_userinfo(url: str) -> None:
    """User names and passwords are refused, and not repeated."""
    assert "must not hold a user name or password" == refusal(url, "*")


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("https://evil.example/private?token=private", "has a host that may not be notified: evil.example"),
        ("https://10.0.0.1/private?token=private", "has a private address as its host: 10.0.0.1"),
        ("http://a.hooks.example/private?token=private", "must be https"),
        ("ftp://hooks.example/private?token=private", "must be an absolute http"),
    ],
)
def test_the_refusal_says_what_is_wrong(url: str, words: str) -> None:
    """The message follows the field's name, and tells nothing of the URL but its host."""
    message = refusal(url, "*.hooks.example", "10.*") or ""
    assert message.startswith(words)
    assert "private?" not in message
    assert "token" not in message


@pytest.mark.parametrize(
    ("host", "entry", "expected"),
    [
        ("hooks.example", "hooks.example", True),
        ("hooks.example", "HOOKS.example", True),
        ("hooks.example", "*.example", False),
        ("hooks.example", "*", False),
        ("*.example", "*.example", False),
        ("hooks.exampl?", "hooks.exampl?", False),
        ("[::1]", "[::1]", True),
        (":", "[::1]", False),
        ("1", "[::1]", False),
        ("e", "[e]", False),
    ],
)
def test_names_literally(host: str, entry: str, expected: bool) -> None:
    """Only the whole name counts, without case; an entry with a wildcard names nobody."""
    assert expected == names(host, ["never.example", entry])
    assert not names(host, [])


@given(st.text(max_size=60), st.lists(st.text(max_size=20), max_size=3))
def test_only_its_own_errors(text: str, hosts: list[str]) -> None:
    """Any text is accepted or a ValueError of one line, whatever the list holds."""
    for url in (text, f"https://{text}", f"http://hooks.example/{text}"):
        assert "\n" not in (refusal(url, *hosts) or "")


def test_the_error_is_one_of_ours() -> None:
    """A notification's failure is in the error tree, and its reason is what it says."""
    error = NotificationError("hooks.example answered 503")
    assert isinstance(error, WebRecordError)
    assert ("hooks.example answered 503",) * 2 == (str(error), error.reason)
