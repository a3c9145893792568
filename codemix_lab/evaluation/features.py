"""Sentence features: the masked mean of a frozen backbone's last hidden state."""

from __future__ import annotations

import numpy as np
import torch
from torch import nn

from codemix_lab.evaluation.inference import Inputs, over_batches
from codemix_lab.evaluation.tokenised import Tokenised, tokenise
from codemix_lab.progress import Progress, ShouldStop

__all__ = ["Tokenised", "masked_mean", "mean_features", "tokenise"]


def mean_features(
    model: nn.Module,
    tokenised: Tokenised,
    budget: int | None = None,
    on_progress: Progress | None = None,
    should_stop: ShouldStop | None = None,
) -> np.ndarray:
    """One vector per sentence, in the order of `tokenised`: float32, (sentences, hidden).

    `model` is a transformers backbone (encoder or decoder) and stays on its own device. Batches hold
    at most `budget` pieces (`over_batches` chooses when it is None). Called inside `torch.autocast` it runs in that precision; the mean is
    taken in float32 all the same. Raises `Cancelled`.
    """

    def means(_: list[int], inputs: Inputs) -> np.ndarray:
        hidden = model(**inputs).last_hidden_state
        return masked_mean(hidden, inputs["attention_mask"]).cpu().numpy()

    found = over_batches(
        model,
        tokenised,
        means,
        "sentence features",
        budget=budget,
        on_progress=on_progress,
        should_stop=should_stop,
    )
    if not found:
        return np.empty((0, 0), dtype=np.float32)
    features = np.empty((len(tokenised), found[0][1].shape[-1]), dtype=np.float32)
    for rows, vectors in found:
        features[rows] = vectors
    return features


def masked_mean(hidden: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
    """Mean over the pieces that are no padding: (batch, pieces, hidden), (batch, pieces) → (batch, hidden).

    >>> masked_mean(torch.tensor([[[1.0], [3.0], [9.0]]]), torch.tensor([[1, 1, 0]]))
    tensor([[2.]])
    """
    kept = mask.unsqueeze(-1).float()
    return (hidden.float() * kept).sum(1) / kept.sum(1).clamp(min=1)
