"""A comparison of regimes for readers: one table, and one sentence on what the seeds allow to say."""

from __future__ import annotations

import math

import pandas as pd

from codemix_lab.experiments.regimes_table import Comparison, records


def whole_table(found: Comparison) -> pd.DataFrame:
    """Scores and differences side by side, one row a name, numbers as they are."""
    scores = found.scores.add_prefix("f1_").rename(columns={"f1_name": "name", "f1_n": "seeds"})
    if found.differences.empty:
        return scores
    return scores.merge(found.differences.drop(columns="n"), on="name", how="left")


def readable_table(found: Comparison) -> pd.DataFrame:
    """One row a regime: macro-F1, spread over seeds, and points to the reference, with 95 % over seeds.

    The last column says how many seeds a true difference of 2 points needs (80 % power, two-sided, α 5 %).
    """
    gains = {gain["name"]: gain for gain in found.differences.to_dict("records")}
    rows = []
    for score in records(found.scores):
        gain = gains.get(score.name)
        rows.append(
            {
                "regime": score.name,
                "seeds": str(score.n),
                "macro-F1 (95 %)": _with_range(score.mean, score.low, score.high, "{:.3f}"),
                "sd": "–" if math.isnan(score.sd) else f"{score.sd:.3f}",
                f"points to {found.reference} (95 %)": "–"
                if gain is None
                else _with_range(100 * gain["difference"], 100 * gain["low"], 100 * gain["high"], "{:+.1f}"),
                "p (Holm)": "–" if gain is None else _p(gain["p_holm"]),
                "seeds for 2 points": "–"
                if gain is None or pd.isna(gain["seeds for 2"])
                else str(int(gain["seeds for 2"])),
            }
        )
    return pd.DataFrame(rows)


def verdict(found: Comparison) -> str:
    """What is beyond chance after correction; else the best row, and how many seeds 2 points would need."""
    rows = found.differences
    reference = found.scores.set_index("name")["mean"][found.reference]
    said = f"{found.reference} reaches {reference:.3f} on {found.split}."
    if rows.empty:
        return said
    most = rows[rows["n"] == rows["n"].max()]
    best = most.sort_values("difference", ascending=False).iloc[0]
    told = f"{best['name']} is at {100 * best['difference']:+.1f} points"
    if (rows["n"] < 2).all():
        return f"{said} {told}; one seed does not tell a difference from chance: run three or more."
    sure = rows[rows["p_holm"] < 0.05]
    if len(sure):
        names = ", ".join(f"{row.name} {100 * row.difference:+.1f}" for row in records(sure))
        return f"{said} Beyond chance after correction, in points: {names}."
    needs = rows["seeds for 2"].dropna()
    enough = f" A difference of 2 points needs about {int(needs.median())} seeds here." if len(needs) else ""
    return f"{said} {told}; no difference is beyond what seeds do by chance.{enough}"


def _p(value: float) -> str:
    return "–" if math.isnan(value) else "< .001" if value < 0.001 else f"{value:.3f}"


def _with_range(value: float, low: float, high: float, form: str) -> str:
    said = form.format(value)
    return said if math.isnan(low) else f"{said} ({form.format(low)} to {form.format(high)})"
