"""Presets and methods against the systems they are named after: mergekit, peft, the TIES code, FusionBench."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from codemix_lab.config import MergeMethod, TiesPreset
from codemix_lab.merging.live import LiveMerge
from codemix_lab.merging.merge import merge_by
from codemix_lab.merging.recipe import Recipe
from codemix_lab.merging.task_vector import TaskVector
from codemix_lab.models.checkpoints import open_checkpoint
from codemix_lab.models.loading import backbone_state

State = dict[str, Tensor]


def original_ties(vectors: Sequence[State], density: float, how: str) -> State:
    """The authors' code, step by step in numpy, each step with the function it transcribes.

    github.com/prateeky2806/ties-merging at 641600e, src/utils/merge_utils.py; `how` is “mean” (“dis-mean”
    there) or “sum”, as tanganke/fusion_bench at 08f8abd, fusion_bench/method/ties_merging/
    ties_merging_utils.py, calls the same functions with.
    """
    rows = np.stack([np.concatenate([t.float().numpy().ravel() for t in v.values()]) for v in vectors])
    size = rows.shape[1]  # topk_values_mask: n, d = M.shape
    k = size - int(size * density)  # topk_values_mask: k = int(d * K), k = d - k
    magnitudes = np.abs(rows)
    kth = np.partition(magnitudes, k - 1, axis=1)[:, k - 1 : k]  # topk_values_mask: kthvalue counts from 1
    rows = np.where(magnitudes >= kth, rows, np.float32(0))  # topk_values_mask: mask = M.abs() >= kth_values
    signs = np.sign(rows.sum(axis=0, dtype=np.float32))  # resolve_sign, "mass"
    signs[signs == 0] = np.sign(signs.sum(dtype=np.float64))  # resolve_zero_signs, "majority"
    kept = np.where(signs > 0, rows > 0, rows < 0)  # disjoint_merge: rows_to_keep
    merged = np.where(kept, rows, np.float32(0)).sum(axis=0, dtype=np.float32)  # disjoint_merge: sum
    if how == "mean":
        merged = merged / np.maximum(kept.sum(axis=0), 1).astype(np.float32)  # disjoint_merge: mean
    parts = np.split(merged, np.cumsum([t.numel() for t in vectors[0].values()])[:-1])
    named = zip(parts, vectors[0].items(), strict=True)
    return {name: torch.from_numpy(part).view(t.shape) for part, (name, t) in named}


def mergekit_change(
    deltas: Sequence[Tensor], weights: Sequence[float], density: float, outliers: float | None
) -> Tensor:
    """mergekit's own trimming and sign mask, divided as its merge does: TIES, or without the mask breadcrumbs."""
    from mergekit import sparsify
    from mergekit.merge_methods import generalized_task_arithmetic as gta

    cut = sparsify.magnitude if outliers is None else sparsify.magnitude_outliers
    further = {} if outliers is None else {"gamma": outliers}
    changes = torch.stack([cut(d, density, **further) * w for d, w in zip(deltas, weights, strict=True)])
    if outliers is not None:
        return changes.sum(dim=0)
    mask = gta.get_mask(changes, method="sum", mask_dtype=changes.dtype)
    share = torch.tensor(weights).view(-1, *[1] * deltas[0].dim())
    divisor = (share * mask).sum(dim=0)
    divisor[divisor == 0] = 1
    return (changes * mask).sum(dim=0) / divisor


def peft_change(deltas: Sequence[Tensor], weights: Sequence[float], density: float, vote: str) -> Tensor:
    """peft's `ties` on dense changes."""
    from peft.utils.merge_utils import ties

    return ties(list(deltas), torch.tensor(weights), density, vote)


def distinct(seed: int, shapes: Sequence[tuple[int, ...]], count: int) -> list[State]:
    """Task vectors without equal magnitudes, so that no threshold is a tie."""
    generator = torch.Generator().manual_seed(seed)
    total = sum(torch.Size(shape).numel() for shape in shapes)
    vectors = []
    for _ in range(count):
        values = (torch.randperm(total, generator=generator) + 1) / total
        values *= torch.where(torch.rand(total, generator=generator) < 0.5, -1.0, 1.0)
        parts = torch.split(values, [torch.Size(shape).numel() for shape in shapes])
        vectors.append(
            {f"layer.{i}.w": p.view(s) for i, (p, s) in enumerate(zip(parts, shapes, strict=True))}
        )
    return vectors


def changes_of(vectors: Sequence[State], recipe: Recipe) -> State:
    """What a recipe adds to a base of zeros, by the reference; the live engine has to say the same."""
    base = {name: torch.zeros_like(tensor) for name, tensor in vectors[0].items()}
    expected = merge_by(base, vectors, recipe)
    live = LiveMerge(base, vectors).snapshot(recipe)
    for name, tensor in expected.items():
        assert torch.equal(live[name], tensor), name
    return expected


SHAPES = st.lists(st.sampled_from([(), (1,), (3,), (5, 4), (17,), (20, 30)]), min_size=1, max_size=4)
WEIGHTS = st.sampled_from([1.0, 1.0, 0.5, 2.0, -1.0])


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 999), shapes=SHAPES, count=st.integers(1, 3), density=st.floats(0.05, 0.95))
def test_paper_and_fusion_bench_equal_the_original_code(
    seed: int, shapes: list[tuple[int, ...]], count: int, density: float
) -> None:
    vectors = distinct(seed, shapes, count)
    assert_as_published(vectors, density)


@settings(max_examples=25, deadline=None)
@given(
    seed=st.integers(0, 999),
    shapes=st.lists(st.sampled_from([(), (0,), (1,), (3, 0), (5, 4), (200,)]), min_size=1, max_size=4),
    count=st.integers(1, 3),
    density=st.floats(0.05, 0.95),
    kind=st.sampled_from(["few values", "bfloat16", "tiny", "zero"]),
)
def test_they_do_on_ties_empty_tensors_and_zeros_too(
    seed: int, shapes: list[tuple[int, ...]], count: int, density: float, kind: str
) -> None:
    """Both decide by values alone, so that magnitudes that tie at the threshold are no exception."""
    generator = torch.Generator().manual_seed(seed)
    make = {
        "few values": lambda shape: torch.randint(-2, 3, shape, generator=generator) / 4,
        "bfloat16": lambda shape: torch.randn(shape, generator=generator).bfloat16().float(),
        "tiny": lambda shape: torch.randn(shape, generator=generator) * 1e-30,
        "zero": torch.zeros,
    }[kind]
    vectors = [{f"layer.{i}.w": make(shape) for i, shape in enumerate(shapes)} for _ in range(count)]
    if sum(tensor.numel() for tensor in vectors[0].values()):
        assert_as_published(vectors, density)


def assert_as_published(vectors: Sequence[State], density: float) -> None:
    for preset, how in ((TiesPreset.PAPER, "mean"), (TiesPreset.FUSION_BENCH, "sum")):
        recipe = Recipe(1.0, density, scope=preset.scope, preset=preset)
        expected = original_ties(vectors, density, how)
        for name, tensor in changes_of(vectors, recipe).items():
            torch.testing.assert_close(tensor, expected[name])


def test_integers_and_tied_names_are_left_out_and_merged_once() -> None:
    shared = torch.tensor([4.0, -3.0, 2.0, 1.0])
    vector = {"embed": shared, "bias": torch.tensor([0.5, -6.0])}
    base = {"embed": torch.zeros(4), "bias": torch.zeros(2), "ids": torch.arange(3)}
    base["head"] = base["embed"]
    recipe = Recipe(1.0, 0.5, scope="global", preset="paper")
    merged = merge_by(base, [vector | {"head": shared, "ids": torch.arange(3)}], recipe)
    expected = original_ties([vector], 0.5, "mean")
    assert torch.equal(merged["embed"], expected["embed"]) and torch.equal(merged["bias"], expected["bias"])
    assert merged["head"] is merged["embed"] and torch.equal(merged["ids"], torch.arange(3))


def test_a_sum_of_zero_takes_the_majority_in_the_paper_and_plus_elsewhere() -> None:
    one = {"w": torch.tensor([1.0, -2.0, -3.0])}
    two = {"w": torch.tensor([-1.0, -2.0, -3.0])}
    paper = Recipe(1.0, 0.999, scope="global", preset="paper")
    assert (
        changes_of([one, two], paper)["w"].tolist() == original_ties([one, two], 0.99, "mean")["w"].tolist()
    )
    assert changes_of([one, two], paper)["w"].tolist() == [-1.0, -2.0, -3.0]
    assert changes_of([one, two], Recipe(1.0))["w"].tolist() == [1.0, -2.0, -3.0]


@settings(max_examples=15, deadline=None)
@given(
    seed=st.integers(0, 999),
    shapes=SHAPES,
    weights=st.lists(WEIGHTS, min_size=1, max_size=3),
    density=st.floats(0.05, 0.95),
)
def test_presets_equal_mergekit_and_peft(
    seed: int, shapes: list[tuple[int, ...]], weights: list[float], density: float
) -> None:
    vectors = distinct(seed, shapes, len(weights))
    for preset in (TiesPreset.MERGEKIT, TiesPreset.PEFT, TiesPreset.PEFT_FREQUENCY):
        merged = changes_of(vectors, Recipe(1.0, density, preset=preset, weights=tuple(weights)))
        for name in merged:
            deltas = [vector[name] for vector in vectors]
            if preset is TiesPreset.MERGEKIT:
                expected = mergekit_change(deltas, weights, density, None)
            elif int(density * deltas[0].numel()) == 0:
                continue  # peft drops tiny tensors whole; here one change is always kept
            else:
                vote = "total" if preset is TiesPreset.PEFT else "frequency"
                expected = peft_change(deltas, weights, density, vote)
            torch.testing.assert_close(merged[name], expected)


def test_breadcrumbs_equal_mergekit() -> None:
    vectors = distinct(3, [(20, 50), (100,)], 2)
    options = (("outliers", 0.05),)
    recipe = Recipe(1.0, 0.3, MergeMethod.BREADCRUMBS, weights=(1.0, -0.5), options=options)
    for name, tensor in changes_of(vectors, recipe).items():
        deltas = [vector[name] for vector in vectors]
        torch.testing.assert_close(tensor, mergekit_change(deltas, [1.0, -0.5], 0.3, 0.05))


def test_slerp_keeps_to_the_arc() -> None:
    base, adapted = {"w": torch.tensor([1.0, 0.0])}, torch.tensor([0.0, 1.0])
    tau = [{"w": adapted - base["w"]}]
    halfway = merge_by(base, tau, Recipe(0.5, method=MergeMethod.SLERP))["w"]
    torch.testing.assert_close(halfway, torch.full((2,), 0.5**0.5))
    torch.testing.assert_close(merge_by(base, tau, Recipe(1.0, method=MergeMethod.SLERP))["w"], adapted)
    assert torch.equal(LiveMerge(base, tau).snapshot(Recipe(0.5, method=MergeMethod.SLERP))["w"], halfway)


def test_model_stock_steps_back_as_the_angles_say() -> None:
    one, two = torch.tensor([1.0, 0.0]), torch.tensor([0.6, 0.8])
    share = 2 * 0.6 / (1 + 0.6)
    merged = changes_of([{"w": one}, {"w": two}], Recipe(1.0, method=MergeMethod.MODEL_STOCK))["w"]
    torch.testing.assert_close(merged, share * (one + two) / 2)


def test_dare_keeps_its_share_and_its_seed() -> None:
    vectors = [{"w": torch.ones(200, 200)}]
    same = [changes_of(vectors, Recipe(1.0, 0.25, MergeMethod.DARE, seed=seed))["w"] for seed in (1, 1, 2)]
    assert torch.equal(same[0], same[1])
    assert not torch.equal(same[0], same[2])
    assert set(same[0].unique().tolist()) == {0.0, 4.0}
    assert same[0].mean().item() == pytest.approx(1.0, abs=0.05)


@pytest.mark.starter
def test_presets_hold_on_real_task_vectors() -> None:
    root = open_checkpoint("starter")
    base = backbone_state(root)
    tips = [open_checkpoint(f"starter:{pair}", base=root) for pair in ("en-hi", "en-es")]
    vectors = [TaskVector.between(base, backbone_state(tip)) for tip in tips]
    live = LiveMerge(base, vectors)
    for preset in (TiesPreset.MERGEKIT, TiesPreset.PAPER):
        recipe = Recipe(0.7, 0.2, preset=preset, scope=preset.scope)
        merged = live.snapshot(recipe)
        plain = [dict(vector) for vector in vectors]
        whole = original_ties(plain, 0.2, "mean") if preset is TiesPreset.PAPER else None
        for name in list(merged)[::7]:
            deltas = [vector[name] for vector in plain]
            expected = mergekit_change(deltas, [1.0, 1.0], 0.2, None) if whole is None else whole[name]
            wrong = ~torch.isclose(merged[name], base[name] + 0.7 * expected, atol=1e-7)
            assert wrong.float().mean() < 1e-4, name  # ties at the threshold are kept here
