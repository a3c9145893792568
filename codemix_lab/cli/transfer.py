"""Transfer: a whole experiment from one YAML file, or models that are there already on any tasks."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import typer

from codemix_lab.cli.engines import ADDRESS, ENGINE, WORKERS, EngineName, engine_of
from codemix_lab.cli.options import JSON, LIMIT, SPLIT
from codemix_lab.cli.terminal import progress, read_spec, show
from codemix_lab.config import TaskSpec, TransferSpec
from codemix_lab.errors import SpecError, StorageError

if TYPE_CHECKING:
    from codemix_lab.experiments.engines import Engine
    from codemix_lab.experiments.reproduction import Reproduction

app = typer.Typer()


@app.command()
def transfer(
    spec: Path | None = typer.Argument(
        None, help="YAML: sources, targets, regimes, seeds and sizes; trains what is not there yet."
    ),
    models: list[str] = typer.Option(
        [], help="Instead of a YAML: fine-tuned classifier folders (repeat the option)."
    ),
    tasks: list[str] = typer.Option([], help="With --models: starter tasks or files (repeat the option)."),
    split: str = SPLIT,
    limit: int | None = LIMIT,
    engine: EngineName = ENGINE,
    workers: int | None = WORKERS,
    address: str | None = ADDRESS,
    out: Path | None = typer.Option(
        None, "--out", help="New folder for the report; nothing is ever overwritten."
    ),
    dry_run: bool = typer.Option(
        False, "--dry-run", help="Say what is compared on which labels, how many runs it takes and how long."
    ),
    as_json: bool = JSON,
) -> None:
    """Test on other language pairs: an experiment (SPEC.yaml), or fine-tuned folders (--models, --tasks).

    The experiment trains every regime on every source and tests it on every target, zero-shot and after
    some labelled target sentences; finished runs are found and not run again.
    """
    if spec is None:
        _models(models, tasks, split, limit, as_json)
        return
    if models or tasks:
        raise SpecError("Give a YAML, or --models with --tasks, not both: the YAML names its own tasks.")
    if out is not None and out.exists():
        raise StorageError(f"{out} exists already and is never overwritten. Choose another name.")
    chosen = None if dry_run else engine_of(engine, workers, address)
    from codemix_lab.experiments.reproduction.carried import transfer_experiment

    _experiment(transfer_experiment(read_spec(spec, TransferSpec)), chosen, workers, out, as_json)


def _experiment(
    made: Reproduction, engine: Engine | None, workers: int | None, out: Path | None, as_json: bool
) -> None:
    from codemix_lab.experiments.reproduction.carried import tidy
    from codemix_lab.experiments.reproduction.estimate import estimate, in_words
    from codemix_lab.experiments.reproduction.report import write_report

    told = estimate(made.plan, workers)
    plan = {"runs": told.runs, "done": told.done, "workers": told.workers, "seconds": round(told.seconds)}
    labels = [ground.said for ground in made.ground]
    if not as_json:
        typer.echo("\n".join(labels), err=True)
    if engine is None:
        show({**plan, "time": in_words(told.seconds), "labels": labels}, as_json)
        return
    with progress() as (on_progress, should_stop):
        state = made.run(engine, on_progress, should_stop)
    written = {} if out is None else {"out": str(write_report(made, out))}
    failed = sorted(set(state.failed.values()))
    values = {**plan, "done": state.done, "failed": len(state.failed), "why": failed, **written}
    show({**values, "labels": labels}, as_json, tidy(made.tables()))
    if failed and not as_json:
        typer.echo("\n".join(failed), err=True)


def _models(models: list[str], tasks: list[str], split: str, limit: int | None, as_json: bool) -> None:
    if not models or not tasks:
        raise SpecError("Give a YAML with an experiment, or --models and --tasks.")
    from codemix_lab.experiments.transfer import transfer as run

    with progress() as (on_progress, should_stop):
        table = run(models, [TaskSpec(t) for t in tasks], split, limit, on_progress, should_stop)
    show({}, as_json, table)
