"""A probe: logistic regression on frozen features, a score of a merge within milliseconds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import softmax
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

from codemix_lab.errors import DataError


@dataclass(frozen=True, eq=False)
class Probe:
    """A fitted probe: log-odds = features · weight + bias.

    `weight` is (hidden, labels) and `bias` (labels,), float64, with the standardisation of the
    features folded in; a label that was never seen in training has a bias of −∞.
    """

    labels: tuple[str, ...]
    weight: np.ndarray
    bias: np.ndarray

    def probabilities(self, features: np.ndarray) -> np.ndarray:
        """(sentences, labels), float64, rows sum to one, columns in the order of `labels`."""
        return np.asarray(softmax(np.asarray(features, dtype=np.float64) @ self.weight + self.bias, axis=1))

    def predict(self, features: np.ndarray) -> list[str]:
        """The most probable label of each sentence (the first of equals)."""
        return [self.labels[i] for i in self.probabilities(features).argmax(axis=1)]


def fit_probe(
    features: np.ndarray,
    gold: Sequence[str],
    strength: float = 1.0,
    labels: Sequence[str] | None = None,
) -> Probe:
    """Fit multinomial logistic regression (L-BFGS, deterministic) on standardised features.

    `features` are (sentences, hidden), `gold` one label each, `strength` the inverse L2 penalty C,
    `labels` the order of columns (sorted when left out). Raises `DataError` when features and labels
    differ in number, fewer than two labels occur, or a feature is not finite.
    """
    order = tuple(sorted(set(gold)) if labels is None else labels)
    if len(features) != len(gold):
        raise DataError(
            f"{len(features)} feature rows came with {len(gold)} labels: give one label per sentence."
        )
    if len(set(gold)) < 2:
        raise DataError("The train sentences of the probe all carry one label: draw more of them.")
    if not np.isfinite(features).all():
        raise DataError(
            "The features hold values that are no numbers: this model is broken, try a smaller λ."
        )
    scaler = StandardScaler().fit(np.asarray(features, dtype=np.float64))
    fitted = LogisticRegression(C=strength, max_iter=2000).fit(
        scaler.transform(features), np.asarray(gold, dtype=str)
    )
    coefficients, intercepts = fitted.coef_, fitted.intercept_
    if len(fitted.classes_) == 2:
        coefficients, intercepts = np.vstack([0 * coefficients, coefficients]), np.append(0.0, intercepts)
    weight = np.zeros((features.shape[1], len(order)))
    bias = np.full(len(order), -np.inf)
    columns = [order.index(str(label)) for label in fitted.classes_]
    weight[:, columns] = (coefficients / scaler.scale_).T
    bias[columns] = intercepts - (coefficients / scaler.scale_) @ scaler.mean_
    return Probe(order, weight, bias)
