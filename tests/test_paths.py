"""Files and folders arrive whole or not at all, and nothing is ever overwritten."""

from __future__ import annotations

import errno
from pathlib import Path

import pytest

from codemix_lab import paths
from codemix_lab.errors import StorageError
from codemix_lab.paths import checkout, new_file, new_folder, storage_errors, user_cache


def left_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_places_follow_their_variables(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CODEMIX_LAB_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("CODEMIX_LAB_WORKSPACE", str(tmp_path / "work"))
    assert user_cache() == tmp_path / "cache"
    assert paths.workspace() == tmp_path / "work"


def test_a_home_folder_is_spelled_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("CODEMIX_LAB_CACHE", "~/lab")
    assert user_cache() == tmp_path / "lab"


def test_an_installed_package_works_under_the_user_cache(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("CODEMIX_LAB_WORKSPACE")
    monkeypatch.setenv("CODEMIX_LAB_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(paths, "PACKAGE", tmp_path / "site-packages" / "codemix_lab")
    assert checkout() is None
    assert paths.workspace() == tmp_path / "cache" / "workspace"


def test_a_checkout_works_in_its_cache_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CODEMIX_LAB_WORKSPACE")
    monkeypatch.setattr(paths, "PACKAGE", tmp_path / "codemix_lab")
    for name in ("pyproject.toml", "app.py"):
        (tmp_path / name).touch()
    assert checkout() == tmp_path
    assert paths.workspace() == tmp_path / "cache"


def test_a_folder_appears_when_it_is_whole(tmp_path: Path) -> None:
    target = tmp_path / "deep" / "model"
    with new_folder(target) as beside:
        (beside / "weights").write_text("1")
        assert not target.exists()
    assert left_in(target) == ["weights"]
    assert left_in(target.parent) == ["model"]


def test_a_failing_block_leaves_no_folder(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), new_folder(tmp_path / "model") as beside:
        (beside / "weights").write_text("1")
        raise ZeroDivisionError
    assert left_in(tmp_path) == []


@pytest.mark.parametrize("kind", ["file", "folder"])
def test_a_folder_overwrites_nothing(kind: str, tmp_path: Path) -> None:
    target = tmp_path / "model"
    target.write_text("mine") if kind == "file" else target.mkdir()
    with pytest.raises(StorageError, match="never overwritten"), new_folder(target):
        pytest.fail("the block must not run")
    assert left_in(tmp_path) == ["model"]


def test_of_two_writers_the_first_wins(tmp_path: Path) -> None:
    target = tmp_path / "model"
    with pytest.raises(StorageError, match="never overwritten"), new_folder(target) as late:
        (late / "who").write_text("late")
        with new_folder(target) as early:
            (early / "who").write_text("early")
    assert (target / "who").read_text() == "early"
    assert left_in(tmp_path) == ["model"]


def test_a_file_is_replaced_in_one_step(tmp_path: Path) -> None:
    target = tmp_path / "deep" / "record.json"
    for text in ("old", "new"):
        with new_file(target) as beside:
            beside.write_text(text)
    assert target.read_text() == "new"
    assert left_in(target.parent) == ["record.json"]


def test_a_failing_block_keeps_the_old_file(tmp_path: Path) -> None:
    target = tmp_path / "record.json"
    target.write_text("old")
    with pytest.raises(ZeroDivisionError), new_file(target) as beside:
        beside.write_text("half")
        raise ZeroDivisionError
    assert target.read_text() == "old"
    assert left_in(tmp_path) == ["record.json"]


@pytest.mark.parametrize(
    ("number", "said"),
    [
        (errno.ENOSPC, "disk is full"),
        (errno.EDQUOT, "disk is full"),
        (errno.EACCES, "cannot be written"),
        (errno.EPERM, "cannot be written"),
        (errno.EROFS, "cannot be written"),
    ],
)
@pytest.mark.parametrize("writer", [new_file, new_folder])
def test_what_the_disk_says_names_the_target(writer, number: int, said: str, tmp_path: Path) -> None:
    target = tmp_path / "result"
    with pytest.raises(StorageError, match=said) as caught, writer(target):
        raise OSError(number, "the system's words")
    assert str(target) in str(caught.value)
    assert left_in(tmp_path) == []


@pytest.mark.parametrize(
    "words",
    [
        "Error while serializing: I/O error: No space left on device (os error 28)",
        "[enforce fail at inline_container.cc:672] . unexpected pos 576 vs 534",
    ],
)
def test_a_full_disk_is_known_in_the_words_of_safetensors_and_torch(words: str) -> None:
    with pytest.raises(StorageError, match="disk is full"), storage_errors(Path("result")):
        raise RuntimeError(words)
    with pytest.raises(RuntimeError, match="another"), storage_errors(Path("result")):
        raise RuntimeError("another")


def test_other_errors_of_the_system_stay_what_they_are() -> None:
    with pytest.raises(FileNotFoundError), storage_errors(Path("result")):
        raise FileNotFoundError(errno.ENOENT, "gone")
