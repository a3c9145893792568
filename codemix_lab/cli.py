"""The command line: each command reads its arguments, calls one function and shows the result."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import typer

from codemix_lab import __version__, paths
from codemix_lab.config import FineTuneSpec, MergeMethod, MergeSpec, ProbeSpec, TaskSpec, TrimScope
from codemix_lab.errors import CodeMixLabError, SpecError
from codemix_lab.ui.terminal import named_files, number_range, numbers, option, progress, show, whole_numbers

app = typer.Typer(
    help="Adapt multilingual models to code-mixed text by model merging.",
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)
starter_app = typer.Typer(help="The starter: real weights without a model hub.", rich_markup_mode=None)
app.add_typer(starter_app, name="starter")

JSON = typer.Option(False, "--json", help="Print one JSON object as the last line of stdout.")
OUT = typer.Option(..., "--out", help="New folder for the result; nothing is ever overwritten.")
SPLIT = typer.Option("test", "--split", help="Split to score: train, dev or test.")
LIMIT = typer.Option(
    None, "--limit", min=1, help="Score only that many sentences (stratified, always the same)."
)
TASK = typer.Option(..., "--task", help=TaskSpec.parameters()["source"].help)
TEXT_COLUMN = option(TaskSpec, "text_column")
LABEL_COLUMN = option(TaskSpec, "label_column")
SPLIT_COLUMN = option(TaskSpec, "split_column")


def main() -> None:
    """Entry point: errors of the lab are one sentence on stderr; wrong use exits 2, failure 1."""
    try:
        result = app(standalone_mode=False)
    except typer.TyperException as error:
        _leave(error.format_message(), 2)
    except SpecError as error:
        _leave(str(error), 2)
    except CodeMixLabError as error:
        _leave(str(error), 1)
    except (typer.Abort, KeyboardInterrupt):
        _leave("Stopped.", 130)
    sys.exit(result if isinstance(result, int) else 0)


def _leave(message: str, code: int) -> None:
    typer.echo(f"codemix-lab: {message}", err=True)
    sys.exit(code)


@app.callback(invoke_without_command=True)
def _root(
    context: typer.Context, version: bool = typer.Option(False, "--version", help="Print the version.")
) -> None:
    if version:
        typer.echo(f"codemix-lab {__version__}")
    elif context.invoked_subcommand is None:
        typer.echo(context.get_help())


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
        inspection.write_predictions(frame, predictions)
    show({"model": model, "split": split, **scores.to_dict()}, as_json)


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


@app.command()
def transfer(
    models: list[str] = typer.Option(..., help="Fine-tuned classifier folders (repeat the option)."),
    tasks: list[str] = typer.Option(..., help="Starter tasks or files (repeat the option)."),
    split: str = SPLIT,
    limit: int | None = LIMIT,
    as_json: bool = JSON,
) -> None:
    """Score every model on every task, over the labels they share."""
    from codemix_lab.experiments.transfer import transfer as run

    with progress() as (on_progress, should_stop):
        table = run(models, [TaskSpec(t) for t in tasks], split, limit, on_progress, should_stop)
    show({}, as_json, table)


@app.command()
def compare(
    a: str = typer.Argument(..., help="Fine-tuned classifier folder A."),
    b: str = typer.Argument(..., help="Fine-tuned classifier folder B, held against A."),
    task: str = TASK,
    text_column: str | None = TEXT_COLUMN,
    label_column: str | None = LABEL_COLUMN,
    split_column: str | None = SPLIT_COLUMN,
    split: str = SPLIT,
    limit: int | None = LIMIT,
    out: Path = OUT,
    as_json: bool = JSON,
) -> None:
    """Two models on one task: what B fixed and what it broke, sentence by sentence."""
    from codemix_lab.experiments.inspection import compare_models, write_comparison

    with progress() as (on_progress, should_stop):
        task_spec = TaskSpec(task, text_column, label_column, split_column)
        found = compare_models(a, b, task_spec, split, limit, on_progress, should_stop)
    write_comparison(found, out)
    show({"out": str(out), **found.counts, "net gain": found.net_gain, "McNemar p": found.p_value}, as_json)


@starter_app.callback(invoke_without_command=True)
def starter(context: typer.Context, as_json: bool = JSON) -> None:
    """Fetch, verify and convert the starter model (91 MB, once)."""
    if context.invoked_subcommand is not None:
        return
    from codemix_lab.models.starter.install import install_starter
    from codemix_lab.models.starter.names import starter_state

    with progress() as (on_progress, should_stop):
        folder = install_starter(on_progress, should_stop)
    show({"folder": str(folder), "names": ", ".join(starter_state().names)}, as_json)


@starter_app.command("build")
def starter_build(
    monolingual: list[str] = typer.Option(
        ..., help="LANGUAGE=FILE, one sentence a line (repeat the option)."
    ),
    code_mixed: list[str] = typer.Option(..., help="PAIR=FILE, one sentence a line (repeat the option)."),
    out: Path = typer.Option(
        ..., help="Folder for the adapters; finished stages in it are kept, broken off ones resumed."
    ),
) -> None:
    """Make the shipped starter weights again from text files: masked-LM pass, then CPT for each pair."""
    from codemix_lab.training.build_starter import build_from_files

    with progress() as (on_progress, should_stop):
        build_from_files(named_files(monolingual), named_files(code_mixed), out, on_progress, should_stop)
    show({"out": str(out)}, as_json=False)


@app.command()
def doctor(as_json: bool = JSON) -> None:
    """Say in ten lines what is there and what to do about what is not."""
    from codemix_lab.doctor import examine
    from codemix_lab.models.starter.names import starter_state

    findings = examine(starter_state())
    for finding in () if as_json else findings:
        mark = "ok " if finding.ok else "-- "
        typer.echo(
            f"{mark} {finding.name}: {finding.state}" + (f" → {finding.advice}" if finding.advice else "")
        )
    if as_json:
        show({f.name: {"state": f.state, "ok": f.ok, "advice": f.advice} for f in findings}, as_json=True)


@app.command("app", context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
def open_app(context: typer.Context) -> None:
    """Open the lab in the browser, on this machine only; more options go to Streamlit as they are."""
    root = paths.checkout() or paths.PACKAGE / "_app"
    command = [sys.executable, "-m", "streamlit", "run", str(root / "app.py"), *context.args]
    raise typer.Exit(subprocess.call(command, cwd=root))
