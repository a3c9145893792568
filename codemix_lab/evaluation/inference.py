"""Sentences on their way through a model: batch by batch, and on a CPU several batches side by side."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import torch
from torch import nn

from codemix_lab.evaluation.batches import token_budget_batches
from codemix_lab.evaluation.tokenised import Tokenised
from codemix_lab.progress import Progress, ShouldStop, raise_if_stopped, report

T = TypeVar("T")
Inputs = dict[str, torch.Tensor]

CPU_BUDGET = 1024
"""Pieces of a batch on a CPU: its hidden states stay in the cache, and little of it is padding."""
GPU_BUDGET = 16384


@contextlib.contextmanager
def inference(model: nn.Module) -> Iterator[torch.device]:
    """Dropout and gradients off while the block runs; yields the device the model lives on."""
    was_training = model.training
    model.eval()
    try:
        with torch.inference_mode():
            yield next(model.parameters()).device
    finally:
        model.train(was_training)


def over_batches(
    model: nn.Module,
    tokenised: Tokenised,
    compute: Callable[[list[int], Inputs], T],
    what: str,
    *,
    budget: int | None = None,
    on_progress: Progress | None = None,
    should_stop: ShouldStop | None = None,
) -> list[tuple[list[int], T]]:
    """(row numbers, `compute(row numbers, inputs)`) for every batch of `tokenised`, in inference mode.

    A batch holds at most `budget` pieces, by default what suits the device of `model`. On a CPU each
    thread of PyTorch takes a batch of its own, which leaves no thread waiting for another; so
    `compute` must not write to what batches share. `torch.autocast` around the call holds in all of
    them. Reports sentences done. Raises `Cancelled` between two batches;
    `should_stop` may take its time, and is asked from these threads too.
    """
    with inference(model) as device:
        kind = device.type
        batches = token_budget_batches(
            tokenised.lengths, budget or (CPU_BUDGET if kind == "cpu" else GPU_BUDGET)
        )
        precision, lowered = torch.get_autocast_dtype(kind), torch.is_autocast_enabled(kind)

        def one(rows: list[int]) -> T:
            raise_if_stopped(should_stop)
            with torch.inference_mode(), torch.autocast(kind, precision, enabled=lowered):
                return compute(rows, tokenised.batch(rows, device))

        done, found = 0, []
        raise_if_stopped(should_stop)
        report(on_progress, done, len(tokenised), what)
        with contextlib.closing(_side_by_side(one, batches, kind)) as results:
            for rows, result in zip(batches, results, strict=True):
                found.append((rows, result))
                done += len(rows)
                report(on_progress, done, len(tokenised), what)
                if done < len(tokenised):
                    raise_if_stopped(should_stop)
    return found


def _side_by_side(one: Callable[[list[int]], T], batches: Sequence[list[int]], kind: str) -> Generator[T]:
    threads = torch.get_num_threads()
    if kind != "cpu" or not 1 < threads <= len(batches):
        yield from map(one, batches)
        return
    try:
        with ThreadPoolExecutor(threads, initializer=torch.set_num_threads, initargs=(1,)) as pool:
            yield from pool.map(one, batches)
    finally:
        torch.set_num_threads(threads)
