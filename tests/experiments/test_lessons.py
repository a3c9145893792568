"""The lesson's numbers: made from checkpoints, kept by what they depend on, and those that come with the lab."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from codemix_lab.errors import Cancelled, DataError, StorageError
from codemix_lab.experiments import lessons
from codemix_lab.experiments.lessons import SENTENCES, STARTER, TASKS, kept_lesson
from codemix_lab.models.checkpoints import open_checkpoint
from codemix_lab.models.files import adapter_deltas
from codemix_lab.text.corpora import held_out


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> str:
    """A task of twelve sentences a split, and a plane of four points."""
    monkeypatch.setattr(lessons, "SHARES", (0.0, 1.0))
    monkeypatch.setattr(lessons, "HEARD", 2)
    rows = [
        {"split": split, "text": f"yeh film {word} thi number {i}", "label": label}
        for split in ("train", "dev", "test")
        for i in range(6)
        for word, label in (("mast", "good"), ("bakwas", "bad"))
    ]
    path = tmp_path / "small.en-hi.csv"
    pd.DataFrame(rows).to_csv(path, index=False)
    return str(path)


def test_a_lesson_is_made_kept_and_found_again(
    tiny_encoder: Path, tiny_adapted: Path, make_adapted: Callable[..., Path], small: str, workspace: Path
) -> None:
    base, adapted = str(tiny_encoder), (str(tiny_adapted), str(make_adapted(seed=2)))
    assert kept_lesson(base, adapted, (small,)) is None
    made = lessons.make_lesson(base, adapted, (small,))
    surface = made.surfaces[small]
    assert len(surface.points) == 4
    assert [p.macro_f1 for p in surface.points[:2]] == [c.macro_f1 for c in surface.corners[:2]]
    assert len(made.surprises) == 4 and all(point.code_mixed >= 1 for point in made.surprises)
    assert made.plane.angle == pytest.approx(90, abs=5)
    assert len(made.readings["code-mixed"]["CPT"].guesses) == len(SENTENCES["code-mixed"].split())
    assert [row.scaling for row in made.transfer] == list(lessons.SCALINGS)
    assert made.transfer[0].gain == 0
    lessons.keep_lesson(made, (small,))
    found = kept_lesson(base, adapted, (small,))
    assert found is not None
    assert found.to_json() == made.to_json()
    assert kept_lesson(base, adapted[::-1], (small,)) is None


def test_two_checkpoints_are_asked_for_and_work_can_be_stopped(
    tiny_encoder: Path, tiny_adapted: Path, make_adapted: Callable[..., Path], small: str
) -> None:
    with pytest.raises(DataError, match="two adapted"):
        lessons.make_lesson(str(tiny_encoder), (str(tiny_adapted),), (small,))
    pair = (str(tiny_adapted), str(make_adapted(seed=2)))
    with pytest.raises(Cancelled):
        lessons.make_lesson(str(tiny_encoder), pair, (small,), should_stop=lambda: True)


def test_a_damaged_file_is_told(tmp_path: Path) -> None:
    path = tmp_path / "lesson.json"
    for text in ("", "[]", '{"base": "b"}'):
        path.write_text(text)
        with pytest.raises(StorageError, match="cannot be read"):
            lessons.read_lesson(path)


def test_the_shipped_lesson_is_that_of_this_starter_and_whole(workspace: Path) -> None:
    found = kept_lesson(*STARTER, TASKS)
    assert found is not None, "the starter changed: run `codemix-lab starter lesson`"
    assert tuple(found.surfaces) == TASKS
    for surface in found.surfaces.values():
        assert len(surface.points) == len(lessons.SHARES) ** 2
        assert all(p.low <= p.macro_f1 <= p.high for p in (*surface.points, *surface.corners))
    assert len(found.surprises) == len(lessons.SHARES) ** 2
    assert {row.task for row in found.transfer} == {"en-hi", "en-es", "en-ta", "en-ml"}
    assert all(row.gain_low <= row.gain <= row.gain_high for row in found.transfer)
    (path,) = lessons.SHIPPED.glob("lesson.*.json")
    assert path.stat().st_size < 60_000


def test_the_sentences_of_the_lesson_are_held_out() -> None:
    kept_back = held_out("en-hi")
    assert SENTENCES["code-mixed"] in kept_back.code_mixed
    assert SENTENCES["monolingual"] in kept_back.monolingual


def test_the_shipped_arrows_and_matrix_are_those_of_the_shipped_adapters(
    starter: tuple[str, ...], workspace: Path
) -> None:
    found = kept_lesson(*STARTER, TASKS)
    assert found is not None
    one, other = (adapter_deltas(open_checkpoint(ref)) for ref in STARTER[1])
    lengths = [math.sqrt(sum(float(d.double().square().sum()) for d in tau.values())) for tau in (one, other)]
    assert (found.plane.first, found.plane.second) == pytest.approx(lengths, rel=1e-4)
    matrix = one[found.matrix.name].numpy()
    assert np.allclose(np.array(found.matrix.block), matrix[:24, :24], rtol=1e-4, atol=1e-9)
    tenth = found.matrix.at(0.1)
    large = np.abs(matrix) >= tenth.threshold * (1 - 1e-5)
    assert large.mean() == pytest.approx(tenth.share, abs=1e-4)
    assert (matrix[large] ** 2).sum() / (matrix**2).sum() == pytest.approx(tenth.energy, abs=1e-3)
