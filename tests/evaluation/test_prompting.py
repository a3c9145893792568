"""Prompting a causal model: likelihoods against the plain computation, sentence by sentence."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from codemix_lab.errors import Cancelled
from codemix_lab.evaluation.prompting import Prompt, label_likelihoods
from codemix_lab.models.checkpoints import open_checkpoint
from codemix_lab.models.loading import load_lm, load_tokenizer

LABELS = ("good", "very bad", "so so")


def test_likelihoods_are_the_mean_of_what_the_model_says_piece_by_piece(tiny_decoder: Path) -> None:
    checkpoint = open_checkpoint(str(tiny_decoder))
    model, tokenizer = load_lm(checkpoint), load_tokenizer(checkpoint)
    prompt = Prompt("{text} is {label}", (("film", "good"),), LABELS)
    texts = ["yeh film", "bakwas", "a somewhat longer sentence"]
    found = label_likelihoods(model, tokenizer, prompt, texts, budget=60)
    for row, text in enumerate(texts):
        means = []
        for label in LABELS:
            before = [0, *tokenizer(prompt.before(text), add_special_tokens=False)["input_ids"]]
            after = tokenizer(f" {label}", add_special_tokens=False)["input_ids"]
            with torch.no_grad():
                logs = model(input_ids=torch.tensor([before + after])).logits[0].log_softmax(-1)
            places = range(len(before) - 1, len(before) + len(after) - 1)
            means.append(np.mean([float(logs[p, t]) for p, t in zip(places, after, strict=True)]))
        assert found[row] == pytest.approx(np.exp(means) / np.exp(means).sum(), rel=1e-4)
    assert found.sum(axis=1) == pytest.approx(1)


def test_a_prompt_that_is_too_long_is_cut_at_its_beginning(tiny_decoder: Path) -> None:
    checkpoint = open_checkpoint(str(tiny_decoder))
    model, tokenizer = load_lm(checkpoint), load_tokenizer(checkpoint)
    prompt = Prompt("{text} {label}", (), ("good", "bad"))
    end = "x" * 140
    long, longer = (label_likelihoods(model, tokenizer, prompt, [start + end]) for start in ("", "abc" * 50))
    assert long == pytest.approx(longer)
    assert label_likelihoods(model, tokenizer, prompt, []).shape == (0, 2)
    with pytest.raises(Cancelled):
        label_likelihoods(model, tokenizer, prompt, ["a"], should_stop=lambda: True)


def test_braces_of_a_sentence_are_left_alone() -> None:
    assert Prompt("{text}: {label}", (), ("a", "b")).before("{label} {x}") == "{label} {x}:"
