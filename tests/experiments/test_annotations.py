"""Notes are kept by sentence, taken away by emptying them, and never half written."""

from __future__ import annotations

import pandas as pd
import pytest

from codemix_lab.errors import DataError, StorageError
from codemix_lab.experiments.annotations import Annotation, Annotations


def test_notes_are_kept_changed_and_taken_away() -> None:
    notes = Annotations("a-comparison")
    assert notes.all() == {}
    notes.keep(Annotation("यह फिल्म", "sarcastic", ("irony", "check")))
    notes.keep(Annotation("good", "", ("gold wrong",)))
    notes.keep(Annotation("यह फिल्म", "really sarcastic"))
    assert Annotations("a-comparison").all() == {
        "good": Annotation("good", "", ("gold wrong",)),
        "यह फिल्म": Annotation("यह फिल्म", "really sarcastic"),
    }
    columns = notes.columns(pd.Series(["good", "other"], index=[4, 7]))
    assert columns.loc[4].tolist() == ["", "gold wrong"] and columns.loc[7].tolist() == ["", ""]
    notes.keep(Annotation("good", "  "))
    assert list(notes.all()) == ["यह फिल्म"]
    assert Annotations("another").all() == {}


def test_damage_and_excess_are_said_and_nothing_is_lost() -> None:
    notes = Annotations("c")
    notes.keep(Annotation("x", "kept"))
    with pytest.raises(DataError, match="shorten"):
        notes.keep(Annotation("x", "a" * 2001))
    assert notes.all()["x"].note == "kept"
    notes.path.write_text("{", encoding="utf-8")
    with pytest.raises(StorageError, match="damaged"):
        notes.keep(Annotation("x", "new"))
    assert notes.path.read_text(encoding="utf-8") == "{"
