"""What the paper reports, beside what these runs say: other weights and data, so never the same experiment."""

from __future__ import annotations

from dataclasses import dataclass

from codemix_lab.config import Preset, Regime
from codemix_lab.experiments.regimes_table import Comparison, records

MERGES = (Regime.TASK_ARITHMETIC.label, Regime.TIES.label)
CAVEAT = (
    "The paper (arXiv 2510.19782) used XLM-R and Llama-3.2-1B, its own corpora, and does not state its number of seeds; "
    "its numbers stand here for orientation and were not measured by this lab."
)


@dataclass(frozen=True)
class Claim:
    """A statement of the paper, what these runs measured for it, and whether that agrees."""

    paper: str
    ours: str
    verdict: str


def claims(preset: Preset, against_full: Comparison, against_cpt: Comparison | None) -> list[Claim]:
    """The paper's claims that a table of this preset speaks to."""
    found = []
    if preset is Preset.TRANSFER:
        found.append(
            _claim(
                "Merged models transfer better than full fine-tuning (.65–.68 against .61–.63 F1).",
                against_full,
                0.02,
            )
        )
    else:
        found.append(_claim("Merging gains 2 to 5 points of F1 over full fine-tuning.", against_full, 0.02))
    if against_cpt is not None:
        found.append(_claim("Merging gains 1 to 2 points over CPT → FT.", against_cpt, 0.01))
    return [claim for claim in found if claim is not None]


def _claim(paper: str, comparison: Comparison, least: float) -> Claim | None:
    rows = comparison.differences
    if rows.empty or not rows["name"].isin(MERGES).any():
        return None
    told, verdicts = [], []
    for row in records(rows[rows["name"].isin(MERGES)]):
        told.append(
            f"{row.name}: {100 * row.difference:+.1f} points against {comparison.reference} "
            f"[{100 * row.low:+.1f}, {100 * row.high:+.1f}], p {row.p_holm:.3f} after Holm, {row.n} seeds"
        )
        verdicts.append(verdict(row.low, row.high, row.difference, row.p_holm, least))
    return Claim(paper, "; ".join(told), " / ".join(dict.fromkeys(verdicts)))


def verdict(low: float, high: float, difference: float, p_holm: float, least: float) -> str:
    """What an interval over seeds says of a gain of at least `least`.

    >>> verdict(0.015, 0.05, 0.03, 0.001, 0.02), verdict(-0.02, 0.01, -0.005, 0.6, 0.02)
    ('a gain, its size agrees', 'a gain of this size is ruled out')
    """
    if not low <= high:
        return "one seed says nothing"
    if low == high:
        return "no spread between seeds, so nothing can be told"
    if p_holm < 0.05 and difference < 0:
        return "a loss"
    if p_holm < 0.05:
        return "a gain, its size agrees" if high >= least else "a gain, but a smaller one"
    return "a gain of this size is ruled out" if high < least else "undecided with these seeds"
