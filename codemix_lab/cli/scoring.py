"""Commands that score fine-tuned models and hold them against each other."""

from __future__ import annotations

import json
from pathlib import Path

import typer

from codemix_lab.cli.options import JSON, LABEL_COLUMN, LIMIT, OUT, SPLIT, SPLIT_COLUMN, TASK, TEXT_COLUMN
from codemix_lab.cli.terminal import numbers, option, progress, show
from codemix_lab.config import MergeMethod, MergeSpec, PilesSpec, ProbeSpec, TaskSpec, TrimScope

app = typer.Typer()


@app.command()
def evaluate(
    model: str = typer.Option(..., help="A fine-tuned classifier folder."),
    task: str = TASK,
    text_column: str | None = TEXT_COLUMN,
    label_column: str | None = LABEL_COLUMN,
    split_column: str | None = SPLIT_COLUMN,
    split: str = SPLIT,
    limit: int | None = LIMIT,
    predictions: Path | None = typer.Option(None, help="Write every prediction to this new CSV file."),
    as_json: bool = JSON,
) -> None:
    """Score a fine-tuned model: macro-F1 with its 95 % interval, F1 of each class, confusion."""
    from codemix_lab.evaluation.metrics import score
    from codemix_lab.experiments import inspection

    with progress() as (on_progress, should_stop):
        task_spec = TaskSpec(task, text_column, label_column, split_column)
        frame = inspection.predictions(model, task_spec, split, limit, on_progress, should_stop)
    labels = [name.removeprefix("p_") for name in map(str, frame) if name.startswith("p_")]
    scores = score(list(frame["gold"]), list(frame["predicted"]), labels)
    if predictions is not None:
        from codemix_lab.experiments.comparison_files import write_predictions

        write_predictions(frame, predictions)
    show({"model": model, "split": split, **scores.to_dict()}, as_json)


@app.command()
def compare(
    models: list[str] = typer.Argument(
        ..., help="Two to four: fine-tuned folders, runs of the store or files of predictions; A first."
    ),
    tasks: list[str] = typer.Option(
        ..., "--task", help=TaskSpec.parameters()["source"].help + " Repeat it for a slice per language pair."
    ),
    text_column: str | None = TEXT_COLUMN,
    label_column: str | None = LABEL_COLUMN,
    split_column: str | None = SPLIT_COLUMN,
    split: str = SPLIT,
    limit: int | None = LIMIT,
    surer: float = option(PilesSpec, "surer"),
    out: Path = OUT,
    as_json: bool = JSON,
) -> None:
    """Up to four models side by side: what each fixed and broke of another, by slices and by sentence.

    Several tasks are compared over the labels that all of them and all models share; --limit holds for each.
    """
    PilesSpec(surer)
    from codemix_lab.experiments.comparison_files import comparison_tables, write_comparison
    from codemix_lab.experiments.saved_slices import SavedSlices
    from codemix_lab.experiments.side_by_side import side_by_side

    with progress() as (on_progress, should_stop):
        specs = [TaskSpec(task, text_column, label_column, split_column) for task in tasks]
        found = side_by_side(models, specs, split, limit, on_progress, should_stop)
    saved = SavedSlices().all()
    write_comparison(found, out, " · ".join(models), saved, surer)
    tables = comparison_tables(found, saved, surer)
    if not as_json:
        show({}, as_json, tables["scores"])
        slices = tables["slices"]
        if len(found.portions) > 1:
            show({"labels": ", ".join(found.panel.labels)}, as_json, slices[slices["trait"] == "pair"])
    first = json.loads(tables["piles"].head(1).to_json(orient="records"))[0]
    scores = json.loads(tables["scores"].to_json(orient="records"))
    about = {"out": str(out), "labels": list(found.panel.labels)}
    show({**about, **first, "scores": scores}, as_json, tables["piles"])


@app.command()
def page(
    base: str = option(MergeSpec, "base"),
    adapted: list[str] = option(MergeSpec, "adapted"),
    task: str = TASK,
    text_column: str | None = TEXT_COLUMN,
    label_column: str | None = LABEL_COLUMN,
    split_column: str | None = SPLIT_COLUMN,
    method: MergeMethod = option(MergeSpec, "method"),
    scaling: float = option(MergeSpec, "scaling"),
    scope: TrimScope = option(MergeSpec, "scope"),
    densities: str = typer.Option("1", help="Densities, separated by commas; the dial begins at the first."),
    train_size: int = option(ProbeSpec, "train_size"),
    score_size: int = option(ProbeSpec, "score_size"),
    seed: int = option(ProbeSpec, "seed"),
    out: Path = typer.Option(..., "--out", help="New HTML file; nothing is ever overwritten."),
    as_json: bool = JSON,
) -> None:
    """One HTML file without server or network in which λ and density still move everything."""
    first, *others = numbers(densities)
    spec = MergeSpec(base, tuple(adapted), method, scaling, first, scope)
    probe = ProbeSpec(train_size=train_size, score_size=score_size, seed=seed)
    task_spec = TaskSpec(task, text_column, label_column, split_column)
    from codemix_lab.ui.takeaway import write_page

    with progress() as (on_progress, should_stop):
        size = write_page(spec, task_spec, probe, (first, *others), out, on_progress, should_stop)
    show({"out": str(out), "bytes": size}, as_json)
