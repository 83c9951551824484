"""Is a host public? One rule for pages, relays and receivers: what is private to one is private to all."""

from __future__ import annotations

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.addresses import host_of, is_public, is_public_host
from shared.domain.errors import PageNotAllowed
from shared.domain.notify_hosts import check_notify_url
from shared.domain.pages import check_page_host, relay_wrongs

PUBLIC = [
    "page.example", "PAGE.example.", "localhost.page.example", "exa_mple.com", "8.8.8.8", "172.32.0.1",
    "100.63.255.255", "192.0.1.1", "[2606:4700::1111]", "[::ffff:8.8.8.8]", "[64:ff9b::8.8.8.8]", "[2002:808:808::1]",
]  # fmt: skip
PRIVATE = [
    "127.0.0.1", "127.1", "2130706433", "0x7f.1", "0177.0.0.1", "10.0.0.1", "172.16.0.1", "192.168.1.1", "0.0.0.0",
    "169.254.169.254", "100.100.100.200", "192.0.0.8", "192.0.0.9", "192.88.99.1", "198.18.0.1", "203.0.113.1",
    "224.0.0.1", "240.0.0.1", "[::]", "[::1]", "[::8.8.8.8]", "[::ffff:10.0.0.1]", "[::ffff:0:8.8.8.8]", "[fe80::1]",
    "[fec0::1]", "[fd00:ec2::254]", "[ff02::1]", "[64:ff9b::127.0.0.1]", "[64:ff9b:1::8.8.8.8]", "[2002:7f00:1::]",
    "[2001:0:808:808::]", "[2001:20::1]", "[2001:db8::1]", "[3fff::1]", "[4000::1]", "localhost", "LOCALHOST.",
    "a.localhost", "metadata.tencentyun.com", "metadata", "intranet", "printer.local", "a.internal", "a.intranet",
    "router.lan", "nas.home.arpa", "localhost.localdomain", "wiki.corp", "nas.home", "a.b.private",
]  # fmt: skip


def takers(host: str) -> list[bool]:
    """Return whether a page, a relay and a receiver may be at a host that nobody has named."""

    def may(check: object, *args: object) -> bool:
        try:
            check(*args)  # type: ignore[operator]
        except (PageNotAllowed, ValueError):
            return False
        return True

    return [
        may(check_page_host, f"https://{host}/a", ()),
        not relay_wrongs([f"rtmp://{host}/app/stream"], ()),
        may(check_notify_url, f"https://{host}/a", ["*"]),
    ]


@pytest.mark.parametrize("host", PUBLIC)
def test_public_to_all(host: str) -> None:
    """A page, a relay and a receiver may be there."""
    assert [True, True, True] == takers(host)
    assert is_public_host(host_of(f"https://{host}/"))


@pytest.mark.parametrize("host", PRIVATE)
def test_private_to_all(host: str) -> None:
    """None of them may, unless a setting names the host."""
    assert [False, False, False] == takers(host)
    assert not is_public_host(host_of(f"https://{host}/"))


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


IPV4 = [
    ipaddress.IPv4Network(network)
    for network in ("0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12",
                    "192.168.0.0/16", "224.0.0.0/4", "240.0.0.0/4")
]  # fmt: skip
IPV6 = [ipaddress.IPv6Network(network) for network in ("fc00::/7", "fe80::/10", "fec0::/10", "ff00::/8")]
private_ipv4 = st.sampled_from(IPV4).flatmap(
    lambda net: st.integers(int(net.network_address), int(net.broadcast_address)).map(ipaddress.IPv4Address)
)
private_ipv6 = st.sampled_from(IPV6).flatmap(
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
    """No private IPv4 address is public, whatever it is wrapped in; and no URL spells it so that anybody takes it."""
    spellings = [str(address), *wrapped(address, rest)]
    assert [] == [spelling for spelling in spellings if is_public(spelling)]
    hosts = [str(address), str(int(address)), hex(int(address)), *(f"[{spelling}]" for spelling in spellings[1:])]
    assert [] == [host for host in hosts if any(takers(host))]


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


@given(st.text(max_size=60))
def test_any_text(text: str) -> None:
    """Any text is an address or none."""
    assert is_public(text) in (True, False)
    assert is_public_host(text) in (True, False)
