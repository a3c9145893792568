"""The paper's experiments by name: planned, run with what the store has, and reported."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import typer

from codemix_lab.cli.engines import ADDRESS, ENGINE, WORKERS, EngineName, engine_of
from codemix_lab.cli.options import JSON
from codemix_lab.cli.terminal import numbers, option, progress, read_spec, show, whole_numbers
from codemix_lab.config import Preset, Regime, ReproduceSpec
from codemix_lab.errors import SpecError, StorageError

app = typer.Typer()
_KNOWN = ReproduceSpec.parameters()


@app.command()
def reproduce(
    preset: Preset | None = typer.Argument(None, help="One of " + ", ".join(Preset) + "; or give --spec."),
    task: list[str] = typer.Option([], "--task", help=_KNOWN["tasks"].help + " Repeat the option."),
    base: str = option(ReproduceSpec, "base"),
    cpt: list[str] = typer.Option([], "--cpt", help=_KNOWN["adapted"].help + " Repeat the option."),
    english: str | None = typer.Option(None, "--english", help=_KNOWN["english"].help),
    target: list[str] = typer.Option([], "--target", help=_KNOWN["targets"].help + " Repeat the option."),
    target_sizes: str = typer.Option(
        "0", "--target-sizes", help=_KNOWN["target_sizes"].help + " Separated by commas."
    ),
    target_epochs: int = option(ReproduceSpec, "target_epochs"),
    regimes: str = typer.Option("", "--regimes", help=_KNOWN["regimes"].help + " Separated by commas."),
    seeds: int = option(ReproduceSpec, "seeds"),
    train: str = typer.Option("200", "--train", help="Train sentences, separated by commas: one table each."),
    epochs: int = option(ReproduceSpec, "epochs"),
    learning_rate: float = option(ReproduceSpec, "learning_rate"),
    batch_size: int = option(ReproduceSpec, "batch_size"),
    max_length: int = option(ReproduceSpec, "max_length"),
    scalings: str = typer.Option("0.3,0.6,1", "--scalings", help=_KNOWN["scalings"].help),
    densities: str = typer.Option("0.3", "--densities", help=_KNOWN["densities"].help),
    english_size: int = option(ReproduceSpec, "english_size"),
    english_epochs: int = option(ReproduceSpec, "english_epochs"),
    score_size: int = typer.Option(
        1000, "--score-size", min=0, help="Sentences scored of each split; 0 for all."
    ),
    lora: bool = option(ReproduceSpec, "lora"),
    causal: str | None = option(ReproduceSpec, "causal"),
    endpoint: str | None = option(ReproduceSpec, "endpoint"),
    shots: int = option(ReproduceSpec, "shots"),
    spec: Path | None = typer.Option(
        None, "--spec", help="A spec.yaml of an earlier report, instead of the options."
    ),
    out: Path | None = typer.Option(
        None, "--out", help="New folder for the report; nothing is ever overwritten."
    ),
    engine: EngineName = ENGINE,
    address: str | None = ADDRESS,
    workers: int | None = WORKERS,
    dry_run: bool = typer.Option(
        False, "--dry-run", help="Say how many runs it takes and how long, and stop."
    ),
    as_json: bool = JSON,
) -> None:
    """Run an experiment of the paper and write its report; finished runs are found and not run again."""
    if spec is not None:
        asked = read_spec(spec, ReproduceSpec)
    elif preset is None:
        raise SpecError(f"Name a preset ({', '.join(Preset)}) or give --spec.")
    else:
        values: dict[str, Any] = {
            "preset": preset,
            "tasks": tuple(task),
            "base": base,
            "adapted": tuple(cpt),
            "english": english,
            "targets": tuple(target),
            "target_sizes": tuple(whole_numbers(target_sizes)),
            "target_epochs": target_epochs,
            "seeds": seeds,
            "train_sizes": tuple(whole_numbers(train)),
            "epochs": epochs,
            "learning_rate": learning_rate,
            "batch_size": batch_size,
            "max_length": max_length,
            "scalings": tuple(numbers(scalings)),
            "densities": tuple(numbers(densities)),
            "english_size": english_size,
            "english_epochs": english_epochs,
            "score_size": score_size or None,
            "lora": lora,
            "causal": causal,
            "endpoint": endpoint,
            "shots": shots,
        }
        if regimes:
            values["regimes"] = tuple(name.strip() for name in regimes.split(","))
        asked = ReproduceSpec(**values)
    if out is not None and out.exists():
        raise StorageError(f"{out} exists already and is never overwritten. Choose another name.")
    chosen = None if dry_run else engine_of(engine, workers, address)
    from codemix_lab.experiments.reproduction.drive import Reproduction
    from codemix_lab.experiments.reproduction.estimate import estimate, in_words
    from codemix_lab.experiments.reproduction.report import frames, write_report

    made = Reproduction(asked)
    told = estimate(made.plan, workers)
    plan = {"runs": told.runs, "done": told.done, "workers": told.workers, "seconds": round(told.seconds)}
    if chosen is None:
        basis = "by finished runs" if told.measured else "a rough guess: the starter on a plain core"
        show({**plan, "time": f"{in_words(told.seconds)} ({basis})"}, as_json)
        return
    with progress() as (on_progress, should_stop):
        state = made.run(chosen, on_progress, should_stop)
    written = {} if out is None else {"out": str(write_report(made, out))}
    failed = {spec.digest()[:12]: message for spec, message in state.failed.items()}
    tables = {name: table.to_dict(orient="records") for name, table in frames(made).items() if name != "runs"}
    shown = frames(made).get("scores")
    show(
        {**plan, "done": state.done, "failed": failed, **written, **(tables if as_json else {})},
        as_json,
        None if as_json else shown,
    )


@app.command("regimes")
def regimes_list(as_json: bool = JSON) -> None:
    """The training regimes, and what each needs and reads."""
    import pandas as pd

    rows = [
        {
            "regime": str(r),
            "label": r.label,
            "needs": ", ".join(r.needs),
            "help": r.help,
            "reads": ", ".join(r.reads),
        }
        for r in Regime
    ]
    show({}, as_json, pd.DataFrame(rows) if as_json else pd.DataFrame(rows).drop(columns="reads"))
