"""Commands that train."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import typer

from codemix_lab.cli.engines import WORKERS
from codemix_lab.cli.options import JSON, LABEL_COLUMN, SPLIT_COLUMN, TASK, TEXT_COLUMN
from codemix_lab.cli.run_options import optional, takes_run
from codemix_lab.cli.terminal import option, progress, show, whole_numbers
from codemix_lab.config import FineTuneSpec, Regime, RunSpec, TaskSpec
from codemix_lab.errors import SpecError, StorageError

app = typer.Typer()


def _default(name: str) -> str:
    own, other = FineTuneSpec.parameters()[name].default, RunSpec.parameters()[name].default
    return f" [default: {own}; with --regime {other}]"


@app.command()
@takes_run
def finetune(
    fields: dict[str, Any],
    model: str | None = typer.Option(None, help=FineTuneSpec.parameters()["model"].help + " Or --regime."),
    regime: Regime | None = typer.Option(
        None, help="Instead of --model: " + RunSpec.parameters()["regime"].help + " Options below."
    ),
    task: str = TASK,
    text_column: str | None = TEXT_COLUMN,
    label_column: str | None = LABEL_COLUMN,
    split_column: str | None = SPLIT_COLUMN,
    train_size: int | None = optional("train_size", _default("train_size")),
    seeds: str = typer.Option("0", help="Seeds, separated by commas: one run each."),
    epochs: int | None = optional("epochs", _default("epochs")),
    learning_rate: float = option(FineTuneSpec, "learning_rate"),
    batch_size: int = option(FineTuneSpec, "batch_size"),
    workers: int | None = WORKERS,
    out: Path | None = typer.Option(
        None, "--out", help="New folder for models and results.csv; with --regime, for results.csv only."
    ),
    as_json: bool = JSON,
) -> None:
    """Fine-tune on a small labelled subset, from a model or by a regime; the mean over seeds with its interval.

    Runs of a regime lie in the store, where the pages and `codemix-lab runs` find them; a finished run is
    not run again.
    """
    if (model is None) == (regime is None):
        raise SpecError("Give either --model, a start, or --regime (`codemix-lab regimes` lists them).")
    if out is not None and out.exists():
        raise StorageError(f"{out} exists already and is never overwritten. Choose another name.")
    shared: dict[str, Any] = {
        "task": TaskSpec(task, text_column, label_column, split_column),
        "learning_rate": learning_rate,
        "batch_size": batch_size,
    }
    shared |= {n: v for n, v in (("train_size", train_size), ("epochs", epochs)) if v is not None}
    if regime is not None:
        _by_regime(
            RunSpec(regime=regime, **shared, **fields), whole_numbers(seeds), workers, out, as_json=as_json
        )
        return
    if fields:
        flag = next(iter(fields)).replace("_", "-")
        raise SpecError(f"--{flag} belongs to a regime: give --regime instead of --model.")
    if out is None:
        raise SpecError("--model wants --out: a new folder for the fine-tuned models.")
    template = FineTuneSpec(model=model, **shared)  # type: ignore[arg-type]  # one of the two was given
    from codemix_lab.experiments.finetune_folders import fine_tune_seeds

    with progress() as (on_progress, should_stop):
        table, summary = fine_tune_seeds(template, whole_numbers(seeds), out, on_progress, should_stop)
    show(
        {"out": str(out), "summary": summary.to_dict(orient="records")},
        as_json,
        table if as_json else summary,
    )


def _by_regime(
    spec: RunSpec, seeds: list[int], workers: int | None, out: Path | None, *, as_json: bool
) -> None:
    from codemix_lab.experiments.engines.local import LocalEngine
    from codemix_lab.experiments.regime_runs import run_name
    from codemix_lab.experiments.regime_seeds import regime_seeds
    from codemix_lab.paths import new_folder

    with progress() as (on_progress, should_stop):
        table, summary = regime_seeds(
            spec, seeds, LocalEngine(workers), on_progress=on_progress, should_stop=should_stop
        )
    written = {}
    if out is not None:
        with new_folder(out) as folder:
            table.to_csv(folder / "results.csv", index=False)
        written = {"out": str(out)}
    show(
        {"run": run_name(spec), **written, "summary": summary.to_dict(orient="records")},
        as_json,
        table if as_json else summary,
    )
