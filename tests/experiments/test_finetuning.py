"""Runs are kept and found again; starts meet the same sentences; seeds are compared in pairs."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import load_file

from codemix_lab.config import FineTuneSpec, MergeSpec, TaskSpec
from codemix_lab.errors import Cancelled, SpecError, StorageError
from codemix_lab.experiments import finetuning
from codemix_lab.experiments.finetuning import (
    BASELINE,
    COLUMNS,
    compare_starts,
    run_baseline,
    run_fine_tune,
    start_name,
    summary,
)
from codemix_lab.experiments.store import RunStore
from codemix_lab.training.finetune import FineTuneResult


@pytest.fixture
def store(workspace: Path) -> RunStore:
    return RunStore()


@pytest.fixture
def spec(base: str, task_file: Path) -> FineTuneSpec:
    task = TaskSpec(str(task_file))
    return FineTuneSpec(model=base, task=task, train_size=9, epochs=1, batch_size=4, learning_rate=1e-3)


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch, write_classifier: Callable[..., Path]) -> list[FineTuneSpec]:
    """Fine-tuning replaced by a random classifier; the list tells what was asked for."""
    specs: list[FineTuneSpec] = []

    def fake(
        spec: FineTuneSpec, out: Path, on_progress: Any = None, should_stop: Any = None
    ) -> FineTuneResult:
        specs.append(spec)
        if should_stop is not None and should_stop():
            raise Cancelled("Stopped.")
        if on_progress is not None:
            on_progress(1, 2, "fine-tuning")
        write_classifier(out, seed=len(specs))
        return FineTuneResult(out, [{"step": 1.0, "epoch": 1.0, "loss": 0.7}], 1.23, spec.train_size)

    monkeypatch.setattr(finetuning, "fine_tune", fake)
    return specs


def test_run_is_scored_kept_and_found_again(
    spec: FineTuneSpec, store: RunStore, asked: list[FineTuneSpec]
) -> None:
    run = run_fine_tune(spec, store)
    assert asked == [spec]
    assert run_fine_tune(spec, store) == run and len(asked) == 1
    assert set(run.metrics) == {"dev", "test"} and run.metrics["test"].n == 12
    assert len(run.predictions("dev")) == 12
    assert run.curve[0]["loss"] == 0.7
    assert run.model is not None and (run.model / "config.json").is_file()
    assert run.provenance["start"] == spec.model and run.provenance["train_sentences"] == 9
    run_fine_tune(spec.replace(seed=1), store)
    assert len(asked) == 2


def test_weights_are_dropped_and_kept_as_asked(
    spec: FineTuneSpec, store: RunStore, asked: list[FineTuneSpec]
) -> None:
    light = run_fine_tune(spec, store, keep_model=False)
    assert light.model is None and len(light.predictions("test")) == 12
    whole = run_fine_tune(spec, store)
    assert whole.model is not None and len(asked) == 2
    assert run_fine_tune(spec, store, keep_model=False) == whole


def test_changed_task_is_another_run(
    spec: FineTuneSpec, store: RunStore, asked: list[FineTuneSpec], task_file: Path
) -> None:
    first = run_fine_tune(spec, store)
    task_file.write_text(task_file.read_text().replace("yeh ", "good ", 1))
    assert run_fine_tune(spec, store).id != first.id


def test_cancel_leaves_nothing(spec: FineTuneSpec, store: RunStore, asked: list[FineTuneSpec]) -> None:
    with pytest.raises(Cancelled):
        run_fine_tune(spec, store, should_stop=lambda: True)
    assert store.list().empty and list(store.root.iterdir()) == []


def test_progress_only_rises(spec: FineTuneSpec, store: RunStore, asked: list[FineTuneSpec]) -> None:
    told: list[tuple[int, int, str]] = []
    run_fine_tune(spec, store, lambda *said: told.append(said))
    shares = [done / total for done, total, _ in told]
    assert shares == sorted(shares) and shares[-1] == 1.0
    assert {what for *_, what in told} >= {"fine-tuning", "predictions"}


def test_starts_are_compared_seed_by_seed(
    spec: FineTuneSpec, store: RunStore, asked: list[FineTuneSpec], base: str, adapted: str
) -> None:
    merge = MergeSpec(base=base, adapted=(adapted,), scaling=0.6)
    starts = {"base": base, "merge": merge}
    told: list[dict[str, Any]] = []
    frame = compare_starts(starts, spec, [3, 5], store, on_run=told.append)
    assert [(s.model, s.seed) for s in asked] == [(base, 3), (merge, 3), (base, 5), (merge, 5)]
    assert frame.columns.tolist() == COLUMNS and len(frame) == 3 * 2 * 2 == len(told)
    assert list(dict.fromkeys(frame["start"])) == ["base", "merge", BASELINE]
    json.dumps(told)
    kept = {run: store.open(run).model is not None for run in frame["run"]}
    by_seed = frame[frame["start"] != BASELINE].assign(kept=frame["run"].map(kept)).groupby("seed")["kept"]
    assert by_seed.all().to_dict() == {3: True, 5: False}
    again = compare_starts(starts, spec, [3, 5], store)
    assert len(asked) == 4 and again.equals(frame)

    table = summary(frame)
    assert table["n"].tolist() == [2] * 6
    first = table[(table["start"] == "merge") & (table["split"] == "test")].iloc[0]
    test = frame[frame["split"] == "test"].pivot(index="seed", columns="start", values="macro_f1")
    assert first["gain"] == pytest.approx((test["merge"] - test["base"]).mean())
    assert table[table["start"] == "base"]["gain"].isna().all()


def test_stopping_between_runs_keeps_what_is_finished(
    spec: FineTuneSpec, store: RunStore, asked: list[FineTuneSpec], base: str
) -> None:
    done: list[dict[str, Any]] = []
    with pytest.raises(Cancelled):
        compare_starts({"a": base}, spec, [0, 1], store, None, lambda: bool(done), done.append)
    assert done[0]["start"] == "a" and done[0]["seed"] == 0
    assert len(store.list()) == 2


@pytest.mark.parametrize(
    ("starts", "seeds", "said"),
    [
        ({}, [0], "at least one start"),
        ({BASELINE: "x"}, [0], "name of the baseline"),
        ({"a": "x"}, [], "at least one seed"),
        ({"a": "x"}, [1, 1], "each of them once"),
    ],
)
def test_impossible_comparisons(
    spec: FineTuneSpec, store: RunStore, starts: dict[str, str], seeds: list[int], said: str
) -> None:
    with pytest.raises(SpecError, match=said):
        compare_starts(starts, spec, seeds, store)


def test_baseline_is_kept_and_ignores_the_model(store: RunStore, spec: FineTuneSpec) -> None:
    run = run_baseline(spec.task, 9, 0, store)
    assert run_baseline(spec.task, 9, 0, store) == run
    assert run.provenance["start"] == BASELINE and run.model is None and run.curve == []
    assert set(run.metrics) == {"dev", "test"}


def test_names_of_starts() -> None:
    two = MergeSpec(base="starter", adapted=("starter:en-hi", "x"), scaling=1.25, method="ties", density=0.3)
    assert start_name("folder/model") == "folder/model"
    assert start_name(two) == "starter + 1.25 × TIES 0.3 (starter:en-hi & x)"
    changes = [
        {},
        {"preset": "paper"},
        {"preset": "paper", "scope": "global"},
        {"scope": "layer"},
        {"schedule": "lines", "depth": (0.5,)},
        {"schedule": "linear", "depth": (0.5, 1.0)},
        {"norms": 0.0},
        {"weights": (1.0, -0.5)},
        {"method": "dare", "seed": 1},
        {"method": "breadcrumbs", "options": {"outliers": 0.2}},
    ]
    assert len({start_name(two.replace(**change)) for change in changes}) == len(changes)
    assert start_name(two.replace(preset="mergekit", norms=0.0)).endswith("x), preset mergekit, norms 0")


def test_real_fine_tunes_from_a_checkpoint_and_from_a_merge(
    spec: FineTuneSpec, store: RunStore, base: str, adapted: str
) -> None:
    merge = MergeSpec(base=base, adapted=(adapted,), scaling=0.0)
    told: list[tuple[int, int, str]] = []
    frame = compare_starts({"base": base, "λ = 0": merge}, spec, [0], store, lambda *said: told.append(said))
    assert frame["macro_f1"].between(0, 1).all() and len(frame) == 6
    assert told[-1][0] == told[-1][1]
    runs = {start: store.open(part["run"].iloc[0]) for start, part in frame.groupby("start")}
    assert runs["base"].curve and runs["base"].provenance["train_sentences"] == 9
    assert not list(store.root.glob(".*.part"))


def test_starts_with_equal_weights_end_equal(
    spec: FineTuneSpec, store: RunStore, base: str, adapted: str
) -> None:
    """Head, order and sentences are the seed's alone: a merge at λ = 0 ends where its base ends."""
    merge = MergeSpec(base=base, adapted=(adapted,), scaling=0.0)
    models = [run_fine_tune(spec.replace(model=start), store).model for start in (base, merge)]
    one, other = (load_file(model / "model.safetensors") for model in models)
    assert all(np.allclose(one[name], other[name], atol=1e-5) for name in one)


def test_disk_that_fills_while_training(
    spec: FineTuneSpec, store: RunStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: Any, **__: Any) -> FineTuneResult:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(finetuning, "fine_tune", full)
    with pytest.raises(StorageError, match="disk is full"):
        run_fine_tune(spec, store)
    assert list(store.root.iterdir()) == []
