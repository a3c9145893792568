"""Commands around data: what there is, what a file was taken for, and tasks of one's own."""

from __future__ import annotations

import typer

from codemix_lab.cli.options import JSON, LABEL_COLUMN, SPLIT_COLUMN, TEXT_COLUMN
from codemix_lab.cli.terminal import option, progress, show
from codemix_lab.config import TaskSpec

data_app = typer.Typer(help="Data: what there is, what a file was taken for, tasks of your own.")

MAPPING = option(TaskSpec, "mapping")
REPAIR = typer.Option(True, "--repair/--no-repair", help=TaskSpec.parameters()["repair"].help)
MASK = typer.Option(False, "--mask", help=TaskSpec.parameters()["mask"].help)
DROP_LEAKS = typer.Option(False, "--drop-leaks", help=TaskSpec.parameters()["drop_leaks"].help)
FILE = typer.Argument(..., help=TaskSpec.parameters()["source"].help)


@data_app.command("list")
def list_tasks(as_json: bool = JSON) -> None:
    """All tasks that can be named: the starter's, your own, and the public sets of the field."""
    from codemix_lab.text.catalogue import catalogue

    show({}, as_json, catalogue())


@data_app.command("show")
def show_task(
    name: str = typer.Argument(..., help="A name from `codemix-lab data list`."), as_json: bool = JSON
) -> None:
    """The card of a task: labels, counts by split, licence, citation, and what to know of it."""
    from codemix_lab.text.catalogue import described

    values, counts = described(name)
    told = values if as_json else {field: value for field, value in values.items() if value}
    show(told, as_json, counts)
    for warning in () if as_json else values["warnings"]:
        typer.echo(f"note: {warning}")


@data_app.command("add")
def add(
    file: str = FILE,
    name: str | None = typer.Option(None, "--name", help="Name to open it by (its own when left out)."),
    like: str | None = typer.Option(
        None, "--like", help="Public set whose citation, licence, pair and label mapping it takes."
    ),
    pair: str | None = typer.Option(None, "--pair", help="Language pair, such as en-hi."),
    text_column: str | None = TEXT_COLUMN,
    label_column: str | None = LABEL_COLUMN,
    split_column: str | None = SPLIT_COLUMN,
    mapping: list[str] = MAPPING,
    repair: bool = REPAIR,
    mask: bool = MASK,
    drop_leaks: bool = DROP_LEAKS,
    title: str = typer.Option("", "--title", help="What it is, in one line."),
    licence: str = typer.Option("", "--licence", help="Licence as its publisher states it."),
    citation: str = typer.Option("", "--citation", help="What to cite."),
    as_json: bool = JSON,
) -> None:
    """Register a file, a folder of splits or a hub id as a task; its rows stay where they are."""
    from codemix_lab.text.adding import add_task

    told = {"text_column": text_column, "label_column": label_column, "split_column": split_column}
    flags = {"repair": repair, "mask": mask, "drop_leaks": drop_leaks}
    card, path, task = add_task(
        file,
        name,
        like,
        **told,
        **flags,
        pair=pair,
        mapping=tuple(mapping),
        title=title,
        licence=licence,
        citation=citation,
    )
    counts = task.frame["split"].value_counts().to_dict()
    show(
        {"name": card.name, "card": str(path), "rows": len(task.frame), "labels": ", ".join(task.labels)}
        | ({"splits": counts, "warnings": list(task.warnings)} if as_json else {}),
        as_json,
    )
    for warning in () if as_json else task.warnings:
        typer.echo(f"note: {warning}")


@data_app.command("check")
def check(
    file: str = FILE,
    text_column: str | None = TEXT_COLUMN,
    label_column: str | None = LABEL_COLUMN,
    split_column: str | None = SPLIT_COLUMN,
    mapping: list[str] = MAPPING,
    as_json: bool = JSON,
) -> None:
    """Say what a file was taken for: format, columns, labels, splits, leaks, duplicates, repairs.

    It is read piece by piece, so its size does not matter. The JSON object has the keys source,
    where, use (task or corpus), problem, format, recognised, rows, columns (name, role, how, filled), pair,
    labels, mapped_out, splits (label counts by split), splits_made, blank, words (texts by number
    of words), repairs, duplicates and near_duplicates (within and across splits), leaks (exact,
    near) and duplicate_ids.
    """
    from codemix_lab.text.profile import profile

    spec = TaskSpec(file, text_column, label_column, split_column, tuple(mapping))
    with progress() as (on_progress, should_stop):
        found = profile(spec, on_progress, should_stop)
    if as_json:
        show(found.to_dict(), as_json=True)
        return
    for line in found.lines():
        typer.echo(line)
