"""The way to the API: proxies, certificates, other servers; each trouble is one line that names what to change."""

from __future__ import annotations

import contextlib
import gzip
import itertools
import socket
from pathlib import Path

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.cli.calls import Cli, Ran, patient
from tests.cli.roads import Gibberish, Socks5, WantsLogin, listening, speaking_tls
from tests.cli.scripted import Answer, scripted
from tests.serving import serving
from webrecord.answer import whole
from webrecord.errors import BadUsage
from webrecord.proxies import is_this_machine, proxy_for

pytestmark = pytest.mark.usefixtures("home")
RECORDING = {"recording_id": "x", "state": "completed"}
TOKEN = "0123456789abcdef-secret"


@pytest.fixture(autouse=True)
def no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    """An environment without proxies and certificates."""
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy", "ssl_cert_file", "ssl_cert_dir"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


def line(ran: Ran, status: int) -> str:
    """Return the one line of an error, which names no exception of Python's."""
    assert (status, "") == (ran.status, ran.out), ran.err
    (said,) = ran.err.splitlines()
    for word in ("Error", "Errno", "Traceback", "_ssl.c", TOKEN, "<html"):
        assert word not in said
    return said


@pytest.mark.parametrize("command", [("list",), ("show", "x"), ("stop", "x"), ("start", "https://example.com")])
@pytest.mark.parametrize("status", [200, 403, 404, 405, 500])
def test_another_web_server_is_named_as_such(command: tuple[str, ...], status: int) -> None:
    """8, whatever it answers; nothing of its page is repeated."""
    page = Answer(status, b"<!DOCTYPE HTML><html lang=en><h1>Directory", {"Content-Type": "text/html", "Server": "X/1"})
    with scripted(lambda _: page) as server:
        said = line(Cli({"WEBRECORD_ENDPOINT": server.url})(*command), 8)
    assert f"is not a webrecord API: it answered {status} with text/html by X/1; is the endpoint right?" in said


def test_another_api_is_named_as_such(tmp_path: Path) -> None:
    """JSON that is not ours; a batch ends with it instead of asking for every line."""
    with scripted(lambda _: Answer(200, {"message": "hello"})) as server:
        cli = Cli({"WEBRECORD_ENDPOINT": server.url})
        assert "is not a webrecord API" in line(cli("list"), 8)
        (tmp_path / "a.jsonl").write_text('{"url": "https://example.com"}\n' * 50)
        before = len(server.calls)
        assert 8 == cli("batch", tmp_path / "a.jsonl", "-j", "1").status
        assert len(server.calls) < before + 4


@pytest.mark.parametrize("command", [("list",), ("show", "x"), ("doctor",)])
def test_an_answer_without_end_is_not_read(command: tuple[str, ...]) -> None:
    """No more of it than the API's longest, packed or not: whoever answers so is not the API."""
    packed = gzip.compress(bytes(200_000_000), 1)
    with scripted(lambda _: Answer(200, packed, {"Content-Encoding": "gzip"})) as server:
        ran = Cli({"WEBRECORD_ENDPOINT": server.url})(*command)
    assert (8, True) == (ran.status, "answered more than 16000000 bytes" in ran.out + ran.err), ran.err


def test_an_answer_that_drips_is_given_up() -> None:
    """Each piece comes in time, and the end never does."""
    times = itertools.count(0, 20)
    pieces = httpx.MockTransport(lambda _: httpx.Response(200, content=itertools.repeat(b" ")))
    with httpx.Client(transport=pieces) as http, pytest.raises(httpx.ReadTimeout):
        whole(http, http.build_request("GET", "http://api.test"), lambda: next(times))


def test_a_redirect_is_not_followed_and_told() -> None:
    """The token goes nowhere else; what the address of the redirect asks for is not repeated."""
    with scripted(lambda _: Answer(302, b"", {"Location": "https://other.example/login?secret=1"})) as server:
        said = line(Cli({"WEBRECORD_ENDPOINT": server.url, "WEBRECORD_TOKEN": TOKEN})("list"), 8)
        assert 1 == len(server.calls)
    assert "redirects (302) to https://other.example/login; the token is not sent there" in said
    assert "secret=1" not in said


@pytest.mark.process
@pytest.mark.process
def test_http_and_https_taken_for_each_other(tmp_path: Path) -> None:
    """It says which the server speaks, without trying again."""
    with scripted(lambda _: Answer(200, RECORDING)) as server:
        wrong = server.url.replace("http:", "https:")
        said = line(Cli({"WEBRECORD_ENDPOINT": wrong})("show", "x"), 3)
        assert f"it does not speak https; if it speaks plain http, write {server.url}" in said
    with speaking_tls(tmp_path) as url:
        said = line(Cli({"WEBRECORD_ENDPOINT": url.replace("https:", "http:")})("show", "x"), 3)
        assert f"it speaks https, not http; write {url}" in said
        said = line(Cli({"WEBRECORD_ENDPOINT": url})("show", "x"), 3)
        assert "its certificate is not trusted: self" in said
        assert "SSL_CERT_FILE" in said


def test_nobody_there_says_what_to_look_at() -> None:
    """Which address, from where it is, and what may be wrong."""
    said = Cli({"WEBRECORD_ENDPOINT": "http://127.0.0.1:9"})("doctor").err
    assert "no answer from http://127.0.0.1:9 (from WEBRECORD_ENDPOINT): Connection refused; does it run" in said
    assert "is the address right, is a proxy needed" in said


@pytest.mark.parametrize("sent", [True, False])
def test_a_token_that_is_refused_and_none_at_all(sent: bool) -> None:
    """Where the token is from, and where the endpoint is from; the token itself is not shown."""
    refused = Answer(401, {"title": "The call is not authorized", "detail": "the token is not one of them"})
    with scripted(lambda _: refused) as server:
        env = {"WEBRECORD_ENDPOINT": server.url, **({"WEBRECORD_TOKEN": TOKEN} if sent else {})}
        said = line(Cli(env)("list"), 4)
    where = f"{server.url} (from WEBRECORD_ENDPOINT)"
    if sent:
        assert f"{where} refused the token from WEBRECORD_TOKEN (the token is not one of them)" in said
    else:
        assert f"{where} requires a token, and none was sent" in said
    assert "--token-file, WEBRECORD_TOKEN or `webrecord config set token`" in said


def test_a_recording_that_is_not_there_may_be_anothers() -> None:
    """The hint names the deployment that was asked."""
    with scripted(lambda _: Answer(404, {"title": "Not found", "detail": "there is no recording x"})) as server:
        said = line(Cli({"WEBRECORD_ENDPOINT": server.url})("show", "x"), 5)
    assert "there is no recording x; was it deleted, or is it in another profile?" in said
    assert server.url in said


def test_through_a_socks_proxy() -> None:
    """ALL_PROXY=socks5://: the name is looked up by the proxy, and the call arrives."""
    with scripted(lambda _: Answer(200, RECORDING)) as server, listening(Socks5) as port:
        there = server.url.replace("127.0.0.1", "api.invalid")
        cli = Cli({"WEBRECORD_ENDPOINT": there, "ALL_PROXY": f"socks5://127.0.0.1:{port}"})
        assert RECORDING == cli.ok("show", "x")


@pytest.mark.parametrize(
    ("variable", "value", "says"),
    [
        ("HTTPS_PROXY", "socks4://user:sesame@127.0.0.1:7890", "a proxy of the kind socks4 can't be used"),
        ("all_proxy", "ftp://127.0.0.1:7890", "a proxy of the kind ftp can't be used"),
        ("HTTPS_PROXY", "http://127.0.0.1:sesame", "is not a proxy's address"),
        ("ALL_PROXY", "http://", "is not a proxy's address"),
        ("HTTPS_PROXY", "http://[", "is not a proxy's address"),
    ],
)
def test_a_proxy_that_can_not_be_used_is_named(variable: str, value: str, says: str) -> None:
    """The variable, not its value; the doctor finds it."""
    cli = Cli({"WEBRECORD_ENDPOINT": "https://x.invalid", variable: value})
    said = line(cli("list"), 2)
    assert variable in said
    assert says in said
    assert "sesame" not in said
    ran = cli("doctor", "--json")
    assert (2, ["proxy"]) == (ran.status, [one["check"] for one in ran.document["checks"] if not one["ok"]])


def test_a_proxy_that_fails_is_named() -> None:
    """Dead, talking nonsense, or wanting a login: the variable and the proxy are in the line."""
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        dead = f"127.0.0.1:{closed.getsockname()[1]}"
        for kind in ("http", "socks5"):
            cli = Cli({"WEBRECORD_ENDPOINT": "https://x.invalid", "HTTPS_PROXY": f"{kind}://u:sesame@{dead}"})
            said = cli("doctor").err
            assert f"Connection refused through the proxy {kind}://{dead} of HTTPS_PROXY" in said
            assert "sesame" not in said
    with listening(Gibberish) as port:
        cli = Cli({"WEBRECORD_ENDPOINT": "https://x.invalid", "ALL_PROXY": f"socks5://127.0.0.1:{port}"})
        assert f"the proxy socks5://127.0.0.1:{port} of ALL_PROXY failed" in cli("doctor").err
    with serving(WantsLogin) as server:
        cli = Cli({"WEBRECORD_ENDPOINT": "https://x.invalid", "HTTPS_PROXY": server.url})
        assert f"the proxy {server.url} of HTTPS_PROXY failed: it requires a login" in line(cli("list"), 3)


@pytest.mark.parametrize(
    "value", ["socks4://127.0.0.1:1", "http://127.0.0.1:9", "socks5://127.0.0.1:9", "nonsense://["]
)
def test_this_machine_is_never_asked_for_through_a_proxy(value: str) -> None:
    """Whatever the variables say."""
    with scripted(lambda _: Answer(200, RECORDING)) as server:
        for host in ("127.0.0.1", "localhost"):
            url = server.url.replace("127.0.0.1", host)
            env = {"WEBRECORD_ENDPOINT": url, "HTTP_PROXY": value, "ALL_PROXY": value, "NO_PROXY": "["}
            assert RECORDING == Cli(env).ok("show", "x")


@pytest.mark.parametrize(
    ("url", "no_proxy", "direct"),
    [
        ("https://api.example", "localhost,127.0.0.1,::1,fd00::/8", False),
        ("https://[fd00::7]", "localhost,127.0.0.1,::1,fd00::/8", True),
        ("https://[fd00::7]", "[fd00::7]", True),
        ("https://[fd00::7]:8443", "[fd00::7]:8443", True),
        ("https://[fd00::7]:8443", "[fd00::7]:443", False),
        ("https://10.1.2.3", "10.0.0.0/8", True),
        ("https://10.1.2.3", "10.1.2.3:443", True),
        ("https://a.api.example", ".example", True),
        ("https://a.api.example", "*.API.example.", True),
        ("https://api.example", "notapi.example", False),
        ("https://notapi.example", "api.example", False),
        ("https://api.example", "x y, api.example", True),
        ("https://api.example", "*", True),
        ("https://api.example", "[,::/999,/,://,%", False),
        ("https://xn--fsqu00a.xn--fiqs8s", "例子.中国", True),
        ("https://a.xn--fsqu00a.xn--fiqs8s", ".例子.中国", True),
        ("https://例子.中国", "xn--fsqu00a.xn--fiqs8s", True),
        ("https://api.example", f"a..b,xn--,{'例' * 70}", False),
        ("https://127.0.0.1:8080", "", True),
        ("http://[::1]:1", "", True),
        ("http://127.1", "", True),
        ("http://[::ffff:127.0.0.1]", "", True),
    ],
)
def test_who_is_called_directly(url: str, no_proxy: str, direct: bool) -> None:
    """NO_PROXY has names, addresses of both kinds, networks and ports; what it can't mean is passed over."""
    proxy = proxy_for(url, {"ALL_PROXY": "http://proxy.example:3128", "NO_PROXY": no_proxy})
    assert direct == (proxy is None)


@patient
@given(st.text(max_size=30), st.text(max_size=30), st.sampled_from(("https://api.example", "http://[fd00::1]:8080")))
def test_any_environment_names_a_proxy_or_none_or_is_refused(proxy: str, no_proxy: str, url: str) -> None:
    """Nothing but a line for people comes of a wrong variable."""
    with contextlib.suppress(BadUsage):
        found = proxy_for(url, {"ALL_PROXY": proxy, "no_proxy": no_proxy})
        assert found is None or found.shown


@pytest.mark.parametrize("host", ["a..b", "a" * 64, "." * 3, "例" * 70])
def test_a_proxy_that_no_resolver_takes_is_refused_by_its_variable(host: str) -> None:
    """Before anything is called: the libraries below would fail in ways of their own."""
    with pytest.raises(BadUsage, match="HTTPS_PROXY is not a proxy's address"):
        proxy_for("https://api.example", {"HTTPS_PROXY": f"http://{host}:1"})


@pytest.mark.parametrize("host", ["localhost", "a.localhost", "LOCALHOST.", "127.9.9.9", "::1", "0.0.0.0"])
def test_this_machine_has_many_names(host: str) -> None:
    """Each is this machine."""
    assert is_this_machine(host)


@pytest.mark.parametrize("variable", ["SSL_CERT_FILE", "SSLKEYLOGFILE"])
def test_certificates_that_are_not_there(variable: str, tmp_path: Path) -> None:
    """The variable and the file are named; an http endpoint needs none."""
    cli = Cli({"WEBRECORD_ENDPOINT": "https://x.invalid", variable: str(tmp_path / "no" / "file")})
    assert f"{variable} names {tmp_path}/no/file, which can't be used" in line(cli("list"), 2)
    (tmp_path / "empty").write_text("")
    if variable == "SSL_CERT_FILE":
        cli.env[variable] = str(tmp_path / "empty")
        assert "it holds no certificate" in line(cli("list"), 2)
    with scripted(lambda _: Answer(200, RECORDING)) as server:
        cli.env["WEBRECORD_ENDPOINT"] = server.url
        assert RECORDING == cli.ok("show", "x")
