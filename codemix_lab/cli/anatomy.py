"""Commands that take task vectors apart."""

from __future__ import annotations

import json
from pathlib import Path

import typer

from codemix_lab.cli.options import JSON, OUT
from codemix_lab.cli.terminal import option, progress, show
from codemix_lab.config import MergeSpec

app = typer.Typer()


@app.command()
def anatomy(
    base: str = option(MergeSpec, "base"),
    adapted: list[str] = option(MergeSpec, "adapted"),
    rows: int = typer.Option(20, "--rows", min=0, help="How many of the embedding's rows to show."),
    as_json: bool = JSON,
) -> None:
    """How far each layer moved, where task vectors disagree, and which pieces moved most."""
    from codemix_lab.training.anatomy import anatomy as take_apart

    with progress() as (on_progress, should_stop):
        found = take_apart(base, adapted, rows, on_progress, should_stop)
    tables = {"lengths": found.lengths, "agreement": found.agreement, "rows": found.rows}
    for table in () if as_json else tables.values():
        if len(table):
            show({}, False, table)
            typer.echo()
    if as_json:
        show({name: json.loads(table.to_json(orient="records")) for name, table in tables.items()}, True)


@app.command()
def lora(
    base: str = option(MergeSpec, "base"),
    adapted: str = typer.Option(
        ..., "--adapted", help="The checkpoint whose task vector becomes an adapter."
    ),
    rank: int = typer.Option(16, "--rank", min=1, help="Rank of every matrix; more loses less."),
    out: Path = OUT,
    as_json: bool = JSON,
) -> None:
    """Write a task vector as a LoRA adapter for peft, and say what it loses."""
    from codemix_lab.training.anatomy import export_lora

    with progress() as (on_progress, should_stop):
        table = export_lora(base, adapted, out, rank, on_progress, should_stop)
    show({"out": str(out), "error": float(table["error"].iloc[-1])}, as_json, table)
