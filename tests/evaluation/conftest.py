"""Tiny random models and a word tokenizer, made anew so that nothing is downloaded."""

from __future__ import annotations

import pytest
import torch
from tokenizers import Tokenizer, models, pre_tokenizers, processors
from transformers import BertConfig, LlamaConfig, PreTrainedTokenizerFast

WORDS = ("yeh", "film", "bahut", "good", "thi", "but", "ending", "bakwas", "laga", "yaar")
SPECIAL = ("<s>", "<pad>", "</s>", "<unk>", "<mask>")


@pytest.fixture(scope="session")
def vocabulary() -> dict[str, int]:
    return {piece: i for i, piece in enumerate((*SPECIAL, *WORDS))}


@pytest.fixture(scope="session")
def tokenizer(vocabulary: dict[str, int]) -> PreTrainedTokenizerFast:
    words = Tokenizer(models.WordLevel(vocabulary, unk_token="<unk>"))
    words.pre_tokenizer = pre_tokenizers.Whitespace()
    words.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>", special_tokens=[("<s>", 0), ("</s>", 2)]
    )
    return PreTrainedTokenizerFast(
        tokenizer_object=words,
        bos_token="<s>",
        eos_token="</s>",
        pad_token="<pad>",
        unk_token="<unk>",
        mask_token="<mask>",
        model_max_length=64,
    )


@pytest.fixture
def texts() -> list[str]:
    return [
        "yeh film bahut good thi",
        "bakwas",
        "good film but ending bakwas laga yaar",
        "",
        "yaar zzz good",
        "thi yeh good yeh film but bahut bahut good yaar laga",
    ]


@pytest.fixture(scope="session")
def bert_config(vocabulary: dict[str, int]) -> BertConfig:
    return BertConfig(
        vocab_size=len(vocabulary),
        hidden_size=16,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=32,
        max_position_embeddings=64,
        pad_token_id=1,
        initializer_range=0.5,
    )


@pytest.fixture(scope="session")
def llama_config(vocabulary: dict[str, int]) -> LlamaConfig:
    return LlamaConfig(
        vocab_size=len(vocabulary),
        hidden_size=16,
        num_hidden_layers=2,
        num_attention_heads=2,
        num_key_value_heads=1,
        intermediate_size=32,
        max_position_embeddings=64,
        pad_token_id=1,
        bos_token_id=0,
        eos_token_id=2,
        initializer_range=0.5,
    )


@pytest.fixture(autouse=True)
def seeded() -> None:
    torch.manual_seed(0)
