"""Fine-tuning and export at tiny size: same subsets and heads, cancel, bad input, round trips."""

import functools
from pathlib import Path

import pandas as pd
import pytest
import torch
from transformers import AutoModelForMaskedLM

from codemix_lab.config import FineTuneSpec, MergeSpec, TaskSpec
from codemix_lab.errors import Cancelled, CodeMixLabError, DataError, StorageError
from codemix_lab.models.checkpoints import open_checkpoint
from codemix_lab.models.loading import backbone, backbone_state, load_classifier
from codemix_lab.models.mean_pool import MeanPoolClassifier
from codemix_lab.training.export import export_merge
from codemix_lab.training.finetune import fine_tune
from codemix_lab.training.starts import merged_weights, start_classifier


@pytest.fixture
def task(tmp_path: Path) -> TaskSpec:
    rows = [
        (s, f"word{i} is {w} {s}", w)
        for s, n in (("train", 24), ("dev", 6))
        for i in range(n)
        for w in ("good", "bad")
    ]
    pd.DataFrame(rows, columns=["split", "text", "label"]).to_csv(tmp_path / "task.csv", index=False)
    return TaskSpec(str(tmp_path / "task.csv"))


def spec(model: str | Path | MergeSpec, task: TaskSpec, **changes: object) -> FineTuneSpec:
    start = model if isinstance(model, MergeSpec) else str(model)
    values = {"model": start, "task": task, "train_size": 16, "epochs": 2, "batch_size": 8}
    return FineTuneSpec(**(values | changes))  # type: ignore[arg-type]


def merge_spec(base: Path, adapted: Path, **changes: object) -> MergeSpec:
    return MergeSpec(base=str(base), adapted=(str(adapted),)).replace(**changes)


@pytest.mark.parametrize("kind", ["tiny_encoder", "tiny_decoder"])
def test_an_ordinary_classifier_folder_comes_out(
    kind: str,
    task: TaskSpec,
    tmp_path: Path,
    request: pytest.FixtureRequest,
    capsys: pytest.CaptureFixture[str],
) -> None:
    told: list[tuple[int, int, str]] = []
    result = fine_tune(spec(request.getfixturevalue(kind), task), tmp_path / "out", lambda *s: told.append(s))
    model = load_classifier(result.model)
    assert model.config.id2label == {0: "bad", 1: "good"}
    assert result.train_sentences == 16
    assert told[-1][:2] == (4, 4)
    assert [point["step"] for point in result.curve] == [1, 2, 3, 4]
    assert capsys.readouterr().out == ""


def test_two_runs_with_one_seed_are_equal_and_embeddings_stay(
    tiny_encoder: Path, task: TaskSpec, tmp_path: Path
) -> None:
    states = []
    for name in ("a", "b"):
        fine_tune(spec(tiny_encoder, task), tmp_path / name)
        states.append(load_classifier(tmp_path / name).state_dict())
    assert all(torch.equal(states[0][n], states[1][n]) for n in states[0])
    base = backbone_state(open_checkpoint(str(tiny_encoder)))
    name = "embeddings.word_embeddings.weight"
    assert torch.equal(states[0][f"encoder.{name}"], base[name])


def test_a_merge_can_be_the_start(tiny_encoder: Path, tiny_adapted: Path, task: TaskSpec) -> None:
    recipe = merge_spec(tiny_encoder, tiny_adapted, method="ties", scaling=0.7, density=0.4)
    model, _ = start_classifier(recipe, ["bad", "good"])
    weights = merged_weights(recipe)[1]
    inner = backbone(model).state_dict()
    assert all(torch.equal(inner[name], tensor) for name, tensor in weights.items() if name in inner)


def test_cancel_leaves_nothing(tiny_encoder: Path, task: TaskSpec, tmp_path: Path) -> None:
    with pytest.raises(Cancelled):
        fine_tune(spec(tiny_encoder, task), tmp_path / "runs" / "out", should_stop=lambda: True)
    assert list((tmp_path / "runs").iterdir()) == []


def test_nothing_is_overwritten(tiny_encoder: Path, task: TaskSpec, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "mine.txt").write_text("precious")
    with pytest.raises(StorageError, match="never overwritten"):
        fine_tune(spec(tiny_encoder, task), tmp_path / "out")
    assert (tmp_path / "out" / "mine.txt").read_text() == "precious"


def test_a_train_set_smaller_than_its_classes_is_refused(tiny_encoder: Path, tmp_path: Path) -> None:
    starter = TaskSpec("en-hi")
    with pytest.raises(DataError):
        fine_tune(spec(tiny_encoder, starter, train_size=2), tmp_path / "out")


def test_a_loss_that_is_no_number_is_said(
    tiny_encoder: Path, task: TaskSpec, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    @functools.wraps(MeanPoolClassifier.forward)
    def forward(self: torch.nn.Module, *_: object, **__: object) -> dict[str, torch.Tensor]:
        weight = next(p for p in self.parameters() if p.requires_grad)
        return {"loss": (weight * float("nan")).sum(), "logits": torch.zeros(1, 2)}

    monkeypatch.setattr(MeanPoolClassifier, "forward", forward)
    with pytest.raises(CodeMixLabError, match="smaller learning rate"):
        fine_tune(spec(tiny_encoder, task), tmp_path / "out")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("kind", ["tiny_encoder", "tiny_decoder"])
def test_an_export_opens_with_from_pretrained_and_equals_the_merge(
    kind: str, tiny_encoder: Path, tiny_adapted: Path, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    base = request.getfixturevalue(kind)
    adapted = tiny_adapted if kind == "tiny_encoder" else base
    recipe = merge_spec(base, adapted, scaling=0.3)
    folder = export_merge(recipe, tmp_path / "merged")
    weights = merged_weights(recipe)[1]
    again = backbone_state(open_checkpoint(str(folder)))
    assert all(torch.equal(again[name], tensor) for name, tensor in weights.items())
    assert MergeSpec.from_yaml((folder / "merge.yaml").read_text()) == recipe
    assert "--scaling 0.3" in (folder / "README.md").read_text()
    if kind == "tiny_encoder":
        AutoModelForMaskedLM.from_pretrained(folder)
