"""Predictions are made once; two models are held side by side."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from codemix_lab import paths
from codemix_lab.config import TaskSpec
from codemix_lab.errors import DataError
from codemix_lab.experiments.classifier import Classifier
from codemix_lab.experiments.inspection import make_panels, predictions

LABELS = ("negative", "neutral", "positive")


@pytest.fixture
def task(task_file: Path) -> TaskSpec:
    return TaskSpec(str(task_file))


@pytest.fixture
def model(write_classifier: Callable[..., Path], tmp_path: Path) -> str:
    return str(write_classifier(tmp_path / "a", seed=1))


@pytest.fixture
def other(write_classifier: Callable[..., Path], tmp_path: Path) -> str:
    return str(write_classifier(tmp_path / "b", seed=2))


@pytest.fixture
def times_predicted(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    times: list[str] = []
    real = Classifier.predict

    def counted(self: Classifier, *args: object, **kwargs: object) -> pd.DataFrame:
        times.append(self.ref)
        return real(self, *args, **kwargs)  # type: ignore[arg-type]

    monkeypatch.setattr(Classifier, "predict", counted)
    return times


def test_predictions_are_made_once(
    model: str, task: TaskSpec, times_predicted: list[str], tmp_path: Path
) -> None:
    frame = predictions(model, task)
    assert frame.columns.tolist() == ["text", "gold", "predicted", *(f"p_{label}" for label in LABELS)]
    assert len(frame) == 12
    np.testing.assert_allclose(frame.filter(like="p_").sum(axis=1), 1, rtol=1e-5)
    pd.testing.assert_frame_equal(predictions(model, task), frame)
    moved = tmp_path / "moved"
    os.rename(model, moved)
    pd.testing.assert_frame_equal(predictions(str(moved), task), frame)
    assert len(times_predicted) == 1
    predictions(str(moved), task, limit=6)
    predictions(str(moved), task, split="dev")
    assert len(times_predicted) == 3


@pytest.mark.parametrize("damage", [b"", b"PAR1 but no more", b"PAR1" * 100])
def test_damaged_predictions_are_made_again(
    model: str, task: TaskSpec, times_predicted: list[str], damage: bytes
) -> None:
    frame = predictions(model, task)
    (kept,) = (paths.workspace() / "predictions").iterdir()
    kept.write_bytes(damage)
    pd.testing.assert_frame_equal(predictions(model, task), frame)
    assert len(times_predicted) == 2


def test_shared_labels_are_renormalised(model: str, tmp_path: Path, write_task: Callable[..., Path]) -> None:
    two = TaskSpec(str(write_task(tmp_path / "two.tsv", ("Positive", "negative"))))
    frame = predictions(model, two)
    assert set(frame["predicted"]) <= {"Positive", "negative"}
    np.testing.assert_allclose(frame[["p_Positive", "p_negative"]].sum(axis=1), 1, rtol=1e-5)


def test_two_models_meet_on_what_both_know(
    model: str, other: str, task: TaskSpec, write_classifier: Callable[..., Path], tmp_path: Path
) -> None:
    found = make_panels((model, other), [task])[0].pair()
    assert found.labels == LABELS and sum(found.counts.values()) == 12
    assert found.net_gain == found.counts["fixed"] - found.counts["broken"]
    two = str(write_classifier(tmp_path / "two", ("negative", "positive")))
    narrower = make_panels((model, two), [task])[0].pair()
    assert narrower.labels == ("negative", "positive") and len(narrower.frame) == 8
    strange = str(write_classifier(tmp_path / "strange", ("hate", "love")))
    with pytest.raises(DataError, match="No labels to compare on"):
        make_panels((model, strange), [task])
    with pytest.raises(DataError, match="No labels to compare on"):
        make_panels((two, str(write_classifier(tmp_path / "odd", ("neutral", "positive")))), [task])[0].pair()


def test_same_model_twice_differs_nowhere(model: str, task: TaskSpec, times_predicted: list[str]) -> None:
    found = make_panels((model, model), [task])[0].pair()
    assert found.counts["fixed"] == found.counts["broken"] == 0 and found.p_value == 1
    assert len(times_predicted) == 1
