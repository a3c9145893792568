"""Commands around a merge: make it, score it over λ."""

from __future__ import annotations

from pathlib import Path

import typer

from codemix_lab.cli.options import JSON, LABEL_COLUMN, OUT, SPLIT_COLUMN, TASK, TEXT_COLUMN
from codemix_lab.cli.terminal import number_range, numbers, option, progress, show
from codemix_lab.config import MergeMethod, MergeSpec, ProbeSpec, TaskSpec, TrimScope

app = typer.Typer()


@app.command()
def merge(
    base: str = option(MergeSpec, "base"),
    adapted: list[str] = option(MergeSpec, "adapted"),
    method: MergeMethod = option(MergeSpec, "method"),
    scaling: float = option(MergeSpec, "scaling"),
    density: float = option(MergeSpec, "density"),
    scope: TrimScope = option(MergeSpec, "scope"),
    out: Path = OUT,
    as_json: bool = JSON,
) -> None:
    """Merge task vectors into a base and write an ordinary model folder."""
    spec = MergeSpec(base, tuple(adapted), method, scaling, density, scope)
    from codemix_lab.models.checkpoints import open_checkpoint
    from codemix_lab.training.export import export_merge

    folder = export_merge(spec, out)
    show(
        {"out": str(folder), "fingerprint": open_checkpoint(str(folder)).fingerprint, "spec": spec.to_dict()},
        as_json,
    )


@app.command()
def curve(
    base: str = option(MergeSpec, "base"),
    adapted: list[str] = option(MergeSpec, "adapted"),
    task: str = TASK,
    text_column: str | None = TEXT_COLUMN,
    label_column: str | None = LABEL_COLUMN,
    split_column: str | None = SPLIT_COLUMN,
    method: MergeMethod = option(MergeSpec, "method"),
    scope: TrimScope = option(MergeSpec, "scope"),
    scalings: str = typer.Option("0:1.5:0.1", help="λ to report, as first:last:step or separated by commas."),
    densities: str = typer.Option("1", help="Densities for TIES, separated by commas; one curve each."),
    train_size: int = option(ProbeSpec, "train_size"),
    score_size: int = option(ProbeSpec, "score_size"),
    seed: int = option(ProbeSpec, "seed"),
    as_json: bool = JSON,
) -> None:
    """Dev macro-F1 of a probe and pseudo-perplexity over λ, from a few exact evaluations each."""
    probe = ProbeSpec(train_size=train_size, score_size=score_size, seed=seed)
    spec = MergeSpec(base, tuple(adapted), method, scope=scope)
    from codemix_lab.experiments.curve_table import curve_table

    with progress() as (on_progress, should_stop):
        table = curve_table(
            spec,
            TaskSpec(task, text_column, label_column, split_column),
            probe,
            number_range(scalings),
            numbers(densities),
            on_progress,
            should_stop,
        )
    show({"base": base, "adapted": list(adapted), "method": str(method)}, as_json, table)
