"""How TIES is really computed, system by system: every difference between them, as a table.

| preset | its scope | kept of n | elect sign by | sum of zero | combine |
|---|---|---|---|---|---|
| lab | tensor | round(d·n), ≥ 1 | Σ w·δ | + | Σ w·δ ÷ count |
| paper | global | ⌊d·n⌋ + 1 | Σ w·δ | majority | Σ w·δ ÷ count |
| fusion-bench | global | ⌊d·n⌋ + 1 | Σ w·δ | majority | Σ w·δ |
| mergekit | tensor | ⌊d·n⌋, ≥ 1 | Σ w·δ | + | Σ w·δ ÷ Σ w |
| peft | tensor | ⌊d·n⌋, ≥ 1 | Σ δ | + | Σ w·δ ÷ count |
| peft-frequency | tensor | ⌊d·n⌋, ≥ 1 | Σ sign δ | + | Σ w·δ ÷ count |

Sums and counts run over the task vectors that have the elected sign. Everywhere, changes that tie
with the smallest one kept are kept as well: results depend on values, never on their order.
The paper's code and FusionBench know no weights; where weights are given, they scale δ first.
"""

from __future__ import annotations

from enum import StrEnum

from codemix_lab.config.scopes import TrimScope


class TiesPreset(StrEnum):
    """Whose TIES: a named bundle of `scope`, `kept`, `elect`, `zero` and `merge` rules."""

    label: str
    scope: TrimScope
    kept: str
    elect: str
    zero: str
    merge: str

    LAB = "lab", "CodeMix Lab", TrimScope.TENSOR, "round", "weighted", "plus", "mean"
    PAPER = "paper", "the TIES paper's code", TrimScope.GLOBAL, "one-more", "weighted", "majority", "mean"
    FUSION_BENCH = (
        "fusion-bench",
        "FusionBench, AdaMerging",
        TrimScope.GLOBAL,
        "one-more",
        "weighted",
        "majority",
        "sum",
    )
    MERGEKIT = "mergekit", "mergekit", TrimScope.TENSOR, "floor", "weighted", "plus", "weighted-mean"
    PEFT = "peft", "peft", TrimScope.TENSOR, "floor", "sum", "plus", "mean"
    PEFT_FREQUENCY = (
        "peft-frequency",
        "peft, by counting signs",
        TrimScope.TENSOR,
        "floor",
        "frequency",
        "plus",
        "mean",
    )

    def __new__(
        cls,
        value: str,
        label: str = "",
        scope: TrimScope = TrimScope.TENSOR,
        kept: str = "round",
        elect: str = "weighted",
        zero: str = "plus",
        merge: str = "mean",
    ) -> TiesPreset:
        """A member with its rules."""
        self = str.__new__(cls, value)
        self._value_ = value
        self.label, self.scope, self.kept = label, scope, kept
        self.elect, self.zero, self.merge = elect, zero, merge
        return self

    def keeps(self, size: int, density: float) -> int:
        """How many of `size` elements a density in (0, 1] keeps (before ties).

        >>> [preset.keeps(5, 0.5) for preset in (TiesPreset.LAB, TiesPreset.PAPER, TiesPreset.MERGEKIT)]
        [2, 3, 2]
        """
        if self.kept == "round":
            wanted = round(density * size)
        else:
            wanted = int(density * size) + (self.kept == "one-more")
        return min(size, max(1, wanted))
