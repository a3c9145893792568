"""Weights between weights: a weighted sum of state dicts, tensor by tensor."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch

from codemix_lab.errors import IncompatibleError

State = Mapping[str, torch.Tensor]


def interpolate(states: Sequence[State], weights: Sequence[float]) -> dict[str, torch.Tensor]:
    """Σ weights[k] · states[k], fresh tensors by name; with one weight of 1 and zeros exactly that state.

    Weights may be negative, as those of a polynomial between nodes are, and sum to one where the result shall
    lie on the way between the states. Fine-tunes from neighbouring starts under the same order lie in one
    basin, so that the loss along such a way stays low (linear mode connectivity: Frankle et al. 2020,
    arXiv 1912.05671). Whole-number tensors, which are the same in all, are taken from the first. Raises
    `IncompatibleError` where names or shapes differ.

    >>> a, b = ({"w": torch.tensor([0.0, 2.0, 4.0, 8.0])}, {"w": torch.tensor([4.0, 2.0, 0.0, 0.0])})
    >>> interpolate([a, b], [0.75, 0.25])["w"].tolist()
    [1.0, 2.0, 3.0, 6.0]
    """
    first, *others = states
    for state in others:
        odd = set(state) ^ set(first) or {name for name in first if state[name].shape != first[name].shape}
        if odd:
            raise IncompatibleError(
                f"“{min(odd)}” is not the same in all models, so nothing lies between them."
            )
    taken = [(state, weight) for state, weight in zip(states, weights, strict=True) if weight != 0]
    mixed = {}
    for name, tensor in first.items():
        if not tensor.is_floating_point():
            mixed[name] = tensor.clone()
            continue
        total = torch.zeros_like(tensor)
        for state, weight in taken:
            total.add_(state[name], alpha=weight)
        mixed[name] = total
    return mixed
