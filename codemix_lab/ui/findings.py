"""What the numbers say, in one sentence of plain words."""

from __future__ import annotations

from codemix_lab.evaluation.compare import Comparison
from codemix_lab.ui.escape import brief

SURE = 0.05


def piles(comparison: Comparison) -> str:
    """What B fixed and broke, and whether that is more than chance."""
    counts, net, p = comparison.counts, comparison.net_gain, comparison.p_value
    if not counts["fixed"] + counts["broken"]:
        return "B is right and wrong on the same sentences as A."
    sure = "beyond chance" if p < SURE else "which chance alone could do"
    chance = "p < .001" if p < 0.001 else f"p = {brief(p, 3)}"
    direction = "gains" if net > 0 else "loses" if net < 0 else "changes"
    return (
        f"B fixes {counts['fixed']} and breaks {counts['broken']} of {len(comparison.frame)} sentences: "
        f"it {direction} {abs(net)} on balance, {sure} (McNemar {chance})."
    )
