"""Engines: many runs done by many processes into one store. See `plan`, `claims`, `work`, `team`, `local`, `ray`."""

from __future__ import annotations

from typing import Protocol

from codemix_lab.experiments.engines.plan import Plan, State
from codemix_lab.progress import Progress, ShouldStop

__all__ = ["Engine", "Plan", "State"]


class Engine(Protocol):
    """Does what a plan still lacks. Its results lie in the plan's store, wherever they were made."""

    def run(
        self, plan: Plan, on_progress: Progress | None = None, should_stop: ShouldStop | None = None
    ) -> State:
        """Return when every run is finished or failed. Raises `Cancelled`; finished runs stay."""
        ...
