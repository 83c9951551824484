"""What the doctor takes from a shell: any .env file and any proxy gives values, or words."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shared.doctor.__main__ import read_env
from shared.doctor.run import unusable_proxies

SECRET = "hunter2-hunter2"


def test_a_dotenv_as_people_write_it(tmp_path: Path) -> None:
    """A byte order mark, Windows' line ends, comments, quotes; an empty line keeps the default."""
    file = tmp_path / ".env"
    file.write_bytes("\ufeffA=1\r\n# B=2\r\nC='three'\r\nD=\r\nE=${A}\r\nA=1\r\n".encode())
    assert {"A": "1", "C": "three", "E": "${A}"} == read_env(file)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (f"A={SECRET}\nthis is no line\n".encode(), "line 2: is not NAME=value"),
        (f"A='{SECRET}\n".encode(), "line 1: is not NAME=value"),
        (f"A={SECRET}\0\n".encode(), "line 1: is not NAME=value"),
        (f"A={SECRET}\nA=other\n".encode(), "sets A more than once"),
        (f"A={SECRET}密\n".encode("gbk"), "is not text in UTF-8"),
        (f"A={SECRET}\n".encode("utf-16"), "is not text in UTF-8"),
        (b"A=1\n" * 300_000, "is no .env file: it has more than 1,000,000 bytes"),
    ],
)
def test_a_dotenv_that_is_none(content: bytes, said: str, tmp_path: Path) -> None:
    """One line names the file, and the line; no value is in it."""
    file = tmp_path / ".env"
    file.write_bytes(content)
    with pytest.raises(ValueError, match=r"\.env") as refused:
        read_env(file)
    assert said in str(refused.value)
    assert SECRET not in str(refused.value)
    assert 1 == len(str(refused.value).splitlines())


@pytest.mark.parametrize(
    ("name", "said"), [("", "can't be read"), ("none", "there is no file"), ("file/x", "there is no file")]
)
def test_a_file_that_is_not_there(name: str, said: str, tmp_path: Path) -> None:
    """A folder, nothing, something below a file."""
    (tmp_path / "file").write_text("A=1")
    with pytest.raises(ValueError, match=said):
        read_env(tmp_path / name)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.binary(max_size=60) | st.text(max_size=60).map(lambda text: text.encode("utf-8", "surrogatepass")))
def test_any_file_is_read_or_refused_in_words(tmp_path: Path, content: bytes) -> None:
    """Values that an environment can hold, or one line."""
    file = tmp_path / ".env"
    file.write_bytes(content)
    said = ""
    try:
        assert not any("\0" in text for pair in read_env(file).items() for text in pair)
    except ValueError as error:
        said = str(error)
    assert not said or said.startswith(str(file))


@pytest.mark.parametrize("name", ["http_proxy", "HTTPS_PROXY", "ALL_PROXY", "All_Proxy"])
@pytest.mark.parametrize(
    "value",
    [
        "socks5://127.0.0.1:7890", "socks5h://u:p@127.0.0.1:7890", "socks4://127.0.0.1:7890", "SOCKS5://h:1", "http://",
        "http://h:99999", ":::", "http://[::1", "ftp://h:1", "http://h:0", "http://a b:1", "http://h:port", "://",
    ],
)  # fmt: skip
def test_a_proxy_that_no_call_can_use_is_named(name: str, value: str) -> None:
    """By its variable; the value may hold a password."""
    found = unusable_proxies({name: value, "PATH": "/", "NO_PROXY": "::1,fd00::/8"})
    assert [name] == list(found)
    assert len(value) < 8 or value not in found[name]


@pytest.mark.parametrize(
    "value", ["", " ", "127.0.0.1:7890", "http://127.0.0.1:7890", "https://u:p@proxy.example", "proxy"]
)
def test_a_proxy_that_may_be_used(value: str) -> None:
    """With a scheme or without; an empty one is none."""
    assert {} == unusable_proxies({"https_proxy": value})


@given(st.text(max_size=40), st.sampled_from(["", "http://", "socks5://", "http://["]))
def test_any_value_of_a_proxy_is_judged(value: str, lure: str) -> None:
    """Never another error."""
    assert {"ALL_PROXY"} >= unusable_proxies({"ALL_PROXY": lure + value}).keys()
