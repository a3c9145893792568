"""Where fine-tuning, scoring and export start from: a checkpoint, or a merge of checkpoints."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import nn
from transformers import PreTrainedTokenizerBase

from codemix_lab.config import MergeSpec, Schedule
from codemix_lab.errors import IncompatibleError
from codemix_lab.merging.live import LiveMerge
from codemix_lab.merging.modules import check_depth
from codemix_lab.merging.recipe import Recipe
from codemix_lab.merging.task_vector import TaskVector
from codemix_lab.models.checkpoints import Checkpoint, open_checkpoint
from codemix_lab.models.compatibility import check_pair
from codemix_lab.models.files import adapter_deltas
from codemix_lab.models.loading import (
    backbone,
    backbone_state,
    load_classifier,
    load_tokenizer,
    new_classifier,
)


@dataclass(frozen=True, eq=False)
class OpenMerge:
    """A base with its task vectors in memory: λ and density can be moved at once.

    `notes` say which heads were left out of the task vectors, and which checkpoints changed nothing.
    """

    base: Checkpoint
    adapted: tuple[Checkpoint, ...]
    live: LiveMerge
    notes: tuple[str, ...]


def open_merge(base: str, adapted: Sequence[str], dtype: torch.dtype = torch.float32) -> OpenMerge:
    """Open base and adapted checkpoints, check that they fit, and take their task vectors.

    With `dtype` bfloat16 the task vectors of full checkpoints are rounded to it, for half their memory.
    Raises `CheckpointError`, `IncompatibleError`, and `SpecError` without an adapted checkpoint.
    """
    root, tips, notes = open_sources(base, adapted)
    state = backbone_state(root)
    vectors = [task_vector(root, state, tip, dtype) for tip in tips]
    unmoved = [
        f"{tip.ref} has the very weights of {root.ref}: its task vector is zero and adds nothing to the merge."
        for tip, vector in zip(tips, vectors, strict=True)
        if not vector.flat.any()
    ]
    return OpenMerge(root, tips, LiveMerge(state, vectors), (*notes, *unmoved))


def open_sources(
    base: str, adapted: Sequence[str]
) -> tuple[Checkpoint, tuple[Checkpoint, ...], tuple[str, ...]]:
    """Base, adapted checkpoints and notes on heads left out, checked to fit, with no weights loaded."""
    root = open_checkpoint(base)
    tips = tuple(open_checkpoint(ref, base=root) for ref in adapted)
    return root, tips, tuple(dict.fromkeys(note for tip in tips for note in check_pair(root, tip)))


def task_vector(
    base: Checkpoint,
    state: Mapping[str, torch.Tensor],
    tip: Checkpoint,
    dtype: torch.dtype = torch.float32,
) -> TaskVector:
    """τ of a checkpoint; of an adapter on the very base, its exact ΔW without rounding."""
    if tip.adapter is None or base.adapter is not None:
        return TaskVector.between(state, backbone_state(tip), dtype)
    return TaskVector.of_changes(state, adapter_deltas(tip))


def check_start(start: str | MergeSpec) -> None:
    """Say what is wrong with a merge before anything heavy begins, from config.json alone.

    Raises `SpecError` when a free schedule has not one number for each layer of the base, and as
    `open_checkpoint` does.
    """
    if isinstance(start, MergeSpec) and start.schedule is Schedule.FREE:
        layers = getattr(open_checkpoint(start.base).config, "num_hidden_layers", None)
        if layers is not None:
            check_depth(start.depth, layers)


OpenMerges = Callable[[str, Sequence[str]], OpenMerge]
"""What opens the sources of a merge: `open_merge`, or something that keeps them open."""


def merged_weights(
    spec: MergeSpec, open_merges: OpenMerges = open_merge
) -> tuple[Checkpoint, dict[str, torch.Tensor]]:
    """The base checkpoint of `spec` and its merged backbone, fresh float32 tensors by name."""
    check_start(spec)
    opened = open_merges(spec.base, spec.adapted)
    return opened.base, opened.live.snapshot(Recipe.of(spec))


def start_classifier(
    model: str | MergeSpec, labels: Sequence[str], open_merges: OpenMerges = open_merge
) -> tuple[nn.Module, PreTrainedTokenizerBase]:
    """A trainable classifier on the start's backbone, and its tokenizer.

    The fresh head depends on torch's seed and on the architecture only, so starts of one comparison
    get the same head.
    """
    with torch.random.fork_rng(devices=[]):
        base, weights = _weights(model, open_merges)
    classifier = new_classifier(base, labels)
    if weights is not None:
        backbone(classifier).load_state_dict(weights, strict=False)
    return classifier, load_tokenizer(base)


def copy_head(model: nn.Module, folder: Path) -> None:
    """Put the classification head of a fine-tuned folder on `model`, output by output of the same label.

    Raises `IncompatibleError` when the two tell other labels apart (case ignored).
    """
    source: Any = load_classifier(folder)
    target: Any = model
    theirs, ours = ([n.casefold() for n in m.config.id2label.values()] for m in (source, target))
    if sorted(theirs) != sorted(ours):
        raise IncompatibleError(f"{folder} tells other labels apart, so its head cannot go on here.")
    places = [theirs.index(label) for label in ours]
    name = "head" if hasattr(target, "head") else "score"
    with torch.no_grad():
        for mine, other in zip(
            getattr(target, name).parameters(), getattr(source, name).parameters(), strict=True
        ):
            mine.copy_(other[places])


def _weights(
    model: str | MergeSpec, open_merges: OpenMerges
) -> tuple[Checkpoint, dict[str, torch.Tensor] | None]:
    """The checkpoint that brings configuration and tokenizer, and a backbone other than its own."""
    if isinstance(model, MergeSpec):
        return merged_weights(model, open_merges)
    base = open_checkpoint(model)
    return base, backbone_state(base) if base.adapter is not None else None
