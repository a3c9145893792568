"""One sentence as a language model reads it."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
import torch

from codemix_lab.evaluation.reading import Reading, read_words
from codemix_lab.models.checkpoints import open_checkpoint
from codemix_lab.models.loading import load_lm, load_tokenizer


def test_every_piece_is_hidden_alone_and_every_word_guessed(tiny_encoder: Path) -> None:
    checkpoint = open_checkpoint(str(tiny_encoder))
    model, tokenizer = load_lm(checkpoint), load_tokenizer(checkpoint)
    read = read_words(model, tokenizer, ["yeh", "film"], count=3)
    ids = torch.tensor(tokenizer("yeh film")["input_ids"])
    surprise = []
    with torch.inference_mode():
        for place in range(1, len(ids) - 1):
            hidden = ids.clone()
            hidden[place] = tokenizer.mask_token_id
            logits = model(input_ids=hidden[None]).logits[0, place]
            surprise.append(-float(logits.log_softmax(-1)[ids[place]]))
    assert read.perplexity == pytest.approx(math.exp(sum(surprise) / len(surprise)), rel=1e-4)
    assert [len(word) for word in read.guesses] == [3, 3]
    probabilities = [p for _, p in read.guesses[0]]
    assert probabilities == sorted(probabilities, reverse=True) and 0 < sum(probabilities) < 1


def test_a_reading_survives_json_without_a_number_too() -> None:
    read = Reading(math.nan, ((("a", 0.25),), ()))
    again = Reading.from_json(read.to_json())
    assert math.isnan(again.perplexity) and again.guesses == read.guesses
