"""Two to four models on the same sentences, of which any two can be held against each other."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations

import numpy as np
import pandas as pd

from codemix_lab.errors import DataError, SpecError
from codemix_lab.evaluation.compare import SURER, Comparison, check_alike, compare
from codemix_lab.evaluation.metrics import confusion_matrix, score

LETTERS = "ABCD"
"""What the models are called, in their order; the first is the reference."""


@dataclass(frozen=True, eq=False)
class Panel:
    """What several models say about the same sentences.

    `models` are their references, `labels` what they tell apart; `frame` has one row per sentence: text,
    gold, and for every model by its letter predicted_a and p_a_<label>, predicted_b and so on.
    """

    models: tuple[str, ...]
    labels: tuple[str, ...]
    frame: pd.DataFrame

    @classmethod
    def of(cls, models: Sequence[str], answers: Sequence[pd.DataFrame], labels: Sequence[str]) -> Panel:
        """Put prediction frames (`predict.prediction_frame`) of two to four models side by side.

        Raises `SpecError` for another number of models, `DataError` as `compare` does.

        >>> a = pd.DataFrame({"text": ["x"], "gold": "u", "predicted": "u", "p_u": 0.9, "p_v": 0.1})
        >>> panel = Panel.of(["m", "n"], [a, a.assign(predicted="v", p_u=0.2, p_v=0.8)], ["u", "v"])
        >>> panel.frame.columns.tolist()
        ['text', 'gold', 'predicted_a', 'predicted_b', 'p_a_u', 'p_a_v', 'p_b_u', 'p_b_v']
        """
        check_number(models)
        check_alike(answers, labels)
        letters = [letter.lower() for letter in LETTERS[: len(models)]]
        found = dict(zip(letters, answers, strict=True))
        columns = {"text": answers[0]["text"].to_numpy(), "gold": answers[0]["gold"].to_numpy()}
        columns |= {f"predicted_{letter}": frame["predicted"].to_numpy() for letter, frame in found.items()}
        for letter, frame in found.items():
            columns |= {f"p_{letter}_{label}": frame[f"p_{label}"].to_numpy() for label in labels}
        return cls(tuple(models), tuple(labels), pd.DataFrame(columns))

    @classmethod
    def joined(cls, panels: Sequence[Panel]) -> Panel:
        """One panel of all their sentences, one panel after the other; models and labels must be the same.

        Raises `DataError` where they are not.
        """
        first = panels[0]
        if any((one.models, one.labels) != (first.models, first.labels) for one in panels):
            raise DataError("Only answers of the same models over the same labels can be joined.")
        return cls(first.models, first.labels, pd.concat([one.frame for one in panels], ignore_index=True))

    @property
    def letters(self) -> tuple[str, ...]:
        """The letters in use, “A” first."""
        return tuple(LETTERS[: len(self.models)])

    @property
    def pairs(self) -> list[tuple[str, str]]:
        """Every two letters, the earlier one as reference."""
        return list(combinations(self.letters, 2))

    def answers(self, letter: str) -> pd.DataFrame:
        """The prediction frame of one model: text, gold, predicted, p_<label>. Raises `DataError`."""
        if letter not in self.letters:
            raise DataError(f"There is no model {letter} here; there are {', '.join(self.letters)}.")
        low = letter.lower()
        named = {f"predicted_{low}": "predicted"} | {f"p_{low}_{x}": f"p_{x}" for x in self.labels}
        return self.frame[["text", "gold", *named]].rename(columns=named)

    def pair(self, reference: str = "A", against: str = "B", surer: float = SURER) -> Comparison:
        """Model `against` held against model `reference`, `surer` as in `compare`.

        Raises `DataError` for letters that are not there, `SpecError` for `surer` out of its range.
        """
        asked = reference, against, surer
        if asked not in self._compared:
            self._compared[asked] = compare(
                self.answers(reference), self.answers(against), self.labels, (reference, against), surer
            )
        return self._compared[asked]

    def confusion(self, letter: str) -> np.ndarray:
        """Counts of one model, (gold, predicted) in the order of `labels`."""
        found = self.answers(letter)
        return confusion_matrix(found["gold"].tolist(), found["predicted"].tolist(), self.labels)

    @cached_property
    def scores(self) -> pd.DataFrame:
        """One row a model: letter, model, macro_f1, low, high (95 % bootstrap over sentences), f1_<label>."""
        rows = []
        for letter, model in zip(self.letters, self.models, strict=True):
            found = self.answers(letter)
            scored = score(found["gold"].tolist(), found["predicted"].tolist(), self.labels)
            low, high = scored.interval
            row = {"letter": letter, "model": model, "macro_f1": scored.macro_f1, "low": low, "high": high}
            rows.append(row | {f"f1_{label}": value for label, value in scored.per_class.items()})
        return pd.DataFrame(rows)

    @cached_property
    def digest(self) -> str:
        """SHA-256 over every row: equal for equal answers."""
        rows = pd.util.hash_pandas_object(self.frame, index=False)
        return hashlib.sha256(rows.to_numpy().tobytes()).hexdigest()

    @cached_property
    def _compared(self) -> dict[tuple[str, str, float], Comparison]:
        return {}


def check_number(models: Sequence[str]) -> None:
    """Raise `SpecError` unless there are two to four models."""
    if not 2 <= len(models) <= len(LETTERS):
        raise SpecError(f"{len(models)} models were given: compare two to {len(LETTERS)} of them.")
