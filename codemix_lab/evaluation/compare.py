"""Two models on the same sentences: what the second one fixed and what it broke."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd
from scipy import stats

from codemix_lab.config import PilesSpec
from codemix_lab.errors import DataError
from codemix_lab.evaluation.metrics import confusion_matrix, label_numbers
from codemix_lab.evaluation.paired import cells_of, joint_counts, net_gain_interval, paired_by_class

ORDER = ("first", "second", "third", "fourth")
PILES = ("fixed", "broken", "both wrong", "both right, unlike", "both right, alike")
"""Unlike: the probabilities of the gold label differ by more than a threshold (`PilesSpec.surer`)."""
UNLIKE = PILES[3]
SURER = PilesSpec().surer
BY_CLASS = [
    "label",
    "sentences",
    "fixed",
    "broken",
    "net_gain",
    "mcnemar_p",
    "f1_a",
    "f1_b",
    "difference",
    "low",
    "high",
]
"""Sentences, fixed, broken and net gain are those with this gold label; F1 is that of the label."""


@dataclass(frozen=True, eq=False)
class Comparison:
    """Model B held against model A; `names` are what the two are called.

    `frame` has one row per sentence: text, gold, predicted_a, predicted_b, pile (one of `PILES`),
    disagree (whether the predictions differ) and gold_gain (p_b - p_a of the gold label, −1…1).
    `counts` has every pile, `confusion_a` and `confusion_b` are (gold, predicted) in the order of
    `labels`, `net_gain` is fixed − broken in sentences, and `p_value` belongs to McNemar's exact test
    of whether fixed and broken differ by more than chance. `surer` is the difference in probability over which
    a sentence that both have right is in the pile “unlike”.
    """

    frame: pd.DataFrame
    counts: dict[str, int]
    confusion_a: np.ndarray
    confusion_b: np.ndarray
    labels: tuple[str, ...]
    net_gain: int
    p_value: float
    names: tuple[str, str] = ("A", "B")
    surer: float = SURER

    @property
    def surer_on(self) -> tuple[int, int]:
        """On how many sentences of the pile “unlike” A is the surer one, and on how many B."""
        gains = self.frame.loc[self.frame["pile"] == UNLIKE, "gold_gain"]
        return int((gains < 0).sum()), int((gains > 0).sum())

    @property
    def net_gain_interval(self) -> tuple[float, float]:
        """95 % interval of `net_gain`, in sentences."""
        return net_gain_interval(self.counts["fixed"], self.counts["broken"], len(self.frame))

    @cached_property
    def by_class(self) -> pd.DataFrame:
        """One row a label, in their order: `BY_CLASS`; interval by paired bootstrap over all sentences."""
        k = len(self.labels)
        gold, a, b = (
            label_numbers(self.frame[column].tolist(), self.labels)
            for column in ("gold", "predicted_a", "predicted_b")
        )
        piles = self.frame["pile"].to_numpy()
        rows = []
        for place, found in enumerate(paired_by_class(joint_counts(cells_of(gold, a, b, k), k))):
            here = piles[gold == place]
            fixed, broken = int((here == "fixed").sum()), int((here == "broken").sum())
            numbers = found.a, found.b, found.difference, found.low, found.high
            rows.append(
                (
                    self.labels[place],
                    len(here),
                    fixed,
                    broken,
                    fixed - broken,
                    mcnemar(fixed, broken),
                    *numbers,
                )
            )
        return pd.DataFrame(rows, columns=BY_CLASS)

    @cached_property
    def digest(self) -> str:
        """SHA-256 over every row: equal for equal comparisons."""
        rows = pd.util.hash_pandas_object(self.frame.drop(columns="pile"), index=False)
        return hashlib.sha256(rows.to_numpy().tobytes()).hexdigest()


def compare(
    a: pd.DataFrame,
    b: pd.DataFrame,
    labels: Sequence[str],
    names: tuple[str, str] = ("A", "B"),
    surer: float = SURER,
) -> Comparison:
    """Compare two prediction frames (`predict.prediction_frame`) of the same sentences in the same order.

    `surer` (0–1) parts the sentences that both have right. Raises `DataError` when a column is missing,
    sentences or gold labels differ, or a label is unknown, and `SpecError` for `surer` out of its range.
    """
    surer = PilesSpec(surer).surer
    check_alike((a, b), labels)
    gold, predicted_a, predicted_b = a["gold"].tolist(), a["predicted"].tolist(), b["predicted"].tolist()
    confusion_a = confusion_matrix(gold, predicted_a, labels)
    confusion_b = confusion_matrix(gold, predicted_b, labels)
    numbers = [label_numbers(values, labels) for values in (gold, predicted_a, predicted_b)]
    right_a, right_b = numbers[1] == numbers[0], numbers[2] == numbers[0]
    gain = _gold_probability(b, labels, numbers[0]) - _gold_probability(a, labels, numbers[0])
    cases = [~right_a & right_b, right_a & ~right_b, ~right_a & ~right_b, np.abs(gain) > surer]
    pile = np.select(cases, PILES[:4], PILES[4])
    frame = pd.DataFrame(
        {
            "text": a["text"].to_numpy(),
            "gold": gold,
            "predicted_a": predicted_a,
            "predicted_b": predicted_b,
            "pile": pile,
            "disagree": numbers[1] != numbers[2],
            "gold_gain": gain,
        }
    )
    counts = {name: int((pile == name).sum()) for name in PILES}
    return Comparison(
        frame=frame,
        counts=counts,
        confusion_a=confusion_a,
        confusion_b=confusion_b,
        labels=tuple(labels),
        net_gain=counts["fixed"] - counts["broken"],
        p_value=mcnemar(counts["fixed"], counts["broken"]),
        names=names,
        surer=surer,
    )


def mcnemar(fixed: int, broken: int) -> float:
    """Two-sided exact p-value (McNemar 1947) for `fixed` against `broken`; 1 where neither occurs.

    >>> round(mcnemar(1, 7), 4)
    0.0703
    """
    return float(stats.binomtest(fixed, fixed + broken).pvalue) if fixed + broken else 1.0


def _gold_probability(frame: pd.DataFrame, labels: Sequence[str], gold: np.ndarray) -> np.ndarray:
    table = frame[[f"p_{label}" for label in labels]].to_numpy(dtype=np.float64)
    return np.asarray(table[np.arange(len(frame)), gold])


def check_alike(answers: Sequence[pd.DataFrame], labels: Sequence[str]) -> None:
    """Raise `DataError` unless all prediction frames have their columns and the same sentences in one order."""
    wanted = ("text", "gold", "predicted", *(f"p_{label}" for label in labels))
    for place, frame in enumerate(answers):
        missing = [column for column in wanted if column not in frame]
        if missing:
            raise DataError(
                f"The {ORDER[place]} table of predictions lacks the column “{missing[0]}”: "
                "the models answer other labels, or their predictions were not kept."
            )
    first = answers[0]
    for frame in answers[1:]:
        if len(first) != len(frame) or not all(
            np.array_equal(first[c].to_numpy(), frame[c].to_numpy()) for c in ("text", "gold")
        ):
            raise DataError(
                "The models were scored on different sentences: score all on the same task and split."
            )
