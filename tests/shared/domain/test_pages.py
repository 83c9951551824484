"""Which pages may be recorded: what browsers make of a URL decides, not what it looks like."""

from __future__ import annotations

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic_core import Url

from shared.domain.errors import PageNotAllowed
from shared.domain.pages import check_no_login, check_page_host, check_page_url, relay_wrongs


def allowed(url: str, *hosts: str) -> bool:
    """Tell whether the URL passes both checks, as a request's does."""
    try:
        check_page_host(check_page_url(url), hosts)
    except (PageNotAllowed, ValueError):
        return False
    return True


@pytest.mark.parametrize(
    "url",
    [
        "http://page.example/",
        "https://page.example/a/b?c=d#e",
        "HTTPS://PAGE.example",
        "https://page.example:8443/",
        "https://user:pw@page.example/",
        "https://page.example./",
        "https://8.8.8.8/",
        "https://172.32.0.1/",
        "https://[2606:4700::1111]/",
        "https://[::ffff:8.8.8.8]/",
        "https://bücher.example/",
        "https://例え.テスト/",
        "https://exa_mple.com/",
        "https://page.example/?u=http://127.0.0.1/",
        "https://page.example/#@127.0.0.1",
        "https://127.0.0.1@page.example/",
        "https://localhost.page.example/",
    ],
)
def test_public_pages(url: str) -> None:
    """A public page passes, and the URL is handed on exactly as it was given."""
    assert url == check_page_url(url)
    assert allowed(url)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "page.example",
        "//page.example/",
        "/path",
        "http",
        "http://",
        "http:///",
        "https://:80/",
        "https://page.example:99999/",
        "https://256.1.1.1/",
        "https://1.2.3.4.5/",
        "https://[::1/",
        "https://[fe80::1%25eth0]/",
        "https://xn--/",
        "file:///etc/passwd",
        "ftp://page.example/",
        "javascript:alert(1)",
        "data:text/html,hi",
        "about:blank",
        "chrome://settings",
        "blob:https://page.example/1",
        "view-source:http://page.example/",
        "ws://page.example/",
        " https://page.example/",
        "https://page.example/ ",
        "https://page .example/",
        "https://page.example/\t",
        "ht\ntps://page.example/",
        "https://127.0.0\n.1/",
        "https://page.example\r\nHost: x/",
        "https://page.example/\x00",
        "https://page.example/\x7f",
        "https://page.example/\ud800",
    ],
)
def test_not_a_page(url: str) -> None:
    """What a browser can't open as an http(s) page, or opens only after removing characters, is a ValueError."""
    with pytest.raises(ValueError, match=r"^(must|is|has) "):
        check_page_url(url)


AT_HOME = [
    # plain
    "127.0.0.1", "127.255.255.254", "10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1", "169.254.1.1",
    "0.0.0.0", "255.255.255.255", "224.0.0.1", "100.64.0.1", "198.18.0.1",
    # the metadata servers
    "169.254.169.254", "169.254.0.23", "100.100.100.200", "metadata.tencentyun.com", "METADATA.tencentyun.com.",
    "metadata.google.internal", "metadata", "[fd00:ec2::254]",
    # other bases and shorter forms
    "2130706433", "0x7f000001", "0X7F000001", "017700000001", "0177.0.0.1", "0x7f.0.0.1", "0x7f.1", "127.1",
    "127.0.1", "0", "0x0", "0xa9fea9fe", "2852039166", "0251.0376.0251.0376",
    # other characters
    "１２７.０.０.１", "127。0。0。1", "①②⑦.0.0.1", "127%2e0%2e0%2e1", "%31%32%37.0.0.1", "127.0.0.1.",
    "loc%61lhost", "ｌｏｃａｌｈｏｓｔ", "local\u00adhost",
    # IPv6
    "[::1]", "[0:0:0:0:0:0:0:1]", "[::]", "[fe80::1]", "[fc00::1]", "[fd12:3456::1]", "[fec0::1]", "[ff02::1]",
    "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[::FFFF:a9fe:a9fe]", "[::127.0.0.1]", "[::ffff:0:127.0.0.1]",
    "[2002:7f00:1::]", "[2002:c0a8:101::1]", "[2002:a9fe:a9fe::]", "[64:ff9b::127.0.0.1]",
    "[64:ff9b::a9fe:a9fe]", "[64:ff9b:1::10.0.0.1]", "[2001:0:7f00:1::]", "[2001:db8::1]",
    # names that resolve at home
    "localhost", "LOCALHOST", "localhost.", "a.localhost", "printer", "printer.local", "a.internal", "a.intranet",
    "router.lan", "nas.home.arpa", "intranet", ".", "xn--nxasmq6b",
]  # fmt: skip


@pytest.mark.parametrize("url", ["http://{}/", "https://user:pw@{}:8443/a?b#c", "http://page.example@{}/", "http:{}"])
def test_private_host(url: str) -> None:
    """No spelling of a private, loopback, link-local or metadata host passes without an allowlist."""
    assert [] == [host for host in AT_HOME if allowed(url.format(host))]


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1\\@page.example/",
        "http:\\\\127.0.0.1/",
        "http:/127.0.0.1/",
        "http:127.0.0.1",
        "http:///127.0.0.1/",
        "http://127.0.0.1#@page.example/",
        "http://127.0.0.1?@page.example/",
        "http://page.example:80@127.0.0.1/",
        "http://a@b@127.0.0.1/",
    ],
)
def test_authority_tricks(url: str) -> None:
    """The host is what a browser connects to, not what a careless parser reads."""
    assert not allowed(url)


def test_backslash_ends_the_host() -> None:
    """A backslash is a slash: the allowlist sees the host in front of it."""
    assert allowed("http://page.example\\@other.example/", "page.example")
    assert not allowed("http://page.example\\@other.example/", "other.example")


@pytest.mark.parametrize(
    ("url", "glob", "expected"),
    [
        ("https://a.page.example/", "*.page.example", True),
        ("https://a.b.page.example/", "*.page.example", True),
        ("https://page.example/", "*.page.example", False),
        ("https://page.example/", "page.example", True),
        ("https://PAGE.example./", "page.example", True),
        ("https://page.example/", "PAGE.Example", True),
        ("https://evilpage.example/", "page.example", False),
        ("https://page.example.evil.example/", "page.example", False),
        ("https://evil.example/?page.example", "*page.example", False),
        ("https://page.example@evil.example/", "page.example*", False),
        ("https://page.example:8443/", "page.example", True),
        ("https://bücher.example/", "xn--bcher-kva.example", True),
        ("http://127.0.0.1:8000/", "127.0.0.1", True),
        ("http://2130706433/", "127.0.0.1", True),
        ("http://127.0.0.1/", "2130706433", False),
        ("http://127.0.0.2/", "127.0.0.1", False),
        ("http://localhost:3000/", "localhost", True),
        ("http://[::1]:8000/", "[::1]", True),
        ("http://[::2]:8000/", "[::1]", False),
        ("https://8.8.8.8/", "page.example", False),
        ("file:///page.example", "*", False),
    ],
)
def test_allowlist(url: str, glob: str, expected: bool) -> None:
    """With an allowlist the host alone decides: by glob, without case, and by what a browser would call it."""
    assert expected == allowed(url, "never.example", glob)


@pytest.mark.parametrize("globs", [("*",), ("**", "?*"), ("*.*", "1*", "[!x]*", "*a*", "*.internal")])
def test_a_wildcard_allows_no_private_host(globs: tuple[str, ...]) -> None:
    """As for receivers: each has to be named in full, or all of them by `private`, which allows no public one."""
    assert [] == [host for host in AT_HOME if allowed(f"http://{host}/", *globs)]
    assert allowed("http://10.0.0.1:3000/", *globs, "10.0.0.1")
    assert allowed("http://printer.local/", *globs, "private")
    assert not allowed("http://page.example/", "private")


@pytest.mark.parametrize(
    ("globs", "code"),
    [
        ((), "relay_private"),
        (("*",), "relay_private"),
        (("10.0.0.1",), None),
        (("*", "private"), None),
        (("page.example",), "relay_refused"),
    ],
)
def test_a_wildcard_relays_to_no_private_host(globs: tuple[str, ...], code: str | None) -> None:
    """The same rule for relays."""
    told = relay_wrongs(["rtmp://10.0.0.1/app/stream"], globs)
    assert ([code] if code else []) == [wrong.code for _, wrong in told]


@pytest.mark.parametrize("hosts", [(), ("page.example",), ("*",)])
def test_the_refusal_says_what_to_do(hosts: tuple[str, ...]) -> None:
    """The refusal names the host as a browser sees it and the setting that would allow it."""
    with pytest.raises(PageNotAllowed, match=r"127\.0\.0\.1 .*WEBRECORD_ALLOWED_HOSTS"):
        check_page_host("http://2130706433/secret-path", hosts)


PRIVATE = [
    ipaddress.ip_network(net)
    for net in ("10.0.0.0/8", "127.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "169.254.0.0/16", "0.0.0.0/8")
]
private_addresses = st.sampled_from(PRIVATE).flatmap(
    lambda net: st.integers(int(net.network_address), int(net.broadcast_address))
)


def spellings(number: int) -> list[str]:
    """Return the ways to write an IPv4 address that browsers take."""
    octets = list(number.to_bytes(4, "big"))
    dotted = ".".join(map(str, octets))
    pairs = f"{number >> 16:x}:{number & 0xFFFF:x}"
    return [
        dotted,
        dotted + ".",
        str(number),
        hex(number),
        f"0{number:o}",
        ".".join(map(hex, octets)),
        ".".join(f"0{octet:o}" for octet in octets),
        f"{octets[0]}.{number & 0xFFFFFF}",
        f"{octets[0]}.{hex(octets[1])}.{number & 0xFFFF}",
        dotted.translate({ord(digit): ord(digit) + 0xFEE0 for digit in "0123456789"}),
        dotted.replace(".", "%2E"),
        f"[::ffff:{dotted}]",
        f"[::{pairs}]",
        f"[2002:{pairs}::1]",
        f"[64:ff9b::{dotted}]",
    ]


@given(private_addresses, st.sampled_from(["http://{}/", "https://page.example@{}:444/x", "http://{}?@page.example"]))
def test_no_private_ipv4_passes(number: int, url: str) -> None:
    """No private, loopback or link-local IPv4 address passes in any spelling."""
    assert [] == [spelling for spelling in spellings(number) if allowed(url.format(spelling))]


@given(st.text(max_size=40))
def test_only_its_own_errors(url: str) -> None:
    """Any text is either a page or a ValueError; after that the host check only ever says PageNotAllowed."""
    assert allowed(url) in (True, False)
    assert allowed("http://" + url) in (True, False)


@pytest.mark.parametrize(
    "url",
    [
        "https://user:pw@page.example/", "https://token@page.example/", "https://:pw@page.example/",
        "https:///user:pw@page.example/", "https:user:pw@page.example/", "https:\\\\user:pw@page.example",
        "HTTPS://a@b@page.example", "http://127.0.0.1@page.example/",
    ],
)  # fmt: skip
def test_a_login_is_refused_with_advice(url: str) -> None:
    """However a browser would read it; the message says what to do and repeats nothing."""
    with pytest.raises(ValueError, match=r"user name or password.*token") as error:
        check_no_login(url)
    assert "pw" not in str(error.value)


@pytest.mark.parametrize(
    "url",
    [
        "https://page.example/@user",
        "https://page.example/?mail=a@b",
        "https://page.example#a:b@c",
        "https://page.example/a:b@c/",
    ],
)
def test_an_at_sign_behind_the_host_is_no_login(url: str) -> None:
    """A path, a query or a fragment may hold one."""
    assert url == check_no_login(url)


@pytest.mark.parametrize("between", ["", "//"])
def test_an_address_without_a_slash_is_read_once(between: str) -> None:
    """A million letters are no more than a million steps."""
    url = f"http:{between}{'a' * 1_000_000}"
    assert url == check_no_login(url)


@given(st.text("https:/\\@?#au.", max_size=24))
def test_no_login_passes(rest: str) -> None:
    """Whatever is let through holds none for a browser."""
    url = f"https://{rest}"
    try:
        check_no_login(check_page_url(url))
    except ValueError:
        return
    assert (None, None) == (Url(url).username, Url(url).password)


@pytest.mark.parametrize(
    "url",
    [
        "rtmp://010.0.0.1/app/key", "rtmp://0x08.8.8.8/app/key", "rtmp://134744072/app/key", "rtmp://8.8.8.8./app/key",
        "rtmp:///live.example.com/app", "rtmp:////live.example.com/app", "rtmp://live.example.com#@10.0.0.1/app",
        "rtmp://live.example.com?@10.0.0.1/app", "rtmp://live.example.com\\\\@10.0.0.1/app", "rtmp://me@live.example.com/a",
        "rtmp://live.example.com:1935:80/app", "rtmp://live.example.com:port/app", "rtmp://live%2eexample.com/app",
        "rtmp://[::1/app", "rtmp://[2606:4700::1111%25eth0]/app", "rtmp://:1935/app", "rtmp://?app", "http://live.example.com/",
    ],
)  # fmt: skip
def test_a_relay_that_clients_read_in_different_ways_is_refused(url: str) -> None:
    """Who sends the film may take another host for it than we do: with octal numbers, no host, or a host within."""
    assert ["relay_host"] == [why.code for _, why in relay_wrongs([url], ())]


@pytest.mark.parametrize(
    "url",
    [
        "rtmp://live.example.com/app/key?txSecret=a&txTime=b", "rtmp://live.example.com:1935/app/a:b@c", "rtmp://8.8.8.8/a",
        "rtmp://[2606:4700::1111]:1935/app/key", "rtmp://LIVE.example.com", "rtmp://直播.例子.中国/app/流",
    ],
)  # fmt: skip
def test_a_relay_with_one_reading_is_taken(url: str) -> None:
    """Whatever comes behind its host."""
    assert [] == relay_wrongs([url], ())
