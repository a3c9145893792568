"""A merge as an ordinary model folder with a card that says how it came about."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import nn

from codemix_lab import __version__
from codemix_lab.config import MergeSpec
from codemix_lab.errors import CheckpointError
from codemix_lab.merging.export import export_merged
from codemix_lab.models.checkpoints import Checkpoint, open_checkpoint
from codemix_lab.models.loading import bind, load_backbone, load_lm
from codemix_lab.training.starts import merged_weights

_CARD = """---
library_name: transformers
tags: [model-merging, task-arithmetic, code-mixing]
---
# Merged model

θ_merged = θ_base + λ·{combined}, λ = {scaling:g}{density}, made by CodeMix Lab {version}
(task vectors: Ilharco et al. 2023; TIES: Yadav et al. 2023; for code-mixed text: arXiv 2510.19782).

| part | checkpoint | fingerprint (SHA-256) |
|---|---|---|
{sources}

The recipe stands in `merge.yaml`; the same weights again:

    {command}

The language-model head, where there is one, is the base's; heads are never part of a task vector.
"""


def export_merge(spec: MergeSpec, out: Path) -> Path:
    """Write the merged model, with the base's own head, as an ordinary folder that `from_pretrained` opens.

    Stored in the base's precision. Raises `StorageError` if `out` exists or the disk is too full.
    """
    base, weights = merged_weights(spec)
    model = _with_head(base)
    bind(model, weights)
    stored = getattr(base.config, "dtype", None) or torch.float32
    return export_merged(Path(out), base.folder, model.to(stored).state_dict(), merge_card(spec, base), spec)


def merge_card(spec: MergeSpec, base: Checkpoint) -> str:
    """Markdown that states sources, fingerprints, method and every parameter."""
    parts = [("base", base), *(("adapted", open_checkpoint(ref, base=base)) for ref in spec.adapted)]
    ties = spec.method == "ties"
    return _CARD.format(
        combined="TIES(τ)" if ties else "Στ",
        scaling=spec.scaling,
        density=f", density = {spec.density:g} (scope: {spec.scope})" if ties else "",
        version=__version__,
        sources="\n".join(f"| {part} | `{c.ref}` | `{c.fingerprint}` |" for part, c in parts),
        command=merge_command(spec, "DIR"),
    )


def merge_command(spec: MergeSpec, out: str) -> str:
    """The command line that makes this merge."""
    adapted = " ".join(f"--adapted {ref}" for ref in spec.adapted)
    ties = f" --density {spec.density:g} --scope {spec.scope}" if spec.method == "ties" else ""
    return f"codemix-lab merge --base {spec.base} {adapted} --method {spec.method} --scaling {spec.scaling:g}{ties} --out {out}"


def _with_head(base: Checkpoint) -> nn.Module:
    try:
        return load_lm(base)
    except CheckpointError:
        return load_backbone(base)
