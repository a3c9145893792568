"""A sweep: runs that differ in some fields, every combination of their values once."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import product
from typing import Any, Self

import yaml

from codemix_lab.config.run import RunSpec
from codemix_lab.errors import SpecError

MOST = 20_000
_PARTS = ("run", "over")


@dataclass(frozen=True)
class SweepSpec:
    """Runs of a sweep in order, the last field of `over` changing fastest, and the fields that change.

    Written as YAML: `run` holds fields of `RunSpec` for all runs, `over` a list of values for each
    field that changes. Combinations that are the same run (λ of full fine-tuning) come once.
    """

    runs: tuple[RunSpec, ...]
    over: tuple[str, ...]

    @classmethod
    def from_yaml(cls, text: str) -> Self:
        """Read a sweep. Raises `SpecError` naming the part, the field or the combination that is wrong."""
        try:
            values = yaml.safe_load(text)
        except yaml.YAMLError as error:
            raise SpecError(f"this is not valid YAML: {error}") from error
        if not isinstance(values, Mapping):
            raise SpecError("a sweep has the parts run and over, each with named fields.")
        for name in values:
            if name not in _PARTS:
                raise SpecError(f"a sweep has no part “{name}”: it has run and over.")
        shared, over = (values.get(part) or {} for part in _PARTS)
        if not isinstance(shared, Mapping) or not isinstance(over, Mapping):
            raise SpecError("run and over hold named fields, such as over: {seed: [0, 1, 2]}.")
        return cls.of(shared, over)

    @classmethod
    def of(cls, shared: Mapping[str, Any], over: Mapping[str, Any]) -> Self:
        """All combinations of `over` under the shared fields. Raises `SpecError`."""
        known = RunSpec.parameters()
        for name in (*shared, *over):
            if name not in known:
                near = difflib.get_close_matches(str(name), known, n=1)
                hint = f"did you mean “{near[0]}”?" if near else f"known fields: {', '.join(known)}."
                raise SpecError(f"RunSpec has no field “{name}”: {hint}")
            if name in shared and name in over:
                raise SpecError(f"“{name}” stands in run and in over: leave it in one of them.")
        for name, values in over.items():
            if not isinstance(values, list) or not values:
                raise SpecError(f"over: {name} wants a list of values, not {values!r}.")
        total = 1
        for values in over.values():
            total *= len(values)
        if total > MOST:
            raise SpecError(f"This sweep has {total:,} combinations; {MOST:,} are the most.")
        combinations = [dict(zip(over, values, strict=True)) for values in product(*over.values())]
        return cls(tuple(dict.fromkeys(_run(shared, values) for values in combinations)), tuple(over))


def _run(shared: Mapping[str, Any], values: Mapping[str, Any]) -> RunSpec:
    try:
        return RunSpec.from_dict({**shared, **values})
    except SpecError as error:
        named = ", ".join(f"{name} = {value}" for name, value in values.items())
        raise SpecError(f"{error} (in the combination {named})" if named else str(error)) from error
