"""The curve over λ at every checkpoint that a continued pre-training kept."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from codemix_lab.config import MergeSpec, ProbeSpec, TaskSpec
from codemix_lab.errors import CheckpointError, SpecError
from codemix_lab.experiments.curve_table import curve_table
from codemix_lab.experiments.duration import checkpoints, duration_table

PROBE = ProbeSpec(train_size=10, score_size=10)


@pytest.fixture
def task(tmp_path: Path) -> TaskSpec:
    rows = [(("train", "dev")[i % 2], f"yeh film {i} thi", ("good", "bad")[i // 2 % 2]) for i in range(40)]
    path = tmp_path / "small.en-hi.csv"
    pd.DataFrame(rows, columns=["split", "text", "label"]).to_csv(path, index=False)
    return TaskSpec(str(path))


def test_every_checkpoint_is_scored_as_if_it_were_alone(
    tiny_encoder: Path, tiny_way: Path, task: TaskSpec
) -> None:
    told: list[Any] = []
    spec = MergeSpec(str(tiny_encoder), (str(tiny_way),))
    table = duration_table(spec, task, PROBE, [0.0, 1.0], on_row=told.append)
    assert list(zip(table["steps"], table["scaling"], strict=True)) == [(2, 0), (2, 1), (4, 0), (4, 1)]
    assert told == table.to_dict("records")
    for step, folder in checkpoints(tiny_way).items():
        alone = curve_table(spec.replace(adapted=(str(folder),)), task, PROBE, [0.0, 1.0])
        mine = table[table["steps"] == step].drop(columns="steps").reset_index(drop=True)
        pd.testing.assert_frame_equal(mine, alone)
    base, ends = table[table["scaling"] == 0], table[table["scaling"] == 1]
    assert base["code_mixed_perplexity"].nunique() == 1 and ends["code_mixed_perplexity"].nunique() == 2


def test_what_has_no_trajectory_and_what_is_several_is_refused(
    tiny_encoder: Path, tiny_way: Path, make_adapted: Callable[..., Path], task: TaskSpec
) -> None:
    alone = str(make_adapted())
    with pytest.raises(CheckpointError, match="kept no checkpoints"):
        duration_table(MergeSpec(str(tiny_encoder), (alone,)), task, PROBE, [0.5])
    with pytest.raises(SpecError, match="one adapted"):
        duration_table(MergeSpec(str(tiny_encoder), (str(tiny_way), alone)), task, PROBE, [0.5])
