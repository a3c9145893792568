from __future__ import annotations

import numpy as np
import pytest
import torch
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import BertConfig, BertModel, LlamaConfig, LlamaModel, PreTrainedTokenizerFast

from codemix_lab.errors import Cancelled
from codemix_lab.evaluation.features import mean_features, tokenise


def test_a_text_is_cut_to_length_and_an_empty_one_keeps_its_place(
    tokenizer: PreTrainedTokenizerFast, texts: list[str]
) -> None:
    tokenised = tokenise(tokenizer, texts, max_length=5)
    assert tokenised.lengths == [5, 3, 5, 2, 5, 5]
    assert tokenised.input_ids[0][0] == 0 and tokenised.input_ids[0][-1] == 2
    assert tokenised.special_ids == {0, 1, 2, 4}
    assert tokenise(tokenizer, [], max_length=5).input_ids == []


def test_a_tokenizer_without_special_pieces_leaves_no_sentence_empty(vocabulary: dict[str, int]) -> None:
    words = Tokenizer(models.WordLevel(vocabulary, unk_token="<unk>"))
    words.pre_tokenizer = pre_tokenizers.Whitespace()
    bare = PreTrainedTokenizerFast(tokenizer_object=words, eos_token="</s>")
    assert tokenise(bare, ["", "good"], max_length=8).input_ids == [[2], [vocabulary["good"]]]


@pytest.mark.parametrize("budget", [1, 12, 4096])
def test_features_do_not_depend_on_the_batching(
    tokenizer: PreTrainedTokenizerFast, texts: list[str], bert_config: BertConfig, budget: int
) -> None:
    model = BertModel(bert_config)
    features = mean_features(model, tokenise(tokenizer, texts, 64), budget=budget)
    assert features.dtype == np.float32 and features.shape == (len(texts), 16)
    model.eval()
    for text, row in zip(texts, features, strict=True):
        alone = model(**tokenizer(text, return_tensors="pt")).last_hidden_state[0].mean(dim=0)
        np.testing.assert_allclose(row, alone.detach().numpy(), atol=1e-5)


def test_decoders_have_features_too(
    tokenizer: PreTrainedTokenizerFast, texts: list[str], llama_config: LlamaConfig
) -> None:
    model = LlamaModel(llama_config).eval()
    features = mean_features(model, tokenise(tokenizer, texts, 64))
    alone = model(**tokenizer(texts[2], return_tensors="pt", return_token_type_ids=False)).last_hidden_state
    np.testing.assert_allclose(features[2], alone[0].mean(dim=0).detach().numpy(), atol=1e-5)


def test_dropout_is_off_and_the_model_is_left_as_it_was(
    tokenizer: PreTrainedTokenizerFast, texts: list[str], bert_config: BertConfig
) -> None:
    model = BertModel(bert_config).train()
    tokenised = tokenise(tokenizer, texts, 64)
    np.testing.assert_array_equal(mean_features(model, tokenised), mean_features(model, tokenised))
    assert model.training and torch.is_grad_enabled()


def test_autocast_changes_little_and_the_features_stay_float32(
    tokenizer: PreTrainedTokenizerFast, texts: list[str], bert_config: BertConfig
) -> None:
    model, tokenised = BertModel(bert_config), tokenise(tokenizer, texts, 64)
    exact = mean_features(model, tokenised)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        fast = mean_features(model, tokenised)
    assert fast.dtype == np.float32 and not np.array_equal(fast, exact)
    assert np.linalg.norm(fast - exact) < 0.05 * np.linalg.norm(exact)


def test_progress_counts_sentences_and_stopping_is_heard(
    tokenizer: PreTrainedTokenizerFast, texts: list[str], bert_config: BertConfig
) -> None:
    model, tokenised = BertModel(bert_config).train(), tokenise(tokenizer, texts, 64)
    seen: list[tuple[int, int, str]] = []
    mean_features(model, tokenised, budget=16, on_progress=lambda *step: seen.append(step))
    assert [done for done, _, _ in seen] == sorted({done for done, _, _ in seen})
    assert seen[0] == (0, 6, "sentence features") and seen[-1][0] == 6
    with pytest.raises(Cancelled):
        mean_features(model, tokenised, should_stop=lambda: True)
    assert model.training
