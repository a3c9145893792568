"""Failure signatures: each found where it is made to be there, and not where it is not."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pandas as pd
import pytest

from codemix_lab.config import Regime
from codemix_lab.evaluation.metrics import score
from codemix_lab.experiments import diagnosis
from codemix_lab.experiments.diagnosis import diagnose, forgetting, sign_conflicts, transfer_failed
from codemix_lab.experiments.regimes_table import Comparison, compare_regimes
from codemix_lab.experiments.reproduction.claims import claims

FULL, TIES, NGRAMS = (r.label for r in (Regime.FULL, Regime.TIES, Regime.NGRAMS))
GOLD = ["a", "b"] * 100


def run(right: int, **provenance: Any) -> Any:
    """A run that gets so many of 200 sentences right."""
    predicted = [g if i < right else {"a": "b", "b": "a"}[g] for i, g in enumerate(GOLD)]
    frame = pd.DataFrame({"text": map(str, range(200)), "gold": GOLD, "predicted": predicted})
    scores = score(GOLD, predicted, ["a", "b"], resamples=50)
    return SimpleNamespace(metrics={"test": scores}, predictions=lambda split: frame, provenance=provenance)


def table(full: list[int], ties: list[int], ngrams: int = 20, **provenance: Any) -> tuple[Comparison, Any]:
    runs = {
        FULL: dict(enumerate(map(run, full))),
        TIES: {seed: run(right, **provenance) for seed, right in enumerate(ties)},
        NGRAMS: {seed: run(ngrams) for seed in range(len(full))},
    }
    return compare_regimes(runs, FULL), runs


def test_a_merge_below_full_fine_tuning_is_told_with_the_dev_curve() -> None:
    chosen = {
        "scaling": 0.3,
        "candidates": [
            {"scaling": 0.3, "density": 0.3, "dev": 0.6},
            {"scaling": 1.0, "density": 0.3, "dev": 0.5},
        ],
    }
    found, runs = table([140, 142, 141, 143], [130, 131, 131, 133], **{"chosen on dev": chosen})
    told = {d.signature: d for d in diagnose(found, runs)}
    below = told[f"{TIES} is below {FULL}"]
    assert "λ 0.3: 0.600, λ 1: 0.500" in below.evidence and "smaller λ" in below.next_step
    assert f"{TIES} chose the smallest λ there was" in told
    assert not any("too wide" in name for name in told)


def test_a_spread_too_wide_is_told_with_the_seeds_it_wants() -> None:
    found, runs = table([140, 150, 130], [150, 140, 135])
    (wide,) = diagnose(found, runs)
    assert "too wide" in wide.signature and "seeds" in wide.next_step and TIES in wide.evidence


def test_nothing_is_told_of_a_clear_gain() -> None:
    found, runs = table([140, 142, 141, 143], [150, 151, 151, 153])
    assert diagnose(found, runs) == []
    (claim, *_) = claims("main-table", found, None)  # type: ignore[arg-type]
    assert claim.verdict == "a gain, its size agrees"


def test_a_baseline_above_every_network_is_told() -> None:
    found, runs = table([140, 142, 141, 143], [150, 151, 151, 153], ngrams=180)
    (told,) = diagnose(found, runs)
    assert "n-grams do better" in told.signature and TIES in told.evidence


def test_runs_of_one_label_are_told_and_decide_nothing() -> None:
    found, runs = table([140, 142, 141], [150, 151, 153])
    scores = score(GOLD, ["a"] * 200, ["a", "b"], resamples=50)
    runs[TIES] = {
        seed: SimpleNamespace(**{**vars(one), "metrics": {"test": scores}})
        for seed, one in runs[TIES].items()
    }
    (told, *_) = diagnose(found, runs)
    assert (
        told.signature == "Runs that give every sentence the same label"
        and f"{TIES} (3 of 3 runs)" in told.evidence
    )
    same, _ = table([140, 140], [140, 140])
    row = same.differences.set_index("name").loc[TIES]
    assert row["seeds for 2"] is None
    (claim, *_) = claims("main-table", same, None)  # type: ignore[arg-type]
    assert "no spread" in claim.verdict


def test_forgetting_is_read_from_the_record_of_the_checkpoint(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        diagnosis, "open_checkpoint", lambda ref: SimpleNamespace(adapter=Path(ref), folder=tmp_path)
    )
    losses = {
        "before": {"monolingual": 5.0, "code-mixed": 6.5},
        "after": {"monolingual": 5.6, "code-mixed": 4.4},
    }
    (tmp_path / "training.json").write_text(json.dumps(losses))
    told = forgetting(str(tmp_path))
    assert told is not None and "5.00 → 5.60" in told.evidence and "code-mixed 6.50 → 4.40" in told.evidence
    (tmp_path / "training.json").write_text(json.dumps(losses | {"after": {"monolingual": 5.1}}))
    assert forgetting(str(tmp_path)) is None
    (tmp_path / "training.json").write_text("[]")
    assert forgetting(str(tmp_path)) is None


def test_failed_transfer_puts_the_mixing_side_by_side() -> None:
    found, _ = table([140, 142, 141], [140, 141, 142])
    (told,) = transfer_failed(found, {"cmi": 20.0, "i_index": 0.3}, {"cmi": 5.0, "i_index": 0.1}, "en-ta")
    assert "train cmi 20.00 i_index 0.30, target cmi 5.00 i_index 0.10" in told.evidence
    (told,) = transfer_failed(found, None, None, "en-ta")
    assert "could not be measured" in told.evidence
    better, _ = table([140, 142, 141, 143], [150, 151, 151, 153])
    assert transfer_failed(better, None, None, "en-ta") == []


def test_sign_conflicts_name_the_worst_layer() -> None:
    agreement = pd.DataFrame(
        [("layer 1", 0.4, -0.1), ("layer 2", 0.5, -0.3)], columns=["layer", "conflicts", "cosine"]
    )
    told = sign_conflicts(agreement)
    assert told is not None and "45 % of elements" in told.evidence and "layer 2 (50 %)" in told.evidence
    assert sign_conflicts(agreement.assign(conflicts=0.1)) is None
    assert sign_conflicts(agreement.head(0)) is None
