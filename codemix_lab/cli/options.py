"""Options that several commands share."""

from __future__ import annotations

import typer

from codemix_lab.cli.terminal import option
from codemix_lab.config import TaskSpec

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
