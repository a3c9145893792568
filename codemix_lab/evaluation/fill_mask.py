"""What a masked language model would put in the place of a word."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import pandas as pd
from torch import nn

from codemix_lab.errors import CheckpointError, DataError
from codemix_lab.evaluation.inference import inference

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase


def fill_mask(
    model: nn.Module, tokenizer: PreTrainedTokenizerBase, words: Sequence[str], place: int, count: int = 8
) -> pd.DataFrame:
    """The `count` pieces most probable at word `place` (from 0), with their probability: piece, probability.

    `model` has its masked-LM head; the whole word is hidden behind one mask piece. Raises
    `CheckpointError` for a tokenizer without a mask piece, `DataError` for a place outside the sentence.
    """
    if tokenizer.mask_token is None:
        raise CheckpointError("This model has no mask piece, so it cannot fill in a word.")
    if not 0 <= place < len(words):
        raise DataError(f"The sentence has {len(words)} words, so there is no word {place + 1}.")
    masked = " ".join([*words[:place], tokenizer.mask_token, *words[place + 1 :]])
    asked: Any = tokenizer(masked, truncation=True, return_tensors="pt")
    at = (asked["input_ids"][0] == tokenizer.mask_token_id).nonzero()
    if not len(at):
        raise DataError("The word lies behind the last piece that the model reads: choose an earlier one.")
    with inference(model) as device:
        logits = model(input_ids=asked["input_ids"].to(device)).logits[0, at[0, 0]]
        best = logits.float().softmax(dim=-1).topk(count)
    pieces = [str(tokenizer.decode([i])).strip() for i in best.indices.tolist()]
    return pd.DataFrame({"piece": pieces, "probability": best.values.tolist()})
