from __future__ import annotations

import math
from typing import Any

import pytest
import torch
from torch.nn.functional import log_softmax
from transformers import (
    AlbertConfig,
    AlbertForMaskedLM,
    BertConfig,
    BertForMaskedLM,
    BertModel,
    DebertaV2Config,
    DebertaV2ForMaskedLM,
    DistilBertConfig,
    DistilBertForMaskedLM,
    ElectraConfig,
    ElectraForMaskedLM,
    Gemma2Config,
    Gemma2ForCausalLM,
    GPT2Config,
    GPT2LMHeadModel,
    LlamaConfig,
    LlamaForCausalLM,
    ModernBertConfig,
    ModernBertForMaskedLM,
    PreTrainedTokenizerFast,
    XLMRobertaConfig,
    XLMRobertaForMaskedLM,
)

from codemix_lab.errors import Cancelled, CheckpointError, DataError
from codemix_lab.evaluation import perplexity
from codemix_lab.evaluation.perplexity import causal_cloze, masked_cloze, pseudo_perplexity
from codemix_lab.evaluation.tokenised import tokenise
from codemix_lab.models.lm_head import logits_at

SMALL = {
    "vocab_size": 15,
    "hidden_size": 16,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "intermediate_size": 32,
    "max_position_embeddings": 64,
    "pad_token_id": 1,
    "initializer_range": 0.5,
}
DISTIL = {"vocab_size": 15, "dim": 16, "n_layers": 2, "n_heads": 2, "hidden_dim": 32, "pad_token_id": 1}
GPT2 = {
    "vocab_size": 15,
    "n_embd": 16,
    "n_layer": 2,
    "n_head": 2,
    "n_positions": 64,
    "initializer_range": 0.5,
}
DEBERTA = {**SMALL, "relative_attention": True, "pos_att_type": ["p2c", "c2p"]}
TOKENS = {"cls_token_id": 0, "bos_token_id": 0, "sep_token_id": 2, "eos_token_id": 2}

MASKED = {
    "bert": lambda: BertForMaskedLM(BertConfig(**SMALL)),
    "xlm-roberta": lambda: XLMRobertaForMaskedLM(XLMRobertaConfig(**SMALL)),
    "distilbert": lambda: DistilBertForMaskedLM(DistilBertConfig(**DISTIL, initializer_range=0.5)),
    "deberta-v2": lambda: DebertaV2ForMaskedLM(DebertaV2Config(**DEBERTA)),
    "deberta-v2 new head": lambda: DebertaV2ForMaskedLM(DebertaV2Config(**DEBERTA, legacy=False)),
    "electra": lambda: ElectraForMaskedLM(ElectraConfig(**SMALL, embedding_size=8)),
    "albert": lambda: AlbertForMaskedLM(AlbertConfig(**SMALL, embedding_size=8)),
    "modernbert": lambda: ModernBertForMaskedLM(ModernBertConfig(**SMALL, **TOKENS)),
}
CAUSAL = {
    "llama": lambda: LlamaForCausalLM(LlamaConfig(**SMALL)),
    "gpt2": lambda: GPT2LMHeadModel(GPT2Config(**GPT2)),
    "gemma2": lambda: Gemma2ForCausalLM(Gemma2Config(**SMALL, num_key_value_heads=1, head_dim=8)),
}


@pytest.mark.parametrize("passes", [1, 2, 6, 50])
def test_every_text_piece_is_asked_for_once(
    tokenizer: PreTrainedTokenizerFast, texts: list[str], passes: int
) -> None:
    tokenised = tokenise(tokenizer, texts, 64)
    cloze = masked_cloze(tokenised, passes)
    asked = [answer for row in cloze.answers for answer in row if answer != -100]
    text = [piece for ids in tokenised.input_ids for piece in ids if piece not in tokenised.special_ids]
    assert sorted(asked) == sorted(text)
    for question, answer in zip(cloze.tokenised.input_ids, cloze.answers, strict=True):
        assert all((piece == 4) == (target != -100) for piece, target in zip(question, answer, strict=True))


@pytest.mark.parametrize("name", MASKED)
def test_masked_models_agree_with_one_mask_at_a_time(
    name: str, tokenizer: PreTrainedTokenizerFast, texts: list[str]
) -> None:
    model = MASKED[name]().eval()
    surprise, count = 0.0, 0
    for text in texts:
        ids = tokenizer(text)["input_ids"]
        for place in range(1, len(ids) - 1):
            question = torch.tensor([ids])
            question[0, place] = 4
            with torch.no_grad():
                answer = log_softmax(model(input_ids=question).logits[0, place].double(), dim=-1)
            surprise -= float(answer[ids[place]])
            count += 1
    found = pseudo_perplexity(model, tokenizer, texts, passes=50, budget=40)
    assert found == pytest.approx(math.exp(surprise / count), rel=1e-4)


@pytest.mark.parametrize("name", CAUSAL)
def test_decoders_get_the_ordinary_perplexity(
    name: str, tokenizer: PreTrainedTokenizerFast, texts: list[str]
) -> None:
    model = CAUSAL[name]().eval()
    surprise, count = 0.0, 0
    for text in texts:
        ids = tokenizer(text)["input_ids"]
        with torch.no_grad():
            guesses = log_softmax(model(input_ids=torch.tensor([ids])).logits[0].double(), dim=-1)
        for place in range(1, len(ids) - 1):
            surprise -= float(guesses[place - 1, ids[place]])
            count += 1
    found = pseudo_perplexity(model, tokenizer, texts, budget=40)
    assert found == pytest.approx(math.exp(surprise / count), rel=1e-4)


@pytest.mark.parametrize("make", [*MASKED.values(), *CAUSAL.values()], ids=[*MASKED, *CAUSAL])
def test_only_asked_positions_reach_the_layer_that_makes_logits(make: Any) -> None:
    model = make().eval()
    widths: list[int] = []
    model.get_output_embeddings().register_forward_hook(lambda _m, _i, out: widths.append(out.shape[0]))
    asked = torch.zeros(2, 7, dtype=torch.bool)
    asked[0, 2] = asked[1, 4] = asked[1, 5] = True
    inputs = {"input_ids": torch.randint(5, 15, (2, 7)), "attention_mask": torch.ones(2, 7, dtype=torch.long)}
    with torch.no_grad():
        few, everything = logits_at(model, inputs, asked), model(**inputs).logits
    assert widths[0] == 3 and few.shape == (3, 15)
    torch.testing.assert_close(few, everything[asked], atol=1e-5, rtol=1e-4)


def test_a_uniform_model_is_as_surprised_as_the_vocabulary_is_large(
    tokenizer: PreTrainedTokenizerFast, texts: list[str], bert_config: BertConfig
) -> None:
    model = BertForMaskedLM(bert_config)
    with torch.no_grad():
        for tensor in model.get_output_embeddings().parameters():
            tensor.zero_()
    assert pseudo_perplexity(model, tokenizer, texts) == pytest.approx(15, rel=1e-5)


def test_the_figure_is_deterministic_and_independent_of_batches_and_dropout(
    tokenizer: PreTrainedTokenizerFast,
    texts: list[str],
    bert_config: BertConfig,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    model = BertForMaskedLM(bert_config).train()
    once = pseudo_perplexity(model, tokenizer, texts)
    assert once == pseudo_perplexity(model, tokenizer, texts)
    monkeypatch.setattr(perplexity, "LARGEST_LOGITS", 100)
    assert pseudo_perplexity(model, tokenizer, texts) == pytest.approx(once, rel=1e-5)
    assert model.training


def test_the_first_piece_of_a_decoder_without_a_start_piece_is_not_asked_for(
    tokenizer: PreTrainedTokenizerFast,
) -> None:
    tokenised = tokenise(tokenizer, ["good film"], 64)
    assert sum(a != -100 for a in causal_cloze(tokenised).answers[0]) == 2
    bare = type(tokenised)([tokenised.input_ids[0][1:3]], 1, None, frozenset({0, 1, 2}))
    assert sum(a != -100 for a in causal_cloze(bare).answers[0]) == 1


def test_what_has_no_perplexity_is_said(
    tokenizer: PreTrainedTokenizerFast, texts: list[str], bert_config: BertConfig
) -> None:
    model = BertForMaskedLM(bert_config)
    with pytest.raises(CheckpointError, match="BertModel has no language-model head"):
        pseudo_perplexity(BertModel(bert_config), tokenizer, texts)
    with pytest.raises(DataError, match="no piece to predict"):
        pseudo_perplexity(model, tokenizer, ["", ""])
    with pytest.raises(Cancelled):
        pseudo_perplexity(model, tokenizer, texts, should_stop=lambda: True)
    unmasked = PreTrainedTokenizerFast(tokenizer_object=tokenizer.backend_tokenizer, eos_token="</s>")
    with pytest.raises(CheckpointError, match="no mask piece"):
        pseudo_perplexity(model, unmasked, texts)
    with torch.no_grad():
        model.get_input_embeddings().weight.fill_(math.nan)
    with pytest.raises(CheckpointError, match="smaller λ"):
        pseudo_perplexity(model, tokenizer, texts)
    assert not model.get_output_embeddings()._forward_pre_hooks
