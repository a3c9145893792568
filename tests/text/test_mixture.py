"""Text to read: what is set aside, what shares mean, and what is kept out."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from codemix_lab.errors import DataError
from codemix_lab.text.corpora import starter_corpus
from codemix_lab.text.duplicates import normalise
from codemix_lab.text.mixture import HELD_OUT, distinct_sentences, leaks, mix, refuse_leaks
from codemix_lab.text.tasks import open_task


def corpus(folder: Path, name: str, count: int) -> str:
    path = folder / name
    path.write_text("\n".join(f"{name} ki baat number {i}" for i in range(count)), encoding="utf-8")
    return str(path)


def test_what_is_measured_on_is_never_read(tmp_path: Path) -> None:
    found = mix([corpus(tmp_path, "en-hi.a.txt", 300), "mono.en"])
    measured = {normalise(line) for lines in found.held_out.values() for line in lines}
    assert len(found.held_out["code-mixed"]) == HELD_OUT == len(found.held_out["monolingual"])
    assert not measured & set(map(normalise, found.lines))
    assert len(found.lines) == sum(found.used.values()) and not found.warnings


def test_shares_give_a_ratio_and_repeat_nothing(tmp_path: Path) -> None:
    real, made = corpus(tmp_path, "en-hi.real.txt", 1_000), corpus(tmp_path, "en-hi.made.txt", 300)
    found = mix([real, made], [0.75, 0.25], seed=3)
    assert found.used[real] == pytest.approx(3 * found.used[made], abs=2)
    assert len(set(found.lines)) == len(found.lines)
    assert found.digest == mix([real, made], [0.75, 0.25], seed=3).digest
    assert found.digest != mix([real, made], [0.75, 0.25], seed=4).digest


def test_a_small_corpus_is_read_whole_with_a_word_of_warning(tmp_path: Path) -> None:
    found = mix([corpus(tmp_path, "own.txt", 20)])
    assert len(found.lines) == 20 and "Only 20 code-mixed sentences" in found.warnings[0]
    assert found.held_out["code-mixed"] == starter_held_out()


def starter_held_out() -> list[str]:
    return mix(["en-hi"]).held_out["code-mixed"]


def test_a_table_is_read_by_its_text_column(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    pd.DataFrame({"text": ["a b", "A  b", "c"], "label": ["x", "y", "x"]}).to_csv(path, index=False)
    assert distinct_sentences(str(path)) == ["a b", "c"]


@pytest.mark.parametrize(
    ("content", "said"), [("", "is empty"), ("\n \n", "is empty"), (None, "does not exist")]
)
def test_a_file_without_text_is_refused(tmp_path: Path, content: str | None, said: str) -> None:
    path = tmp_path / "x.txt"
    if content is not None:
        path.write_text(content, encoding="utf-8")
    with pytest.raises(DataError, match=said):
        mix([str(path)])


def test_unknown_none_and_double_corpora_are_refused() -> None:
    with pytest.raises(DataError, match="Did you mean en-hi"):
        mix(["en-hy"])
    with pytest.raises(DataError, match="No corpus"):
        mix([])
    with pytest.raises(DataError, match="named twice"):
        mix(["en-hi", "en-hi"])


def test_test_text_is_found_however_it_is_spelled() -> None:
    task = open_task("en-hi")
    test = task.split("test")["text"].tolist()
    lines = ["nothing", test[0].upper(), f"  {test[1]} ", task.split("train")["text"].iloc[0]]
    assert leaks(lines, task) == {"test": 2}
    with pytest.raises(DataError, match="2 test sentences of the task en-hi"):
        refuse_leaks(lines, task)
    refuse_leaks(starter_corpus("en-hi"), task)
