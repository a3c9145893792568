"""Hand-computed numbers for trim, elect sign, disjoint mean and the whole of TIES."""

import pytest
import torch
from torch import Tensor

from codemix_lab.config import TiesPreset
from codemix_lab.merging.task_arithmetic import add_scaled, total
from codemix_lab.merging.ties import disjoint_mean, elect_sign, kth_largest, ties, trim, trim_together


def vector(*values: float) -> Tensor:
    return torch.tensor(values, dtype=torch.float32)


@pytest.mark.parametrize(
    ("size", "density", "expected"),
    [(0, 0.5, 0), (1, 0.01, 1), (3, 0.5, 2), (5, 0.5, 2), (10, 0.2, 2), (7, 1.0, 7), (1000, 0.001, 1)],
)
def test_kept_rounds_half_to_even_and_keeps_at_least_one(size: int, density: float, expected: int) -> None:
    assert TiesPreset.LAB.keeps(size, density) == expected


def test_trim_keeps_the_largest_of_both_signs() -> None:
    delta = vector(-5.0, 1.0, 3.0, -2.0, 0.5)
    assert trim(delta, 0.4).tolist() == [-5.0, 0.0, 3.0, 0.0, 0.0]
    assert trim(delta, 1.0).tolist() == delta.tolist()
    assert trim(delta, 0.01).tolist() == [-5.0, 0.0, 0.0, 0.0, 0.0]


def test_all_elements_that_tie_with_the_threshold_are_kept() -> None:
    assert trim(vector(2.0, -2.0, 2.0, 1.0), 0.25).tolist() == [2.0, -2.0, 2.0, 0.0]


def test_trim_of_zeros_nothing_and_a_scalar() -> None:
    assert trim(torch.zeros(3), 0.5).tolist() == [0.0, 0.0, 0.0]
    assert trim(torch.zeros(0, 4), 0.5).shape == (0, 4)
    assert trim(torch.tensor(-3.0), 0.01).item() == -3.0


def test_global_trim_spends_the_budget_over_all_tensors() -> None:
    large, small = trim_together([vector(3.0, -4.0), vector(0.1, 0.2)], 0.5)
    assert large.tolist() == [3.0, -4.0]
    assert small.tolist() == [0.0, 0.0]
    assert trim_together([torch.zeros(0)], 0.5)[0].shape == (0,)


def test_kth_largest_counts_from_one() -> None:
    magnitudes = vector(3.0, 1.0, 2.0)
    assert [kth_largest(magnitudes, k) for k in (1, 2, 3)] == [3.0, 2.0, 1.0]
    assert magnitudes.tolist() == [3.0, 1.0, 2.0]


def test_elected_sign_is_that_of_the_larger_total_and_zero_elects_plus() -> None:
    sign = elect_sign([vector(3.0, -3.0, 1.0, 0.0), vector(-1.0, 1.0, -1.0, 0.0)])
    assert sign.tolist() == [1.0, -1.0, 1.0, 1.0]


def test_disjoint_mean_divides_by_those_that_agree() -> None:
    deltas = [vector(3.0, -3.0, 1.0), vector(-1.0, -1.0, 0.0), vector(1.0, 2.0, -1.0)]
    assert disjoint_mean(deltas, vector(1.0, -1.0, 1.0)).tolist() == [2.0, -2.0, 1.0]


def test_ties_of_three_vectors() -> None:
    """Trim drops 0.1, −0.1 and 0.2; then one speaks alone, three agree, and twice the smaller side loses."""
    one, two, three = vector(5.0, 2.0, 0.1, -4.0), vector(-0.1, 4.0, 3.0, 3.0), vector(0.2, 6.0, -5.0, 2.0)
    assert ties([one, two, three], 0.75).tolist() == [5.0, 4.0, -5.0, 2.5]


def test_ties_of_one_vector_is_trim() -> None:
    delta = torch.randn(100, generator=torch.Generator().manual_seed(0))
    assert torch.equal(ties([delta], 0.3), trim(delta, 0.3))


def test_total_adds_from_first_to_last() -> None:
    assert total([vector(1.0, 2.0), vector(3.0, -2.0), vector(0.5, 0.0)]).tolist() == [4.5, 0.0]


def test_add_scaled_keeps_the_dtype_and_rounds_once_at_the_end() -> None:
    base = torch.tensor([1.0, -2.0], dtype=torch.bfloat16)
    merged = add_scaled(base, vector(0.5, 0.25), 0.5)
    assert merged.dtype == torch.bfloat16
    assert merged.tolist() == [1.25, -1.875]


def test_scaling_zero_is_the_base_bit_for_bit() -> None:
    base = vector(-0.0, 1e-40, 1.0)
    assert torch.equal(
        add_scaled(base, vector(0.0, 1.0, -1.0), 0.0).view(torch.int32), base.view(torch.int32)
    )


def test_two_roundings_are_not_a_fused_multiply_add() -> None:
    """The stated arithmetic: round(θ + round(λ·δ)), recomputed here in float64."""
    generator = torch.Generator().manual_seed(0)
    base, delta = torch.randn(10_007, generator=generator), torch.randn(10_007, generator=generator)
    scaling = torch.tensor(0.37)
    product = (delta.double() * scaling.double()).float()
    assert torch.equal(add_scaled(base, delta, 0.37), (base.double() + product.double()).float())
