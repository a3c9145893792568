from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
import torch
from transformers import BertConfig, BertForMaskedLM, BertModel, PreTrainedTokenizerFast

from codemix_lab.errors import Cancelled
from codemix_lab.evaluation.features import mean_features
from codemix_lab.evaluation.inference import over_batches
from codemix_lab.evaluation.perplexity import pseudo_perplexity
from codemix_lab.evaluation.tokenised import tokenise


@pytest.fixture
def threads() -> Iterator[int]:
    torch.set_num_threads(3)
    yield 3
    torch.set_num_threads(1)


def test_batches_side_by_side_give_what_one_after_the_other_gives(
    bert_config: BertConfig, tokenizer: PreTrainedTokenizerFast, texts: list[str], threads: int
) -> None:
    backbone, whole = BertModel(bert_config), BertForMaskedLM(bert_config)
    tokenised = tokenise(tokenizer, texts * 20, 64)
    together = mean_features(backbone, tokenised, budget=30)
    surprised = pseudo_perplexity(whole, tokenizer, texts * 5, budget=30)
    assert torch.get_num_threads() == threads
    torch.set_num_threads(1)
    np.testing.assert_allclose(together, mean_features(backbone, tokenised, budget=30), atol=1e-6)
    assert surprised == pytest.approx(pseudo_perplexity(whole, tokenizer, texts * 5, budget=30), rel=1e-5)


def test_precision_and_inference_mode_reach_every_batch_and_training_mode_comes_back(
    bert_config: BertConfig, tokenizer: PreTrainedTokenizerFast, texts: list[str], threads: int
) -> None:
    model = BertModel(bert_config).train()
    tokenised = tokenise(tokenizer, texts * 10, 64)
    with torch.autocast("cpu", torch.bfloat16):
        found = over_batches(
            model,
            tokenised,
            lambda rows, inputs: (torch.is_inference_mode_enabled(), torch.mm(*[torch.ones(2, 2)] * 2).dtype),
            "x",
            budget=30,
        )
    assert len(found) > threads and {told for _, told in found} == {(True, torch.bfloat16)}
    assert model.training


def test_stopped_half_way_leaves_the_threads_as_they_were(
    bert_config: BertConfig, tokenizer: PreTrainedTokenizerFast, texts: list[str], threads: int
) -> None:
    seen: list[int] = []
    with pytest.raises(Cancelled):
        over_batches(
            BertModel(bert_config),
            tokenise(tokenizer, texts * 10, 64),
            lambda rows, inputs: None,
            "x",
            budget=30,
            on_progress=lambda done, total, what: seen.append(done),
            should_stop=lambda: len(seen) > 2,
        )
    assert len(seen) == 3 and torch.get_num_threads() == threads
