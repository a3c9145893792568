"""Which words a classifier's answer hangs on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import nn

from codemix_lab.errors import DataError
from codemix_lab.evaluation.predict import predict

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase


def occlusion(
    model: nn.Module,
    tokenizer: PreTrainedTokenizerBase,
    words: Sequence[str],
    labels: Sequence[str],
    max_length: int = 128,
) -> np.ndarray:
    """How much of each label's probability goes when a word is taken away: (words, labels), −1…1.

    The word is replaced by the tokenizer's mask piece, left out where there is none (Zeiler and Fergus
    2014; Li et al. 2016). Positive: the word speaks for the label. One forward pass for every word.
    Raises `DataError` for no words.
    """
    if not words:
        raise DataError("There is no word to take away: type a sentence.")
    blank = [tokenizer.mask_token] if tokenizer.mask_token else []
    without = [" ".join([*words[:i], *blank, *words[i + 1 :]]) for i in range(len(words))]
    whole, *parts = predict(model, tokenizer, [" ".join(words), *without], labels, max_length)
    return np.asarray(whole - np.stack(parts))


def integrated_gradients(
    model: nn.Module,
    tokenizer: PreTrainedTokenizerBase,
    words: Sequence[str],
    label: int,
    steps: int = 20,
    max_length: int = 128,
) -> np.ndarray:
    """Integrated gradients of output `label`'s logit, summed over each word: (words,).

    Sundararajan et al. 2017, by captum; the baseline is the sentence with every text piece replaced by
    the mask piece (the padding piece where there is none), the path runs in the word embeddings.
    Words cut off by `max_length` get 0. Raises `DataError` for no words.
    """
    if not words:
        raise DataError("There is no word to explain: type a sentence.")
    from captum.attr import LayerIntegratedGradients

    pieces = tokenizer(
        list(words), is_split_into_words=True, truncation=True, max_length=max_length, return_tensors="pt"
    )
    owners = pieces.word_ids(0)
    device = next(model.parameters()).device
    asked, mask = pieces["input_ids"].to(device), pieces["attention_mask"].to(device)
    filler = next(i for i in (tokenizer.mask_token_id, tokenizer.pad_token_id, 0) if i is not None)
    blank = asked.clone()
    blank[0, [i for i, owner in enumerate(owners) if owner is not None]] = filler

    def logit(input_ids: torch.Tensor, attention_mask: torch.Tensor) -> torch.Tensor:
        out: torch.Tensor = model(input_ids=input_ids, attention_mask=attention_mask).logits[:, label]
        return out

    embeddings: Any = model.get_input_embeddings()  # type: ignore[operator]
    model.eval()
    given = LayerIntegratedGradients(logit, embeddings).attribute(
        asked,
        baselines=blank,
        additional_forward_args=(mask,),
        n_steps=steps,
        internal_batch_size=max(1, 2048 // asked.shape[1]),
    )
    by_piece = given.sum(dim=-1)[0].detach().cpu().numpy()
    totals = np.zeros(len(words))
    for value, owner in zip(by_piece, owners, strict=True):
        if owner is not None:
            totals[owner] += value
    return totals
