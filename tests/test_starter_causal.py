"""The whole line with the starter's decoder: CPT, task vector, curve, export, fine-tune, prediction."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from codemix_lab.config import CptSpec, FineTuneSpec, MergeSpec, ProbeSpec, TaskSpec
from codemix_lab.evaluation.perplexity import pseudo_perplexity
from codemix_lab.experiments.adapting import adapt
from codemix_lab.experiments.inspection import predictions
from codemix_lab.experiments.merge_score import score_merge
from codemix_lab.models.checkpoints import open_checkpoint
from codemix_lab.models.loading import load_lm, load_tokenizer
from codemix_lab.training.export import export_merge
from codemix_lab.training.finetune import fine_tune

pytestmark = pytest.mark.real


def test_it_reads_english_better_than_shuffled_english(starter_decoder: str) -> None:
    checkpoint = open_checkpoint(starter_decoder)
    assert not checkpoint.is_encoder
    model, tokenizer = load_lm(checkpoint), load_tokenizer(checkpoint)
    sentence = "The capital of France is Paris, and many people visit it every year."
    shuffled = " ".join(np.random.default_rng(0).permutation(sentence.split()))
    plain = pseudo_perplexity(model, tokenizer, [sentence])
    assert plain < 30 and plain < pseudo_perplexity(model, tokenizer, [shuffled]) / 3


@pytest.mark.timeout(900)
def test_from_text_to_predictions(starter_decoder: str, tmp_path: Path) -> None:
    spec = CptSpec(
        starter_decoder, ("en-hi",), steps=3, tokens_per_step=512, max_length=128, rank=8, evaluate_every=3
    )
    adapted = adapt(spec, tmp_path / "cpt")
    assert adapted.after["code-mixed"] < adapted.before["code-mixed"]
    merge = MergeSpec(starter_decoder, (str(adapted.adapter),), scaling=0.6)
    probe = ProbeSpec(train_size=12, score_size=12)
    found = score_merge(merge, TaskSpec("en-hi"), probe)
    assert 0 <= found["macro_f1"] <= 1 and found["code_mixed_perplexity"] > 1
    whole = export_merge(merge, tmp_path / "merged")
    tuned = fine_tune(
        FineTuneSpec(str(whole), TaskSpec("en-hi"), train_size=12, epochs=1, batch_size=4), tmp_path / "tuned"
    )
    answers = predictions(str(tuned.model), TaskSpec("en-hi"), "test", 12)
    assert answers.filter(like="p_").sum(axis=1).to_numpy() == pytest.approx(1, abs=1e-4)
