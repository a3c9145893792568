"""Measuring texts, tasks and files."""

from pathlib import Path

import pytest

from codemix_lab.errors import Cancelled, DataError
from codemix_lab.text.measuring import compared, measure_frame, measure_source, measure_texts


def test_a_task_by_name_and_a_file_by_its_name(tmp_path: Path) -> None:
    starter = measure_source("en-hi")
    assert starter["pair"] == "en-hi" and 5 < starter["cmi"] < 50
    assert sum(starter["script_share"].values()) == pytest.approx(1)
    file = tmp_path / "own.en-es.txt"
    file.write_text("I want agua\nno quiero nada\n")
    found = measure_source(str(file))
    assert found["pair"] == "en-es" and found["sentences"] == 2 and found["monolingual_share"] == 0.5


def test_a_name_that_says_no_pair_wants_it_told(tmp_path: Path) -> None:
    file = tmp_path / "own.txt"
    file.write_text("I want agua\n")
    with pytest.raises(DataError, match="--pair"):
        measure_source(str(file))
    assert measure_source(str(file), "en-es")["cmi"] == pytest.approx(100 / 3)


def test_rows_and_corpus_agree() -> None:
    texts = ["yaar the movie bahut achhi thi", "so good", "", "😂"]
    frame = measure_frame(texts, "en-hi")
    whole = measure_texts(texts, "en-hi")
    assert frame["cmi"].sum() / 2 == pytest.approx(whole["cmi"])
    assert frame["switch_points"].sum() == whole["switch_points"]
    assert measure_frame([], "en-hi").empty


def test_comparison_has_a_column_a_text() -> None:
    table = compared({"a": measure_texts(["I want agua"], "en-es"), "b": measure_texts(["no"], "en-es")})
    assert list(table.columns) == ["measure", "a", "b"] and "cmi" in table["measure"].tolist()


def test_measuring_stops_when_asked() -> None:
    with pytest.raises(Cancelled):
        measure_texts(["a"], "en-es", should_stop=lambda: True)
