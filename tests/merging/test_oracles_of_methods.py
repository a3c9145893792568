"""SLERP, Model Stock and DARE against installed mergekit's own functions."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from codemix_lab.config import MergeMethod
from codemix_lab.merging.live import LiveMerge
from codemix_lab.merging.merge import merge_by
from codemix_lab.merging.methods.dare import chances
from codemix_lab.merging.methods.piece import Piece
from codemix_lab.merging.recipe import Recipe
from codemix_lab.models.checkpoints import open_checkpoint
from codemix_lab.models.loading import backbone_state

SHAPES = st.sampled_from([(), (0,), (1,), (7,), (6, 5), (40, 30)])
DTYPES = st.sampled_from([torch.float32, torch.bfloat16])
KINDS = st.sampled_from(["near", "far", "same", "opposite", "from zero", "to zero"])


def mergekit_slerp(t: float, base: Tensor, adapted: Tensor) -> Tensor:
    """mergekit's function on one pair; its first axis counts outputs."""
    from mergekit.merge_methods.slerp import slerp

    return slerp(torch.tensor([t]), base.unsqueeze(0), adapted.unsqueeze(0))[0]


def mergekit_model_stock(base: Tensor, tips: Sequence[Tensor]) -> Tensor:
    """mergekit's method on one tensor."""
    from mergekit.merge_methods.base import TensorGroup
    from mergekit.merge_methods.model_stock import model_stock_merge_method

    return model_stock_merge_method.merge_group(TensorGroup.from_tensors([base, *tips], base_index=0))


def ours(base: Tensor, tips: Sequence[Tensor], recipe: Recipe) -> Tensor:
    """The reference merge of one tensor; the live engine has to say the same."""
    taus = [{"w": tip.float() - base.float()} for tip in tips]
    merged = merge_by({"w": base}, taus, recipe)["w"]
    assert torch.equal(LiveMerge({"w": base}, taus).snapshot(recipe)["w"], merged)
    return merged


def moved(kind: str, base: Tensor, generator: torch.Generator) -> Tensor:
    noise = torch.randn(base.shape, generator=generator)
    ways = {
        "near": base + 0.3 * noise,
        "far": noise,
        "same": base * 1.5,
        "opposite": -base,
        "from zero": noise,
        "to zero": torch.zeros_like(base),
    }
    return ways[kind]


def close(merged: Tensor, expected: Tensor) -> None:
    """Equal but for the order of sums; a bfloat16 may round to its neighbour."""
    tolerance = {} if merged.dtype == torch.float32 else {"atol": 1e-3, "rtol": 1e-2}
    torch.testing.assert_close(merged, expected, **tolerance)


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 999), shape=SHAPES, dtype=DTYPES, kind=KINDS, t=st.floats(0, 1.5))
def test_slerp_equals_mergekit(
    seed: int, shape: tuple[int, ...], dtype: torch.dtype, kind: str, t: float
) -> None:
    generator = torch.Generator().manual_seed(seed)
    base = torch.zeros(shape) if kind == "from zero" else torch.randn(shape, generator=generator)
    adapted = moved(kind, base, generator).to(dtype)
    base = base.to(dtype)
    merged = ours(base, [adapted], Recipe(t, method=MergeMethod.SLERP))
    if (base.any() and adapted.any()) or t in (0, 1):
        close(merged, mergekit_slerp(t, base, adapted))
    else:  # no direction, no arc: here the way is a line, mergekit takes a right angle
        close(merged, ((1 - t) * base.float() + t * adapted.float()).to(dtype))


@settings(max_examples=40, deadline=None)
@given(
    seed=st.integers(0, 999),
    shape=st.sampled_from([(1,), (7,), (6, 5), (40, 30)]),
    count=st.integers(2, 4),
    common=st.sampled_from([0.0, 0.5, 2.0]),
)
def test_model_stock_equals_mergekit(seed: int, shape: tuple[int, ...], count: int, common: float) -> None:
    generator = torch.Generator().manual_seed(seed)
    base, shared = (torch.randn(shape, generator=generator) for _ in range(2))
    tips = [base + common * shared + torch.randn(shape, generator=generator) for _ in range(count)]
    merged = ours(base, tips, Recipe(1.0, method=MergeMethod.MODEL_STOCK))
    deltas = torch.stack([(tip - base).flatten().double() for tip in tips])
    lengths = deltas.norm(dim=1)
    cosines = (deltas @ deltas.T) / (lengths[:, None] * lengths)
    mean = (cosines.sum() - count) / (count * (count - 1))
    if mean > 0:
        torch.testing.assert_close(merged, mergekit_model_stock(base, tips), rtol=1e-4, atol=1e-4)
    else:  # where changes oppose each other, mergekit goes beyond the base; here the base is the end
        torch.testing.assert_close(merged, base)


@pytest.mark.parametrize("density", [0.1, 0.5, 0.9])
def test_dare_drops_and_rescales_as_mergekit_does_with_the_same_dice(
    density: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    from mergekit import sparsify

    deltas = [torch.randn(30, 20, generator=torch.Generator().manual_seed(seed)) for seed in (1, 2)]
    base, recipe = torch.zeros(30, 20), Recipe(1.0, density, MergeMethod.DARE, weights=(1.0, -0.5), seed=3)
    piece = Piece("w", base, recipe, 1.0, (0.0, 0.0), (0.0, 0.0))
    expected = torch.zeros(30, 20)
    for place, (delta, weight) in enumerate(zip(deltas, (1.0, -0.5), strict=True)):
        dice = chances(delta, piece, place)
        monkeypatch.setattr(torch, "bernoulli", lambda share, dice=dice: (dice < share).to(share.dtype))
        expected += weight * sparsify.bernoulli(delta, density) / density
    torch.testing.assert_close(ours(base, deltas, recipe), expected)


@pytest.mark.starter
def test_slerp_and_model_stock_hold_on_real_checkpoints() -> None:
    root = open_checkpoint("starter")
    base = backbone_state(root)
    tips = [backbone_state(open_checkpoint(f"starter:{pair}", base=root)) for pair in ("en-hi", "en-es")]
    for name in list(base)[3::20]:
        if base[name].is_floating_point():
            slerped = ours(base[name], [tips[0][name]], Recipe(0.7, method="slerp"))
            close(slerped, mergekit_slerp(0.7, base[name], tips[0][name]))
            stocked = ours(base[name], [tip[name] for tip in tips], Recipe(1.0, method="model-stock"))
            torch.testing.assert_close(
                stocked, mergekit_model_stock(base[name], [tip[name] for tip in tips]), rtol=1e-4, atol=1e-5
            )
