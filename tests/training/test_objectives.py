"""What is asked: masks that depend on the seed alone, whole words, packed blocks, next pieces."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from codemix_lab.config import CptSpec
from codemix_lab.models.checkpoints import open_checkpoint
from codemix_lab.models.lm_head import logits_at
from codemix_lab.models.loading import load_lm, load_tokenizer
from codemix_lab.training.objectives import (
    UNASKED,
    Example,
    Objective,
    choose_words,
    objective_for,
    pack,
    surprise,
)


def objective(folder: Path, **changes: object) -> Objective:
    checkpoint = open_checkpoint(str(folder))
    return objective_for(checkpoint, load_tokenizer(checkpoint), CptSpec(str(folder), **changes))  # type: ignore[arg-type]


LINES = ["yeh film mast thi", "kya baat hai", "it was ok yaar but lamba tha"]


@pytest.mark.parametrize("kind", ["tiny_encoder", "tiny_decoder"])
def test_the_loss_is_transformers_own(kind: str, request: pytest.FixtureRequest) -> None:
    folder = request.getfixturevalue(kind)
    asked = objective(folder, mask_share=0.5)
    batch = asked.ask(asked.read_alone(LINES), 3)
    model = load_lm(open_checkpoint(str(folder)))
    labels = batch["labels"]
    if kind == "tiny_decoder":  # transformers shifts by itself
        labels = torch.where(batch["attention_mask"].bool(), batch["input_ids"], UNASKED)
    inputs = {"input_ids": batch["input_ids"], "attention_mask": batch["attention_mask"]}
    ours = surprise(model, batch) / (batch["labels"] != UNASKED).sum()
    torch.testing.assert_close(ours, model(**inputs, labels=labels).loss)
    ours.backward()
    chosen = batch["labels"] != UNASKED
    torch.testing.assert_close(logits_at(model, inputs, chosen), model(**inputs).logits[chosen])


@pytest.mark.parametrize("whole_words", [False, True])
def test_masks_depend_on_the_seed_alone(tiny_encoder: Path, whole_words: bool) -> None:
    asked = objective(tiny_encoder, whole_words=whole_words)
    examples = asked.read(LINES * 10)
    one, same, other = (asked.ask(examples, seed) for seed in (1, 1, 2))
    assert torch.equal(one["input_ids"], same["input_ids"]) and torch.equal(one["labels"], same["labels"])
    assert not torch.equal(one["labels"], other["labels"])
    share = float((one["labels"] != UNASKED).sum() / sum(len(e.pieces) - 2 for e in examples))
    assert 0.08 < share < 0.25


def test_whole_words_are_asked_for_whole(tiny_encoder: Path) -> None:
    asked = objective(tiny_encoder, whole_words=True, mask_share=0.5)
    examples = asked.read(LINES)
    labels = asked.ask(examples, 5)["labels"]
    seen = set()
    for row, example in enumerate(examples):
        for word in set(example.words) - {-1}:
            places = [place for place, own in enumerate(example.words) if own == word]
            hidden = {bool(labels[row, place] != UNASKED) for place in places}
            assert len(hidden) == 1
            seen |= hidden
        assert all(labels[row, place] == UNASKED for place, own in enumerate(example.words) if own == -1)
    assert seen == {True, False}


@given(
    st.lists(st.lists(st.integers(3, 50), min_size=1, max_size=9), min_size=1, max_size=20),
    st.integers(2, 16),
)
def test_packing_loses_at_most_one_piece(sentences: list[list[int]], longest: int) -> None:
    blocks = [block.pieces for block in pack([Example(s, []) for s in sentences], longest, 2, 0)]
    assert all(len(block) == longest for block in blocks[:-1]) and all(1 < len(b) <= longest for b in blocks)
    whole = sum(len(s) + 1 for s in sentences)
    assert whole - 1 <= sum(map(len, blocks)) <= whole


@given(st.floats(0.05, 1.0))
def test_words_are_drawn_with_their_share(share: float) -> None:
    words = torch.arange(400).repeat(5, 1) // 2
    chosen = choose_words(words, share)
    assert abs(float(chosen.float().mean()) - share) < 0.12
    assert torch.equal(chosen[:, ::2], chosen[:, 1::2])


def test_a_sentence_longer_than_the_model_is_cut_at_its_reach(tiny_encoder: Path) -> None:
    asked = objective(tiny_encoder, max_length=512)
    assert asked.longest == 128
    assert len(asked.read([" ".join(LINES * 20)])[0].pieces) == 128
