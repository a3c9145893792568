"""What the store holds: listed, shown, held against each other, taken out, and pruned by rule."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from codemix_lab.cli.options import JSON
from codemix_lab.cli.terminal import option, show
from codemix_lab.errors import SpecError, StorageError
from codemix_lab.experiments.run_rules import RunRule

if TYPE_CHECKING:
    import pandas as pd

runs_app = typer.Typer(help="The store of runs.", rich_markup_mode=None, no_args_is_help=True)
RUN = typer.Argument(..., help="Beginning of a run's id.")
KIND = option(RunRule, "kind")
TASK = option(RunRule, "task")
START = option(RunRule, "start")
OLDER = option(RunRule, "older_than")
LARGER = option(RunRule, "larger_than")


class ExportFormat(StrEnum):
    """Where runs go."""

    CSV = "csv"
    LATEX = "latex"
    MLFLOW = "mlflow"


@runs_app.command("list")
def runs_list(
    kind: str | None = KIND,
    task: str | None = TASK,
    start: str | None = START,
    older_than: float | None = OLDER,
    larger_than: float | None = LARGER,
    limit: int = typer.Option(50, min=0, help="Newest runs to show; 0 shows all."),
    as_json: bool = JSON,
) -> None:
    """Runs, newest first, with their scores and sizes."""
    from codemix_lab.experiments.store import RunStore

    store = RunStore()
    listed = store.list()
    found = RunRule(kind, task, start, older_than, larger_than).of(listed)
    shown = _told(found.head(limit) if limit else found)
    told = {"runs": len(found), "bytes": int(found["bytes"].sum()), "damaged": len(store.damaged())}
    show(told, as_json, shown if as_json else shown.drop(columns="model"))


@runs_app.command("show")
def runs_show(run: str = RUN, as_json: bool = JSON) -> None:
    """One run: its spec, scores, provenance and files, every file checked."""
    import yaml

    from codemix_lab.experiments.store import RunStore

    found = RunStore().open(run)
    told = {
        "run": found.id,
        "kind": found.kind,
        "created": str(found.created),
        "folder": str(found.folder),
        "spec": found.spec,
        "metrics": {split: scores.to_dict() for split, scores in found.metrics.items()},
        "provenance": found.provenance,
        "versions": found.versions,
        "files": {name: size for name, (_, size) in found.files.items()},
    }
    if not as_json:
        told["metrics"] = {
            split: f"macro-F1 {s.macro_f1:.3f} [{s.interval[0]:.3f}, {s.interval[1]:.3f}], {s.n} sentences"
            for split, s in found.metrics.items()
        }
        typer.echo(yaml.safe_dump(told, sort_keys=False, allow_unicode=True).rstrip())
        return
    show(told, as_json)


@runs_app.command("compare")
def runs_compare(
    a: str = RUN,
    b: str = RUN,
    split: str = typer.Option("test", "--split", help="Split to compare on."),
    as_json: bool = JSON,
) -> None:
    """Two runs on the same sentences: macro-F1 of both, and the difference with its paired bootstrap interval."""
    from codemix_lab.evaluation.paired import paired_f1
    from codemix_lab.experiments.store import RunStore

    store = RunStore()
    runs = [store.open(name) for name in (a, b)]
    first, second = (run.predictions(split) for run in runs)
    both = first.merge(second[["text", "gold", "predicted"]], on=["text", "gold"], suffixes=("_a", "_b"))
    both = both.drop_duplicates("text")
    labels = sorted({*runs[0].metrics[split].labels, *runs[1].metrics[split].labels})
    found = paired_f1(
        both["gold"].tolist(), both["predicted_a"].tolist(), both["predicted_b"].tolist(), labels
    )
    told = {"a": found.a, "b": found.b, "difference": found.difference, "low": found.low, "high": found.high}
    show({"sentences": len(both), **told, "p": found.p_value}, as_json)


@runs_app.command("export")
def runs_export(
    form: ExportFormat = typer.Option(ExportFormat.CSV, "--format", help="csv, latex or mlflow."),
    kind: str | None = KIND,
    task: str | None = TASK,
    start: str | None = START,
    older_than: float | None = OLDER,
    larger_than: float | None = LARGER,
    out: Path | None = typer.Option(None, "--out", help="New file; left out, a LaTeX table is printed."),
    as_json: bool = JSON,
) -> None:
    """Runs as a table of their own, a LaTeX table of means over seeds, or in MLflow where it is installed."""
    from codemix_lab.experiments.run_export import latex_table, to_mlflow
    from codemix_lab.experiments.store import RunStore
    from codemix_lab.experiments.tables import as_bytes

    store = RunStore()
    found = RunRule(kind, task, start, older_than, larger_than).of(store.list())
    if form is ExportFormat.MLFLOW:
        show({"runs": len(found), "logged": to_mlflow([store.open(name) for name in found["id"]])}, as_json)
        return
    if form is ExportFormat.CSV and out is None:
        raise SpecError("Give --out for a CSV file.")
    content = as_bytes(found, "csv") if form is ExportFormat.CSV else latex_table(found).encode()
    if out is None:
        typer.echo(content.decode())
        return
    _write(out, content)
    show({"runs": len(found), "out": str(out)}, as_json)


@runs_app.command("prune")
def runs_prune(
    kind: str | None = KIND,
    task: str | None = TASK,
    start: str | None = START,
    older_than: float | None = OLDER,
    larger_than: float | None = LARGER,
    damaged: bool = typer.Option(False, "--damaged", help="Delete the entries set aside as damaged."),
    yes: bool = typer.Option(False, "--yes", help="Delete what is listed; without it nothing is deleted."),
    as_json: bool = JSON,
) -> None:
    """List what a rule would delete and how large it is, and delete it only with --yes."""
    import shutil

    from codemix_lab.experiments.store import RunStore

    rule, store = RunRule(kind, task, start, older_than, larger_than), RunStore()
    if rule.says_nothing and not damaged:
        raise SpecError("Give a rule, such as --older-than 30, or --damaged: nothing is pruned without one.")
    listed = store.list()
    found = listed.head(0) if rule.says_nothing else rule.of(listed)
    aside = store.damaged() if damaged else ()
    if yes:
        for name in found["id"]:
            store.remove(name)
        for folder in aside:
            shutil.rmtree(folder)
    told = {"runs": len(found), "bytes": int(found["bytes"].sum()), "damaged": len(aside)}
    done = "deleted" if yes else "nothing was deleted: say --yes to do it"
    show({**told, "done": done}, as_json, _short(found, as_json))


def _short(found: pd.DataFrame, as_json: bool) -> pd.DataFrame | None:
    if as_json:
        return _told(found)
    return _told(found)[["id", "kind", "start", "task", "bytes", "created"]] if len(found) else None


def _told(found: pd.DataFrame) -> pd.DataFrame:
    return found.assign(created=found["created"].dt.strftime("%Y-%m-%d %H:%M"))


def _write(out: Path, content: bytes) -> None:
    from codemix_lab import paths

    if out.exists():
        raise StorageError(f"{out} exists already and is never overwritten. Choose another name.")
    with paths.new_file(out) as path:
        path.write_bytes(content)
