"""BERT-like classifiers without padding, and without the part of the last layer that no head reads.

Linear layers see the pieces of a batch one below the other; only attention is taken sentence by sentence,
among all of one length at once. A head that reads the first piece alone needs of the last layer the keys and
values of every piece and the rest of the first one: of six layers a seventh of all multiplications.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import groupby
from typing import Any

import torch
from torch import nn
from torch.nn.functional import scaled_dot_product_attention
from transformers import (
    BertForSequenceClassification,
    BertModel,
    RobertaForSequenceClassification,
    RobertaModel,
    XLMRobertaForSequenceClassification,
    XLMRobertaModel,
)

from codemix_lab.evaluation.inference import Inputs
from codemix_lab.models.mean_pool import MeanPoolClassifier

Run = tuple[int, int]
"""Sentences that lie together, and the pieces of each."""
_ENCODERS = (BertModel, RobertaModel, XLMRobertaModel)


def packed_logits(model: nn.Module) -> Callable[[Inputs], torch.Tensor] | None:
    """What gives the logits (sentences, labels) that `model` gives, for batches as `Tokenised.batch` makes them.

    Sentences of one length must lie together in a batch. None for a model that is no BERT, RoBERTa or XLM-R
    with a head of transformers or of the lab, is no longer as it was built (quantised, with adapters), or
    lives on an accelerator, and inside `torch.autocast`: there the model itself is the way.
    """
    encoder, head, first_only = _parts(model)
    if type(encoder) not in _ENCODERS or encoder.config.is_decoder:
        return None
    blocks = [block for layer in encoder.encoder.layer for block in (layer.attention.output, layer.output)]
    kind = next(model.parameters()).device.type
    if any(type(block.dense) is not nn.Linear for block in blocks):
        return None
    if kind != "cpu" or torch.is_autocast_enabled(kind):
        return None

    def logits(inputs: Inputs) -> torch.Tensor:
        runs = runs_of(inputs["attention_mask"].sum(dim=1).tolist())
        hidden = _embedded(encoder, inputs["input_ids"], runs)
        *before, last = encoder.encoder.layer
        for layer in before:
            hidden = _through(layer, hidden, runs)
        hidden = _through(last, hidden, runs, first_only)
        if first_only:
            return head(hidden.unsqueeze(1))
        return head(torch.cat([part.mean(dim=1) for part in _by_run(hidden, runs)]))

    return logits


def runs_of(lengths: Sequence[int]) -> list[Run]:
    """Neighbours of one length together: (sentences, pieces of each).

    >>> runs_of([5, 5, 3])
    [(2, 5), (1, 3)]
    """
    return [(len(list(alike)), pieces) for pieces, alike in groupby(lengths)]


def _parts(model: Any) -> tuple[Any, Callable[[torch.Tensor], torch.Tensor], bool]:
    """The encoder, what makes logits of its output, and whether that reads first pieces or means."""
    kind = type(model)
    if kind is MeanPoolClassifier:
        return model.encoder, model.head, False
    if kind is BertForSequenceClassification:
        return model.bert, lambda hidden: model.classifier(model.bert.pooler(hidden)), True
    if kind in (RobertaForSequenceClassification, XLMRobertaForSequenceClassification):
        return model.roberta, model.classifier, True
    return None, nn.Identity(), False


def _embedded(encoder: Any, input_ids: torch.Tensor, runs: Sequence[Run]) -> torch.Tensor:
    """(pieces of all sentences, hidden)."""
    found, row = [], 0
    for sentences, pieces in runs:
        own = encoder.embeddings(input_ids=input_ids[row : row + sentences, :pieces])
        found.append(own.flatten(0, 1))
        row += sentences
    return torch.cat(found)


def _through(layer: Any, hidden: torch.Tensor, runs: Sequence[Run], first_only: bool = False) -> torch.Tensor:
    """One layer: (pieces, hidden) → the same, or (sentences, hidden) for first pieces only; `hidden` is used up."""
    own = layer.attention.self
    keys, values = own.key(hidden), own.value(hidden)
    asking = runs
    if first_only:
        hidden = torch.cat([part[:, 0] for part in _by_run(hidden, runs)])
        asking = [(sentences, 1) for sentences, _ in runs]
    queries = own.query(hidden)
    found = [
        scaled_dot_product_attention(*parts).transpose(1, 2).flatten(0, 1).flatten(1)
        for parts in zip(
            _by_run(queries, asking, own.num_attention_heads),
            _by_run(keys, runs, own.num_attention_heads),
            _by_run(values, runs, own.num_attention_heads),
            strict=True,
        )
    ]
    hidden = _added(layer.attention.output, torch.cat(found), hidden)
    return _added(layer.output, layer.intermediate(hidden), hidden)


def _added(block: Any, values: torch.Tensor, hidden: torch.Tensor) -> torch.Tensor:
    """LayerNorm(hidden + dense(values)); the sum is made in `hidden`."""
    hidden += block.dense.bias
    normed: torch.Tensor = block.LayerNorm(hidden.addmm_(values, block.dense.weight.t()))
    return normed


def _by_run(rows: torch.Tensor, runs: Sequence[Run], heads: int = 0) -> list[torch.Tensor]:
    """Views of (pieces of all, width), one a run: (sentences, pieces, width), or with `heads` what attention
    takes, (sentences, heads, pieces, width / heads)."""
    parts = rows.split_with_sizes([sentences * pieces for sentences, pieces in runs])
    if not heads:
        return [part.view(*run, -1) for part, run in zip(parts, runs, strict=True)]
    return [part.view(*run, heads, -1).transpose(1, 2) for part, run in zip(parts, runs, strict=True)]
