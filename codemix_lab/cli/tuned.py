"""F1 after fine-tuning, over λ."""

from __future__ import annotations

from typing import Any

import typer

from codemix_lab.cli.engines import WORKERS
from codemix_lab.cli.options import JSON, LABEL_COLUMN, SPLIT_COLUMN, TASK, TEXT_COLUMN
from codemix_lab.cli.run_options import takes_run
from codemix_lab.cli.terminal import number_range, option, progress, show
from codemix_lab.config import Regime, RunSpec, TaskSpec, TunedCurveSpec

app = typer.Typer()
_KNOWN = TunedCurveSpec.parameters()


def _listed(name: str, default: str) -> Any:
    return typer.Option(default, help=_KNOWN[name].help + " first:last:step, or separated by commas.")


@app.command("tuned-curve")
@takes_run
def tuned_curve_command(
    fields: dict[str, Any],
    regime: Regime = typer.Option(Regime.TASK_ARITHMETIC, help="A regime that fine-tunes a merge."),
    task: str = TASK,
    text_column: str | None = TEXT_COLUMN,
    label_column: str | None = LABEL_COLUMN,
    split_column: str | None = SPLIT_COLUMN,
    train_size: int = option(RunSpec, "train_size"),
    epochs: int = option(RunSpec, "epochs"),
    learning_rate: float = option(RunSpec, "learning_rate"),
    batch_size: int = option(RunSpec, "batch_size"),
    nodes: str = _listed("nodes", "0,0.75,1.5"),
    checks: str = _listed("checks", "0.375,1.125"),
    scalings: str = _listed("scalings", "0:1.5:0.1"),
    seeds: int = option(TunedCurveSpec, "seeds"),
    workers: int | None = WORKERS,
    as_json: bool = JSON,
) -> None:
    """Dev macro-F1 after fine-tuning over λ: real at a few λ, between them by interpolated weights, checked."""
    run = RunSpec(
        regime=regime,
        task=TaskSpec(task, text_column, label_column, split_column),
        train_size=train_size,
        epochs=epochs,
        learning_rate=learning_rate,
        batch_size=batch_size,
        **fields,
    )
    checked = tuple(number_range(checks)) if checks else ()
    spec = TunedCurveSpec(run, tuple(number_range(nodes)), checked, tuple(number_range(scalings)), seeds)
    from codemix_lab.experiments.engines.local import LocalEngine
    from codemix_lab.experiments.tuned_curve import tuned_curve

    with progress() as (on_progress, should_stop):
        found = tuned_curve(spec, LocalEngine(workers), None, on_progress, should_stop)
    checks_told = {"checks": found.checks.to_dict(orient="records"), "error": found.error}
    show(checks_told, as_json, found.points)
