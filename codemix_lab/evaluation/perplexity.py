"""Perplexity per piece: how surprised a language model is by text.

For masked models it is the pseudo-perplexity of Salazar et al. 2020 (arXiv 1910.14659), simplified:
instead of one pass per piece, each of k passes masks every k-th piece at once, so that a sentence
costs k passes and every piece is still predicted once, seeing nearly all of its context.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from torch import nn
from torch.nn.functional import cross_entropy
from transformers.models.auto.modeling_auto import (
    MODEL_FOR_CAUSAL_LM_MAPPING_NAMES,
    MODEL_FOR_MASKED_LM_MAPPING_NAMES,
)

from codemix_lab.errors import CheckpointError, DataError
from codemix_lab.evaluation.inference import CPU_BUDGET, Inputs, over_batches
from codemix_lab.evaluation.tokenised import Tokenised, padded, tokenise
from codemix_lab.models.lm_head import asking
from codemix_lab.progress import Progress, ShouldStop

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

UNASKED = -100
LARGEST_LOGITS = 2**26
"""Most logits held at a time (256 MiB in float32): large vocabularies get smaller batches."""


@dataclass(frozen=True, eq=False)
class Cloze:
    """What a model is asked: read `tokenised`, predict `answers` where they are not `UNASKED`.

    `share` is the part of the pieces that a batch asks for, roughly.
    """

    tokenised: Tokenised
    answers: list[list[int]]
    share: float


def pseudo_perplexity(
    model: nn.Module,
    tokenizer: PreTrainedTokenizerBase,
    texts: Sequence[str],
    *,
    max_length: int = 128,
    passes: int = 6,
    budget: int = CPU_BUDGET,
    on_progress: Progress | None = None,
    should_stop: ShouldStop | None = None,
) -> float:
    """exp of the mean negative log-likelihood per piece, 1 or more; deterministic.

    `model` is a transformers model with its language-model head. Decoders get the ordinary perplexity
    of every piece but the first. Special pieces are never asked for, and only positions that are asked
    for go through the head. Inside `torch.autocast` the model runs in that precision. Raises
    `CheckpointError` for a model without such a head or one that yields no number, `DataError` when
    the texts hold no piece to predict, and `Cancelled`.
    """
    tokenised = tokenise(tokenizer, texts, max_length)
    cloze = masked_cloze(tokenised, passes) if _is_masked(model) else causal_cloze(tokenised)
    count = sum(answer != UNASKED for row in cloze.answers for answer in row)
    if count == 0:
        raise DataError("The held-out text has no piece to predict: give longer sentences.")
    budget = min(budget, max(1, int(LARGEST_LOGITS / (cloze.share * len(tokenizer)))))
    with asking(model) as ask:

        def surprise_of(rows: list[int], inputs: Inputs) -> float:
            answers = padded([cloze.answers[i] for i in rows], UNASKED, inputs["input_ids"].device)
            asked = answers != UNASKED
            return float(cross_entropy(ask(inputs, asked).float(), answers[asked], reduction="sum"))

        found = over_batches(
            model,
            cloze.tokenised,
            surprise_of,
            "perplexity",
            budget=budget,
            on_progress=on_progress,
            should_stop=should_stop,
        )
    surprise = sum(one for _, one in found)
    if not math.isfinite(surprise):
        raise CheckpointError(
            "The model answers with values that are no numbers: it is broken, try a smaller λ."
        )
    return math.exp(surprise / count)


def masked_cloze(tokenised: Tokenised, passes: int) -> Cloze:
    """Copies of each sentence, the j-th with the text pieces j, j + passes, j + 2·passes … masked.

    >>> tokenised = Tokenised([[0, 11, 12, 13, 2]], pad_id=1, mask_id=9, special_ids=frozenset({0, 1, 2, 9}))
    >>> masked_cloze(tokenised, passes=2).tokenised.input_ids
    [[0, 9, 12, 9, 2], [0, 11, 9, 13, 2]]
    """
    if tokenised.mask_id is None:
        raise CheckpointError(
            "The tokenizer of this masked language model has no mask piece: its folder lacks a file."
        )
    questions: list[list[int]] = []
    answers: list[list[int]] = []
    for ids in tokenised.input_ids:
        text = [p for p, piece in enumerate(ids) if piece not in tokenised.special_ids]
        for first in range(min(passes, len(text))):
            hidden = set(text[first::passes])
            questions.append([tokenised.mask_id if p in hidden else piece for p, piece in enumerate(ids)])
            answers.append([piece if p in hidden else UNASKED for p, piece in enumerate(ids)])
    return Cloze(replace(tokenised, input_ids=questions), answers, share=1 / passes)


def causal_cloze(tokenised: Tokenised) -> Cloze:
    """Each sentence as it is; at every place the next piece is asked for, unless it is special.

    >>> tokenised = Tokenised([[0, 11, 12, 2]], pad_id=1, mask_id=None, special_ids=frozenset({0, 1, 2}))
    >>> causal_cloze(tokenised).answers
    [[11, 12, -100, -100]]
    """
    answers = [
        [UNASKED if piece in tokenised.special_ids else piece for piece in ids[1:]] + [UNASKED]
        for ids in tokenised.input_ids
    ]
    return Cloze(tokenised, answers, share=1.0)


def _is_masked(model: Any) -> bool:
    name = type(model).__name__
    masked = name in MODEL_FOR_MASKED_LM_MAPPING_NAMES.values()
    if not masked and name not in MODEL_FOR_CAUSAL_LM_MAPPING_NAMES.values():
        raise CheckpointError(
            f"{name} has no language-model head, so it has no perplexity: choose a checkpoint with one."
        )
    return masked
