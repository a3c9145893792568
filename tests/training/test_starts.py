"""What a user is told when a merge is opened."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from codemix_lab.config import MergeSpec
from codemix_lab.errors import SpecError
from codemix_lab.training import starts
from codemix_lab.training.export import export_merge
from codemix_lab.training.starts import check_start, merged_weights, open_merge


def test_a_checkpoint_that_changed_nothing_is_noted(
    tiny_encoder: Path, tiny_adapted: Path, tmp_path: Path
) -> None:
    same = shutil.copytree(tiny_encoder, tmp_path / "same")
    notes = open_merge(str(tiny_encoder), [str(same), str(tiny_adapted)]).notes
    said = [note for note in notes if "task vector is zero" in note]
    assert len(said) == 1 and said[0].startswith(f"{same} has the very weights of")


def test_a_free_schedule_of_the_wrong_length_is_told_from_the_configuration_alone(
    tiny_encoder: Path, tiny_adapted: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spec = MergeSpec(str(tiny_encoder), (str(tiny_adapted),), schedule="free", depth=(0.5, 1.0, 1.0))
    monkeypatch.setattr(starts, "open_sources", lambda *_: pytest.fail("opened"))
    for begin in (check_start, merged_weights, lambda spec: export_merge(spec, tmp_path / "out")):
        with pytest.raises(SpecError, match="depth has 3 numbers, but the model has 2 layers"):
            begin(spec)
    check_start(spec.replace(depth=(0.5, 1.0)))
    check_start(str(tiny_encoder))
