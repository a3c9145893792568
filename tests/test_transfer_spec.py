"""Transfer as a spec: what is filled in, what cannot be meant, and YAML there and back."""

from __future__ import annotations

import pytest

from codemix_lab.config import Preset, Regime, RunSpec, TaskSpec, TransferSpec
from codemix_lab.errors import SpecError


def test_full_fine_tuning_and_zero_shot_are_always_there_and_nothing_comes_twice() -> None:
    spec = TransferSpec(("en-hi", "en-hi"), "en-ta", ("ngrams", "ngrams"), target_sizes=(50, 20, 20))
    assert spec.sources == (TaskSpec("en-hi"),)
    assert spec.regimes == (Regime.FULL, Regime.NGRAMS)
    assert spec.target_sizes == (0, 20, 50)


def test_yaml_is_short_and_comes_back_equal() -> None:
    told = TaskSpec("own.csv", label_column="gold")
    spec = TransferSpec("en-hi", ("en-ta", told), ("full",), english="en", mapping="neg=negative", seeds=5)
    text = spec.to_yaml()
    assert "sources:\n- en-hi\n" in text and "english: en\n" in text and "learning_rate" not in text
    assert TransferSpec.from_yaml(text) == spec


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"source": "en-hi", "targets": "en-ta"}, "no field “source”: did you mean “sources”"),
        ({"sources": "en-hi"}, "lacks the field “targets”"),
        ({"sources": (), "targets": "en-ta"}, "sources names no task"),
        ({"sources": "en-hi", "targets": "en-hi", "regimes": ("full",)}, "also what is trained on"),
        ({"sources": "en-hi", "targets": "en-ta", "regimes": ("fill",)}, "choose one of full"),
        ({"sources": "en-hi", "targets": "en-ta", "regimes": ("ties",)}, "ties needs the field adapted"),
        ({"sources": "en-hi", "targets": "en-ta", "regimes": ("joint",)}, "joint needs the field english"),
        ({"sources": "en-hi", "targets": "en-ta", "regimes": ("prompt",)}, "prompting trains nothing"),
        ({"sources": "en-hi", "targets": "en-ta", "regimes": (), "mapping": "neg"}, "write OLD=NEW"),
        ({"sources": "en-hi", "targets": "en-ta", "regimes": (), "target_sizes": (-1,)}, "out of range"),
    ],
)
def test_what_cannot_be_meant_is_said_with_the_field(values: dict[str, object], said: str) -> None:
    with pytest.raises(SpecError, match=said):
        TransferSpec.from_dict(values)


def test_the_preset_gets_what_the_spec_says() -> None:
    spec = TransferSpec("en-hi", "en-ta", ("full",), train_size=60, target_sizes=(20,), epochs=2, seeds=4)
    asked = spec.reproduction(spec.sources, spec.targets, None)
    assert (asked.preset, asked.train_sizes, asked.target_sizes) == (Preset.TRANSFER, (60,), (0, 20))
    assert (asked.epochs, asked.seeds, asked.asked_regimes) == (2, 4, (Regime.FULL,))
    run = asked.run(Regime.FULL, asked.tasks[0], 60, 1)
    assert run.target_sizes == (20,) and run.targets == spec.targets


def test_a_run_without_few_shot_keeps_the_identity_it_had() -> None:
    plain = RunSpec("full", "en-hi", targets=("en-ta",))
    assert RunSpec("full", "en-hi", targets=("en-ta",), target_sizes=(0,), target_epochs=3) == plain
    assert "target_sizes" not in plain.to_dict()
    assert RunSpec("full", "en-hi", target_sizes=(20,)) == RunSpec("full", "en-hi")
    assert RunSpec("ngrams", "en-hi", targets=("en-ta",), target_sizes=(50, 20)).target_sizes == (20, 50)
