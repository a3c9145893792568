"""What the numbers say, in one sentence of plain words."""

from __future__ import annotations

from codemix_lab.evaluation.compare import Comparison
from codemix_lab.ui.escape import brief

SURE = 0.05


def piles(comparison: Comparison) -> str:
    """What B fixed and broke, and whether that is more than chance."""
    counts, net, p = comparison.counts, comparison.net_gain, comparison.p_value
    a, b = comparison.names
    if not counts["fixed"] + counts["broken"]:
        return f"{b} is right and wrong on the same sentences as {a}."
    sure = "beyond chance" if p < SURE else "which chance alone could do"
    chance = "p < .001" if p < 0.001 else f"p = {brief(p, 3)}"
    low, high = comparison.net_gain_interval
    surer_a, surer_b = comparison.surer_on
    direction = "gains" if net > 0 else "loses" if net < 0 else "changes"
    return (
        f"{b} fixes {counts['fixed']} and breaks {counts['broken']} of {len(comparison.frame)} sentences: "
        f"it {direction} {abs(net)} on balance (95 % interval {low:+.0f} to {high:+.0f}), {sure} (McNemar {chance}). "
        f"Where both are right, {b} is surer by more than {comparison.surer:g} on {surer_b} and {a} on {surer_a}."
    ).replace("-", "−")
