"""The loops from bfloat16 to bfloat16 say what the plain steps say, element by element."""

from __future__ import annotations

import numpy as np
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from codemix_lab.merging.sources import raw
from codemix_lab.merging.stream_kernels import inspect, inspect_halves, merge_halves
from codemix_lab.merging.task_arithmetic import add_scaled
from codemix_lab.merging.ties import keep_at_least

SIZES = st.sampled_from([0, 1, 7, 8, 100, 5000])


def halves(seed: int, size: int, spread: float) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    values = torch.randn(size, generator=generator) * spread
    values[::7] = 0.0
    return values.bfloat16()


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 999),
    size=SIZES,
    spread=st.sampled_from([1e-40, 1e-3, 1.0, 1e30]),
    scaling=st.floats(-2, 2, width=32),
    least=st.floats(0, 2, width=32),
    weight=st.sampled_from([1.0, -0.5, 0.3]),
)
def test_a_merge_in_one_loop_is_the_reference(
    seed: int, size: int, spread: float, scaling: float, least: float, weight: float
) -> None:
    ours, noise = halves(seed, size, spread), halves(seed + 1000, size, spread)
    theirs = (ours.float() + noise.float()).bfloat16()
    least, out = least * spread, torch.empty_like(ours)
    arguments = (np.float32(number) for number in (scaling, least, weight))
    good = merge_halves(raw(ours), raw(theirs), raw(out), *arguments)
    kept = keep_at_least(theirs.float() - ours.float(), float(np.float32(least))) * np.float32(weight)
    values = ours.float() + kept * np.float32(scaling)
    assert good == bool(torch.isfinite(values).all())
    assert torch.equal(out, values.bfloat16())
    if scaling and weight == 1.0:
        assert torch.equal(out, add_scaled(ours, kept, scaling))


def test_what_is_not_finite_is_noticed_even_where_it_would_be_trimmed() -> None:
    for broken in (float("nan"), float("inf"), float("-inf")):
        ours, theirs = torch.ones(100).bfloat16(), torch.ones(100).bfloat16()
        theirs[60] = broken
        out = torch.empty_like(ours)
        numbers = np.float32(1.0), np.float32(1e38), np.float32(1.0)
        assert not merge_halves(raw(ours), raw(theirs), raw(out), *numbers)
        room = np.empty(100, dtype=np.float32)
        limits = np.float32(0.1), np.float32(0.2)
        assert inspect_halves(raw(ours), raw(theirs), *limits, np.zeros(3, dtype=np.int64), room) == -1


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 999), size=SIZES, low=st.floats(0, 1, width=32), wide=st.floats(0, 1, width=32))
def test_magnitudes_are_counted_as_by_hand(seed: int, size: int, low: float, wide: float) -> None:
    ours, theirs = halves(seed, size, 1.0), halves(seed + 1, size, 1.0)
    delta = theirs.float() - ours.float()
    limits = np.float32(low), np.float32(low + wide)
    magnitudes = delta.abs().numpy()
    above, at_high, at_low = (
        int(kept.sum()) for kept in (magnitudes > limits[1], magnitudes >= limits[1], magnitudes >= limits[0])
    )
    between = magnitudes[(magnitudes > limits[0]) & (magnitudes < limits[1])]
    for found in (inspect, inspect_halves):
        counts, room = np.zeros(3, dtype=np.int64), np.empty(size, dtype=np.float32)
        given = (delta.numpy(),) if found is inspect else (raw(ours), raw(theirs))
        held = found(*given, *limits, counts, room)
        assert counts.tolist() == [above, at_high, at_low]
        assert room[:held].tolist() == between.tolist()
