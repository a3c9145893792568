"""Commands of saved slices: questions about rows that every comparison answers from then on."""

from __future__ import annotations

import pandas as pd
import typer

from codemix_lab.cli.options import JSON
from codemix_lab.cli.terminal import show
from codemix_lab.experiments.saved_slices import SavedSlices

slices_app = typer.Typer(
    help="Saved slices: named questions that every comparison answers.", rich_markup_mode=None
)


@slices_app.command("list")
def slices_list(as_json: bool = JSON) -> None:
    """The saved slices: name and question."""
    kept = SavedSlices().all()
    show({}, as_json, pd.DataFrame({"name": list(kept), "question": list(kept.values())}))


@slices_app.command("keep")
def slices_keep(
    name: str = typer.Argument(..., help="Name of the slice."),
    question: str = typer.Argument(..., help='Question, as on the page: cmi > 30 and "nahi" in text.'),
    replace: bool = typer.Option(False, "--replace", help="Change the question of a name that is taken."),
    as_json: bool = JSON,
) -> None:
    """Keep a question under a name."""
    SavedSlices().keep(name, question, replace)
    show({"name": name, "question": question}, as_json)


@slices_app.command("remove")
def slices_remove(
    name: str = typer.Argument(..., help="Name of the slice to delete."), as_json: bool = JSON
) -> None:
    """Delete one saved slice; nothing else is touched."""
    SavedSlices().remove(name)
    show({"removed": name}, as_json)
