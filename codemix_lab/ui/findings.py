"""What the numbers say, in one sentence of plain words."""

from __future__ import annotations

from codemix_lab.evaluation.compare import Comparison
from codemix_lab.evaluation.curve_points import CurvePoint
from codemix_lab.evaluation.paired import net_gain_interval
from codemix_lab.ui.escape import brief

SURE = 0.05
SURER = 0.1
"""Difference in probability from which a model counts as surer."""


def finding(point: CurvePoint, sentences: int, base: float | None, cpt: float | None) -> str:
    """The score at the dialled λ held against base and CPT (macro-F1, None while unknown)."""
    low, high = point.interval
    said = f"On {sentences} dev sentences, λ = {point.scaling:.2f} scores **{brief(point.macro_f1)}** ({brief(low)}–{brief(high)})"
    known = [(name, f1) for name, f1 in (("base", base), ("CPT", cpt)) if f1 is not None]
    if not known:
        return f"{said}."
    others = ", ".join(f"{name} {brief(f1)}" for name, f1 in known)
    return f"{said}; {others}: {verdict(point.macro_f1, low, high, known)}."


def verdict(f1: float, low: float, high: float, others: list[tuple[str, float]]) -> str:
    """Whether the other scores lie outside the interval.

    >>> verdict(0.54, 0.47, 0.61, [("base", 0.50), ("CPT", 0.53)])
    'the difference is within the noise'
    >>> verdict(0.54, 0.47, 0.61, [("base", 0.40), ("CPT", 0.53)])
    'above base beyond the noise, no clear difference from CPT'
    """
    above = [name for name, other in others if other < low]
    below = [name for name, other in others if other > high]
    if not above and not below:
        return "the difference is within the noise"
    told = [
        f"{word} {' and '.join(names)} beyond the noise"
        for word, names in (("above", above), ("below", below))
        if names
    ]
    unclear = [name for name, _ in others if name not in (*above, *below)]
    return ", ".join([*told, *(f"no clear difference from {name}" for name in unclear)])


def gained_and_forgotten(base: CurvePoint | None, now: CurvePoint) -> str:
    """What the merge gains on code-mixed text and forgets of single languages; empty where unknown."""
    pairs = [
        (name, before, after)
        for name, before, after in (
            ("code-mixed", base and base.code_mixed_perplexity, now.code_mixed_perplexity),
            ("monolingual", base and base.monolingual_perplexity, now.monolingual_perplexity),
        )
        if before and after
    ]
    told = [f"{_change(after / before - 1)} on {name} text" for name, before, after in pairs]
    return f"Against the base, pseudo-perplexity is {' and '.join(told)}." if told else ""


def piles(comparison: Comparison) -> str:
    """What B fixed and broke, and whether that is more than chance."""
    counts, net, p = comparison.counts, comparison.net_gain, comparison.p_value
    if not counts["fixed"] + counts["broken"]:
        return "B is right and wrong on the same sentences as A."
    sure = "beyond chance" if p < SURE else "which chance alone could do"
    chance = "p < .001" if p < 0.001 else f"p = {brief(p, 3)}"
    low, high = net_gain_interval(counts["fixed"], counts["broken"], len(comparison.frame))
    right = comparison.frame.loc[comparison.frame["pile"] == "both right", "gold_gain"]
    surer = {"B": int((right > SURER).sum()), "A": int((right < -SURER).sum())}
    direction = "gains" if net > 0 else "loses" if net < 0 else "changes"
    return (
        f"B fixes {counts['fixed']} and breaks {counts['broken']} of {len(comparison.frame)} sentences: "
        f"it {direction} {abs(net)} on balance (95 % interval {low:+.0f} to {high:+.0f}), {sure} (McNemar {chance}). "
        f"Where both are right, B is clearly surer on {surer['B']} sentences and A on {surer['A']}."
    ).replace("-", "−")


def _change(share: float) -> str:
    """A relative change in words.

    >>> _change(-0.317), _change(0.05), _change(0.0004)
    ('32 % lower', '5 % higher', 'the same')
    """
    if abs(share) < 0.005:
        return "the same"
    return f"{abs(share):.0%}".replace("%", " %") + (" higher" if share > 0 else " lower")
