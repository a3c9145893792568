"""Every regime at tiny size: what they share, where they must agree, and what each alone does."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch

from codemix_lab.config import Regime, RunSpec, TaskSpec
from codemix_lab.errors import CheckpointError, DataError
from codemix_lab.experiments.finetuning import run_baseline
from codemix_lab.experiments.regime_runs import RegimeRuns
from codemix_lab.experiments.regimes import recipe_of
from codemix_lab.models.loading import backbone, load_classifier


@pytest.fixture
def runs(workspace: Path) -> RegimeRuns:
    return RegimeRuns()


@pytest.fixture
def make(base: str, adapted: str, task_file: Path) -> Callable[..., RunSpec]:
    def spec(regime: str, **changes: Any) -> RunSpec:
        task = TaskSpec(str(task_file))
        asked = {"base": base, "adapted": (adapted,), "train_size": 12, "epochs": 2, "learning_rate": 1e-2}
        english = {"english": task, "english_size": 12, "english_epochs": 1}
        return RunSpec(regime, task, **{**asked, **english, **changes})

    return spec


def said(runs: RegimeRuns, spec: RunSpec) -> np.ndarray:
    """Probabilities on test."""
    frame = runs.run(spec).predictions("test")
    return frame[[name for name in frame if name.startswith("p_")]].to_numpy()


@pytest.mark.parametrize("regime", [r for r in Regime if r is not Regime.PROMPT])
def test_every_regime_is_scored_kept_and_found(
    regime: Regime, runs: RegimeRuns, make: Callable[..., RunSpec]
) -> None:
    run = runs.run(make(regime))
    assert set(run.metrics) == {"dev", "test"} and run.metrics["test"].n == 12
    assert run.model is None and run.provenance["start"].startswith(regime.label)
    assert RegimeRuns(runs.store).run(make(regime)) == run


def test_regimes_agree_where_they_are_the_same(runs: RegimeRuns, make: Callable[..., RunSpec]) -> None:
    full = said(runs, make("full"))
    assert said(runs, make("task-arithmetic", scaling=0.0)) == pytest.approx(full, abs=1e-6)
    assert said(runs, make("merge-after", scaling=0.0)) == pytest.approx(full, abs=1e-6)
    cpt = said(runs, make("cpt-ft"))
    assert said(runs, make("task-arithmetic", scaling=1.0)) == pytest.approx(cpt, abs=1e-6)
    assert said(runs, make("ties", scaling=1.0, density=1.0)) == pytest.approx(cpt, abs=1e-5)
    assert abs(cpt - full).max() > 1e-3
    assert abs(said(runs, make("full", seed=1)) - full).max() > 1e-3


def test_merge_after_adds_lambda_tau_to_the_fine_tuned_weights(
    runs: RegimeRuns, make: Callable[..., RunSpec], base: str, adapted: str
) -> None:
    spec = make("merge-after", scaling=0.5)
    tuned = runs.bench.fine_tune(spec, base)
    before = {name: tensor.clone() for name, tensor in backbone(tuned.model).state_dict().items()}
    moved = recipe_of(Regime.MERGE_AFTER)(spec, runs.bench).trained
    assert moved is not None
    after = backbone(moved.model).state_dict()
    opened = runs.bench.merge(base, (adapted,))
    name = "encoder.layer.0.attention.self.query.weight"
    from safetensors.torch import load_file

    tau = (
        load_file(Path(adapted) / "model.safetensors")[f"bert.{name}"]
        - load_file(Path(base) / "model.safetensors")[f"bert.{name}"]
    )
    assert opened.notes is not None
    assert torch.allclose(after[name] - before[name], 0.5 * tau, atol=1e-5)
    assert all(torch.equal(backbone(tuned.model).state_dict()[n], before[n]) for n in before)


def test_a_fine_tune_is_not_done_twice_for_two_lambdas(
    runs: RegimeRuns, make: Callable[..., RunSpec], monkeypatch: pytest.MonkeyPatch
) -> None:
    from codemix_lab.experiments.regimes import bench

    count = []
    inner = bench.train_classifier
    monkeypatch.setattr(bench, "train_classifier", lambda *a, **k: count.append(1) or inner(*a, **k))
    for scaling in (0.2, 0.4, 0.8):
        runs.run(make("merge-after", scaling=scaling))
    assert len(count) == 1


def test_sequential_goes_on_with_the_english_head_and_joint_has_both(
    runs: RegimeRuns, make: Callable[..., RunSpec]
) -> None:
    assert runs.run(make("sequential")).provenance["head"] == "kept from English"
    assert runs.run(make("joint")).provenance["train_sentences"] == 24
    assert runs.run(make("full")).provenance["train_sentences"] == 12


def test_an_english_task_with_other_labels_gets_a_new_head_or_is_refused(
    runs: RegimeRuns, make: Callable[..., RunSpec], write_task: Callable[..., Path], tmp_path: Path
) -> None:
    other = TaskSpec(str(write_task(tmp_path / "hate.tsv", labels=("hate", "none"))))
    assert runs.run(make("sequential", english=other)).provenance["head"] == "new"
    with pytest.raises(DataError, match="Joint fine-tuning wants the same labels"):
        runs.run(make("joint", english=other))


def test_lora_moves_the_classifier_and_leaves_an_ordinary_one(
    runs: RegimeRuns, make: Callable[..., RunSpec], base: str
) -> None:
    run = runs.run(make("full", lora=True, rank=4, keep_model=True))
    assert run.model is not None
    state = load_classifier(run.model).state_dict()
    assert not [name for name in state if "lora" in name]
    kept = runs.run(make("full", keep_model=True))
    assert kept.model is not None
    assert set(state) == set(load_classifier(kept.model).state_dict())
    assert abs(said(runs, make("full", lora=True, rank=4)) - said(runs, make("full"))).max() > 1e-3


def test_the_baseline_is_the_one_beside_every_table(runs: RegimeRuns, make: Callable[..., RunSpec]) -> None:
    spec = make("ngrams", seed=3)
    beside = run_baseline(spec.task, 12, 3, runs.store)
    assert runs.run(spec).metrics == beside.metrics


def test_targets_are_scored_on_shared_labels(
    runs: RegimeRuns, make: Callable[..., RunSpec], write_task: Callable[..., Path], tmp_path: Path
) -> None:
    near = write_task(tmp_path / "near.tsv", labels=("Negative", "Positive", "mixed"))
    far = write_task(tmp_path / "far.tsv", labels=("x", "y"))
    run = runs.run(make("ngrams", targets=(str(near), str(far))))
    (split,) = set(run.metrics) - {"dev", "test"}
    assert split.startswith("test of near") and run.metrics[split].labels == ("negative", "positive")
    assert run.metrics[split].n == 8
    assert "no two labels" in next(iter(run.provenance["not transferred"].values()))


def test_a_decoder_is_prompted_and_an_encoder_is_not(
    runs: RegimeRuns, make: Callable[..., RunSpec], tiny_decoder: Path, base: str
) -> None:
    run = runs.run(make("prompt", base=str(tiny_decoder), shots=2))
    assert run.provenance["shots"] == 2 and run.provenance["prompt"].count("Label:") == 3
    assert run.metrics["test"].n == 12
    with pytest.raises(CheckpointError, match="is an encoder"):
        runs.run(make("prompt"))


def test_score_size_cuts_every_split_alike(runs: RegimeRuns, make: Callable[..., RunSpec]) -> None:
    one, two = (runs.run(make("ngrams", seed=seed, score_size=10)) for seed in (0, 1))
    assert one.metrics["test"].n == 10
    pd.testing.assert_series_equal(one.predictions("test")["text"], two.predictions("test")["text"])
