"""Options of a merge, read from `MergeSpec` and from what the methods declare."""

from __future__ import annotations

import functools
import inspect
import typing
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import typer

from codemix_lab.cli.terminal import numbers, option
from codemix_lab.config import MergeMethod, MergeSpec, Schedule, TiesPreset, TrimScope
from codemix_lab.errors import SpecError


def _own_help() -> str:
    declared = [
        f"{parameter.name} ({method}; {parameter.low:g} to {parameter.high:g}, {parameter.default:g} if left out)"
        for method in MergeMethod
        for parameter in method.options
    ]
    return "A parameter of the method's own, as NAME=NUMBER: " + ", ".join(declared) + "."


BASE = option(MergeSpec, "base")
ADAPTED = option(MergeSpec, "adapted")
BASE_OR_SPEC = typer.Option(None, "--base", help=MergeSpec.parameters()["base"].help)
ADAPTED_OR_SPEC = typer.Option([], "--adapted", help=MergeSpec.parameters()["adapted"].help)
SPEC = typer.Option(
    None, "--spec", help="A merge.yaml to merge by, or a mergekit_config.yml, instead of the options above."
)
METHOD = option(MergeSpec, "method")
SCALING = option(MergeSpec, "scaling")
DENSITY = option(MergeSpec, "density")
SCOPE = option(MergeSpec, "scope")
PRESET = option(MergeSpec, "preset")
SEED = option(MergeSpec, "seed")
SCHEDULE = option(MergeSpec, "schedule")
WEIGHTS = typer.Option("", "--weights", help=MergeSpec.parameters()["weights"].help + " Separated by commas.")
DEPTH = typer.Option("", "--depth", help=MergeSpec.parameters()["depth"].help + " Separated by commas.")
EMBEDDINGS = option(MergeSpec, "embeddings")
ATTENTION = option(MergeSpec, "attention")
FEED_FORWARD = option(MergeSpec, "feed_forward")
NORMS = option(MergeSpec, "norms")
OPTIONS = typer.Option([], "--option", help=_own_help())


def number_list(text: str) -> tuple[float, ...]:
    """“1,-0.5” as (1.0, -0.5); nothing for an empty text."""
    return tuple(numbers(text)) if text else ()


def named_numbers(texts: Sequence[str]) -> dict[str, Any]:
    """["outliers=0.02"] as {"outliers": 0.02}. Raises `SpecError` for anything else.

    >>> named_numbers(["outliers=0.02"])
    {'outliers': 0.02}
    """
    found: dict[str, Any] = {}
    for text in texts:
        name, sign, value = text.partition("=")
        if not sign:
            raise SpecError(f"--option {text} is not understood: write NAME=NUMBER, such as outliers=0.02.")
        if name in found:
            raise SpecError(f"--option {name} is given twice: give it once.")
        found[name] = numbers(value)[0]
    return found


def merge_spec(
    base: str | None = BASE_OR_SPEC,
    adapted: list[str] = ADAPTED_OR_SPEC,
    method: MergeMethod = METHOD,
    scaling: float = SCALING,
    density: float = DENSITY,
    scope: TrimScope | None = SCOPE,
    weights: str = WEIGHTS,
    preset: TiesPreset = PRESET,
    seed: int = SEED,
    schedule: Schedule = SCHEDULE,
    depth: str = DEPTH,
    embeddings: float = EMBEDDINGS,
    attention: float = ATTENTION,
    feed_forward: float = FEED_FORWARD,
    norms: float = NORMS,
    own: list[str] = OPTIONS,
    spec_file: Path | None = SPEC,
) -> MergeSpec:
    """The merge that the options, or the file, say. Raises `SpecError`."""
    if spec_file is not None:
        if base or adapted:
            raise SpecError("--spec says base and adapted already: give either the file or the options.")
        from codemix_lab.merging.mergekit_config import read_spec

        return read_spec(spec_file)
    if base is None or not adapted:
        raise SpecError("a merge wants --base and --adapted, or a file with --spec.")
    return MergeSpec(
        base,
        tuple(adapted),
        method,
        scaling,
        density,
        scope,  # type: ignore[arg-type]  # None stands for the preset's own
        number_list(weights),
        preset,
        seed,
        schedule,
        number_list(depth),
        embeddings,
        attention,
        feed_forward,
        norms,
        named_numbers(own),  # type: ignore[arg-type]  # the spec makes pairs of it
    )


def takes_merge(command: Callable[..., None]) -> Callable[..., None]:
    """A command whose first argument is a `MergeSpec`, with the options of `merge_spec` in its place."""
    asked = inspect.signature(merge_spec).parameters
    first, *others = inspect.signature(command).parameters.values()

    @functools.wraps(command)
    def wrapped(**given: Any) -> None:
        spec = merge_spec(**{name: given.pop(name) for name in asked})
        command(**{first.name: spec}, **given)

    hints = typing.get_type_hints(merge_spec) | typing.get_type_hints(command)
    parameters = [
        p.replace(kind=inspect.Parameter.KEYWORD_ONLY, annotation=hints[p.name])
        for p in (*asked.values(), *others)
    ]
    wrapped.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]  # what typer reads
    wrapped.__annotations__ = {p.name: p.annotation for p in parameters}
    return wrapped
