from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from transformers import BertConfig, BertModel, PreTrainedTokenizerFast

from codemix_lab.errors import Cancelled, DataError, SpecError, StorageError
from codemix_lab.evaluation import chebyshev
from codemix_lab.evaluation.curve import CurveError, LambdaCurve, Node
from codemix_lab.evaluation.features import mean_features, tokenise

LABELS = ("neg", "neu", "pos")
WORDS = ("yeh", "film", "bahut", "good", "thi", "but", "ending", "bakwas", "laga", "yaar")


class SmoothEncoder:
    """features(λ) = tanh((W₀ + λW₁)x): a network of one layer, and a count of how often it ran."""

    def __init__(self, bend: float = 0.6, hidden: int = 24) -> None:
        rng = np.random.default_rng(0)
        self.asked: list[float] = []
        self.base, self.change = rng.normal(size=(2, 10, hidden)) / 4
        self.change *= bend
        inputs = rng.normal(size=(320, 10))
        leaning = inputs @ rng.normal(size=(10, 3)) + 2 * rng.normal(size=(320, 3))
        gold = [LABELS[i] for i in leaning.argmax(axis=1)]
        self.train, self.score = inputs[:120], inputs[120:]
        self.gold = gold[:120], gold[120:]

    def __call__(self, scaling: float) -> Node:
        self.asked.append(scaling)
        weight = self.base + scaling * self.change
        train, scored = (np.tanh(x @ weight).astype(np.float32) for x in (self.train, self.score))
        return Node(scaling, train, scored, 200 * np.exp(-scaling), 50 * np.exp(scaling**2 / 4))

    def curve(self, **options: object) -> LambdaCurve:
        return LambdaCurve.build(self, *self.gold, LABELS, **options)  # type: ignore[arg-type]


@pytest.fixture
def encoder() -> SmoothEncoder:
    return SmoothEncoder()


def test_interpolated_points_are_within_tolerance_of_exact_ones(encoder: SmoothEncoder) -> None:
    curve = encoder.curve()
    for scaling in np.linspace(0.03, 1.46, 13):
        exact = curve.point(encoder(float(scaling)))
        found = curve.at(float(scaling))
        assert not found.exact and exact.exact
        assert abs(found.macro_f1 - exact.macro_f1) <= 0.01
        assert np.abs(found.probabilities - exact.probabilities).max() < 0.02
        assert found.code_mixed_perplexity == pytest.approx(exact.code_mixed_perplexity, rel=1e-3)
        assert found.monolingual_perplexity == pytest.approx(exact.monolingual_perplexity, rel=1e-3)
        assert found.probabilities.shape == (200, 3) and sum(map(sum, found.confusion)) == 200


def test_a_node_is_exact_and_nothing_is_extrapolated(encoder: SmoothEncoder) -> None:
    curve = encoder.curve()
    for node in curve.nodes:
        found = curve.at(node.scaling)
        assert found.exact and found.code_mixed_perplexity == node.code_mixed_perplexity
        assert np.array_equal(found.probabilities, curve.point(node).probabilities)
    with pytest.raises(SpecError, match="between 0 and 1.5"):
        curve.at(1.51)


def test_no_lambda_is_evaluated_twice_and_levels_are_reused(encoder: SmoothEncoder) -> None:
    curve = encoder.curve(tolerance=0.0, most=17)
    assert encoder.asked == chebyshev.coarse_to_fine(17)
    assert [node.scaling for node in curve.nodes] == chebyshev.nodes(17).tolist()
    assert [check.nodes for check in curve.checks] == [3] * 2 + [5] * 4 + [9] * 8


def test_a_smooth_curve_is_accepted_once_two_held_out_nodes_fit() -> None:
    encoder = SmoothEncoder(bend=0.05)
    curve = encoder.curve()
    assert len(encoder.asked) == 7 and all(check.within(0.01) for check in curve.checks[-2:])
    assert len(SmoothEncoder(bend=0.01).curve(start=3).nodes) == 5


def test_a_bent_curve_goes_on_to_the_most() -> None:
    encoder = SmoothEncoder(bend=6.0)
    curve = encoder.curve(most=9)
    assert len(curve.nodes) == 9 and curve.error is not None and not curve.error.within(0.01)


def test_errors_shrink_from_level_to_level(encoder: SmoothEncoder) -> None:
    curve = encoder.curve(tolerance=0.0, most=17)
    worst = [max(c.feature_error for c in curve.checks if c.nodes == level) for level in (3, 5, 9)]
    assert worst[0] > 5 * worst[1] > 25 * worst[2]
    assert curve.error is not None and curve.error.nodes == 9 and curve.error.feature_error == worst[2]


def test_a_check_by_hand() -> None:
    flat = np.array([[1.0, 0.0], [-1.0, 0.0], [1.0, 0.1], [-1.0, -0.1]], dtype=np.float32)
    gold = ("a", "b", "a", "b")
    nodes = tuple(Node(scaling, flat, flat) for scaling in (0.0, 1.0))
    curve = LambdaCurve(nodes, gold, gold, ("a", "b"))
    assert curve.check(Node(0.5, flat, flat)) == CurveError(0.5, 2, 0.0, 1.0, 0.0)
    turned = curve.check(Node(0.5, flat, -flat))
    assert turned.feature_error == pytest.approx(2.0)
    assert (turned.agreement, turned.f1_difference) == (0.0, 1.0)
    shifted = curve.check(Node(0.5, flat + 100, flat + 100))
    assert shifted.feature_error > 10
    assert curve.at(0.5).code_mixed_perplexity is None and curve.error is None


def test_the_growing_curve_and_the_progress_are_shown(encoder: SmoothEncoder) -> None:
    curves: list[LambdaCurve] = []
    steps: list[tuple[int, int, str]] = []
    curve = encoder.curve(on_curve=curves.append, on_progress=lambda *step: steps.append(step))
    assert [len(c.nodes) for c in curves] == list(range(1, len(curve.nodes) + 1)) and curves[-1] is curve
    assert steps[0] == (0, 9, "exact evaluation at λ = 0.00")
    assert steps[-1] == (len(curve.nodes), len(curve.nodes), "curve complete")
    assert curves[1].at(0.3).macro_f1 > 0


def test_cancelling_keeps_what_was_shown(encoder: SmoothEncoder) -> None:
    curves: list[LambdaCurve] = []
    with pytest.raises(Cancelled):
        encoder.curve(on_curve=curves.append, should_stop=lambda: len(encoder.asked) == 4)
    assert len(curves[-1].nodes) == 4


def test_the_same_lambda_gives_the_same_point(encoder: SmoothEncoder) -> None:
    curve = encoder.curve()
    first, second = curve.at(0.4), curve.at(0.4)
    assert (first.macro_f1, first.interval) == (second.macro_f1, second.interval)
    assert np.array_equal(first.probabilities, second.probabilities)


def test_a_curve_survives_its_file(encoder: SmoothEncoder, tmp_path: Path) -> None:
    curve = encoder.curve(strength=0.5)
    curve.to_npz(tmp_path / "curves" / "one.npz")
    found = LambdaCurve.from_npz(tmp_path / "curves" / "one.npz")
    assert found.checks == curve.checks and found.strength == 0.5 and found.labels == LABELS
    assert (found.train_labels, found.score_labels) == (curve.train_labels, curve.score_labels)
    for ours, theirs in zip(curve.nodes, found.nodes, strict=True):
        assert ours.scaling == theirs.scaling and theirs.train.dtype == np.float32
        assert np.array_equal(ours.score, theirs.score)
    assert found.at(0.31).macro_f1 == curve.at(0.31).macro_f1
    assert found.at(0.31).monolingual_perplexity == curve.at(0.31).monolingual_perplexity
    assert [path.name for path in (tmp_path / "curves").iterdir()] == ["one.npz"]


def test_a_curve_without_perplexities_or_checks_survives_too(encoder: SmoothEncoder, tmp_path: Path) -> None:
    full = encoder(0.0)
    curve = LambdaCurve((Node(0.0, full.train, full.score, 12.0),), *map(tuple, encoder.gold), LABELS)
    curve.to_npz(tmp_path / "one.npz")
    found = LambdaCurve.from_npz(tmp_path / "one.npz")
    assert found.checks == () and found.nodes[0].monolingual_perplexity is None
    assert found.nodes[0].code_mixed_perplexity == 12.0


@pytest.mark.parametrize(
    "damage",
    [
        lambda path: path.unlink(),
        lambda path: path.write_bytes(b""),
        lambda path: path.write_bytes(path.read_bytes()[: path.stat().st_size // 2]),
        lambda path: path.write_text("no zip at all"),
        lambda path: np.save(path.open("wb"), np.zeros(3)),
        lambda path: np.savez(path, nodes=np.zeros((1, 3))),
        lambda path: np.savez(path, nodes=np.array([object()])),
        lambda path: path.write_bytes(path.read_bytes()[:5000] + b"\xff" * 64 + path.read_bytes()[5064:]),
    ],
    ids=["missing", "empty", "cut off", "text", "npy", "fields", "pickle", "flipped"],
)
def test_a_damaged_file_is_said(
    encoder: SmoothEncoder, tmp_path: Path, damage: Callable[[Path], object]
) -> None:
    path = tmp_path / "one.npz"
    encoder.curve().to_npz(path)
    damage(path)
    with pytest.raises(StorageError, match="one.npz: this stored file cannot be read"):
        LambdaCurve.from_npz(path)


def test_what_makes_no_curve_is_said(encoder: SmoothEncoder) -> None:
    node = encoder(0.5)
    gold = tuple(encoder.gold[0]), tuple(encoder.gold[1])
    with pytest.raises(DataError, match="distinct, ascending"):
        LambdaCurve((node, node), *gold, LABELS)
    with pytest.raises(DataError, match="distinct, ascending"):
        LambdaCurve((), *gold, LABELS)
    with pytest.raises(DataError, match="120 train and 199 scored"):
        LambdaCurve((node,), gold[0], gold[1][1:], LABELS)
    with pytest.raises(DataError, match="λ = 1 gives no finite features"):
        Node(1.0, node.train * np.nan, node.score)
    for options in ({"start": 4}, {"start": 9, "most": 5}):
        with pytest.raises(SpecError, match="start = "):
            encoder.curve(**options)


def test_a_transformer_merged_at_every_lambda(
    bert_config: BertConfig, tokenizer: PreTrainedTokenizerFast
) -> None:
    model = BertModel(bert_config)
    base = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    change = {
        name: 0.02 * torch.randn_like(tensor) for name, tensor in base.items() if tensor.is_floating_point()
    }
    rng = np.random.default_rng(0)
    texts = [" ".join(rng.choice(WORDS, rng.integers(2, 9))) for _ in range(120)]
    gold = ["pos" if text.count("good") >= text.count("bakwas") else "neg" for text in texts]
    train, scored = tokenise(tokenizer, texts[:60], 64), tokenise(tokenizer, texts[60:], 64)

    def evaluate(scaling: float) -> Node:
        model.load_state_dict({name: t + scaling * change.get(name, 0 * t) for name, t in base.items()})
        return Node(scaling, mean_features(model, train), mean_features(model, scored))

    curve = LambdaCurve.build(evaluate, gold[:60], gold[60:], ("neg", "pos"), tolerance=0.0)
    unseen = curve.check(evaluate(0.4))
    assert unseen.feature_error < 0.01
    assert unseen.agreement > 0.95
