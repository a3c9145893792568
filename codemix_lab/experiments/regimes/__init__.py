"""One training regime a file: `recipe(spec, bench)` for each member of `config.Regime`."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import cast

from codemix_lab.config import Regime, RunSpec
from codemix_lab.experiments.regimes.bench import Bench, Outcome

__all__ = ["Bench", "Outcome", "Recipe", "recipe_of"]

Recipe = Callable[[RunSpec, Bench], Outcome]


def recipe_of(regime: Regime) -> Recipe:
    """The recipe of a regime: a spec and the bench with its steps in, a classifier of sentences out."""
    module = importlib.import_module(f"{__name__}.{regime.replace('-', '_')}")
    return cast(Recipe, module.recipe)
