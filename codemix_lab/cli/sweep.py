"""Many runs from one YAML file."""

from __future__ import annotations

from pathlib import Path

import typer

from codemix_lab.cli.engines import ADDRESS, ENGINE, WORKERS, EngineName, engine_of
from codemix_lab.cli.options import JSON
from codemix_lab.cli.terminal import progress, show
from codemix_lab.config.sweep import SweepSpec
from codemix_lab.errors import SpecError, StorageError

app = typer.Typer()


@app.command()
def sweep(
    spec: Path = typer.Argument(
        ...,
        help="YAML: run (fields of all runs) and over (a list for each that changes). CPT steps are a list of "
        "checkpoints of one trajectory: over: {adapted: [cpt@200, cpt@400]}.",
    ),
    engine: EngineName = ENGINE,
    address: str | None = ADDRESS,
    workers: int | None = WORKERS,
    out: Path | None = typer.Option(None, "--out", help="Write the table to this new CSV file."),
    dry_run: bool = typer.Option(
        False, "--dry-run", help="Say how many runs it takes and how long, and stop."
    ),
    as_json: bool = JSON,
) -> None:
    """Run every combination once; stopped or killed, the same command goes on where it was."""
    try:
        asked = SweepSpec.from_yaml(spec.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise SpecError(f"{spec} cannot be read ({error}).") from error
    if out is not None and out.exists():
        raise StorageError(f"{out} exists already and is never overwritten. Choose another name.")
    chosen = None if dry_run else engine_of(engine, workers, address)
    from codemix_lab import paths
    from codemix_lab.experiments.engines import Plan
    from codemix_lab.experiments.reproduction.estimate import estimate, in_words
    from codemix_lab.experiments.sweep_table import sweep_table
    from codemix_lab.experiments.tables import as_bytes

    plan = Plan(asked.runs)
    told = estimate(plan, workers)
    values = {"runs": told.runs, "done": told.done, "workers": told.workers, "seconds": round(told.seconds)}
    if chosen is None:
        show({**values, "time": in_words(told.seconds)}, as_json)
        return
    with progress() as (on_progress, should_stop):
        state = chosen.run(plan, on_progress, should_stop)
    table = sweep_table(asked, plan)
    if out is not None:
        with paths.new_file(out) as path:
            path.write_bytes(as_bytes(table, "csv"))
    show({**values, "done": state.done, "failed": len(state.failed)}, as_json, table)
