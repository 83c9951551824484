"""Where notifications may go: a truth table of hosts, and no way to wrap a private address."""

from __future__ import annotations

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.errors import WebRecordError
from shared.domain.notify_hosts import NotificationError, check_notify_url, is_public, names_literally


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
    assert expected == names_literally(host, ["never.example", entry])
    assert not names_literally(host, [])


@pytest.mark.parametrize(
    "address",
    ["8.8.8.8", "1.1.1.1", "172.15.255.255", "172.32.0.1", "100.63.255.255", "100.128.0.0", "223.255.255.255",
     "192.0.1.1", "2606:4700::1111", "2400:cb00::1", "::ffff:8.8.8.8", "64:ff9b::8.8.8.8", "2002:808:808::1"],
)  # fmt: skip
def test_public(address: str) -> None:
    """Addresses of the public Internet are public, also through NAT64, where every IPv4 host looks like this."""
    assert is_public(address)


@pytest.mark.parametrize(
    "address",
    ["0.0.0.0", "10.0.0.1", "100.64.0.1", "100.100.100.200", "127.0.0.1", "169.254.0.23", "169.254.169.254",
     "172.16.0.1", "172.31.255.255", "192.0.0.8", "192.168.1.1", "192.88.99.1", "198.18.0.1", "198.51.100.1",
     "203.0.113.1", "224.0.0.1", "239.255.255.255", "240.0.0.1", "255.255.255.255",
     "::", "::1", "::127.0.0.1", "::8.8.8.8", "::ffff:0:127.0.0.1", "fe80::1", "fe80::1%eth0", "fc00::1", "fd00::1",
     "fec0::1", "ff02::1", "100::1", "5f00::1", "4000::1", "2001:db8::1", "3fff::1",
     "2001::1", "2001:0:4136:e378:8000:63bf:3fff:fdd2", "2001:0:808:808::", "2001:20::1",
     "64:ff9b:1::8.8.8.8", "64:ff9b:1:a00:0:100::",
     "", "localhost", "8.8.8", "010.8.8.8", "0x8.8.8.8", "134744072", "[2606:4700::1111]", "8.8.8.8:80", "8.8.8.8 "],
)  # fmt: skip
def test_not_public(address: str) -> None:
    """What is special, reserved, Teredo, or no address is not public."""
    assert not is_public(address)


PRIVATE_IPV4 = [
    ipaddress.IPv4Network(network)
    for network in ("0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12",
                    "192.168.0.0/16", "224.0.0.0/4", "240.0.0.0/4")
]  # fmt: skip
PRIVATE_IPV6 = [ipaddress.IPv6Network(network) for network in ("fc00::/7", "fe80::/10", "fec0::/10", "ff00::/8")]
private_ipv4 = st.sampled_from(PRIVATE_IPV4).flatmap(
    lambda net: st.integers(int(net.network_address), int(net.broadcast_address)).map(ipaddress.IPv4Address)
)
private_ipv6 = st.sampled_from(PRIVATE_IPV6).flatmap(
    lambda net: st.integers(int(net.network_address), int(net.broadcast_address)).map(ipaddress.IPv6Address)
)


def wrapped(address: ipaddress.IPv4Address, rest: int) -> list[str]:
    """Return the IPv6 addresses that lead to an IPv4 address; `rest` fills the bits that mean nothing, 80 of them."""
    low = int(address)
    numbers = [
        low,  # compatible
        0xFFFF << 32 | low,  # mapped
        0xFFFF << 48 | low,  # translated
        0x64FF9B << 96 | low,  # NAT64
        0x64FF9B0001 << 80 | low,  # NAT64, local use
        0x2002 << 112 | low << 80 | rest,  # 6to4
        0x20010000 << 96 | low << 64 | rest % 2**64,  # Teredo, its server
        0x20010000 << 96 | 0x08080808 << 64 | rest % 2**32 << 32 | low ^ 0xFFFFFFFF,  # Teredo, its client
    ]
    return [str(ipaddress.IPv6Address(number)) for number in numbers]


@given(private_ipv4, st.integers(0, 2**80 - 1))
def test_no_private_ipv4_is_public(address: ipaddress.IPv4Address, rest: int) -> None:
    """No private IPv4 address is public, whatever it is wrapped in; and no URL spells it past a wildcard."""
    spellings = [str(address), *wrapped(address, rest)]
    assert [] == [spelling for spelling in spellings if is_public(spelling)]
    hosts = [str(address), str(int(address)), hex(int(address)), *(f"[{spelling}]" for spelling in spellings[1:])]
    assert [] == [host for host in hosts if refusal(f"https://{host}/", "*") is None]


@given(private_ipv6)
def test_no_private_ipv6_is_public(address: ipaddress.IPv6Address) -> None:
    """No private, link-local, site-local or multicast IPv6 address is public."""
    assert not is_public(str(address))


@given(st.ip_addresses())
def test_never_wider_than_python(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> None:
    """What is public here and wraps nothing is global to Python's own table too."""
    wraps = isinstance(address, ipaddress.IPv6Address) and (
        address.ipv4_mapped or address.sixtofour or int(address) >> 32 == 0x64FF9B << 64
    )
    assert wraps or address.is_global or not is_public(str(address))


@given(st.text(max_size=60), st.lists(st.text(max_size=20), max_size=3))
def test_only_its_own_errors(text: str, hosts: list[str]) -> None:
    """Any text is accepted or a ValueError of one line, whatever the list holds; any text is an address or none."""
    for url in (text, f"https://{text}", f"http://hooks.example/{text}"):
        assert "\n" not in (refusal(url, *hosts) or "")
    assert is_public(text) in (True, False)


def test_the_error_is_one_of_ours() -> None:
    """A notification's failure is in the error tree, and its reason is what it says."""
    error = NotificationError("hooks.example answered 503")
    assert isinstance(error, WebRecordError)
    assert ("hooks.example answered 503",) * 2 == (str(error), error.reason)
