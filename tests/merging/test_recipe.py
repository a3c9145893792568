"""Weights, schedules, module groups and what contradicts itself."""

from __future__ import annotations

import pytest
import torch

from codemix_lab.config import MergeMethod, MergeSpec, TiesPreset, TrimScope
from codemix_lab.errors import IncompatibleError, SpecError
from codemix_lab.merging.live import LiveMerge
from codemix_lab.merging.merge import merge_by
from codemix_lab.merging.methods import combine_of
from codemix_lab.merging.recipe import Recipe

BASE = {
    "embeddings.word_embeddings.weight": torch.ones(8, 4),
    **{f"encoder.layer.{n}.attention.self.query.weight": torch.ones(4, 4) for n in range(3)},
    "encoder.layer.2.output.dense.weight": torch.ones(4, 4),
    "encoder.layer.2.output.LayerNorm.bias": torch.ones(4),
}
TAU = {name: torch.full_like(tensor, 2.0) for name, tensor in BASE.items()}


def moved(recipe: Recipe, count: int = 1) -> list[float]:
    """How far the first element of every tensor moves; live and reference agree on it."""
    vectors = [TAU] * count
    expected = merge_by(BASE, vectors, recipe)
    live = LiveMerge(BASE, vectors).snapshot(recipe)
    assert all(torch.equal(live[name], tensor) for name, tensor in expected.items())
    return [round(tensor.flatten()[0].item() - 1, 5) for tensor in expected.values()]


def test_weights_scale_each_source_and_negative_ones_unlearn() -> None:
    assert moved(Recipe(0.5, method="task-arithmetic", weights=(1.0, -0.5)), 2) == [0.5] * 6
    assert moved(Recipe(0.5, weights=(-1.0,))) == [-1.0] * 6
    assert moved(Recipe(1.0, method="linear", weights=(3.0, 1.0)), 2) == [2.0] * 6


def test_schedules_run_over_the_layers() -> None:
    assert moved(Recipe(1.0, schedule="linear", depth=(0.0, 1.0))) == [0.0, 0.0, 1.0, 2.0, 2.0, 2.0]
    assert moved(Recipe(1.0, schedule="lines", depth=(0.5,))) == [1.0, 1.0, 1.5, 2.0, 2.0, 2.0]
    assert moved(Recipe(1.0, schedule="free", depth=(1.0, 0.0, -1.0))) == [2.0, 2.0, 0.0, -2.0, -2.0, -2.0]
    with pytest.raises(SpecError, match="depth has 2 numbers, but the model has 3 layers"):
        moved(Recipe(1.0, schedule="free", depth=(1.0, 0.0)))


def test_groups_scale_kinds_of_modules() -> None:
    assert moved(Recipe(1.0, groups=(0.0, 0.5, 1.0, 2.0))) == [0.0, 1.0, 1.0, 1.0, 2.0, 4.0]


def test_rows_in_use_are_exact_and_a_snapshot_is_whole() -> None:
    embedding = "embeddings.word_embeddings.weight"
    live = LiveMerge(BASE, [TAU])
    with live.at(0.5):
        pass
    with live.at(1.0, rows={embedding: [1, 2, 7]}) as state:
        assert state[embedding][:, 0].tolist() == [2.0, 3.0, 3.0, 2.0, 2.0, 2.0, 2.0, 3.0]
        assert state["encoder.layer.2.output.LayerNorm.bias"].tolist() == [3.0] * 4
    assert live.snapshot(1.0)[embedding].unique().tolist() == [3.0]


def test_a_task_vector_of_zeros_leaves_the_base() -> None:
    zero = {name: torch.zeros_like(tensor) for name, tensor in BASE.items()}
    for method in MergeMethod:
        vectors = [zero] * method.fewest
        merged = LiveMerge(BASE, vectors).snapshot(Recipe(0.7, 0.5, method))
        assert all(torch.equal(merged[name], tensor) for name, tensor in BASE.items()), method


def test_different_shapes_are_refused() -> None:
    with pytest.raises(IncompatibleError, match="has the shape"):
        merge_by(BASE, [{**TAU, "encoder.layer.2.output.LayerNorm.bias": torch.ones(5)}], Recipe(1.0))


def test_every_method_has_its_function_and_its_words() -> None:
    for method in MergeMethod:
        assert callable(combine_of(method))
        assert method.label
        assert method.help.endswith(".")
        assert set(method.reads) <= set(MergeSpec.parameters())
        assert all(option.low <= option.default <= option.high for option in method.options)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"adapted": ("a", "a")}, "adapted names “a” twice"),
        ({"weights": (1.0,)}, "weights has 1 numbers for 2 checkpoints"),
        ({"weights": (1.0, 9.0)}, "weights = 9.0 is out of range"),
        ({"method": "linear", "weights": (1.0, -1.0)}, "weights add up to 0"),
        ({"method": "slerp"}, "slerp takes at most 1"),
        ({"method": "model-stock", "adapted": ("a",)}, "model-stock takes at least 2"),
        ({"preset": "paper"}, "preset belongs to ties, dare-ties"),
        ({"seed": 3}, "seed belongs to dare, dare-ties"),
        ({"preset": "papr"}, "choose one of lab, paper"),
        ({"schedule": "linear", "depth": (1.0,)}, "depth has 1 numbers, but a linear schedule wants 2"),
        ({"schedule": "free"}, "depth is empty"),
        ({"depth": (1.0,)}, "a constant schedule wants 0"),
        ({"method": "breadcrumbs", "options": {"outlier": 0.1}}, "did you mean “outliers”"),
        ({"method": "breadcrumbs", "options": {"outliers": 0.9}}, "outliers = 0.9 is out of range"),
        ({"options": {"outliers": 0.1}}, "task-arithmetic has no option “outliers”"),
    ],
)
def test_contradictions_are_named(changes: dict[str, object], said: str) -> None:
    with pytest.raises(SpecError, match=said):
        MergeSpec(**{"base": "b", "adapted": ("a", "c"), **changes})  # type: ignore[arg-type]


def test_new_fields_stay_out_of_older_specs() -> None:
    spec = MergeSpec("b", ("a",), "ties")  # type: ignore[arg-type]
    assert list(spec.to_dict()) == ["base", "adapted", "method", "scaling", "density", "scope"]
    full = MergeSpec(
        "b",
        ("a", "c"),
        "breadcrumbs",
        weights=(1, -0.5),
        schedule="lines",
        depth=(0.5,),
        options={"outliers": 0.1},
    )  # type: ignore[arg-type]
    assert MergeSpec.from_yaml(full.to_yaml()) == full
    assert full.to_dict()["options"] == {"outliers": 0.1}


def test_a_preset_brings_its_scope_unless_one_is_given() -> None:
    paper = MergeSpec("b", ("a",), MergeMethod.TIES, preset=TiesPreset.PAPER)
    assert paper.scope is TrimScope.GLOBAL
    given = MergeSpec("b", ("a",), MergeMethod.TIES, scope=TrimScope.TENSOR, preset=TiesPreset.PAPER)
    assert given.scope is TrimScope.TENSOR
