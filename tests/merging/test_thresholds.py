"""Counting finds the same thresholds as sorting, for every density and any distribution."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from codemix_lab.config import TiesPreset, TrimScope
from codemix_lab.merging import thresholds as thresholds_module
from codemix_lab.merging.flat import FlatLayout
from codemix_lab.merging.kernels import share
from codemix_lab.merging.thresholds import SEGMENT, Thresholds, cut, evenly
from codemix_lab.merging.ties import kth_largest


@settings(max_examples=60, deadline=None)
@given(
    values=st.lists(st.floats(width=32, allow_nan=False, allow_infinity=False), min_size=1, max_size=80),
    threads=st.integers(1, 4),
    data=st.data(),
)
def test_counting_equals_sorting(values: list[float], threads: int, data: st.DataObject) -> None:
    state = {"w": torch.tensor(values, dtype=torch.float32)}
    layout = FlatLayout.of(state)
    thresholds = Thresholds(layout.gather(state, torch.device("cpu"), "it"), layout)
    rank = data.draw(st.integers(1, len(values)))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(thresholds_module, "SEGMENT", 16)
        found = thresholds._by_counting([[0]], [rank], exact=True, threads=threads)
        rough = thresholds._by_counting([[0]], [rank], exact=False, threads=threads)
    assert found == [state["w"].abs().sort(descending=True).values[rank - 1].item()]
    assert rough[0] <= found[0]
    assert rough[0] >= found[0] * (1 - 1 / 256) or found[0] < 1e-36


@pytest.mark.parametrize("scope", list(TrimScope))
def test_every_density_of_the_slider_is_exact(scope: TrimScope) -> None:
    generator = torch.Generator().manual_seed(0)
    state = {
        "large": torch.randn(1_100_000, generator=generator),
        "rounded": torch.randn(90_000, generator=generator).bfloat16().float(),
        "zero": torch.zeros(70_000),
        "small": torch.randn(11, generator=generator) * 1e-30,
        "empty": torch.zeros(0),
    }
    layout = FlatLayout.of(state)
    thresholds = Thresholds(layout.gather(state, torch.device("cpu"), "it"), layout)
    together = torch.cat([t.abs() for t in state.values()])
    for density in (0.01, 0.1, 0.28, 0.5, 0.91, 0.12345):
        found = dict(zip(state, thresholds.at(density, scope).tolist(), strict=True))
        for name, tensor in state.items():
            pool = tensor.abs() if scope is TrimScope.TENSOR else together
            expected = kth_largest(pool, TiesPreset.LAB.keeps(pool.numel(), density)) if pool.numel() else 0.0
            assert found[name] == expected, (name, density)


def test_groups_are_even_and_complete() -> None:
    segments = cut([(0, 5 << 20), (6 << 20, (6 << 20) + 3)])
    groups = evenly(segments, 3)
    assert np.concatenate(groups).tolist() == segments.tolist()
    assert len(groups) == 3
    assert max(int((g[:, 1] - g[:, 0]).sum()) for g in groups) <= 2 * SEGMENT + 3
    assert evenly(cut([]), 4) == []


def test_an_error_in_a_shared_piece_of_work_reaches_the_caller() -> None:
    def work(item: int) -> None:
        if item == 5:
            raise ValueError("five")

    with pytest.raises(ValueError, match="five"):
        share(work, range(10), threads=3)
