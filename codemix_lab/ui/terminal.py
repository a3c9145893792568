"""The terminal's side of the lab: options read from specs, progress on stderr, results on stdout."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import signal
import threading
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import typer
from rich.console import Console
from rich.progress import (
    BarColumn,
    Progress,
    TaskProgressColumn,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from codemix_lab.config import Spec
from codemix_lab.progress import Progress as OnProgress
from codemix_lab.progress import ShouldStop

if TYPE_CHECKING:
    import pandas as pd


def option(spec: type[Spec], field: str, *names: str) -> Any:
    """A command-line option with the default, range and help that the spec declares for `field`."""
    declared = spec.parameters()[field]
    within = "" if declared.low is None else f" [{declared.low:g} to {declared.high:g}]"
    default = ... if declared.default is dataclasses.MISSING else declared.default
    flags = names or (f"--{field.replace('_', '-')}",)
    return typer.Option(default, *flags, help=declared.help + within)


@contextlib.contextmanager
def progress() -> Iterator[tuple[OnProgress, ShouldStop]]:
    """A progress line on stderr; Ctrl-C asks the work to stop cleanly, a second one ends it at once."""
    stop = threading.Event()

    def asked(*_: object) -> None:
        if stop.is_set():
            raise KeyboardInterrupt
        stop.set()

    before = signal.signal(signal.SIGINT, asked)
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    try:
        with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
            line = bar.add_task("", total=None)
            yield (
                lambda done, total, what: bar.update(line, completed=done, total=total, description=what),
                stop.is_set,
            )
    finally:
        signal.signal(signal.SIGINT, before)


def show(values: dict[str, Any], as_json: bool, table: pd.DataFrame | None = None) -> None:
    """Print a result: a readable form, or exactly one JSON object as the last line of stdout."""
    if table is not None and not as_json:
        typer.echo(table.to_string(index=False, float_format=lambda x: f"{x:.3f}", na_rep="–"))
    for name, value in values.items():
        if not as_json and not isinstance(value, (dict, list)):
            typer.echo(f"{name}: {value:.4f}" if isinstance(value, float) else f"{name}: {value}")
    if as_json:
        rows = {} if table is None else {"table": json.loads(table.to_json(orient="records"))}
        typer.echo(json.dumps({**values, **rows}, ensure_ascii=False, default=str))
