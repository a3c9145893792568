"""The terminal's side of the lab: options read from specs, progress on stderr, results on stdout."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import signal
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

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
from codemix_lab.errors import SpecError
from codemix_lab.progress import Progress as OnProgress
from codemix_lab.progress import ShouldStop

if TYPE_CHECKING:
    import pandas as pd

S = TypeVar("S", bound=Spec)


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


def read_spec(path: Path, kind: type[S]) -> S:
    """The spec that a YAML file holds. Raises `SpecError` naming the file or the field."""
    try:
        return kind.from_yaml(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise SpecError(f"{path} cannot be read ({error}).") from error


def whole_numbers(text: str) -> list[int]:
    """“0,1,2” as [0, 1, 2]. Raises `SpecError` for anything else."""
    with _readable(text, "whole numbers separated by commas"):
        return [int(part) for part in text.split(",")]


def numbers(text: str) -> list[float]:
    """“1,0.5” as [1.0, 0.5]. Raises `SpecError` for anything else."""
    with _readable(text, "numbers separated by commas"):
        return [float(part) for part in text.split(",")]


def number_range(text: str) -> list[float]:
    """“0:1.5:0.5” as [0.0, 0.5, 1.0, 1.5], last included; or numbers separated by commas."""
    if ":" not in text:
        return numbers(text)
    with _readable(text, "first:last:step"):
        first, last, step = (float(part) for part in text.split(":"))
        return [
            round(first + i * step, 6)
            for i in range(int((last - first) / step + 1.5))
            if first + i * step <= last + 1e-9
        ]


@contextlib.contextmanager
def _readable(text: str, wanted: str) -> Iterator[None]:
    try:
        yield
    except (ValueError, ZeroDivisionError):
        raise SpecError(f"“{text}” is not understood: give {wanted}.") from None


def named_files(pairs: list[str]) -> dict[str, list[Path]]:
    """NAME=FILE arguments as the files of each name. Raises `SpecError` for an argument without both."""
    files: dict[str, list[Path]] = {}
    for pair in pairs:
        name, sign, path = pair.partition("=")
        if not sign or not path:
            raise SpecError(f"“{pair}” is not understood: give NAME=FILE.")
        files.setdefault(name, []).append(Path(path).expanduser())
    return files
