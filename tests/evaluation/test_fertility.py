"""Pieces a word and rare pieces, counted by hand."""

from __future__ import annotations

import pytest
from transformers import PreTrainedTokenizerFast

from codemix_lab.evaluation import fertility
from codemix_lab.evaluation.fertility import piece_traits, pieces_by_word


def test_pieces_per_word_by_hand(tiny_tokenizer: PreTrainedTokenizerFast) -> None:
    found = piece_traits(tiny_tokenizer, ["ab c", "abcd", ""])
    assert found["fertility"].tolist() == [2.5, 5.0, 0.0]
    rows = pieces_by_word(tiny_tokenizer, "ab c")
    assert rows["word"].tolist() == ["ab", "c"] and rows["count"].tolist() == [3, 2]
    assert rows["pieces"].iloc[0] == "▁ a b"


def test_rare_pieces_are_those_seen_fewer_than_five_times(
    tiny_tokenizer: PreTrainedTokenizerFast, monkeypatch: pytest.MonkeyPatch
) -> None:
    texts = ["aaaaa", "ab", "abbb", "abz z"]
    whole = piece_traits(tiny_tokenizer, texts)
    assert whole["rare_pieces"].tolist() == [0, 0, 0, 2]
    monkeypatch.setattr(fertility, "TOGETHER", 1)
    assert piece_traits(tiny_tokenizer, texts).equals(whole)
    assert piece_traits(tiny_tokenizer, []).empty
