"""Options of a merge, read from `MergeSpec` and from what the methods declare."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import typer

from codemix_lab.cli.terminal import numbers, option
from codemix_lab.config import MergeMethod, MergeSpec
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
