"""Where to call and with which token; a token is never shown, and never read from a file that others may read."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from tests.cli.calls import Cli
from tests.cli.scripted import Answer, Call, scripted
from webrecord.errors import BadUsage
from webrecord.settings import Choices, Target, check_endpoint, config_path, resolve

TOKEN = "0123456789abcdef-secret"


def write(home: Path, text: str, mode: int = 0o600) -> Path:
    path = home / "config" / "webrecord" / "config.toml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(mode)
    return path


def found(home: Path, choices: Choices | None = None, **environ: str) -> Target:
    return resolve(choices or Choices(), {"XDG_CONFIG_HOME": str(home / "config"), **environ})


def test_options_go_before_the_environment_before_the_profile(home: Path) -> None:
    """Each is asked only where the one before says nothing."""
    write(home, f'[profiles.default]\nendpoint = "https://p.example"\ntoken = "{TOKEN}"\n')
    token_file = home / "token"
    token_file.write_text("from-the-file-option\n")
    token_file.chmod(0o600)
    assert Target("https://p.example", TOKEN) == found(home)
    env = {"WEBRECORD_ENDPOINT": "https://e.example/base/", "WEBRECORD_TOKEN": "from-the-environment"}
    assert Target("https://e.example/base", "from-the-environment") == found(home, None, **env)
    options = Choices(endpoint="https://o.example", token_file=token_file)
    assert Target("https://o.example", "from-the-file-option") == found(home, options, **env)


def test_a_profiles_token_goes_to_its_own_endpoint_only(home: Path) -> None:
    """Another endpoint that was typed in is called without it."""
    write(home, f'[profiles.default]\nendpoint = "https://p.example"\ntoken = "{TOKEN}"\n')
    assert Target("https://other.example") == found(home, Choices(endpoint="https://other.example"))
    assert Target("https://p.example", TOKEN) == found(home, Choices(endpoint="https://p.example/"))


def test_profiles_have_names(home: Path) -> None:
    """`--profile`, WEBRECORD_PROFILE, `default`; one that is not there is named with those that are."""
    two = '[profiles.a]\nendpoint = "https://a.example"\n[profiles.b]\nendpoint = "https://b.example"\n'
    write(home, f'default = "a"\n{two}')
    assert "https://a.example" == found(home).endpoint
    assert "https://b.example" == found(home, Choices(profile="b")).endpoint
    assert "https://b.example" == found(home, None, WEBRECORD_PROFILE="b").endpoint
    with pytest.raises(BadUsage, match=r"no profile c in .* \(there: a, b\)"):
        found(home, Choices(profile="c"))


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o660, 0o644])
def test_a_token_that_others_may_read_is_refused(home: Path, mode: int) -> None:
    """With the command that mends it; for token files and the configuration alike."""
    path = write(home, f'[profiles.default]\nendpoint = "https://p.example"\ntoken = "{TOKEN}"\n', mode)
    with pytest.raises(BadUsage, match=f"chmod 600 {path}"):
        found(home)
    file = home / "token"
    file.write_text(TOKEN)
    file.chmod(mode)
    with pytest.raises(BadUsage, match=f"chmod 600 {file}"):
        found(home, Choices(endpoint="https://p.example", token_file=file))
    write(home, '[profiles.default]\nendpoint = "https://p.example"\n', mode)
    assert found(home).token is None, "a file without a token may be read by anybody"


def test_a_token_through_a_pipe(home: Path) -> None:
    """As of `--token-file <(pass show …)`: nobody else can read it."""
    read, write_end = os.pipe()
    os.write(write_end, f"{TOKEN}\n".encode())
    os.close(write_end)
    choices = Choices(endpoint="https://p.example", token_file=Path(f"/dev/fd/{read}"))
    assert TOKEN == found(home, choices).token
    os.close(read)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[profiles", "can't be read"),
        ('profiles = "x"', "profiles are tables"),
        ('[profiles.default]\nendpont = "x"', "endpont"),
        ('[profiles.default]\nendpoint = "ftp://x"', "is not an endpoint"),
        ('[profiles.default]\nendpoint = "https://x"\ntoken = "a b"', "invalid characters"),
    ],
)
def test_a_wrong_file_is_one_line(home: Path, text: str, says: str) -> None:
    """It says which file and what."""
    write(home, text)
    with pytest.raises(BadUsage, match=says):
        found(home)


@pytest.mark.parametrize(
    "text",
    [
        "x", "https://", "https://h:99999", "https://h?x=1", "https://u:p@h", "https://h/\x1b[2J", "//h", "https://[",
        "https://a b", "https://a..b", "https://.a", "https://xn--", f"https://{'a' * 64}.example", "https://a\u3000b",
    ],
)  # fmt: skip
def test_what_is_no_endpoint(text: str) -> None:
    """Nothing is sent to an address that is not plainly one."""
    with pytest.raises(BadUsage):
        check_endpoint(text)


@pytest.mark.parametrize(
    ("endpoint", "private"),
    [
        ("https://h.example", True),
        ("http://127.0.0.1:8080", True),
        ("http://localhost", True),
        ("http://h.example", False),
    ],
)
def test_who_can_read_the_token_on_the_way(endpoint: str, private: bool) -> None:
    """Only plain http to another machine is open; `doctor` says so."""
    assert private == Target(endpoint).is_private


def test_config_is_written_private_and_shown_without_tokens(home: Path) -> None:
    """The file has mode 600 and keeps its comments; the token comes from stdin, never from the command line."""
    write(home, "# mine\n", 0o644)
    cli = Cli({})
    assert 0 == cli("config", "set", "endpoint", "https://p.example/", "--profile", "prod").status
    assert 0 == cli("config", "set", "token", "--profile", "prod", stdin=f"{TOKEN}\n").status
    assert 0 == cli("config", "set", "default", "prod").status
    path = config_path({"XDG_CONFIG_HOME": str(home / "config")})
    assert 0o600 == path.stat().st_mode & 0o777
    assert path.read_text().startswith("# mine\n")
    assert Target("https://p.example", TOKEN) == found(home)
    for ran in (cli("config", "show"), cli("config", "show", "--json"), cli("config", "path")):
        assert 0 == ran.status, ran.err
        assert TOKEN not in ran.out + ran.err
    assert str(path) == cli("config", "path", "--json").document["path"]
    ran = cli("config", "set", "token", "on-the-command-line")
    assert (2, True) == (ran.status, "leave it out" in ran.err)
    assert "on-the-command-line" not in path.read_text()


def test_what_would_break_every_call_is_not_saved(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A default profile that is none is refused; a token's file is found from any folder."""
    cli = Cli({})
    path = home / "config" / "webrecord" / "config.toml"
    assert 0 == cli("config", "set", "endpoint", "https://p.example/").status
    ran = cli("config", "set", "default", "prod")
    says = f"there is no profile prod in {path} (there: default); see `webrecord config set --help`"
    assert (2, f"error: {says}\n", False) == (ran.status, ran.err, "prod" in path.read_text())
    (home / "tok").write_text(TOKEN)
    (home / "tok").chmod(0o600)
    monkeypatch.chdir(home)
    assert 0 == cli("config", "set", "token_file", "tok").status
    monkeypatch.chdir("/")
    assert Target("https://p.example", TOKEN) == found(home)


@pytest.mark.usefixtures("home")
@pytest.mark.parametrize("pasted", [f"'{TOKEN}'", f'"{TOKEN}"', f"Bearer {TOKEN}", f"bearer {TOKEN}"])
def test_a_token_with_what_stood_around_it_is_told_as_such(pasted: str) -> None:
    """Quotes of a file, the word of a header: nothing is sent, and the token is not repeated."""
    ran = Cli({"WEBRECORD_ENDPOINT": "http://127.0.0.1:9", "WEBRECORD_TOKEN": pasted})("list")
    says = "error: the token of WEBRECORD_TOKEN has quotes or `Bearer` in front: write the token alone\n"
    assert (2, says) == (ran.status, ran.err)


def test_no_error_shows_the_token(home: Path) -> None:
    """Whatever goes wrong: refused, unreachable, not JSON, a defect."""
    answers = {
        "/recordings/refused": Answer(401, {"title": "no", "detail": "send a token"}),
        "/recordings/text": Answer(200, b"hello"),
        "/recordings/moved": Answer(302, b"", {"Location": "http://elsewhere.example/"}),
    }

    def answer(call: Call) -> Answer:
        assert f"Bearer {TOKEN}" == call.headers["authorization"]
        return answers[call.path]

    with scripted(answer) as server:
        cli = Cli({"WEBRECORD_ENDPOINT": server.url, "WEBRECORD_TOKEN": TOKEN})
        ran = [cli("show", name) for name in ("refused", "text", "moved")]
        ran.append(cli("show", "refused", "--json"))
    assert [4, 8, 8, 4] == [one.status for one in ran]
    assert TOKEN not in json.dumps([vars(one) for one in ran])
    assert home.exists()
