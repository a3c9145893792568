"""What a chart shows, in the one sentence of its title."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from codemix_lab.ui.escape import brief

LONGEST = 28


def starts(means: pd.DataFrame, split: str) -> str:
    """The start with the highest mean: columns start, mean.

    >>> starts(pd.DataFrame({"start": ["base", "CPT"], "mean": [0.5, 0.61]}), "test")
    'Macro-F1 on test: CPT is highest, .61'
    """
    best = means.sort_values("mean", ascending=False).iloc[0]
    return f"Macro-F1 on {split}: {_cut(best['start'])} is highest, {brief(best['mean'])}"


def class_f1(scores: Mapping[str, Mapping[str, float]]) -> str:
    """The class that all find hardest: name → label → F1.

    >>> class_f1({"base": {"neg": 0.7, "neutral": 0.3}, "CPT": {"neg": 0.6, "neutral": 0.4}})
    'F1 of each class: neutral is hardest, .40 at best'
    """
    labels = list(dict.fromkeys(label for by_class in scores.values() for label in by_class))
    best = {label: max(found.get(label, 0.0) for found in scores.values()) for label in labels}
    if not best:
        return "F1 of each class"
    hardest = min(best, key=best.__getitem__)
    return f"F1 of each class: {_cut(hardest)} is hardest, {brief(best[hardest])} at best"


def confusion(counts: np.ndarray, labels: Sequence[str], where: str) -> str:
    """The commonest mistake in gold × predicted counts.

    >>> confusion(np.array([[5, 3], [1, 6]]), ["neg", "pos"], "On test")
    'On test: most often neg is taken for pos (3 of 15)'
    """
    wrong = np.array(counts, dtype=float)
    np.fill_diagonal(wrong, 0)
    if not wrong.any():
        return f"{where}: no mistakes"
    gold, said = divmod(int(wrong.argmax()), wrong.shape[1])
    share = f"{wrong.max():.0f} of {np.sum(counts):.0f}"
    return f"{where}: most often {_cut(labels[gold])} is taken for {_cut(labels[said])} ({share})"


def confusion_moved(moved: np.ndarray, labels: Sequence[str], what: str) -> str:
    """The class that gained and the one that lost most right answers, in a difference of gold × predicted counts.

    >>> confusion_moved(np.array([[3, -3], [2, -2]]), ["neg", "pos"], "B − A")
    'B − A: neg 3 more right, pos 2 fewer'
    """
    right = np.diag(moved)
    most, least = int(right.argmax()), int(right.argmin())
    told = [f"{_cut(labels[most])} {right[most]:.0f} more right"] if right[most] > 0 else []
    if right[least] < 0:
        told.append(f"{_cut(labels[least])} {-right[least]:.0f} fewer{'' if told else ' right'}")
    return f"{what}: {', '.join(told) or 'as many right in every class'}"


def losses(runs: Mapping[str, Sequence[Mapping[str, float]]]) -> str:
    """From the mean first to the mean last loss of all runs: name → [{"step", "loss"}, …].

    >>> losses({"base": [{"step": 1, "loss": 1.2}, {"step": 9, "loss": 0.4}]})
    'Training loss: from 1.20 to 0.40'
    """
    ends = [(curve[0]["loss"], curve[-1]["loss"]) for curve in runs.values() if curve]
    if not ends:
        return "Training loss"
    first, last = np.mean(ends, axis=0)
    return f"Training loss: from {first:.2f} to {last:.2f}"


def pretraining(points: Sequence[Mapping[str, float]]) -> str:
    """What both kinds of held-out text gained or lost between the first and the last look.

    >>> pretraining([{"step": 0, "code-mixed": 6.5}, {"step": 9, "code-mixed": 4.4}])
    'Loss on held-out text: code-mixed 6.50 → 4.40'
    """
    names = [n for n in dict.fromkeys(n for p in points for n in p) if n not in _NOT_HELD_OUT]
    told = []
    for name in names:
        known = [point[name] for point in points if point.get(name) is not None]
        if known:
            told.append(f"{name} {known[0]:.2f} → {known[-1]:.2f}")
    return "Loss on held-out text" + (f": {', '.join(told)}" if told else "")


_NOT_HELD_OUT = ("step", "loss", "tokens_per_second")


def moved(lengths: pd.DataFrame) -> str:
    """The layer and module that went furthest: columns layer, module, relative.

    >>> moved(pd.DataFrame({"layer": ["layer 1", "layer 2"], "module": ["attention"] * 2, "relative": [0.01, 0.03]}))
    'layer 2 moved furthest from the base: attention by 3.0 %'
    """
    furthest = lengths.sort_values("relative", ascending=False).iloc[0]
    module = str(furthest["module"]).replace("_", "-")
    return f"{furthest['layer']} moved furthest from the base: {module} by {100 * furthest['relative']:.1f} %"


def energy(kept: pd.DataFrame) -> str:
    """What the density nearest to a fifth keeps in the layers: columns layer, density, energy.

    >>> energy(pd.DataFrame({"layer": ["a", "b"], "density": [0.2, 0.2], "energy": [0.6, 0.8]}))
    'Density .20 keeps 60–80 % of the energy'
    """
    if kept.empty:
        return "How much of the energy a density keeps"
    near = min(kept["density"], key=lambda density: abs(density - 0.2))
    found = kept.loc[kept["density"] == near, "energy"]
    return f"Density {brief(near)} keeps {100 * found.min():.0f}–{100 * found.max():.0f} % of the energy"


def agreement(pair: pd.DataFrame) -> str:
    """Where two task vectors point the same way most: columns layer, cosine.

    >>> agreement(pd.DataFrame({"layer": ["layer 1", "layer 2"], "cosine": [0.1, 0.4]}))
    'The two agree most in layer 2 (cosine .40), least in layer 1 (.10)'
    """
    known = pair.dropna(subset=["cosine"])
    if known.empty:
        return "Where two task vectors agree"
    known = known.sort_values("cosine", ascending=False)
    most, least = known.iloc[0], known.iloc[-1]
    return (
        f"The two agree most in {most['layer']} (cosine {brief(most['cosine'])}), "
        f"least in {least['layer']} ({brief(least['cosine'])})"
    )


def answers(found: Mapping[str, Mapping[str, float]]) -> str:
    """What each model says of one sentence: model → label → probability.

    >>> answers({"base": {"neg": 0.7, "pos": 0.3}, "CPT": {"neg": 0.4, "pos": 0.6}})
    'base says neg, CPT says pos'
    >>> answers({"base": {"neg": 0.7, "pos": 0.3}, "CPT": {"neg": 0.9, "pos": 0.1}})
    'All say neg'
    """
    said = {model: max(by_label, key=by_label.__getitem__) for model, by_label in found.items()}
    if len(said) > 1 and len(set(said.values())) == 1:
        return f"All say {_cut(next(iter(said.values())))}"
    return ", ".join(f"{model} says {_cut(label)}" for model, label in said.items())


def label_counts(counts: pd.DataFrame) -> str:
    """The commonest label: columns label, count.

    >>> label_counts(pd.DataFrame({"label": ["neg", "pos", "neg"], "count": [30, 50, 20]}))
    'neg is the commonest label, 50 % of sentences; pos the rarest, 50 %'
    """
    sums = counts.groupby("label", sort=False)["count"].sum()
    shares = {str(label): 100 * float(n) / max(1, sums.sum()) for label, n in sums.items()}
    most = max(shares, key=shares.__getitem__)
    least = min(reversed(shares), key=shares.__getitem__)
    return (
        f"{_cut(most)} is the commonest label, {shares[most]:.0f} % of sentences; "
        f"{_cut(least)} the rarest, {shares[least]:.0f} %"
    )


def spread(what: str, binned: Mapping[str, Sequence[float]], edges: Sequence[str]) -> str:
    """The commonest bin of every corpus: name → share of each bin.

    >>> spread("Mixing", {"a": [0.7, 0.3], "b": [0.2, 0.8]}, ["0", "0–10"])
    'Mixing: a mostly 0 (70 %), b mostly 0–10 (80 %)'
    """
    told = []
    for name, values in binned.items():
        place = int(np.argmax(values))
        whose = f"{_cut(name)} " if len(binned) > 1 else ""
        told.append(f"{whose}mostly {edges[place]} ({100 * values[place]:.0f} %)")
    return f"{what}: {', '.join(told)}"


def transfer(rows: pd.DataFrame, split: str) -> str:
    """Where scores are highest and lowest: columns task, macro_f1 (NaN where there is none).

    >>> transfer(pd.DataFrame({"task": ["en-hi", "en-ta"], "macro_f1": [0.6, 0.4]}), "test")
    'Macro-F1 on test: from .60 on en-hi down to .40 on en-ta'
    """
    found = rows.groupby("task", sort=False)["macro_f1"].mean().dropna()
    means = {str(task): float(mean) for task, mean in found.items()}
    if not means:
        return f"Macro-F1 on {split}"
    best, worst = max(means, key=means.__getitem__), min(means, key=means.__getitem__)
    if best == worst:
        return f"Macro-F1 on {split}: {brief(means[best])} on {_cut(best)}"
    return f"Macro-F1 on {split}: from {brief(means[best])} on {_cut(best)} down to {brief(means[worst])} on {_cut(worst)}"


def carried(cells: pd.DataFrame) -> str:
    """From the largest loss to the largest gain over full fine-tuning: a column difference.

    >>> carried(pd.DataFrame({"difference": [0.02, -0.01]}))
    'Points to full fine-tuning: from −1.0 to +2.0'
    """
    known = 100 * cells["difference"].dropna()
    if known.empty:
        return "Points to full fine-tuning"
    low, high = (f"{value:+.1f}".replace("-", "−") for value in (known.min(), known.max()))
    return f"Points to full fine-tuning: from {low} to {high}"


def _cut(text: object) -> str:
    whole = str(text)
    return whole if len(whole) <= LONGEST else whole[: LONGEST - 1] + "…"
