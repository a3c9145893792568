"""The experiment around continued pre-training: what it refuses, what it writes down, and the whole line for decoders."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest
import torch
from transformers import AutoModelForCausalLM

from codemix_lab.config import CptSpec, FineTuneSpec, MergeSpec, TaskSpec
from codemix_lab.errors import DataError, SpecError
from codemix_lab.experiments import adapting
from codemix_lab.experiments.adapting import adapt
from codemix_lab.models.checkpoints import open_checkpoint
from codemix_lab.models.loading import backbone_state
from codemix_lab.text.tasks import open_task
from codemix_lab.training.export import export_merge
from codemix_lab.training.finetune import fine_tune
from codemix_lab.training.memory import MemoryEstimate

SMALL = {"steps": 4, "tokens_per_step": 128, "rank": 4, "learning_rate": 1e-2, "evaluate_every": 4}


@pytest.fixture
def corpus(tmp_path: Path) -> str:
    path = tmp_path / "en-hi.own.txt"
    path.write_text("\n".join(f"film number {i} mast thi yaar" for i in range(30)), encoding="utf-8")
    return str(path)


def test_the_record_says_all_that_the_run_was_made_from(
    tiny_encoder: Path, corpus: str, tmp_path: Path
) -> None:
    spec = CptSpec(str(tiny_encoder), (corpus,), **SMALL)
    result = adapt(spec, tmp_path / "out", [TaskSpec("en-hi")])
    record = json.loads((result.adapter / "training.json").read_text(encoding="utf-8"))
    assert CptSpec.from_dict(record["spec"]) == spec
    assert record["data"]["used"] == {corpus: 30} and record["data"]["leaks"] == {"en-hi": {}}
    assert len(record["data"]["sha256"]) == 64 and record["base"] == open_checkpoint(spec.base).fingerprint
    assert "Only 30 code-mixed sentences" in record["warnings"][0]
    assert {"python", "torch", "transformers", "peft"} <= set(record["versions"])
    assert record["machine"]["cores"] >= 1
    assert set(record["before"]) == {"code-mixed", "monolingual"}


def test_a_corpus_that_is_the_test_set_is_refused_unless_forced(tiny_encoder: Path, tmp_path: Path) -> None:
    leaky = tmp_path / "leaky.txt"
    leaky.write_text("\n".join(open_task("en-hi").split("test")["text"].str.upper()), encoding="utf-8")
    spec = CptSpec(str(tiny_encoder), (str(leaky),), **{**SMALL, "steps": 1})
    with pytest.raises(DataError, match="test sentences of the task en-hi"):
        adapt(spec, tmp_path / "out", [TaskSpec("en-hi")])
    result = adapt(spec, tmp_path / "out", [TaskSpec("en-hi")], force=True)
    record = json.loads((result.adapter / "training.json").read_text(encoding="utf-8"))
    assert record["data"]["leaks"]["en-hi"]["test"] > 50


def test_what_will_not_fit_is_said_before_it_starts(
    tiny_encoder: Path, corpus: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        adapting, "estimate_memory", lambda *_: MemoryEstimate(0, 0, 99 * 10**9, 0, 8 * 10**9)
    )
    with pytest.raises(SpecError, match=r"about 99\.6 GB of memory, and 8\.0 GB are free"):
        adapt(CptSpec(str(tiny_encoder), (corpus,), **SMALL), tmp_path / "out")


def test_a_decoder_goes_the_whole_line(tiny_decoder: Path, corpus: str, tmp_path: Path) -> None:
    """CPT, task vector, merge, fine-tune and export, with the trajectory as more checkpoints."""
    spec = CptSpec(str(tiny_decoder), (corpus,), **{**SMALL, "trajectory": True, "save_every": 2})
    adapted = adapt(spec, tmp_path / "cpt").adapter
    merge = MergeSpec(
        str(tiny_decoder), (str(adapted), str(adapted / "trajectory" / "step-0000002")), "ties", 0.5, 0.5
    )
    folder = export_merge(merge, tmp_path / "merged")
    base, merged = (backbone_state(open_checkpoint(str(f))) for f in (tiny_decoder, folder))
    assert any(not torch.equal(base[name], merged[name]) for name in base)
    assert AutoModelForCausalLM.from_pretrained(folder).config.model_type == "llama"
    rows = [
        (split, f"film {word} thi {i}", label)
        for split, count in (("train", 8), ("dev", 2), ("test", 2))
        for i in range(count)
        for label, word in (("good", "mast"), ("bad", "bekaar"))
    ]
    task = tmp_path / "task.csv"
    pd.DataFrame(rows, columns=["split", "text", "label"]).to_csv(task, index=False)
    tuned = fine_tune(FineTuneSpec(merge, TaskSpec(str(task)), train_size=8, epochs=1), tmp_path / "tuned")
    assert tuned.train_sentences == 8 and open_checkpoint(str(tuned.model)).architecture == "llama"
