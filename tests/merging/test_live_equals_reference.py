"""The live engine equals the reference merge, element by element, whatever is asked of it."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from codemix_lab.config import MergeMethod, TrimScope
from codemix_lab.merging import live as live_module
from codemix_lab.merging.live import LiveMerge
from codemix_lab.merging.merge import merge
from codemix_lab.merging.task_vector import TaskVector

SHAPES = st.sampled_from([(), (0,), (1,), (3, 0), (5,), (4, 3), (17,), (40, 50)])
DTYPES = st.sampled_from([torch.float32, torch.float32, torch.bfloat16, torch.float16])
CONTENTS = st.sampled_from(["normal", "normal", "zero", "few values", "tiny"])


@dataclass(frozen=True)
class Case:
    """A base and the changes of one to four task vectors, as plain state dicts."""

    base: dict[str, Tensor]
    task_vectors: list[dict[str, Tensor]]


@st.composite
def cases(draw: st.DrawFn, most: int = 4) -> Case:
    """Up to five tensors of any shape, dtype and content, perhaps with integers and a tied name."""
    generator = torch.Generator().manual_seed(draw(st.integers(0, 2**32 - 1)))
    shapes = draw(st.lists(SHAPES, min_size=1, max_size=5))
    base = {
        f"t{i}": torch.randn(shape, generator=generator).to(draw(DTYPES)) for i, shape in enumerate(shapes)
    }
    vectors = [
        {name: content(draw(CONTENTS), tensor.shape, generator) for name, tensor in base.items()}
        for _ in range(draw(st.integers(1, most)))
    ]
    if draw(st.booleans()):
        base["position_ids"] = torch.arange(4)
        base["seen"] = torch.tensor(True)
    if draw(st.booleans()):
        for state in (base, *vectors):
            state["tied"] = state["t0"]
    return Case(base, vectors)


def content(kind: str, shape: torch.Size, generator: torch.Generator) -> Tensor:
    """Changes of one kind; “few values” makes ties and sums of exactly zero likely."""
    if kind == "few values":
        return torch.randint(-2, 3, shape, generator=generator).to(torch.float32) / 4
    return torch.randn(shape, generator=generator) * {"normal": 1e-2, "zero": 0.0, "tiny": 1e-40}[kind]


SCALINGS = st.one_of(st.sampled_from([0.0, 1.0, 0.6]), st.floats(0, 1.5))
DENSITIES = st.one_of(st.sampled_from([1.0, 0.01, 0.2, 0.5]), st.floats(0.001, 1))
ANY_COUNT = [method for method in MergeMethod if method.fewest == 1 and method.most > 4]
CHOICES = st.tuples(SCALINGS, DENSITIES, st.sampled_from(ANY_COUNT), st.sampled_from(TrimScope))


def assert_same(actual: dict[str, Tensor], expected: dict[str, Tensor]) -> None:
    assert list(actual) == list(expected)
    for name, tensor in expected.items():
        assert actual[name].dtype == tensor.dtype, name
        assert torch.equal(actual[name], tensor), name


def model(seed: int, scale: float = 1.0) -> dict[str, Tensor]:
    """A stand-in of two large tensors, beyond one segment and beyond the sorted size, and a small one."""
    generator = torch.Generator().manual_seed(seed)
    sizes = {"embed": (1100, 1000), "dense": (300, 300), "bias": (7,)}
    return {name: torch.randn(shape, generator=generator) * scale for name, shape in sizes.items()}


@settings(max_examples=60, deadline=None)
@given(case=cases(), choices=st.lists(CHOICES, min_size=1, max_size=4))
def test_live_equals_reference(
    case: Case, choices: list[tuple[float, float, MergeMethod, TrimScope]]
) -> None:
    live = LiveMerge(case.base, case.task_vectors)
    for scaling, density, method, scope in choices:
        expected = merge(case.base, case.task_vectors, method, scaling, density, scope)
        assert_same(live.snapshot(scaling, density, method, scope), expected)
        with live.at(scaling, density, method, scope) as state:
            assert_same({name: t.to(case.base[name].dtype) for name, t in state.items()}, expected)


@settings(max_examples=20, deadline=None)
@given(case=cases(), choice=CHOICES)
def test_the_torch_path_of_other_devices_equals_reference(
    case: Case, choice: tuple[float, float, MergeMethod, TrimScope]
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(live_module, "kernel_for", lambda wanted, count: None)
        live = LiveMerge(case.base, case.task_vectors)
        scaling, density, method, scope = choice
        for thresholds in live._thresholds:
            patch.setattr(thresholds, "_select_all", True)
        expected = merge(case.base, case.task_vectors, method, scaling, density, scope)
        assert_same(live.snapshot(scaling, density, method, scope), expected)


@pytest.mark.parametrize("count", [1, 2, 3, 4])
@pytest.mark.parametrize("scope", list(TrimScope))
@pytest.mark.parametrize("method", ANY_COUNT)
def test_large_tensors_equal_reference(count: int, scope: TrimScope, method: MergeMethod) -> None:
    base, vectors = model(0), [model(seed, 1e-3) for seed in range(1, count + 1)]
    live = LiveMerge(base, vectors)
    for scaling, density in ((0.6, 0.2), (1.0, 1.0), (0.37, 0.123456)):
        expected = merge(base, vectors, method, scaling, density, scope)
        assert_same(live.snapshot(scaling, density, method, scope), expected)


@pytest.mark.parametrize("count", [1, 2, 3, 4])
@pytest.mark.parametrize("method", [MergeMethod.TIES, MergeMethod.TASK_ARITHMETIC, MergeMethod.DARE])
def test_task_vectors_kept_in_bfloat16_merge_as_their_rounded_changes(
    count: int, method: MergeMethod
) -> None:
    base = model(0)
    tips = [{name: t + model(seed, 1e-3)[name] for name, t in base.items()} for seed in range(1, count + 1)]
    vectors = [TaskVector.between(base, tip, torch.bfloat16) for tip in tips]
    rounded = [{name: (tip[name] - base[name]).bfloat16().float() for name in base} for tip in tips]
    live = LiveMerge(base, vectors)
    assert all(vector.flat.dtype == torch.bfloat16 for vector in vectors)
    assert [tau.data_ptr() for tau in live._taus] == [vector.flat.data_ptr() for vector in vectors]
    for density, scope in ((0.2, TrimScope.TENSOR), (0.123, TrimScope.GLOBAL), (1.0, TrimScope.TENSOR)):
        expected = merge(base, rounded, method, 0.6, density, scope)
        assert_same(live.snapshot(0.6, density, method, scope), expected)
        with live.at(0.6, density, method, scope, rows={"embed": [1, 7, 8]}) as state:
            assert torch.equal(state["embed"][[1, 7, 8]], expected["embed"][[1, 7, 8]])
