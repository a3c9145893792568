"""A merge as an ordinary model folder with a card that says how it came about."""

from __future__ import annotations

import contextlib
from pathlib import Path

from codemix_lab import __version__
from codemix_lab.config import MergeMethod, MergeSpec
from codemix_lab.errors import StorageError
from codemix_lab.merging.export import export_merged
from codemix_lab.merging.mergekit_config import CONFIG_FILE, NotInMergekit, to_mergekit
from codemix_lab.merging.recipe import Recipe
from codemix_lab.merging.sources import FileTaskVector
from codemix_lab.merging.stream import StreamedMerge
from codemix_lab.models.checkpoints import Checkpoint, open_checkpoint
from codemix_lab.models.files import adapted_weights, base_weights, tied_heads
from codemix_lab.models.starter.names import is_starter_name
from codemix_lab.progress import Progress, ShouldStop
from codemix_lab.training.command import merge_command
from codemix_lab.training.starts import check_start, open_sources

_CARD = """---
library_name: transformers
tags: [model-merging, task-arithmetic, code-mixing]
---
# Merged model

θ_merged = θ_base + λ·{combined}, λ = {scaling:g}{further}, made by CodeMix Lab {version}
(task vectors: Ilharco et al. 2023; for code-mixed text: arXiv 2510.19782). {about}

| part | checkpoint | fingerprint (SHA-256) |
|---|---|---|
{sources}

The recipe stands in `merge.yaml`; the same weights again:

    {command}

The language-model head, where there is one, is the base's; heads are never part of a task vector.
"""


def export_merge(
    spec: MergeSpec,
    out: Path,
    on_progress: Progress | None = None,
    should_stop: ShouldStop | None = None,
) -> Path:
    """Write the merged model, with the base's own head, as an ordinary folder that `from_pretrained` opens.

    Tensor by tensor, so a model of any size needs a window of memory only; stored in the base's
    precision. Beside the weights lie the card, the recipe (`merge.yaml`) and, where mergekit can
    express it, the same as `mergekit_config.yml`. Raises `StorageError` if `out` exists or the disk is
    too full, `Cancelled` when asked to stop; nothing half-made is left.
    """
    check_start(spec)
    base, tips, _ = open_sources(spec.base, spec.adapted)
    if Path(out).exists():
        raise StorageError(
            f"{out} exists already and is never overwritten. Choose another name or remove it first."
        )
    recipe = Recipe.of(spec)
    recipe.check(len(tips))
    weights = base_weights(base)
    vectors = [
        FileTaskVector(weights, adapted_weights(tip, weights), f"the checkpoint {tip.ref}") for tip in tips
    ]
    merge = StreamedMerge(weights, vectors, recipe, tied_heads(base, weights), should_stop)
    texts = {"README.md": merge_card(spec, base), "merge.yaml": spec.to_yaml()}
    with contextlib.suppress(NotInMergekit):
        sources = [_mergekit_name(checkpoint) for checkpoint in (base, *tips)]
        stored = next(t.dtype for t in weights.values() if t.is_floating_point())
        texts[CONFIG_FILE] = to_mergekit(spec, sources, str(stored).removeprefix("torch."))
    return export_merged(Path(out), base.folder, merge, texts, on_progress)


def merge_card(spec: MergeSpec, base: Checkpoint) -> str:
    """Markdown that states sources, fingerprints, method and every parameter."""
    parts = [("base", base), *(("adapted", open_checkpoint(ref, base=base)) for ref in spec.adapted)]
    further = {**spec.further(), **{name: f"{value:g}" for name, value in spec.options}}
    return _CARD.format(
        combined="Στ" if spec.method is MergeMethod.TASK_ARITHMETIC else f"{spec.method.label}(τ)",
        scaling=spec.scaling,
        about=f"{spec.method.label}: {spec.method.help}",
        further="".join(f", {name} = {value}" for name, value in further.items()),
        version=__version__,
        sources="\n".join(f"| {part} | `{c.ref}` | `{c.fingerprint}` |" for part, c in parts),
        command=merge_command(spec, "DIR"),
    )


def _mergekit_name(checkpoint: Checkpoint) -> str:
    """How mergekit opens a checkpoint: by hub id or folder, an adapter as `base+adapter`."""
    if checkpoint.adapter is not None:
        return f"{checkpoint.folder}+{checkpoint.adapter}"
    return str(checkpoint.folder) if is_starter_name(checkpoint.ref) else checkpoint.ref
