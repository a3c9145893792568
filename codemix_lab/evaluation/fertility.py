"""How a tokenizer cuts sentences up: pieces a word, and pieces it hardly ever sees."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

RARE = 5
"""A piece that occurs fewer times in all sentences is rare."""
TOGETHER = 2_000


def piece_traits(tokenizer: PreTrainedTokenizerBase, texts: Sequence[str]) -> pd.DataFrame:
    """One row a sentence: fertility (pieces per word, Rust et al. 2021) and rare_pieces, their number.

    Words are what blanks part; a sentence without any has fertility 0. A piece is rare when all of `texts`
    hold it fewer than five times.
    """
    lengths, pieces = [], []
    for start in range(0, len(texts), TOGETHER):
        for ids in _cut(tokenizer, texts[start : start + TOGETHER]):
            lengths.append(len(ids))
            pieces.append(np.asarray(ids, dtype=np.int64))
    flat = np.concatenate(pieces) if pieces else np.zeros(0, dtype=np.int64)
    owners = np.repeat(np.arange(len(lengths)), lengths)
    rare = np.bincount(owners, weights=np.bincount(flat)[flat] < RARE, minlength=len(lengths))
    words = np.array([len(text.split()) for text in texts], dtype=np.int64)
    fertility = np.array(lengths) / np.maximum(words, 1)
    return pd.DataFrame({"fertility": fertility.round(2), "rare_pieces": rare.astype(np.int64)})


def pieces_by_word(tokenizer: PreTrainedTokenizerBase, text: str) -> pd.DataFrame:
    """The words of one sentence with the pieces they are cut into: word, pieces, count."""
    words = text.split()
    cut = _cut(tokenizer, [f" {word}" for word in words])
    named = [tokenizer.convert_ids_to_tokens(ids) for ids in cut]
    rows = [(word, " ".join(found), len(found)) for word, found in zip(words, named, strict=True)]
    return pd.DataFrame(rows, columns=["word", "pieces", "count"])


def _cut(tokenizer: PreTrainedTokenizerBase, texts: Sequence[str]) -> list[list[int]]:
    if not texts:
        return []
    found = tokenizer(
        list(texts), add_special_tokens=False, return_attention_mask=False, return_token_type_ids=False
    )
    return [list(ids) for ids in found["input_ids"]]
