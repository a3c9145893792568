"""What a language model is asked while its pre-training goes on: hidden pieces, or the next one.

Masked: Devlin et al. 2019, a share of pieces chosen, of these 80 % masked, 10 % replaced, 10 % left.
Causal: the next piece at every place, on sentences packed end to end into blocks without padding.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn
from torch.nn.functional import cross_entropy
from transformers import DataCollatorForLanguageModeling

from codemix_lab.config import CptSpec
from codemix_lab.errors import CheckpointError
from codemix_lab.models.checkpoints import Checkpoint
from codemix_lab.models.lm_head import logits_at

UNASKED = -100
_HELD_OUT_SEED = 1234
_HELD_OUT_BATCH = 64

Batch = dict[str, torch.Tensor]


@dataclass(frozen=True)
class Example:
    """Pieces of one sentence or block, and for each the number of its word (-1: a special piece)."""

    pieces: list[int]
    words: list[int]


@dataclass(frozen=True)
class Objective:
    """One way to ask. `read` makes examples of lines; `ask(examples, seed)` makes a batch of them.

    A batch has `input_ids`, `attention_mask` and `labels`, each (examples, longest); `labels` holds the
    answer where one is asked for and -100 elsewhere. `longest` is the most pieces that an example has.
    """

    longest: int
    read: Callable[[Sequence[str]], list[Example]]
    read_alone: Callable[[Sequence[str]], list[Example]]
    ask: Callable[[Sequence[Example], int], Batch]

    def held_out(self, lines: Sequence[str]) -> list[Batch]:
        """Batches of single sentences that are the same in every run."""
        examples = sorted(self.read_alone(lines), key=lambda example: len(example.pieces))
        parts = [examples[i : i + _HELD_OUT_BATCH] for i in range(0, len(examples), _HELD_OUT_BATCH)]
        return [self.ask(part, _HELD_OUT_SEED + place) for place, part in enumerate(parts)]


def objective_for(checkpoint: Checkpoint, tokenizer: Any, spec: CptSpec) -> Objective:
    """Masked for an encoder, causal for a decoder; lengths end where the model's own reach does.

    Raises `CheckpointError` for an encoder whose tokenizer has no mask piece.
    """
    longest = min(spec.max_length, reach(checkpoint, tokenizer))

    def alone(lines: Sequence[str]) -> list[Example]:
        return [example for example in _pieces(tokenizer, lines, longest) if len(example.pieces) > 1]

    if not checkpoint.is_encoder:
        return Objective(
            longest,
            lambda lines: pack(_pieces(tokenizer, lines, None), longest, tokenizer.eos_token_id, spec.seed),
            alone,
            lambda examples, _: next_pieces([example.pieces for example in examples], _filler(tokenizer)),
        )
    if tokenizer.mask_token_id is None:
        raise CheckpointError(
            f"The tokenizer of {checkpoint.ref} has no mask piece, so masked language modelling cannot go on with it: "
            "its folder lacks a file, or the model was not made for masking."
        )
    collator = DataCollatorForLanguageModeling(tokenizer, mlm_probability=spec.mask_share)

    def ask(examples: Sequence[Example], seed: int) -> Batch:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            if spec.whole_words:
                return _ask_words(examples, tokenizer, spec.mask_share)
            return dict(collator([{"input_ids": example.pieces} for example in examples]))

    return Objective(longest, alone, alone, ask)


def surprise(model: nn.Module, batch: Batch) -> torch.Tensor:
    """Cross-entropy over everything a batch asks, summed, shape (): nats."""
    asked = batch["labels"] != UNASKED
    inputs = {name: batch[name] for name in ("input_ids", "attention_mask")}
    return cross_entropy(logits_at(model, inputs, asked).float(), batch["labels"][asked], reduction="sum")


def reach(checkpoint: Checkpoint, tokenizer: Any) -> int:
    """The most pieces that model and tokenizer take."""
    positions = getattr(checkpoint.config, "max_position_embeddings", None) or 2**31
    offset = 2 if "roberta" in checkpoint.architecture else 0
    return int(min(positions - offset, tokenizer.model_max_length))


def pack(examples: Sequence[Example], longest: int, end: int | None, seed: int) -> list[Example]:
    """Sentences in shuffled order, each closed by `end`, cut into blocks of `longest` pieces.

    >>> sentences = [Example([5, 6, 7], [0, 1, 2]), Example([8], [0])]
    >>> [block.pieces for block in pack(sentences, longest=4, end=2, seed=1)]
    [[8, 2, 5, 6], [7, 2]]
    """
    order = list(examples)
    random.Random(seed).shuffle(order)
    stream: list[int] = []
    for example in order:
        stream += example.pieces
        if end is not None and example.pieces[-1:] != [end]:
            stream.append(end)
    blocks = [stream[i : i + longest] for i in range(0, len(stream), longest)]
    return [Example(block, []) for block in blocks if len(block) > 1]


def next_pieces(rows: Sequence[Sequence[int]], filler: int) -> Batch:
    """A causal batch: at every place but the last the answer is the piece after it.

    >>> next_pieces([[3, 4, 5], [6, 7]], filler=0)["labels"].tolist()
    [[4, 5, -100], [7, -100, -100]]
    """
    inputs, mask = _padded(rows, filler)
    labels = torch.full_like(inputs, UNASKED)
    labels[:, :-1] = torch.where(mask[:, 1:].bool(), inputs[:, 1:], UNASKED)
    return {"input_ids": inputs, "attention_mask": mask, "labels": labels}


def choose_words(words: torch.Tensor, share: float) -> torch.Tensor:
    """Which pieces (rows, pieces) belong to the words that torch's generator draws, each with `share`.

    `words` numbers the word of each piece; -1 is never chosen.

    >>> choose_words(torch.tensor([[-1, 0, 0, 1, -1]]), share=1.0).tolist()
    [[False, True, True, True, False]]
    """
    drawn = torch.rand(words.shape[0], int(words.max()) + 1 if words.numel() else 1) < share
    return drawn.gather(1, words.clamp(min=0)) & (words >= 0)


def _ask_words(examples: Sequence[Example], tokenizer: Any, share: float) -> Batch:
    inputs, mask = _padded([example.pieces for example in examples], _filler(tokenizer))
    words, _ = _padded([example.words for example in examples], -1)
    chosen = choose_words(words, share)
    labels = torch.where(chosen, inputs, UNASKED)
    luck = torch.rand(inputs.shape)
    anything = torch.randint(len(tokenizer), inputs.shape)
    inputs = torch.where(chosen & (luck < 0.8), tokenizer.mask_token_id, inputs)
    inputs = torch.where(chosen & (luck >= 0.8) & (luck < 0.9), anything, inputs)
    return {"input_ids": inputs, "attention_mask": mask, "labels": labels}


def _pieces(tokenizer: Any, lines: Sequence[str], longest: int | None) -> list[Example]:
    options = {"truncation": True, "max_length": longest} if longest else {"verbose": False}
    cut = tokenizer(list(lines), return_attention_mask=False, **options)
    return [
        Example(list(ids), [-1 if word is None else word for word in cut.word_ids(place)])
        for place, ids in enumerate(cut["input_ids"])
    ]


def _padded(rows: Sequence[Sequence[int]], filler: int) -> tuple[torch.Tensor, torch.Tensor]:
    width = max(map(len, rows))
    filled = torch.tensor([[*row, *[filler] * (width - len(row))] for row in rows])
    mask = torch.tensor([[1] * len(row) + [0] * (width - len(row)) for row in rows])
    return filled, mask


def _filler(tokenizer: Any) -> int:
    return next((i for i in (tokenizer.pad_token_id, tokenizer.eos_token_id) if i is not None), 0)
