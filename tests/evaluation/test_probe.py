from __future__ import annotations

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from codemix_lab.errors import DataError
from codemix_lab.evaluation.probe import fit_probe


def blobs(classes: int, seed: int = 0) -> tuple[np.ndarray, list[str]]:
    rng = np.random.default_rng(seed)
    numbers = rng.integers(0, classes, 200)
    features = rng.normal(size=(200, 12)) * 3 + rng.normal(size=(classes, 12))[numbers] + 5
    return features.astype(np.float32), [f"c{i}" for i in numbers]


@pytest.mark.parametrize("classes", [2, 3, 5])
@pytest.mark.parametrize("strength", [0.01, 1.0])
def test_it_is_scikit_learn_s_pipeline(classes: int, strength: float) -> None:
    features, gold = blobs(classes)
    pipeline = make_pipeline(StandardScaler(), LogisticRegression(C=strength, max_iter=2000))
    pipeline.fit(features.astype(np.float64), gold)
    probe = fit_probe(features, gold, strength)
    assert probe.labels == tuple(pipeline.classes_)
    np.testing.assert_allclose(probe.probabilities(features), pipeline.predict_proba(features), atol=1e-5)
    assert probe.predict(features) == pipeline.predict(features).tolist()


def test_columns_follow_the_labels_asked_for_and_an_unseen_label_has_no_chance() -> None:
    features, gold = blobs(3)
    usual = fit_probe(features, gold).probabilities(features)
    probe = fit_probe(features, gold, labels=("c2", "never", "c0", "c1"))
    np.testing.assert_allclose(probe.probabilities(features)[:, [2, 3, 0]], usual)
    assert not probe.probabilities(features)[:, 1].any()


def test_it_is_deterministic_and_a_constant_feature_does_no_harm() -> None:
    features, gold = blobs(3)
    features[:, 4] = 7
    np.testing.assert_array_equal(fit_probe(features, gold).weight, fit_probe(features, gold).weight)
    assert np.isfinite(fit_probe(features, gold).weight).all()


def test_what_cannot_be_fitted_is_said() -> None:
    features, gold = blobs(2)
    with pytest.raises(DataError, match="199 labels"):
        fit_probe(features, gold[1:])
    with pytest.raises(DataError, match="one label"):
        fit_probe(features, ["same"] * 200)
    features[3, 3] = np.nan
    with pytest.raises(DataError, match="smaller λ"):
        fit_probe(features, gold)
