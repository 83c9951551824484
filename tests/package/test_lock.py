"""The lock as the target sees it, whatever Python builds the packages."""

from __future__ import annotations

import hashlib
from pathlib import Path
from zipfile import ZipFile

import pytest
from packaging.markers import Marker

from tools.package_lock import PackageError, Pin, applies, fetch, read_lock
from tools.package_python import VERSION

ROOT = Path(__file__).parent.parent.parent
A, B = "a" * 64, "b" * 64


@pytest.mark.parametrize(
    ("marker", "expected"),
    [
        ("python_full_version < '3.11'", True),
        ("python_full_version >= '3.11'", False),
        ("python_version == '3.10'", True),
        ("sys_platform == 'linux'", True),
        ("sys_platform == 'win32' or sys_platform == 'darwin'", False),
        ("platform_machine == 'x86_64' and platform_system == 'Linux'", True),
        ("implementation_name == 'pypy'", False),
        ("extra == 'cli'", False),
    ],
)
def test_markers_are_those_of_the_target(marker: str, expected: bool) -> None:
    """CPython 3.10 on Linux x86_64, not the Python that runs this test."""
    assert expected == applies(Marker(marker))


def test_of_two_versions_the_targets_is_taken() -> None:
    """The lock is for every Python; a pin keeps all hashes of its version, and no marker."""
    lock = (
        f"two==1.0 ; python_full_version < '3.11' \\\n    --hash=sha256:{B} \\\n    --hash=sha256:{A}\n    # via x\n"
        f"two==2.0 ; python_full_version >= '3.11' \\\n    --hash=sha256:{A}\n"
        f"One_more==3 \\\n    --hash=sha256:{A}\n    # via\n    #   x\n"
    )
    assert [Pin("one-more", "3", frozenset([A])), Pin("two", "1.0", frozenset([A, B]))] == read_lock(lock)
    assert f"two==1.0 --hash=sha256:{A} --hash=sha256:{B}" == read_lock(lock)[1].line()


@pytest.mark.parametrize(
    "lock",
    [
        f"one>=1 --hash=sha256:{A}",
        "one==1",
        f"one==1 --hash=sha256:{A}\none==2 --hash=sha256:{A}",
        f"one==1 --hash=md5:{A}",
    ],
    ids=["range", "no hash", "twice", "weak hash"],
)
def test_what_is_not_locked_is_refused(lock: str) -> None:
    """One exact version with SHA-256 hashes each, or nothing is built."""
    with pytest.raises(PackageError, match=r"requirements\.txt"):
        read_lock(lock)


def test_our_lock_has_one_version_of_everything_the_target_needs() -> None:
    """requirements.txt is complete for Python 3.10."""
    assert (3, 10) == VERSION
    pins = {pin.name for pin in read_lock((ROOT / "requirements.txt").read_text())}
    assert {"pydantic", "pydantic-core", "cos-python-sdk-v5", "crcmod-plus", "tencentcloud-sdk-python-trtc"} <= pins


def cached(tmp_path: Path, *names: str) -> tuple[list[Pin], Path]:
    """Put a wheel of each name where `fetch` keeps what it downloaded."""
    pins, wheels = [], {}
    for name in names:
        path = tmp_path / f"{name}-1.0-py3-none-any.whl"
        with ZipFile(path, "w") as archive:
            archive.writestr(f"{name}/__init__.py", "")
            about = "Requires-Dist: six\nRequires-Dist: old; python_version < '3'\nRequires-Dist: cli; extra == 'cli'\n"
            archive.writestr(f"{name}-1.0.dist-info/METADATA", f"Name: {name}\nVersion: 1.0\n{about}\nRequires-Dist: x")
        wheels[path.name] = path.read_bytes()
        pins.append(Pin(name, "1.0", frozenset([hashlib.sha256(wheels[path.name]).hexdigest()])))
    cache = tmp_path / "cache"
    lines = "".join(f"{pin.line()}\n" for pin in pins)
    folder = cache / hashlib.sha256(f"manylinux2014_x86_64 3.10\n{lines}".encode()).hexdigest()[:16]
    folder.mkdir(parents=True)
    for file_name, content in wheels.items():
        (folder / file_name).write_bytes(content)
    return pins, folder


def test_wheels_are_downloaded_once(tmp_path: Path) -> None:
    """What the cache holds for these pins is taken, with what each wheel needs on the target."""
    pins, folder = cached(tmp_path, "one", "two")
    wheels = fetch(pins, folder.parent)
    assert [("one", ["six"]), ("two", ["six"])] == [(wheel.name, list(wheel.requires)) for wheel in wheels]
    assert "one/__init__.py" in wheels[0].files


def test_a_wheel_that_was_changed_is_refused(tmp_path: Path) -> None:
    """The cache is held against the lock's hashes at every build."""
    pins, folder = cached(tmp_path, "one")
    (wheel,) = folder.iterdir()
    with ZipFile(wheel, "a") as archive:
        archive.writestr("one/more.py", "")
    with pytest.raises(PackageError, match=r"not the file that requirements\.txt locks"):
        fetch(pins, folder.parent)


def test_a_wheel_that_is_gone_is_said(tmp_path: Path) -> None:
    """Half a cache builds nothing."""
    pins, folder = cached(tmp_path, "one", "two")
    next(folder.glob("two*")).unlink()
    with pytest.raises(PackageError, match="remove it and build again"):
        fetch(pins, folder.parent)
