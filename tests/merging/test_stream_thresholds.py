"""Thresholds from a reading in blocks are those of sorting, whether the sample was a guide or not."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from codemix_lab.errors import CheckpointError
from codemix_lab.merging import stream_thresholds
from codemix_lab.merging.sources import Change
from codemix_lab.merging.stream_thresholds import streamed_largest

SIZE = 200_000
RANKS = [1, 1000, 40_000, 150_000, SIZE]


def of(delta: torch.Tensor, dtype: torch.dtype = torch.float32) -> Change:
    return Change(torch.zeros(len(delta), dtype=dtype), delta.to(dtype), None, "w", "x")


def sorted_largest(delta: torch.Tensor) -> list[float]:
    magnitudes = delta.abs().sort(descending=True).values
    return [float(magnitudes[rank - 1]) for rank in RANKS]


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float16])
@pytest.mark.parametrize("parts", [1, 3])
def test_it_is_what_sorting_says(dtype: torch.dtype, parts: int) -> None:
    delta = torch.randn(SIZE, generator=torch.Generator().manual_seed(1)).to(dtype).float()
    changes = [of(part, dtype) for part in delta.chunk(parts)]
    assert streamed_largest(changes, RANKS) == sorted_largest(delta)


def test_mostly_equal_and_zero_magnitudes() -> None:
    delta = torch.zeros(SIZE)
    delta[::3], delta[1::50] = -0.25, 0.5
    assert streamed_largest([of(delta)], RANKS) == sorted_largest(delta)


def test_a_sample_that_misleads_costs_a_count_and_nothing_else(monkeypatch: pytest.MonkeyPatch) -> None:
    delta = torch.randn(SIZE, generator=torch.Generator().manual_seed(2))
    monkeypatch.setattr(stream_thresholds, "_sample", lambda *_: np.full(4000, 0.5, dtype=np.float32))
    assert stream_thresholds._by_interval([of(delta)], [40_000], SIZE, None) is None
    assert streamed_largest([of(delta)], RANKS) == sorted_largest(delta)


def test_not_finite_is_named_in_any_block() -> None:
    delta = torch.randn(SIZE)
    delta[-1] = float("inf")
    with pytest.raises(CheckpointError, match="x: “w” holds NaN"):
        streamed_largest([of(delta)], [5])
