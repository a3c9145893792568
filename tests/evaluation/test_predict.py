from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import torch
from transformers import (
    BertConfig,
    BertForSequenceClassification,
    LlamaConfig,
    LlamaForSequenceClassification,
    PreTrainedTokenizerFast,
)

from codemix_lab.errors import Cancelled, CheckpointError, DataError
from codemix_lab.evaluation.predict import predict, prediction_frame

LABELS = ("negative", "neutral", "positive")


@pytest.fixture
def classifier(bert_config: BertConfig) -> BertForSequenceClassification:
    named = BertConfig(**{**bert_config.to_dict(), "id2label": {0: "positive", 1: "negative", 2: "neutral"}})
    return BertForSequenceClassification(named)


@pytest.mark.parametrize("budget", [1, 15, 4096])
def test_rows_keep_their_order_and_columns_follow_the_labels(
    classifier: BertForSequenceClassification,
    tokenizer: PreTrainedTokenizerFast,
    texts: list[str],
    budget: int,
) -> None:
    probabilities = predict(classifier, tokenizer, texts, LABELS, budget=budget)
    assert probabilities.dtype == np.float32 and probabilities.shape == (len(texts), 3)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, atol=1e-6)
    classifier.eval()
    for text, row in zip(texts, probabilities, strict=True):
        with torch.no_grad():
            alone = classifier(**tokenizer(text, return_tensors="pt")).logits.softmax(dim=-1)[0]
        np.testing.assert_allclose(row, alone[[1, 2, 0]].numpy(), atol=1e-5)


def test_decoders_classify_too(
    llama_config: LlamaConfig, tokenizer: PreTrainedTokenizerFast, texts: list[str]
) -> None:
    named = LlamaConfig(**{**llama_config.to_dict(), "id2label": dict(enumerate(LABELS))})
    model = LlamaForSequenceClassification(named).eval()
    probabilities = predict(model, tokenizer, texts, LABELS)
    alone = model(**tokenizer(texts[0], return_tensors="pt", return_token_type_ids=False)).logits.softmax(
        dim=-1
    )
    np.testing.assert_allclose(probabilities[0], alone[0].detach().numpy(), atol=1e-5)


def test_a_classifier_without_names_is_taken_in_order_and_a_foreign_one_is_refused(
    classifier: BertForSequenceClassification,
    bert_config: BertConfig,
    tokenizer: PreTrainedTokenizerFast,
    texts: list[str],
) -> None:
    unnamed = BertForSequenceClassification(
        BertConfig(**{**bert_config.to_dict(), "num_labels": 3, "id2label": None})
    )
    assert predict(unnamed, tokenizer, texts, ("x", "y", "z")).shape == (len(texts), 3)
    with pytest.raises(CheckpointError, match="positive, negative, neutral apart, not x, y, z"):
        predict(classifier, tokenizer, texts, ("x", "y", "z"))
    with pytest.raises(CheckpointError, match="fine-tune it on this task"):
        predict(unnamed, tokenizer, texts, ("x", "y"))


def test_no_texts_no_rows_and_stopping_is_heard(
    classifier: BertForSequenceClassification, tokenizer: PreTrainedTokenizerFast, texts: list[str]
) -> None:
    assert predict(classifier, tokenizer, [], LABELS).shape == (0, 3)
    with pytest.raises(Cancelled):
        predict(classifier, tokenizer, texts, LABELS, should_stop=lambda: True)


def test_the_table_of_predictions() -> None:
    rows = pd.DataFrame({"text": ["yeh", "film"], "label": ["neutral", "positive"]}, index=[7, 3])
    frame = prediction_frame(rows, np.array([[0.1, 0.7, 0.2], [0.6, 0.3, 0.1]]), LABELS)
    assert frame.columns.tolist() == ["text", "gold", "predicted", "p_negative", "p_neutral", "p_positive"]
    assert frame["predicted"].tolist() == ["neutral", "negative"] and frame.index.tolist() == [0, 1]
    assert frame["gold"].tolist() == ["neutral", "positive"] and frame.loc[1, "p_negative"] == 0.6
    with pytest.raises(DataError, match="2 sentences × 3 labels"):
        prediction_frame(rows, np.zeros((2, 2)), LABELS)
