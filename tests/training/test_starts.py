"""What a user is told when a merge is opened."""

from __future__ import annotations

import shutil
from pathlib import Path

from codemix_lab.training.starts import open_merge


def test_a_checkpoint_that_changed_nothing_is_noted(
    tiny_encoder: Path, tiny_adapted: Path, tmp_path: Path
) -> None:
    same = shutil.copytree(tiny_encoder, tmp_path / "same")
    notes = open_merge(str(tiny_encoder), [str(same), str(tiny_adapted)]).notes
    said = [note for note in notes if "task vector is zero" in note]
    assert len(said) == 1 and said[0].startswith(f"{same} has the very weights of")
