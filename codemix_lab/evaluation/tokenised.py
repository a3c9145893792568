"""Sentences cut into pieces once, and put together to batches."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase


@dataclass(frozen=True, eq=False)
class Tokenised:
    """Sentences as piece numbers, special pieces included.

    `pad_id` fills batches up, `mask_id` is None for a tokenizer without a mask piece, and
    `special_ids` are the pieces that are no text (the unknown piece is text).
    """

    input_ids: list[list[int]]
    pad_id: int
    mask_id: int | None
    special_ids: frozenset[int]

    def __len__(self) -> int:
        return len(self.input_ids)

    @property
    def lengths(self) -> list[int]:
        """Pieces of each sentence, in order."""
        return [len(ids) for ids in self.input_ids]

    def batch(self, rows: Sequence[int], device: torch.device) -> dict[str, torch.Tensor]:
        """`input_ids` and `attention_mask` of these sentences, (len(rows), longest), padded on the right."""
        return {
            "input_ids": padded([self.input_ids[i] for i in rows], self.pad_id, device),
            "attention_mask": padded([[1] * len(self.input_ids[i]) for i in rows], 0, device),
        }


def tokenise(tokenizer: PreTrainedTokenizerBase, texts: Sequence[str], max_length: int) -> Tokenised:
    """Cut every text into at most `max_length` pieces (fewer where the model reads fewer).

    A text without any piece becomes one padding piece, so that every sentence has a place.
    """
    pad_id = next((i for i in (tokenizer.pad_token_id, tokenizer.eos_token_id) if i is not None), 0)
    cut = (
        tokenizer(
            list(texts),
            truncation=True,
            max_length=min(max_length, tokenizer.model_max_length),
            return_attention_mask=False,
            return_token_type_ids=False,
        )["input_ids"]
        if len(texts)
        else []
    )
    return Tokenised(
        input_ids=[list(ids) or [pad_id] for ids in cut],
        pad_id=pad_id,
        mask_id=tokenizer.mask_token_id,
        special_ids=frozenset(tokenizer.all_special_ids) - {tokenizer.unk_token_id},
    )


def padded(rows: Sequence[Sequence[int]], filler: int, device: torch.device) -> torch.Tensor:
    """Rows of unequal length as one (rows, longest) int64 tensor, filled up on the right.

    >>> padded([[1, 2], [3]], 0, torch.device("cpu")).tolist()
    [[1, 2], [3, 0]]
    """
    width = max(len(row) for row in rows)
    return torch.tensor([[*row, *[filler] * (width - len(row))] for row in rows], device=device)
