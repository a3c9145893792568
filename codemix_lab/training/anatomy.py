"""Task vectors of checkpoints taken apart: tables for the page and the command line, and LoRA on the way back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
from torch import Tensor
from transformers import PreTrainedTokenizerBase

from codemix_lab.errors import SpecError
from codemix_lab.merging.anatomy import agreement, lengths, moved_rows
from codemix_lab.merging.low_rank import write_adapter
from codemix_lab.merging.task_vector import TaskVector
from codemix_lab.models.loading import backbone_state, load_tokenizer
from codemix_lab.models.weights import backbone_names, open_weights
from codemix_lab.progress import Progress, ShouldStop
from codemix_lab.training.starts import open_sources, task_vector


@dataclass(frozen=True, eq=False)
class Anatomy:
    """`lengths` and `rows` have a column adapted that says whose; `agreement` is empty for one task vector."""

    lengths: pd.DataFrame
    agreement: pd.DataFrame
    rows: pd.DataFrame


def anatomy(
    base: str,
    adapted: Sequence[str],
    rows: int = 20,
    on_progress: Progress | None = None,
    should_stop: ShouldStop | None = None,
) -> Anatomy:
    """How far each layer and module moved, where task vectors disagree, which pieces moved most.

    Columns as `merging.anatomy` says. Raises `SpecError` without an adapted checkpoint, and as
    `open_checkpoint` does.
    """
    if not adapted:
        raise SpecError("adapted is empty: name at least one checkpoint to take apart.")
    root, tips, _ = open_sources(base, adapted)
    state = backbone_state(root)
    taus = {tip.ref: task_vector(root, state, tip) for tip in tips}
    return take_apart(state, taus, load_tokenizer(root), rows, on_progress, should_stop)


def take_apart(
    state: Mapping[str, Tensor],
    taus: Mapping[str, Mapping[str, Tensor]],
    tokenizer: PreTrainedTokenizerBase,
    rows: int = 20,
    on_progress: Progress | None = None,
    should_stop: ShouldStop | None = None,
) -> Anatomy:
    """The same of a base state and task vectors by name that lie in memory. Raises `Cancelled`."""
    pieces = {row: piece for piece, row in tokenizer.get_vocab().items()}
    tables = {
        ref: lengths(state, tau, on_progress=on_progress, should_stop=should_stop)
        for ref, tau in taus.items()
    }
    moved = {ref: moved_rows(tau, pieces, rows) for ref, tau in taus.items()}
    return Anatomy(_stacked(tables), agreement(taus, should_stop), _stacked(moved))


def export_lora(
    base: str,
    adapted: str,
    out: Path,
    rank: int,
    on_progress: Progress | None = None,
    should_stop: ShouldStop | None = None,
) -> pd.DataFrame:
    """Write the task vector of `adapted` as a LoRA folder of `rank` for peft; the loss of each tensor, then the total.

    Raises as `merging.low_rank.write_adapter` does.
    """
    root, (tip,), _ = open_sources(base, [adapted])
    tau: TaskVector = task_vector(root, backbone_state(root), tip)
    names = backbone_names(open_weights(root.folder))
    turned = root.architecture == "gpt2"
    return write_adapter(Path(out), tau, names, rank, root.ref, turned, on_progress, should_stop)


def _stacked(tables: dict[str, pd.DataFrame]) -> pd.DataFrame:
    return pd.concat([table.assign(adapted=ref) for ref, table in tables.items()], ignore_index=True)
