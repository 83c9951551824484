"""`webrecord check`: a process of this checkout, whose output and status are passed on."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.calls import Cli
from tests.local.processes import heeding_hangups
from webrecord import pagecheck
from webrecord.errors import BadUsage, CliError

ROOT = Path(__file__).parents[2]


@pytest.fixture
def cli_alone(home: Path) -> Cli:
    """The command line without any API."""
    del home
    return Cli({})


def checkout(folder: Path, main: str) -> Path:
    """Make a checkout whose page check is this program."""
    (folder / "local" / "check").mkdir(parents=True)
    (folder / "local" / "__init__.py").touch()
    (folder / "local" / "__main__.py").write_text(main)
    return folder


def ran(root: Path, *words: str) -> tuple[int, list[str], list[str]]:
    """Run a checkout's check; return its status, output and progress."""
    out: list[str] = []
    progress: list[str] = []
    status = pagecheck.run([*pagecheck.command(root), *words], root, out.append, progress.append)
    return status, out, progress


@pytest.mark.process
@pytest.mark.parametrize("status", [0, 1, 2])
def test_output_progress_and_status_are_passed_on(tmp_path: Path, status: int) -> None:
    """Words reach the process as they are, no shell between; its lines and its status come back."""
    root = checkout(
        tmp_path / "a b $(c)",
        f"import sys; print(ascii(sys.argv[1:])); print('录制'); print('opening', file=sys.stderr); sys.exit({status})",
    )
    words = ["--", "https://example.com/;echo $HOME `id` '"]
    assert (status, [ascii(["check", *words]), "录制"], ["opening"]) == ran(root, *words)


@pytest.mark.process
def test_a_long_line_stays_one(tmp_path: Path) -> None:
    """A line of JSON that holds a long address of many-byte letters is not cut in two."""
    status, out, _ = ran(checkout(tmp_path, "print('x' * 100_000)"))
    assert (0, ["x" * 100_000]) == (status, out)


_ENDS = """
import pathlib, signal, sys, time
def end(number, _):
    pathlib.Path("ended").write_text(str(number))
    sys.exit(130)
signal.signal(signal.SIGTERM, end)
print("begun", flush=True)
time.sleep(60)
"""


@pytest.mark.process
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_what_ends_the_command_ends_its_process(tmp_path: Path, number: signal.Signals) -> None:
    """`timeout`, a closed terminal: the check ends its browser first; the command's status is the signal's."""
    root = checkout(tmp_path, _ENDS)
    code = (
        "import sys; from pathlib import Path; from webrecord import pagecheck; root = Path(sys.argv[1]);"
        "pagecheck.run([sys.executable, '-m', 'local'], root, lambda line: print(line, flush=True), print)"
    )
    command = [sys.executable, "-c", code, str(root)]
    with heeding_hangups():
        process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    with process:
        assert process.stdout is not None
        assert "begun" == process.stdout.readline().strip()
        process.send_signal(number)
        assert -number == process.wait(300)
    assert str(int(signal.SIGTERM)) == (root / "ended").read_text()


@pytest.mark.process
def test_a_check_that_breaks_is_an_error_of_its_own(tmp_path: Path) -> None:
    """A status that is none of the check's is no verdict."""
    with pytest.raises(CliError, match="ended with status 7") as caught:
        ran(checkout(tmp_path, "raise SystemExit(7)"))
    assert 1 == caught.value.exit_status


@pytest.mark.process
def test_a_folder_of_the_users_is_not_run(tmp_path: Path, cli_alone: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where `local/` of the current folder is another program, the checkout's own check runs."""
    monkeypatch.chdir(checkout(tmp_path, "print('not ours')"))
    done = cli_alone("check", "ftp://example.com/")
    assert (2, "") == (done.status, done.out)
    assert "error: the address must be an absolute http:// or https:// URL" in done.err


def test_without_the_repository_it_says_where_to_get_it(tmp_path: Path) -> None:
    """The command line alone was installed."""
    with pytest.raises(BadUsage, match="clone scf-webrecord, run `make demo` in it") as caught:
        pagecheck.command(tmp_path)
    assert 2 == caught.value.exit_status


def test_without_its_packages_it_says_what_to_install(tmp_path: Path) -> None:
    """The repository is here, the dependency group is not."""
    root = checkout(tmp_path, "")
    with pytest.raises(BadUsage, match=r"dependency group `local` \(av, numpy\).*pip install --group local"):
        pagecheck.command(root, lambda name: None if name in ("av", "numpy") else name)
    assert [sys.executable, "-m", "local", "check"] == pagecheck.command(root)


@pytest.mark.process
def test_without_a_browser_it_says_what_to_install(cli_alone: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    """CHROMIUM names one that is not there."""
    monkeypatch.setenv("CHROMIUM", "/no/such/chromium")
    done = cli_alone("check", "https://example.com/", "--json")
    assert (2, "error: no browser at /no/such/chromium: set CHROMIUM to a program, or to nothing") == (
        done.status,
        done.err.strip(),
    )
    assert "" == done.out


def test_help_says_it_all(cli_alone: Cli) -> None:
    """Options and statuses."""
    said = cli_alone("check", "--help").out
    for word in ("--screenshot", "--seconds", "--size", "--mobile", "--ready-timeout", "--json", "Exit status"):
        assert word in said
