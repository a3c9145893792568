"""Continued pre-training at tiny size: an adapter comes out, it learns, resumes and cancels."""

import json
from pathlib import Path

import pytest
import torch

from codemix_lab.config import CptSpec
from codemix_lab.errors import Cancelled, DataError
from codemix_lab.models.checkpoints import open_checkpoint
from codemix_lab.models.loading import backbone_state, load_lm, load_tokenizer
from codemix_lab.training.masked_lm import continue_pretraining, masked_lm_loss


def spec(folder: Path, **changes: object) -> CptSpec:
    values = {"base": str(folder), "steps": 12, "tokens_per_step": 128, "rank": 4, "learning_rate": 1e-2}
    return CptSpec(**(values | changes))  # type: ignore[arg-type]


@pytest.fixture
def lines(tiny_encoder: Path) -> list[str]:
    words = [
        w for w in load_tokenizer(open_checkpoint(str(tiny_encoder))).get_vocab() if w.strip("▁").isalpha()
    ]
    return [" ".join(words[(i * 3 + j) % len(words)].strip("▁") for j in range(6)) for i in range(40)]


def test_it_learns_and_writes_an_adapter_that_opens_on_its_base(
    tiny_encoder: Path, lines: list[str], tmp_path: Path
) -> None:
    result = continue_pretraining(
        spec(tiny_encoder, steps=40),
        tiny_encoder,
        lines,
        {"mixed": lines[:20]},
        tmp_path / "out",
        tmp_path / "work",
    )
    assert result.after["mixed"] < result.before["mixed"]
    adapted = open_checkpoint(str(result.adapter))
    assert adapted.folder == tiny_encoder
    before, after = backbone_state(open_checkpoint(str(tiny_encoder))), backbone_state(adapted)
    moved = {name for name in before if not torch.equal(before[name], after[name])}
    assert moved
    assert not any("embeddings" in name for name in moved)
    assert json.loads((result.adapter / "training.json").read_text())["sentences"] == 40


def test_a_stopped_run_goes_on_to_the_same_adapter(
    tiny_encoder: Path, lines: list[str], tmp_path: Path
) -> None:
    held = {"mixed": lines[:5]}
    whole = continue_pretraining(
        spec(tiny_encoder), tiny_encoder, lines, held, tmp_path / "a", tmp_path / "wa"
    )
    steps = iter(range(100))
    with pytest.raises(Cancelled, match="go on"):
        continue_pretraining(
            spec(tiny_encoder),
            tiny_encoder,
            lines,
            held,
            tmp_path / "b",
            tmp_path / "wb",
            should_stop=lambda: next(steps) >= 5,
        )
    assert not (tmp_path / "b").exists()
    resumed = continue_pretraining(
        spec(tiny_encoder), tiny_encoder, lines, held, tmp_path / "b", tmp_path / "wb"
    )
    assert resumed.after["mixed"] == pytest.approx(whole.after["mixed"], abs=1e-4)


def test_an_empty_corpus_is_refused(tiny_encoder: Path, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no text"):
        continue_pretraining(spec(tiny_encoder), tiny_encoder, ["", "  "], {}, tmp_path / "o", tmp_path / "w")


def test_the_loss_is_transformers_own(tiny_encoder: Path) -> None:
    model = load_lm(open_checkpoint(str(tiny_encoder)))
    ids = torch.tensor([[1, 2, 3, 4], [2, 3, 4, 5]])
    labels = torch.where(torch.tensor([[0, 1, 0, 1], [1, 0, 0, 0]], dtype=torch.bool), ids, -100)
    mask = torch.ones_like(ids)
    ours = masked_lm_loss(model, ids, mask, labels)
    theirs = model(input_ids=ids, attention_mask=mask, labels=labels).loss
    torch.testing.assert_close(ours, theirs)
