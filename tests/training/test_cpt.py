"""Continued pre-training at tiny size: it learns, survives, stops, and leaves what merging can open."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import AutoTokenizer, BertModel

from codemix_lab.config import CptSpec
from codemix_lab.errors import Cancelled, CheckpointError, CodeMixLabError, DataError, SpecError, StorageError
from codemix_lab.models.checkpoints import open_checkpoint
from codemix_lab.models.loading import backbone_state, load_lm, load_tokenizer
from codemix_lab.models.trajectory import steps_kept
from codemix_lab.training.cpt import RECORD, CptResult, continue_pretraining

Train = Callable[..., CptResult]
SMALL = {
    "steps": 12,
    "tokens_per_step": 128,
    "rank": 4,
    "learning_rate": 1e-2,
    "save_every": 4,
    "evaluate_every": 6,
}


@pytest.fixture
def lines(tiny_encoder: Path) -> list[str]:
    words = [
        w for w in load_tokenizer(open_checkpoint(str(tiny_encoder))).get_vocab() if w.strip("▁").isalpha()
    ]
    return [" ".join(words[(i * 3 + j) % len(words)].strip("▁") for j in range(6)) for i in range(40)]


@pytest.fixture
def train(lines: list[str], tmp_path: Path) -> Train:
    """Continue the pre-training of a folder under a name; `more` goes to `continue_pretraining`."""

    def run(folder: Path, name: str = "out", more: dict[str, Any] | None = None, **changes: Any) -> CptResult:
        spec = CptSpec(base=str(folder), **{**SMALL, **changes})
        held_out = {"code-mixed": lines[:20], "monolingual": lines[20:30]}
        return continue_pretraining(
            spec, folder, lines, held_out, tmp_path / name, tmp_path / f"{name}.work", **(more or {})
        )

    return run


def moved(base: Path, adapted: Path) -> set[str]:
    before, after = (backbone_state(open_checkpoint(str(folder))) for folder in (base, adapted))
    return {name for name in before if not torch.equal(before[name], after[name])}


@pytest.mark.parametrize("kind", ["tiny_encoder", "tiny_decoder"])
@pytest.mark.parametrize("lora", [True, False], ids=["lora", "full"])
def test_it_learns_and_leaves_a_checkpoint_that_opens_on_its_base(
    kind: str, lora: bool, train: Train, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    base = request.getfixturevalue(kind)
    result = train(base, steps=30, lora=lora, freeze_embeddings=not lora)
    assert result.after["code-mixed"] < result.before["code-mixed"]
    assert not any(
        "word_embeddings" in name or "embed_tokens" in name for name in moved(base, result.adapter)
    )
    assert len(moved(base, result.adapter)) >= 12
    record = json.loads((result.adapter / RECORD).read_text())
    assert record["objective"] == ("masked" if kind == "tiny_encoder" else "causal")
    assert record["sentences"] == 40 and record["curve"] == result.curve
    steps = [point["step"] for point in result.curve]
    assert steps[0] == 0 and steps[-1] == 30 and steps == sorted(set(steps))
    assert result.curve[-1]["tokens_per_second"] > 0
    assert not (tmp_path / "out.work").exists()


def test_the_loss_written_is_that_of_the_checkpoint_written(
    train: Train, tiny_decoder: Path, lines: list[str]
) -> None:
    result = train(tiny_decoder, lora=False)
    opened = open_checkpoint(str(result.adapter))
    model, tokenizer = load_lm(opened), load_tokenizer(opened)
    total = pieces = 0.0
    for line in lines[:20]:
        ids = torch.tensor([tokenizer(line)["input_ids"]])
        with torch.inference_mode():
            total += float(model(input_ids=ids, labels=ids).loss) * (ids.shape[1] - 1)
        pieces += ids.shape[1] - 1
    assert result.after["code-mixed"] == pytest.approx(total / pieces, abs=1e-4)


def test_two_runs_with_one_seed_are_equal_and_another_seed_differs(train: Train, tiny_encoder: Path) -> None:
    one, same, other = (train(tiny_encoder, name, seed=seed) for name, seed in (("a", 1), ("b", 1), ("c", 2)))
    assert [p["code-mixed"] for p in one.curve] == [p["code-mixed"] for p in same.curve]
    assert one.after != other.after


def test_a_step_in_parts_or_with_less_memory_is_the_same_step(train: Train, tiny_decoder: Path) -> None:
    """Every step sees all 27 blocks, so their order does not matter."""
    one = {"max_length": 64, "tokens_per_step": 28 * 64, "lora": False, "steps": 2, "learning_rate": 1e-3}
    whole = train(tiny_decoder, "a", **one)
    assert whole.after["code-mixed"] != pytest.approx(whole.before["code-mixed"], abs=1e-3)
    for name, change in (("b", {"accumulation": 2}), ("c", {"gradient_checkpointing": True})):
        same = train(tiny_decoder, name, **one, **change)
        assert same.after["code-mixed"] == pytest.approx(whole.after["code-mixed"], abs=1e-4)


def test_a_stopped_run_keeps_its_last_step_and_goes_on_to_the_same_curve(
    train: Train, tiny_encoder: Path, tmp_path: Path
) -> None:
    whole = train(tiny_encoder, "whole")
    asked = iter(range(100))
    with pytest.raises(Cancelled, match="after 6 steps"):
        train(tiny_encoder, more={"should_stop": lambda: next(asked) >= 5})
    assert not (tmp_path / "out").exists()
    assert (tmp_path / "out.work" / "checkpoint-6" / "adapter_model.safetensors").is_file()
    told: list[dict[str, float]] = []
    resumed = train(tiny_encoder, more={"on_point": told.append})
    assert [p["code-mixed"] for p in resumed.curve] == pytest.approx(
        [p["code-mixed"] for p in whole.curve], abs=1e-5
    )
    assert [p["step"] for p in told] == [p["step"] for p in whole.curve]


_SCRIPT = """
import os, resource, signal, sys
from pathlib import Path
import torch
torch.set_num_threads(1)
from codemix_lab.config import CptSpec
from codemix_lab.errors import CodeMixLabError
from codemix_lab.training.cpt import continue_pretraining
base, text, out = map(Path, sys.argv[1:4])
lines = text.read_text().splitlines()

def die(point):
    if point["step"] == 18:
        os.kill(os.getpid(), signal.SIGKILL)

def full(point):
    if point["step"] == 18:
        resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))

held_out = {"code-mixed": lines[:20], "monolingual": lines[20:30]}
spec = CptSpec.from_yaml(sys.argv[4])
happens = {"die": die, "full": full}[sys.argv[5]]
try:
    continue_pretraining(spec, base, lines, held_out, out, out.with_name("out.work"), on_point=happens)
except CodeMixLabError as error:
    print(error)
"""


@pytest.mark.parametrize("happens", ["die", "full"])
def test_a_killed_process_and_a_full_disk_resume_to_the_same_losses(
    train: Train, tiny_encoder: Path, lines: list[str], tmp_path: Path, happens: str
) -> None:
    (tmp_path / "lines.txt").write_text("\n".join(lines), encoding="utf-8")
    spec = CptSpec(base=str(tiny_encoder), **{**SMALL, "steps": 24})
    arguments = [
        str(tiny_encoder),
        str(tmp_path / "lines.txt"),
        str(tmp_path / "out"),
        spec.to_yaml(),
        happens,
    ]
    ended = subprocess.run(
        [sys.executable, "-c", _SCRIPT, *arguments],
        check=False,
        timeout=100,
        stdout=subprocess.PIPE,
        text=True,
    )
    work = tmp_path / "out.work"
    if happens == "die":
        assert ended.returncode == -signal.SIGKILL
        (work / "checkpoint-20").mkdir()  # half a checkpoint, the newest by its name
    else:
        assert ended.returncode == 0
        assert "out.work: the disk is full. Free some space and try again" in ended.stdout
        assert not (tmp_path / "out").exists()
    assert {path.name for path in work.glob("checkpoint-*")} - {"checkpoint-20"} == {
        "checkpoint-12",
        "checkpoint-16",
    }
    resumed, whole = train(tiny_encoder, steps=24), train(tiny_encoder, "whole", steps=24)
    assert [p["step"] for p in resumed.curve] == [0, 6, 12, 18, 24]
    assert [p["code-mixed"] for p in resumed.curve] == pytest.approx(
        [p["code-mixed"] for p in whole.curve], abs=1e-5
    )
    assert not moved(whole.adapter, resumed.adapter)


def test_the_trajectory_is_kept_within_its_limit(train: Train, tiny_encoder: Path) -> None:
    result = train(tiny_encoder, trajectory=True, save_every=2)
    kept = steps_kept(result.adapter / "trajectory")
    assert list(kept) == [2, 4, 6, 8, 10, 12]
    first, last = (backbone_state(open_checkpoint(str(kept[step]))) for step in (2, 12))
    final = backbone_state(open_checkpoint(str(result.adapter)))
    assert all(torch.equal(last[name], final[name]) for name in final)
    assert any(not torch.equal(first[name], final[name]) for name in final)


def test_early_stop_keeps_the_best(train: Train, tiny_encoder: Path) -> None:
    result = train(tiny_encoder, steps=200, evaluate_every=5, patience=2, learning_rate=0.1)
    losses = [point["code-mixed"] for point in result.curve]
    assert result.curve[-1]["step"] < 200
    assert result.after["code-mixed"] == min(losses)
    record = json.loads((result.adapter / RECORD).read_text())
    assert record["stopped"] and record["steps"] == result.curve[losses.index(min(losses))]["step"]


def test_a_loss_that_is_no_number_stops_with_the_last_good_step(
    train: Train, tiny_encoder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from codemix_lab.training import cpt_trainer

    calls = iter(range(1000))
    real = cpt_trainer.surprise
    monkeypatch.setattr(
        cpt_trainer, "surprise", lambda *a: real(*a) * (float("nan") if next(calls) > 20 else 1.0)
    )
    with pytest.raises(
        CodeMixLabError, match=r"became nan at step \d+: step \d+ is the last good one.*smaller learning"
    ):
        train(tiny_encoder, steps=40)
    assert not (tmp_path / "out").exists()
    last = max((tmp_path / "out.work").glob("checkpoint-*"), key=lambda p: int(p.name.split("-")[1]))
    assert all(bool(t.isfinite().all()) for t in backbone_state(open_checkpoint(str(last))).values())


def test_whole_words_are_masked_together(train: Train, tiny_encoder: Path) -> None:
    assert train(tiny_encoder, whole_words=True).after["code-mixed"] > 0


def test_what_cannot_be_trained_is_refused_in_a_sentence(
    train: Train, tiny_encoder: Path, tmp_path: Path
) -> None:
    with pytest.raises(SpecError, match="no linear layer “q_proj” here, only query"):
        train(tiny_encoder, targets=("q_proj",))
    with pytest.raises(DataError, match="no text"):
        spec = CptSpec(base=str(tiny_encoder))
        continue_pretraining(spec, tiny_encoder, ["", "  "], {}, tmp_path / "o", tmp_path / "w")
    headless = tmp_path / "headless"
    BertModel.from_pretrained(tiny_encoder).save_pretrained(headless)
    AutoTokenizer.from_pretrained(tiny_encoder).save_pretrained(headless)
    with pytest.raises(CheckpointError, match="no language-model head"):
        train(headless, "headless-out")
    maskless = tmp_path / "maskless"
    load_lm(open_checkpoint(str(tiny_encoder))).save_pretrained(maskless)  # type: ignore[operator]
    tokenizer = AutoTokenizer.from_pretrained(tiny_encoder)
    tokenizer.mask_token = None
    tokenizer.save_pretrained(maskless)
    with pytest.raises(CheckpointError, match="no mask piece"):
        train(maskless, "maskless-out")


def test_an_adapter_is_continued_only_in_full(train: Train, tiny_encoder: Path) -> None:
    first = train(tiny_encoder, "first").adapter
    with pytest.raises(CheckpointError, match="Merge it into its base"):
        train(first, "second")
    assert train(first, "third", lora=False).after["code-mixed"] > 0


def test_work_of_another_run_is_not_gone_on_with(train: Train, tiny_encoder: Path) -> None:
    with pytest.raises(Cancelled):
        train(tiny_encoder, more={"should_stop": lambda: True})
    with pytest.raises(StorageError, match="another run"):
        train(tiny_encoder, seed=5)


def test_sentences_longer_than_the_model_are_cut_and_counted(
    tiny_encoder: Path, lines: list[str], tmp_path: Path
) -> None:
    spec = CptSpec(base=str(tiny_encoder), **{**SMALL, "max_length": 512, "steps": 2})
    result = continue_pretraining(
        spec, tiny_encoder, [*lines, " ".join(lines)], {"code-mixed": lines}, tmp_path / "o", tmp_path / "w"
    )
    assert json.loads((result.adapter / RECORD).read_text())["cut"] == 1
