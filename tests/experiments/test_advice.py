"""The paper's three data regimes: what is advised can be run as it stands."""

from __future__ import annotations

import pytest

from codemix_lab.config import Regime
from codemix_lab.config.sweep import SweepSpec
from codemix_lab.errors import SpecError
from codemix_lab.experiments.advice import Case, advise, as_sweep


@pytest.mark.parametrize("case", Case)
@pytest.mark.parametrize("adapted", [(), ("starter:en-hi",)])
@pytest.mark.parametrize("english", [None, "en"])
def test_every_recipe_is_a_sweep_that_can_be_meant(
    case: Case, adapted: tuple[str, ...], english: str | None
) -> None:
    found = advise(case, 300, english, adapted, "en-ta")
    made = as_sweep(found, "en-hi")
    runs = SweepSpec.of(made["run"], made["over"]).runs
    assert {run.regime for run in runs} == {*found.regimes, Regime.NGRAMS, Regime.FULL}
    assert {run.train_size for run in runs} == {75, 150, 300}
    assert all(bool(run.targets) == (case is Case.TRANSFER) for run in runs)
    assert found.recipe and found.paper and found.here and found.next and case.has and case.heading


def test_without_an_adapted_checkpoint_the_merges_are_missing_and_it_is_said() -> None:
    found = advise(Case.UNLABELLED, 200)
    assert found.regimes == (Regime.FULL,)
    assert "TIES → FT: an adapted checkpoint is needed first" in found.missing[0]
    assert "scalings" not in found.settings
    assert "Name the task of the pair" in advise(Case.TRANSFER, adapted=["a"]).missing[0]


def test_labels_only_brings_in_what_there_is() -> None:
    alone = advise(Case.LABELLED).regimes
    assert alone == (Regime.FULL, Regime.PROBE)
    with_all = advise(Case.LABELLED, english="en", adapted=["a"]).regimes
    assert {Regime.SEQUENTIAL, Regime.JOINT, Regime.TIES, Regime.MULTI_SOURCE} <= set(with_all)


def test_few_labels_ask_for_more_seeds() -> None:
    assert advise(Case.LABELLED, 50).seeds == 10 and advise(Case.LABELLED, 400).seeds == 5
    with pytest.raises(SpecError, match="at least 2"):
        advise(Case.LABELLED, 1)
