"""The packages as they are built: the same bytes twice, small, and nothing in them that is not deployed."""

from __future__ import annotations

import json
import re
import subprocess
from datetime import datetime
from pathlib import Path
from zipfile import ZipFile

import pytest

from shared import __version__
from tests.package.conftest import everything
from tools import package_trim
from tools.package import BUILD, MAX_UNPACKED, MAX_ZIP, MODE, ROOT, TIME, Package, build, main
from tools.package_contents import FUNCTIONS
from tools.package_lock import Wheel, fetch, read_lock
from webrecord.deploy.packages import Packages, read

pytestmark = pytest.mark.whole


@pytest.fixture(scope="module")
def wheels() -> list[Wheel]:
    """The wheels of the lock, whole."""
    return fetch(read_lock((ROOT / "requirements.txt").read_text()), BUILD / "wheels")


@pytest.fixture(params=FUNCTIONS)
def package(request: pytest.FixtureRequest, packages: dict[str, Package]) -> Package:
    """Each function's."""
    return packages[request.param]


def test_two_builds_give_the_same_bytes(packages: dict[str, Package], python310: str, tmp_path: Path) -> None:
    """In another folder, whose parts are names that the modules use too."""
    again = build(tmp_path / "build" / "self" / "values", python=python310, cache=BUILD / "wheels")
    assert FUNCTIONS == tuple(package.function for package in again)
    for package in again:
        first = packages[package.function]
        assert [] == [
            path for path, body in everything(first.folder).items() if body != (package.folder / path).read_bytes()
        ]
        assert first.zip_path.read_bytes() == package.zip_path.read_bytes()


def test_order_times_and_modes_are_fixed(package: Package) -> None:
    """Whoever builds it, whenever."""
    with ZipFile(package.zip_path) as archive:
        entries = archive.infolist()
        assert archive.testzip() is None
    names = [entry.filename for entry in entries]
    assert sorted(names) == names
    assert {(TIME, MODE, 3)} == {
        (each.date_time, each.external_attr >> 16 & 0o777, each.create_system) for each in entries
    }
    assert set(names) == set(everything(package.folder)), "the folder is what the zip holds"
    assert {MODE} == {path.stat().st_mode & 0o777 for path in package.folder.rglob("*") if path.is_file()}


def test_the_limits_are_kept(package: Package) -> None:
    """7 MB packed, 25 MB unpacked; the build says so itself when they are not."""
    assert [] == package.complaints()
    assert package.zip_path.stat().st_size == package.zip_bytes <= MAX_ZIP == 7_000_000
    assert sum(len(body) for body in everything(package.folder).values()) == package.unpacked_bytes
    assert package.unpacked_bytes <= MAX_UNPACKED == 25_000_000
    assert package.unpacked_bytes == sum(unpacked for unpacked, _ in package.parts.values())


def test_what_is_over_a_limit_is_said() -> None:
    """One line for each."""
    package = Package("callback", Path("x.zip"), Path("x"), {}, MAX_ZIP + 10_000, MAX_UNPACKED + 10_000)
    assert [
        "callback is 7.01 MB packed; the limit is 7 MB",
        "callback is 25.01 MB unpacked; the limit is 25 MB",
    ] == package.complaints()


def test_nothing_is_in_that_is_not_deployed(package: Package) -> None:
    """No local cloud, no tests of ours, no credentials file: our modules, and wheels."""
    names = set(everything(package.folder))
    odd = re.compile(r"^(local|tests?|tools|docs|functions|bin)/|(^|/)\.")
    assert [] == sorted(name for name in names if odd.search(name))
    names = {name for name in names if re.match(r"shared/|\w+\.py$", name)}
    page = {name for name in names if re.match("shared/http/(console|description)/", name)}
    page = {name for name in page if not name.endswith((".py", ".pyc"))}
    assert bool(page) == (package.function == "recordings")
    assert {".html", ".css", ".js", ".json", ".LICENSE"} >= {Path(name).suffix for name in page}
    sentences = "shared/domain/words.json"  # of replies, events and fields; beside the code that names them
    assert sentences in names
    assert {".py", ".pyc"} >= {Path(name).suffix for name in names - page - {sentences}}
    assert f"{package.function}.py" in names
    assert set() == {f"{other}.py" for other in FUNCTIONS if other != package.function} & names


def test_each_function_has_only_its_own(packages: dict[str, Package]) -> None:
    """The callback function never calls TRTC, and only reconcile tells callers."""
    callback = {name.split("/")[0] for name in everything(packages["callback"].folder)}
    assert set() == callback & {"tencentcloud", "standardwebhooks", "Crypto", "charset_normalizer"}
    recordings = {name.split("/")[0] for name in everything(packages["recordings"].folder)}
    assert "tencentcloud" in recordings
    assert "standardwebhooks" not in recordings
    reconcile = set(everything(packages["reconcile"].folder))
    assert "standardwebhooks/webhooks.py" in reconcile
    api = {path for path in reconcile if re.fullmatch(r"tencentcloud/trtc/v\w+/.*\.py", path)}
    versions = {path.split("/")[2] for path in api}
    assert {"v20190722"} == versions
    assert {"common", "trtc", "__init__.py", "__pycache__"} == {
        path.split("/")[1] for path in reconcile if path.startswith("tencentcloud/")
    }


def test_what_is_left_out_is_asked_for(wheels: list[Wheel]) -> None:
    """Each row names a requirement that a locked wheel has."""
    names = {wheel.name: wheel for wheel in wheels}
    assert [] == [row for row in package_trim.UNUSED_REQUIREMENTS if row[1] not in names[row[0]].requires]


CHECK = """
import importlib.util, json, marshal, pathlib, sys, warnings
warnings.simplefilter("ignore")
right, wrong = set(), []
for root in map(pathlib.Path, sys.argv[1:]):
    for source in sorted(root.rglob("*.py")):
        name, data = source.relative_to(root).as_posix(), source.read_bytes()
        compiled = pathlib.Path(importlib.util.cache_from_source(str(source))).read_bytes()
        if (name, data, compiled) in right:
            continue
        header = importlib.util.MAGIC_NUMBER + (1).to_bytes(4, "little") + importlib.util.source_hash(data)
        if header != compiled[:16] or marshal.loads(compiled[16:]) != compile(data, name, "exec", dont_inherit=True):
            wrong.append(str(source))
        else:
            right.add((name, data, compiled))
print(json.dumps(wrong))
"""


def test_every_module_is_compiled(package: Package) -> None:
    """Each source has its compiled file, and nothing else has one."""
    names = set(everything(package.folder))
    sources = [Path(name) for name in names if name.endswith(".py")]
    expected = {(path.parent / "__pycache__" / f"{path.stem}.cpython-310.pyc").as_posix() for path in sources}
    assert expected == {name for name in names if name.endswith(".pyc")}


def test_what_is_compiled_is_never_checked(packages: dict[str, Package], python310: str) -> None:
    """It has its source's hash and code, and is never compared with it."""
    command = [python310, "-I", "-S", "-B", "-c", CHECK, *(str(package.folder) for package in packages.values())]
    done = subprocess.run(command, capture_output=True, check=True)
    assert [] == json.loads(done.stdout)


@pytest.mark.process
def test_without_python_310_nothing_slow_is_built_by_accident(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The command fails and says what to install; when told that slow is fine, it ships sources and warns."""
    assert 2 == main(["--out", str(tmp_path)], find=lambda: None)
    assert [] == list(tmp_path.iterdir())
    assert "python3.10" in capsys.readouterr().err
    (BUILD / "wheels").mkdir(parents=True, exist_ok=True)
    (tmp_path / "wheels").symlink_to(BUILD / "wheels")
    assert 0 == main(["--out", str(tmp_path), "--allow-slow"], find=lambda: None)
    assert "WARNING" in capsys.readouterr().err
    for function in FUNCTIONS:
        names = set(everything(tmp_path / function))
        assert f"{function}.py" in names
        assert set() == {name for name in names if name.endswith(".pyc")}


def test_what_runs_says_what_it_is(packages: dict[str, Package]) -> None:
    """One digest of all that is deployed is in each function's package, for its log lines."""
    (version,) = {package.version for package in packages.values()}
    assert re.fullmatch(r"[0-9a-f]{12}", version)
    assert all(f'"{version}"' in (each.folder / "shared" / "built.py").read_text() for each in packages.values())


def test_a_deployment_of_what_was_just_built_warns_of_nothing(packages: dict[str, Package]) -> None:
    """Sources and lock are those of the checkout; release and build are said."""
    (folder,) = {package.zip_path.parent for package in packages.values()}
    each = {name: read(name, package.zip_path.read_bytes()) for name, package in packages.items()}
    built = Packages(folder, each, datetime.now().astimezone())
    assert [] == built.warnings(ROOT)
    assert (__version__, {built.build}) == (built.release, {package.version for package in packages.values()})
    assert (ROOT / "requirements.txt").read_bytes() == (folder / "requirements.txt").read_bytes()
