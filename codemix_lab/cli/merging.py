"""Commands around a merge: make it, score it, score it over λ."""

from __future__ import annotations

from pathlib import Path

import typer

from codemix_lab.cli import merge_options as o
from codemix_lab.cli.options import JSON, LABEL_COLUMN, OUT, SPLIT_COLUMN, TASK, TEXT_COLUMN
from codemix_lab.cli.terminal import number_range, numbers, option, progress, show
from codemix_lab.config import MergeMethod, MergeSpec, ProbeSpec, TaskSpec, TiesPreset, TrimScope

app = typer.Typer()


@app.command()
@o.takes_merge
def merge(spec: MergeSpec, out: Path = OUT, as_json: bool = JSON) -> None:
    """Merge task vectors into a base and write an ordinary model folder."""
    from codemix_lab.models.checkpoints import open_checkpoint
    from codemix_lab.training.export import export_merge

    with progress() as (on_progress, should_stop):
        folder = export_merge(spec, out, on_progress, should_stop)
    show(
        {"out": str(folder), "fingerprint": open_checkpoint(str(folder)).fingerprint, "spec": spec.to_dict()},
        as_json,
    )


@app.command()
@o.takes_merge
def score(
    spec: MergeSpec,
    task: str = TASK,
    text_column: str | None = TEXT_COLUMN,
    label_column: str | None = LABEL_COLUMN,
    split_column: str | None = SPLIT_COLUMN,
    train_size: int = option(ProbeSpec, "train_size"),
    score_size: int = option(ProbeSpec, "score_size"),
    probe_seed: int = option(ProbeSpec, "seed", "--probe-seed"),
    as_json: bool = JSON,
) -> None:
    """Exact dev macro-F1 of one merge by a quick probe, and both pseudo-perplexities: what the page Explore shows."""
    from codemix_lab.experiments.merge_score import score_merge

    task_spec = TaskSpec(task, text_column, label_column, split_column)
    probe = ProbeSpec(train_size=train_size, score_size=score_size, seed=probe_seed)
    with progress() as (on_progress, should_stop):
        found = score_merge(spec, task_spec, probe, on_progress, should_stop)
    show(found, as_json)


@app.command()
def curve(
    base: str = o.BASE,
    adapted: list[str] = o.ADAPTED,
    task: str = TASK,
    text_column: str | None = TEXT_COLUMN,
    label_column: str | None = LABEL_COLUMN,
    split_column: str | None = SPLIT_COLUMN,
    method: MergeMethod = o.METHOD,
    scope: TrimScope | None = o.SCOPE,
    weights: str = o.WEIGHTS,
    preset: TiesPreset = o.PRESET,
    scalings: str = typer.Option("0:1.5:0.1", help="λ to report, as first:last:step or separated by commas."),
    densities: str = typer.Option("1", help="Densities, separated by commas; one curve each."),
    by_steps: bool = typer.Option(
        False, "--by-steps", help="A curve for every checkpoint of the CPT trajectory, at the first density."
    ),
    train_size: int = option(ProbeSpec, "train_size"),
    score_size: int = option(ProbeSpec, "score_size"),
    seed: int = option(ProbeSpec, "seed"),
    as_json: bool = JSON,
) -> None:
    """Dev macro-F1 of a probe and pseudo-perplexity over λ, from a few exact evaluations each."""
    probe = ProbeSpec(train_size=train_size, score_size=score_size, seed=seed)
    spec = MergeSpec(
        base,
        tuple(adapted),
        method,
        scope=scope,  # type: ignore[arg-type]  # None stands for the preset's own
        weights=o.number_list(weights),
        preset=preset,
    )
    from codemix_lab.experiments.curve_table import curve_table
    from codemix_lab.experiments.duration import duration_table

    task_spec, chosen = TaskSpec(task, text_column, label_column, split_column), number_range(scalings)
    with progress() as (on_progress, should_stop):
        if by_steps:
            spec = spec.replace(density=numbers(densities)[0])
            table = duration_table(spec, task_spec, probe, chosen, on_progress, should_stop)
        else:
            table = curve_table(spec, task_spec, probe, chosen, numbers(densities), on_progress, should_stop)
    show({"base": base, "adapted": list(adapted), "method": str(method)}, as_json, table)
