"""Options of a run, read from `RunSpec`."""

from __future__ import annotations

import functools
import inspect
import typing
from collections.abc import Callable
from typing import Any

import typer

from codemix_lab.cli.terminal import numbers
from codemix_lab.config import RunSpec

FIELDS = (
    "base",
    "adapted",
    "english",
    "english_size",
    "english_epochs",
    "scaling",
    "scalings",
    "density",
    "densities",
    "method",
    "max_length",
    "freeze_embeddings",
    "lora",
    "rank",
    "score_size",
    "targets",
    "shots",
    "template",
    "endpoint",
    "keep_model",
)
"""Fields that a command takes as options of the same name; the others are asked for by the command itself."""
_ONE_OF_MANY = {"adapted": "adapted", "targets": "target"}
_NUMBERS = ("scalings", "densities")


def takes_run(command: Callable[..., None]) -> Callable[..., None]:
    """A command whose first argument is a dictionary of the fields that were given, with options in its place.

    Options that the command has itself are left to it.
    """
    first, *others = inspect.signature(command).parameters.values()
    names = [name for name in FIELDS if name not in inspect.signature(command).parameters]

    @functools.wraps(command)
    def wrapped(**given: Any) -> None:
        asked = {name: given.pop(name) for name in names}
        fields = {name: _read(name, value) for name, value in asked.items() if value not in (None, [])}
        command(**{first.name: fields}, **given)

    hints = typing.get_type_hints(command)
    own = [p.replace(kind=inspect.Parameter.KEYWORD_ONLY, annotation=hints[p.name]) for p in others]
    parameters = [*own, *map(_option, names)]
    wrapped.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]  # what typer reads
    wrapped.__annotations__ = {p.name: p.annotation for p in parameters}
    return wrapped


def optional(name: str, default: str | None = None) -> Any:
    """An option for a field of `RunSpec` that may be left out, with its help, range and default said."""
    declared = RunSpec.parameters()[name]
    within = "" if declared.low is None else f" [{declared.low:g} to {declared.high:g}]"
    repeated = " Repeat the option." if name in _ONE_OF_MANY else ""
    listed = " Separated by commas." if name in _NUMBERS else ""
    many = name in _ONE_OF_MANY
    shown = "" if declared.default in (None, (), False) else f" [default: {declared.default!s}]"
    said = declared.help + repeated + listed + within + (shown if default is None else default)
    dashed = _ONE_OF_MANY.get(name, name).replace("_", "-")
    switch = f"--{dashed}/--no-{dashed}" if _kind(name) == bool | None else f"--{dashed}"
    return typer.Option([] if many else None, switch, help=said)


def _option(name: str) -> inspect.Parameter:
    return inspect.Parameter(
        name, inspect.Parameter.KEYWORD_ONLY, default=optional(name), annotation=_kind(name)
    )


def _kind(name: str) -> Any:
    if name in _ONE_OF_MANY:
        return list[str]
    if name in _NUMBERS or name == "english":
        return str | None
    hint = typing.get_type_hints(RunSpec)[name]
    return hint | None


def _read(name: str, value: Any) -> Any:
    if name in _NUMBERS:
        return tuple(numbers(value))
    return tuple(value) if name in _ONE_OF_MANY else value
