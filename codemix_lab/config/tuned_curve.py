"""F1 after fine-tuning over λ: where it is fine-tuned for real, and where the curve is read."""

from __future__ import annotations

from dataclasses import dataclass

from codemix_lab.config.run import RunSpec
from codemix_lab.config.spec import Spec, parameter
from codemix_lab.errors import SpecError

GRID = tuple(round(i / 10, 1) for i in range(16))


@dataclass(frozen=True)
class TunedCurveSpec(Spec):
    """A curve over λ through real fine-tunes at `nodes`, held against real ones at `checks`, scored on dev."""

    run: RunSpec = parameter(help="A run of a regime that fine-tunes a merge; its λ and seed are left open.")
    nodes: tuple[float, ...] = parameter(
        (0.0, 0.75, 1.5), low=0.0, high=1.5, help="λ that are fine-tuned; their weights are kept."
    )
    checks: tuple[float, ...] = parameter(
        (0.375, 1.125),
        low=0.0,
        high=1.5,
        help="λ that are fine-tuned as well, to state the error of the curve.",
    )
    scalings: tuple[float, ...] = parameter(GRID, low=0.0, high=1.5, help="λ at which the curve is read.")
    seeds: int = parameter(1, low=1, high=100, step=1, help="Seeds, counted from 0: a curve each.")

    def __post_init__(self) -> None:
        super().__post_init__()
        for name in ("nodes", "checks", "scalings"):
            object.__setattr__(self, name, tuple(sorted(set(getattr(self, name)))))
        regime = self.run.regime
        if not regime.fine_tunes or "scaling" not in regime.reads:
            raise SpecError(f"{regime.label} has no λ to fine-tune over: choose a regime that merges.")
        if len(self.nodes) < 2:
            raise SpecError("nodes must be at least two values of λ.")
        if outside := [x for x in (*self.checks, *self.scalings) if not self.nodes[0] <= x <= self.nodes[-1]]:
            raise SpecError(
                f"λ = {outside[0]:g} lies outside of the nodes {self.nodes[0]:g} to {self.nodes[-1]:g}: "
                "nothing is extrapolated."
            )
        if twice := set(self.checks) & set(self.nodes):
            raise SpecError(f"λ = {min(twice):g} is a node, so it checks nothing: choose another one.")

    def at(self, scaling: float, seed: int) -> RunSpec:
        """The real fine-tune at one λ: scored on dev, weights kept at nodes."""
        settled = self.run.replace(
            scaling=scaling, scalings=(), seed=seed, splits=("dev",), targets=(), keep_model=False
        )
        return settled.replace(keep_model=scaling in self.nodes)
