"""Weights between weights: exact at the ends, a line between two, and nothing between models that differ."""

from __future__ import annotations

import pytest
import torch

from codemix_lab.errors import IncompatibleError
from codemix_lab.merging.interpolate import interpolate

A = {"w": torch.tensor([1.0, -2.0, 3.0, 0.1]), "place": torch.tensor([0, 1])}
B = {"w": torch.tensor([3.0, 2.0, -1.0, 0.3]), "place": torch.tensor([0, 1])}


def test_one_weight_gives_exactly_that_state_and_a_copy_of_it() -> None:
    for weights, state in (([1.0, 0.0], A), ([0.0, 1.0], B)):
        found = interpolate([A, B], weights)
        assert torch.equal(found["w"], state["w"]) and found["w"] is not state["w"]
        assert found["place"].dtype == torch.int64


def test_half_and_half_and_beyond() -> None:
    assert interpolate([A, B], [0.5, 0.5])["w"].tolist() == pytest.approx([2.0, 0.0, 1.0, 0.2])
    assert interpolate([A, B], [1.5, -0.5])["w"].tolist() == pytest.approx([0.0, -4.0, 5.0, 0.0], abs=1e-6)


@pytest.mark.parametrize("other", [{"w": torch.zeros(3), "place": A["place"]}, {"v": torch.zeros(4)}])
def test_models_that_differ_have_nothing_between_them(other: dict[str, torch.Tensor]) -> None:
    with pytest.raises(IncompatibleError, match="not the same in all models"):
        interpolate([A, other], [0.5, 0.5])
