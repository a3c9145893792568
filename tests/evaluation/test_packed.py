"""Packed sentences give what the model gives, for every kind of head, and other models are left to themselves."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import nn
from transformers import (
    BertConfig,
    BertForSequenceClassification,
    BertModel,
    LlamaConfig,
    LlamaForSequenceClassification,
    PreTrainedTokenizerFast,
    RobertaConfig,
    RobertaForSequenceClassification,
    XLMRobertaConfig,
    XLMRobertaForSequenceClassification,
)

from codemix_lab.evaluation.packed import packed_logits
from codemix_lab.evaluation.predict import predict
from codemix_lab.evaluation.tokenised import tokenise
from codemix_lab.models.mean_pool import MeanPoolClassifier

LABELS = ("negative", "neutral", "positive")


def of_roberta(kind: type, config: type) -> Callable[[BertConfig], nn.Module]:
    def make(bert: BertConfig) -> nn.Module:
        return kind(config(**{**bert.to_dict(), "num_labels": 3}))

    return make


MODELS: dict[str, Callable[[BertConfig], nn.Module]] = {
    "bert": lambda bert: BertForSequenceClassification(BertConfig(**{**bert.to_dict(), "num_labels": 3})),
    "roberta": of_roberta(RobertaForSequenceClassification, RobertaConfig),
    "xlm-r": of_roberta(XLMRobertaForSequenceClassification, XLMRobertaConfig),
    "mean": lambda bert: MeanPoolClassifier(BertModel(BertConfig(**bert.to_dict())), LABELS),
}


@pytest.mark.parametrize("kind", MODELS)
def test_it_gives_what_the_model_gives_padded(
    kind: str, bert_config: BertConfig, tokenizer: PreTrainedTokenizerFast, texts: list[str]
) -> None:
    model = MODELS[kind](bert_config).eval()
    tokenised = tokenise(tokenizer, [*texts, *texts[:2]], 64)
    rows = sorted(range(len(tokenised)), key=lambda i: -tokenised.lengths[i])
    inputs = tokenised.batch(rows, torch.device("cpu"))
    packed = packed_logits(model)
    assert packed is not None
    with torch.inference_mode():
        padded = model(**inputs).logits
        torch.testing.assert_close(packed(inputs), padded, atol=1e-5, rtol=1e-5)
    assert padded.std() > 0.01


def test_it_reads_the_weights_as_they_are_now(
    bert_config: BertConfig, tokenizer: PreTrainedTokenizerFast, texts: list[str]
) -> None:
    model = MODELS["bert"](bert_config).eval()
    packed = packed_logits(model)
    inputs = tokenise(tokenizer, texts[:1], 64).batch([0], torch.device("cpu"))
    with torch.inference_mode():
        before = packed(inputs)
        model.bert.encoder.layer[0].attention.self.query.weight.mul_(2)
        assert not torch.allclose(packed(inputs), before)
        torch.testing.assert_close(packed(inputs), model(**inputs).logits, atol=1e-5, rtol=1e-5)


def test_other_models_and_other_precisions_are_left_to_themselves(
    bert_config: BertConfig, llama_config: LlamaConfig
) -> None:
    assert packed_logits(LlamaForSequenceClassification(llama_config)) is None
    model = MODELS["bert"](bert_config)
    with torch.autocast("cpu", torch.bfloat16):
        assert packed_logits(model) is None
    assert packed_logits(model) is not None
    model.bert.encoder.layer[1].output.dense = nn.Sequential(model.bert.encoder.layer[1].output.dense)
    assert packed_logits(model) is None


def test_a_text_that_stands_twice_is_read_once(
    bert_config: BertConfig, tokenizer: PreTrainedTokenizerFast, texts: list[str]
) -> None:
    model = MODELS["bert"](bert_config)
    told: list[tuple[int, int, str]] = []
    labels = ("a", "b", "c")
    twice = predict(model, tokenizer, [*texts, *texts], labels, on_progress=lambda *said: told.append(said))
    assert told[-1][:2] == (len(texts), len(texts))
    assert (twice[: len(texts)] == twice[len(texts) :]).all()
