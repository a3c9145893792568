"""Tiny random models, a tiny task and a workspace of their own for every test."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from tokenizers import Tokenizer, models, pre_tokenizers, processors
from transformers import (
    BertConfig,
    BertForMaskedLM,
    BertForSequenceClassification,
    PreTrainedTokenizerFast,
)

from codemix_lab.experiments.engines import Plan, State
from codemix_lab.experiments.engines.work import work_on
from codemix_lab.progress import Progress, ShouldStop, raise_if_stopped

WORDS = ("yeh", "film", "bahut", "good", "thi", "but", "ending", "bakwas", "laga", "yaar")
SPECIAL = ("<s>", "<pad>", "</s>", "<unk>", "<mask>")
LABELS = ("negative", "neutral", "positive")


@pytest.fixture(autouse=True)
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("CODEMIX_LAB_WORKSPACE", str(tmp_path / "workspace"))
    return tmp_path / "workspace"


@pytest.fixture(scope="session")
def tokenizer() -> PreTrainedTokenizerFast:
    words = Tokenizer(models.WordLevel({w: i for i, w in enumerate((*SPECIAL, *WORDS))}, unk_token="<unk>"))
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


def bert(**changes: object) -> BertConfig:
    return BertConfig(
        vocab_size=len(SPECIAL) + len(WORDS),
        hidden_size=16,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=16,
        max_position_embeddings=64,
        pad_token_id=1,
        initializer_range=0.5,
        **changes,
    )


@pytest.fixture(scope="session")
def write_classifier(tokenizer: PreTrainedTokenizerFast) -> Callable[..., Path]:
    def write(folder: Path, labels: tuple[str, ...] = LABELS, seed: int = 0) -> Path:
        torch.manual_seed(seed)
        config = bert(id2label=dict(enumerate(labels)), label2id={v: i for i, v in enumerate(labels)})
        BertForSequenceClassification(config).save_pretrained(folder)
        tokenizer.save_pretrained(folder)
        return folder

    return write


@pytest.fixture(scope="session")
def base(tmp_path_factory: pytest.TempPathFactory, tokenizer: PreTrainedTokenizerFast) -> str:
    return _write_lm(tmp_path_factory.mktemp("base") / "model", tokenizer, seed=1)


@pytest.fixture(scope="session")
def adapted(tmp_path_factory: pytest.TempPathFactory, tokenizer: PreTrainedTokenizerFast) -> str:
    return _write_lm(tmp_path_factory.mktemp("adapted") / "model", tokenizer, seed=2)


@pytest.fixture(scope="session")
def write_task() -> Callable[..., Path]:
    def write(path: Path, labels: tuple[str, ...] = LABELS) -> Path:
        lines = ["text\tlabel\tsplit"]
        for split, count in (("train", 24), ("dev", 12), ("test", 12)):
            for i in range(count):
                words = [WORDS[(i * 7 + k * (3 + i % 5) + len(split)) % len(WORDS)] for k in range(4)]
                lines.append(f"{' '.join(words)} {split}{i}\t{labels[i % len(labels)]}\t{split}")
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
        return path

    return write


@pytest.fixture
def task_file(tmp_path: Path, write_task: Callable[..., Path]) -> Path:
    return write_task(tmp_path / "en-hi.tsv")


def _write_lm(folder: Path, tokenizer: PreTrainedTokenizerFast, seed: int) -> str:
    torch.manual_seed(seed)
    BertForMaskedLM(bert()).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return str(folder)


class Here:
    """An engine in this process."""

    def run(
        self, plan: Plan, on_progress: Progress | None = None, should_stop: ShouldStop | None = None
    ) -> State:
        raise_if_stopped(should_stop)
        plan.write()
        work_on(plan, should_stop or (lambda: False))
        return plan.state()


@pytest.fixture
def here() -> type[Here]:
    return Here
