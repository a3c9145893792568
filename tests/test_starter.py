"""The starter as it is shipped: what its cards claim, on the machine where it is installed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from transformers import AutoModelForMaskedLM, AutoTokenizer

from codemix_lab.config import MergeSpec, ProbeSpec
from codemix_lab.evaluation.merge_scorer import MergeScorer
from codemix_lab.models.checkpoints import open_checkpoint
from codemix_lab.models.starter.install import install_starter
from codemix_lab.models.starter.names import WEIGHTS
from codemix_lab.text.readers import read_table
from codemix_lab.text.tasks import open_task


def test_the_shipped_weights_stay_small() -> None:
    assert sum(p.stat().st_size for p in WEIGHTS.rglob("*.safetensors")) < 25e6


@pytest.mark.parametrize(
    "folder", sorted(p.parent for p in WEIGHTS.glob("*/adapter_config.json")), ids=lambda p: p.name
)
def test_every_adapter_has_a_card_that_says_what_training_recorded(folder: Path) -> None:
    card = (folder / "README.md").read_text(encoding="utf-8")
    record = json.loads((folder / "training.json").read_text())
    assert f"{record['spec']['steps']} steps" in card
    assert f"{record['sentences']:,}" in card
    for losses in (record["before"], record["after"]):
        assert f"{losses['monolingual']:.2f}" in card


def test_it_opens_like_any_folder_and_cuts_as_the_full_vocabulary_does(starter: tuple[str, ...]) -> None:
    folder = install_starter()
    tokenizer = AutoTokenizer.from_pretrained(folder)
    assert tokenizer.tokenize("Hello world!") == ["▁Hello", "▁world", "!"]
    model = AutoModelForMaskedLM.from_pretrained(folder)
    assert model.config.num_hidden_layers == 6
    assert model.config.vocab_size == len(tokenizer)


def test_continued_pretraining_gained_code_mixed_text_and_forgot_some_monolingual(
    starter: tuple[str, ...],
) -> None:
    scorer = MergeScorer.open(
        "starter", ["starter:en-hi"], open_task("en-hi"), ProbeSpec(train_size=30, score_size=30)
    )
    base, cpt = (scorer.point(MergeSpec("starter", ("starter:en-hi",), scaling=s)) for s in (0.0, 1.0))
    assert cpt.code_mixed_perplexity < 0.7 * base.code_mixed_perplexity  # type: ignore[operator]
    assert cpt.monolingual_perplexity > base.monolingual_perplexity  # type: ignore[operator]


def test_starter_names_share_one_base(starter: tuple[str, ...]) -> None:
    base, *adapted = (open_checkpoint(name) for name in starter)
    assert starter[1:] == tuple(f"starter:{pair}" for pair in ("en-es", "en-hi", "en-ml", "en-ta"))
    assert all(a.folder == base.folder and a.fingerprint != base.fingerprint for a in adapted)


@pytest.mark.real
def test_real_tweets_are_cut_as_the_full_vocabulary_cuts_them(
    starter: tuple[str, ...], real_data: Path
) -> None:
    tokenizer = AutoTokenizer.from_pretrained(install_starter())
    for name in ("en-hi.sentiment.sail2017", "en-es.sentiment.vilares2016", "en-ta.sentiment.fire2020"):
        texts = read_table(real_data / "tasks" / f"{name}.tsv.gz")["text"][:500].tolist()
        unknown = sum(tokenizer.unk_token_id in ids for ids in tokenizer(texts)["input_ids"])
        assert unknown <= 0.02 * len(texts)
