"""Commands that train."""

from __future__ import annotations

from pathlib import Path

import typer

from codemix_lab.cli.options import JSON, LABEL_COLUMN, OUT, SPLIT_COLUMN, TASK, TEXT_COLUMN
from codemix_lab.cli.terminal import option, progress, show, whole_numbers
from codemix_lab.config import FineTuneSpec, TaskSpec

app = typer.Typer()


@app.command()
def finetune(
    model: str = option(FineTuneSpec, "model"),
    task: str = TASK,
    text_column: str | None = TEXT_COLUMN,
    label_column: str | None = LABEL_COLUMN,
    split_column: str | None = SPLIT_COLUMN,
    train_size: int = option(FineTuneSpec, "train_size"),
    seeds: str = typer.Option("0", help="Seeds, separated by commas: one fine-tune each."),
    epochs: int = option(FineTuneSpec, "epochs"),
    learning_rate: float = option(FineTuneSpec, "learning_rate"),
    batch_size: int = option(FineTuneSpec, "batch_size"),
    out: Path = OUT,
    as_json: bool = JSON,
) -> None:
    """Fine-tune on a small labelled subset; with several seeds, one folder each and the mean with its interval."""
    template = FineTuneSpec(
        model,
        TaskSpec(task, text_column, label_column, split_column),
        train_size=train_size,
        epochs=epochs,
        learning_rate=learning_rate,
        batch_size=batch_size,
    )
    from codemix_lab.experiments.finetune_folders import fine_tune_seeds

    with progress() as (on_progress, should_stop):
        table, summary = fine_tune_seeds(template, whole_numbers(seeds), out, on_progress, should_stop)
    show(
        {"out": str(out), "summary": summary.to_dict(orient="records")},
        as_json,
        table if as_json else summary,
    )
