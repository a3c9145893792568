"""Saved slices stay until someone takes them away, and are never replaced by accident."""

from __future__ import annotations

from pathlib import Path

import pytest

from codemix_lab.errors import DataError, SpecError, StorageError
from codemix_lab.experiments.saved_slices import MOST, SavedSlices


def test_they_are_kept_by_name_and_user(workspace: Path) -> None:
    mine = SavedSlices("asha")
    assert mine.all() == {}
    mine.keep("  much   mixing ", " cmi > 30 ")
    mine.keep("नहीं", '"nahi" in text')
    assert SavedSlices("asha").all() == {"much mixing": "cmi > 30", "नहीं": '"nahi" in text'}
    assert SavedSlices("../else").all() == {} and SavedSlices().all() == {}
    SavedSlices("../else").keep("x", "emoji")
    assert sorted(path.name for path in (workspace / "slices").glob("*.json")) == [
        "---else.json",
        "asha.json",
    ]


def test_only_what_is_asked_for_is_replaced_or_deleted() -> None:
    mine = SavedSlices("asha")
    mine.keep("a", "emoji")
    mine.keep("a", "emoji")
    with pytest.raises(DataError, match="already"):
        mine.keep("a", "hashtag")
    mine.keep("a", "hashtag", replace=True)
    with pytest.raises(DataError, match="no saved slice “b”; saved are: a"):
        mine.remove("b")
    assert mine.all() == {"a": "hashtag"}
    mine.remove("a")
    assert mine.all() == {}


def test_what_is_no_slice_is_refused() -> None:
    mine = SavedSlices("asha")
    for name, question in (("", "emoji"), ("a" * 61, "emoji"), ("a", "  ")):
        with pytest.raises(DataError):
            mine.keep(name, question)
    with pytest.raises(SpecError, match="character"):
        mine.keep("a", "cmi >")
    for number in range(MOST):
        mine.keep(str(number), "emoji")
    with pytest.raises(DataError, match="delete some"):
        mine.keep("one more", "emoji")


@pytest.mark.parametrize("damage", ["{", "[]", '{"a": 3}'])
def test_a_damaged_file_is_told_and_left(workspace: Path, damage: str) -> None:
    mine = SavedSlices("asha")
    mine.keep("a", "emoji")
    (path,) = (workspace / "slices").glob("*.json")
    path.write_text(damage, encoding="utf-8")
    with pytest.raises(StorageError, match="damaged"):
        mine.all()
    if damage != '{"a": 3}':
        with pytest.raises(StorageError, match="damaged"):
            mine.keep("b", "emoji")
    assert path.read_text(encoding="utf-8") == damage
