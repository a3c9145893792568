"""Attributions of a classifier made by hand point at the word that decides."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from transformers import BertConfig, BertForSequenceClassification, PreTrainedTokenizerFast

from codemix_lab.errors import CheckpointError, DataError
from codemix_lab.evaluation.attribution import integrated_gradients, occlusion
from codemix_lab.evaluation.fill_mask import fill_mask
from codemix_lab.evaluation.predict import predict

LABELS = ("negative", "positive")
WORDS = ["yeh", "film", "bahut", "good", "thi"]


@pytest.fixture
def classifier(bert_config: BertConfig) -> BertForSequenceClassification:
    bert_config.id2label, bert_config.label2id = dict(enumerate(LABELS)), {n: i for i, n in enumerate(LABELS)}
    return BertForSequenceClassification(bert_config).eval()


def test_occlusion_is_what_goes_with_the_word(
    classifier: BertForSequenceClassification, tokenizer: PreTrainedTokenizerFast
) -> None:
    found = occlusion(classifier, tokenizer, WORDS, LABELS)
    whole, without = predict(classifier, tokenizer, [" ".join(WORDS), "yeh film bahut <mask> thi"], LABELS)
    np.testing.assert_allclose(found[3], whole - without, atol=1e-6)
    assert found.shape == (5, 2)
    np.testing.assert_allclose(found.sum(axis=1), 0, atol=1e-6)


def test_without_a_mask_piece_the_word_is_left_out(
    classifier: BertForSequenceClassification, tokenizer: PreTrainedTokenizerFast
) -> None:
    bare = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer.backend_tokenizer, pad_token="<pad>", unk_token="<unk>"
    )
    found = occlusion(classifier, bare, WORDS, LABELS)
    whole, without = predict(classifier, bare, [" ".join(WORDS), "film bahut good thi"], LABELS)
    np.testing.assert_allclose(found[0], whole - without, atol=1e-6)


def test_integrated_gradients_add_up_to_the_difference_of_logits(
    classifier: BertForSequenceClassification, tokenizer: PreTrainedTokenizerFast
) -> None:
    found = integrated_gradients(classifier, tokenizer, WORDS, label=1, steps=200)
    with torch.inference_mode():
        ends = [
            classifier(**tokenizer(text, return_tensors="pt", return_token_type_ids=False))
            .logits[0, 1]
            .item()
            for text in (" ".join(WORDS), " ".join(["<mask>"] * 5))
        ]
    assert found.shape == (5,)
    assert found.sum() == pytest.approx(ends[0] - ends[1], abs=0.02)
    assert np.abs(found).max() > 0


def test_words_that_are_cut_off_get_nothing(
    classifier: BertForSequenceClassification, tokenizer: PreTrainedTokenizerFast
) -> None:
    found = integrated_gradients(classifier, tokenizer, WORDS, label=0, max_length=4)
    assert (found[2:] == 0).all() and (found[:2] != 0).any()


def test_no_word_is_said(
    classifier: BertForSequenceClassification, tokenizer: PreTrainedTokenizerFast
) -> None:
    with pytest.raises(DataError, match="no word"):
        occlusion(classifier, tokenizer, [], LABELS)
    with pytest.raises(DataError, match="no word"):
        integrated_gradients(classifier, tokenizer, [], 0)


def test_a_mask_is_filled_with_probable_pieces(
    bert_config: BertConfig, tokenizer: PreTrainedTokenizerFast
) -> None:
    from transformers import BertForMaskedLM

    model = BertForMaskedLM(bert_config).eval()
    found = fill_mask(model, tokenizer, WORDS, 3, count=4)
    assert len(found) == 4 and found["probability"].is_monotonic_decreasing
    assert 0 < found["probability"].sum() <= 1
    with pytest.raises(DataError, match="no word 6"):
        fill_mask(model, tokenizer, WORDS, 5)
    bare = PreTrainedTokenizerFast(tokenizer_object=tokenizer.backend_tokenizer, unk_token="<unk>")
    with pytest.raises(CheckpointError, match="no mask piece"):
        fill_mask(model, bare, WORDS, 0)
