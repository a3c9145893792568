"""How a language model reads one sentence: how surprised it is, and what it expects at every word."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torch import nn
    from transformers import PreTrainedTokenizerBase

EVERY_PIECE = 512
"""As many passes as a sentence has pieces at most: each piece is hidden alone, as Salazar et al. 2020 do."""


@dataclass(frozen=True)
class Reading:
    """`perplexity` per piece, 1 or more, NaN for a model that cannot say; `guesses` for each word, best first.

    A guess is a piece and its probability (0–1) with the whole word hidden; empty where the model fills no gaps.
    """

    perplexity: float
    guesses: tuple[tuple[tuple[str, float], ...], ...]

    def to_json(self) -> dict[str, Any]:
        """Plain values, probabilities to four decimals."""
        guesses = [[[piece, round(p, 4)] for piece, p in word] for word in self.guesses]
        return {
            "perplexity": None if math.isnan(self.perplexity) else round(self.perplexity, 3),
            "guesses": guesses,
        }

    @classmethod
    def from_json(cls, plain: dict[str, Any]) -> Reading:
        """`to_json` backwards."""
        surprise = plain["perplexity"]
        guesses = tuple(tuple((str(piece), float(p)) for piece, p in word) for word in plain["guesses"])
        return cls(math.nan if surprise is None else float(surprise), guesses)


def read_words(
    model: nn.Module, tokenizer: PreTrainedTokenizerBase, words: Sequence[str], count: int = 6
) -> Reading:
    """Read one sentence given as words; `model` has its language-model head.

    Raises `CheckpointError` for a model without such a head, `DataError` for a sentence without a piece.
    """
    from codemix_lab.evaluation.fill_mask import fill_mask
    from codemix_lab.evaluation.perplexity import pseudo_perplexity

    surprise = pseudo_perplexity(model, tokenizer, [" ".join(words)], passes=EVERY_PIECE)
    if tokenizer.mask_token is None:
        return Reading(surprise, ())
    found = [fill_mask(model, tokenizer, words, place, count) for place in range(len(words))]
    guesses = tuple(
        tuple(zip(table["piece"].tolist(), table["probability"].tolist(), strict=True)) for table in found
    )
    return Reading(surprise, guesses)
