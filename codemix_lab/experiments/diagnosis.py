"""Failure signatures of the method, found in results: what is seen, the evidence, and what to do next."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from codemix_lab.config import Regime
from codemix_lab.errors import CheckpointError
from codemix_lab.experiments.mixing_patterns import Measures, differ_most
from codemix_lab.experiments.regimes_table import Comparison, Runs, records
from codemix_lab.experiments.run import Run
from codemix_lab.models.checkpoints import open_checkpoint

MERGES = (
    Regime.TASK_ARITHMETIC.label,
    Regime.TIES.label,
    Regime.MULTI_SOURCE.label,
    Regime.MERGE_AFTER.label,
)
WIDE = 0.02
"""Half of an interval of a difference, in macro-F1, beyond which seeds cannot tell the paper's gains from nothing."""
_EDGE, _FORGOT, _CONFLICTS = 0.7, 0.2, 0.25
_NETWORKS = tuple(regime.label for regime in Regime if regime.fine_tunes)


@dataclass(frozen=True)
class Diagnosis:
    """One signature: its name, the numbers it was seen by, and the next step."""

    signature: str
    evidence: str
    next_step: str


def diagnose(found: Comparison, runs: Runs, adapted: Sequence[str] = ()) -> list[Diagnosis]:
    """All signatures in one table; `found` is held against full fine-tuning."""
    told = [
        *_one_class(runs, found.split),
        *_merged_below(found, runs),
        *_too_wide(found),
        *_at_the_edge(runs),
        *_below_baseline(found),
        *(forgot for ref in adapted if (forgot := forgetting(ref)) is not None),
    ]
    return list(dict.fromkeys(told))


def _one_class(runs: Runs, split: str) -> list[Diagnosis]:
    """Rows most of whose runs give every sentence the same label: they learned the majority and nothing else."""
    named = []
    for name, seeds in runs.items():
        tables = [run.metrics[split].confusion for run in seeds.values() if split in run.metrics]
        lost = sum(sum(any(column) for column in zip(*table, strict=True)) == 1 for table in tables)
        if tables and lost / len(tables) > 0.5:
            named.append(f"{name} ({lost} of {len(tables)} runs)")
    if not named:
        return []
    return [
        Diagnosis(
            "Runs that give every sentence the same label",
            "; ".join(named) + ".",
            "They have not begun to learn, so their differences mean nothing: more epochs, a higher learning rate, "
            "or more train sentences.",
        )
    ]


def _merged_below(found: Comparison, runs: Runs) -> list[Diagnosis]:
    told = []
    for row in _rows(found, MERGES):
        if not (row.p_holm < 0.05 and row.difference < 0):
            continue
        curve = dev_by_scaling(runs[row.name])
        slope = ", ".join(f"λ {scaling:g}: {f1:.3f}" for scaling, f1 in curve.items())
        falls = len(curve) > 1 and list(curve.values())[-1] < next(iter(curve.values()))
        told.append(
            Diagnosis(
                f"{row.name} is below {found.reference}",
                f"{100 * row.difference:+.1f} points [{100 * row.low:+.1f}, {100 * row.high:+.1f}], p {row.p_holm:.3f} "
                f"after Holm." + (f" Mean dev macro-F1 by candidate: {slope}." if curve else ""),
                "The score falls as λ grows: try smaller λ, and a shorter or gentler pre-training."
                if falls
                else "λ does not explain it: see whether pre-training overfitted (its held-out loss), and try less of it.",
            )
        )
    return told


def _too_wide(found: Comparison) -> list[Diagnosis]:
    rows = [row for row in _rows(found, (*MERGES, Regime.CPT_FT.label)) if (row.high - row.low) / 2 > WIDE]
    if not rows:
        return []
    widest = max(rows, key=lambda row: row.high - row.low)
    needs = found.differences.set_index("name").loc[[row.name for row in rows], "seeds for 2"].dropna()
    seeds = f"{int(needs.max())} seeds" if len(needs) else "many more seeds"
    return [
        Diagnosis(
            "The spread over seeds is too wide to conclude",
            f"For {len(rows)} rows the interval of the difference reaches more than {100 * WIDE:g} points to each side; "
            f"the widest is {widest.name}, {100 * widest.difference:+.1f} [{100 * widest.low:+.1f}, "
            f"{100 * widest.high:+.1f}] with {widest.n} seeds.",
            f"A difference of 2 points wants about {seeds} at this spread; more train sentences narrow it too.",
        )
    ]


def _at_the_edge(runs: Runs) -> list[Diagnosis]:
    told = []
    for name, seeds in runs.items():
        choices = [
            run.provenance["chosen on dev"] for run in seeds.values() if "chosen on dev" in run.provenance
        ]
        tried = sorted({c["scaling"] for choice in choices for c in choice["candidates"]})
        if len(tried) < 2:
            continue
        for edge, side in ((tried[0], "smallest"), (tried[-1], "largest")):
            share = sum(choice["scaling"] == edge for choice in choices) / len(choices)
            if share >= _EDGE and len(choices) > 2:
                told.append(
                    Diagnosis(
                        f"{name} chose the {side} λ there was",
                        f"λ {edge:g} in {100 * share:.0f} % of {len(choices)} seeds, out of {', '.join(f'{x:g}' for x in tried)}.",
                        f"The best λ may lie beyond: add {'smaller' if edge == tried[0] else 'larger'} candidates.",
                    )
                )
    return told


def _below_baseline(found: Comparison) -> list[Diagnosis]:
    means = found.scores.set_index("name")["mean"]
    baseline = Regime.NGRAMS.label
    networks = [str(name) for name in means.index if name in _NETWORKS]
    if baseline not in means.index or not networks:
        return []
    best = max(networks, key=lambda name: means[name])
    if means[best] >= means[baseline]:
        return []
    return [
        Diagnosis(
            "Character n-grams do better than every fine-tuned network",
            f"{means[baseline]:.3f} against {means[best]:.3f} for the best of them ({best}).",
            "Differences between regimes say little here: train longer, on more sentences, or from a stronger base.",
        )
    ]


def forgetting(ref: str) -> Diagnosis | None:
    """Whether the pre-training of a checkpoint made it worse on text in one language, by its own record.

    None where there is no record, or the loss rose by less than 0.2 nats a piece.
    """
    try:
        checkpoint = open_checkpoint(ref)
        folder = checkpoint.adapter or checkpoint.folder
        record = json.loads((folder / "training.json").read_text(encoding="utf-8"))
        before, after = float(record["before"]["monolingual"]), float(record["after"]["monolingual"])
    except (CheckpointError, OSError, ValueError, KeyError, TypeError):
        return None
    if after - before < _FORGOT:
        return None
    gained = [
        f"{name} {record['before'][name]:.2f} → {record['after'][name]:.2f}"
        for name in record["after"]
        if name != "monolingual" and name in record["before"]
    ]
    return Diagnosis(
        f"Pre-training of {ref} forgot text in one language",
        f"Its held-out loss went {before:.2f} → {after:.2f} nats a piece there ({'; '.join(gained)}).",
        "This is what a merge with λ below 1 is for; or mix monolingual text into the pre-training.",
    )


def transfer_failed(
    found: Comparison, source: Measures | None, target: Measures | None, target_name: str
) -> list[Diagnosis]:
    """Merges that do no better than full fine-tuning on a pair never trained on, with the mixing of both pairs.

    `source` and `target` are what `text.measuring.measure_texts` says of their sentences, or None.
    """
    rows = [row for row in _rows(found, MERGES) if not (row.p_holm < 0.05 and row.difference > 0)]
    if not rows or len(rows) < len(_rows(found, MERGES)):
        return []
    shown = "; ".join(f"{row.name} {100 * row.difference:+.1f}" for row in rows)
    most = differ_most("The train task", source, target_name, target)
    sides = [_mixing(name, m) for name, m in (("train", source), ("target", target)) if m is not None]
    return [
        Diagnosis(
            f"No merge transfers to {target_name} better than {found.reference}",
            f"Points: {shown}."
            + (
                f" Mixing: {', '.join(sides)}. {most}" if sides else " The mixing could not be measured."
            ).rstrip(),
            "Where the two mix differently, pre-train on text of the target pair; where alike, run more seeds.",
        )
    ]


def sign_conflicts(agreement: pd.DataFrame) -> Diagnosis | None:
    """Whether task vectors pull in opposite directions: rows of `merging.anatomy.agreement`, layer by layer.

    None where the mean share of elements in conflict is below a quarter (half is what chance gives).
    """
    if agreement.empty or agreement["conflicts"].mean() < _CONFLICTS:
        return None
    worst = agreement.sort_values("conflicts", ascending=False).to_dict("records")[0]
    return Diagnosis(
        "Task vectors disagree in sign",
        f"In {100 * agreement['conflicts'].mean():.0f} % of elements the two move in opposite directions, most in "
        f"{worst['layer']} ({100 * worst['conflicts']:.0f} %); mean cosine {agreement['cosine'].mean():+.2f}.",
        "Let TIES elect a sign at a low density, or give one of the two a smaller weight.",
    )


def dev_by_scaling(seeds: Mapping[int, Run]) -> dict[float, float]:
    """Mean dev macro-F1 of the candidates by λ, over seeds and densities, λ rising."""
    values: defaultdict[float, list[float]] = defaultdict(list)
    for run in seeds.values():
        for candidate in run.provenance.get("chosen on dev", {}).get("candidates", []):
            values[candidate["scaling"]].append(candidate["dev"])
    return {scaling: sum(values[scaling]) / len(values[scaling]) for scaling in sorted(values)}


def _rows(found: Comparison, names: Sequence[str]) -> list[Any]:
    rows = found.differences
    return [] if rows.empty else records(rows[rows["name"].isin(names) & rows["n"].gt(1)])


def _mixing(name: str, measures: Measures) -> str:
    known = [
        f"{key} {measures[key]:.2f}" for key in ("cmi", "i_index", "m_index") if measures.get(key) is not None
    ]
    return f"{name} {' '.join(known)}"
