"""The command line: each command reads its arguments, calls one function and shows the result."""

from __future__ import annotations

import gc
import sys

import typer

from codemix_lab import __version__
from codemix_lab.cli import (
    advise,
    anatomy,
    cpt,
    data,
    house,
    jobs,
    merging,
    mixing,
    reproduce,
    runs,
    scoring,
    slices,
    starter,
    sweep,
    training,
    transfer,
    tuned,
)
from codemix_lab.errors import CodeMixLabError, SpecError

MANY = 100_000
"""New objects before the collector looks for rubbish: the libraries are half a million, and none of them is."""

app = typer.Typer(
    help="Adapt multilingual models to code-mixed text by model merging.",
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)
for room in (
    cpt,
    merging,
    anatomy,
    advise,
    training,
    tuned,
    scoring,
    transfer,
    reproduce,
    sweep,
    jobs,
    mixing,
    house,
):
    app.add_typer(room.app)
app.add_typer(starter.starter_app, name="starter")
app.add_typer(data.data_app, name="data")
app.add_typer(slices.slices_app, name="slices")
app.add_typer(runs.runs_app, name="runs")


def main() -> None:
    """Entry point: errors of the lab are one sentence on stderr; wrong use exits 2, failure 1."""
    gc.set_threshold(MANY, 20, 20)
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
