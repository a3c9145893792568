"""The scorer under the dials: exact, shared between threads, equal to an export, honest about its error."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import torch

from codemix_lab.config import MergeSpec, ProbeSpec
from codemix_lab.errors import Cancelled, CheckpointError, IncompatibleError
from codemix_lab.evaluation.merge_scorer import MergeScorer
from codemix_lab.models.checkpoints import open_checkpoint
from codemix_lab.models.loading import backbone, load_backbone
from codemix_lab.text.tasks import open_task
from codemix_lab.training.export import export_merge

PROBE = ProbeSpec(train_size=40, score_size=30)


@pytest.fixture(scope="module")
def scorer(tiny_encoder: Path, tiny_adapted: Path) -> MergeScorer:
    return MergeScorer.open(str(tiny_encoder), [str(tiny_adapted)], open_task("en-hi"), PROBE)


@pytest.fixture(scope="module")
def spec(tiny_encoder: Path, tiny_adapted: Path) -> MergeSpec:
    return MergeSpec(str(tiny_encoder), (str(tiny_adapted),), scaling=0.6)


def test_the_ends_are_base_and_adapted(
    scorer: MergeScorer, spec: MergeSpec, tiny_encoder: Path, tiny_adapted: Path
) -> None:
    inputs = torch.tensor([[0, 7, 8, 9, 2]])
    for scaling, folder in ((0.0, tiny_encoder), (1.0, tiny_adapted)):
        alone = load_backbone(open_checkpoint(str(folder)))
        with scorer.model(spec.replace(scaling=scaling)) as model, torch.inference_mode():
            ours = backbone(model)(input_ids=inputs).last_hidden_state
            theirs = alone(input_ids=inputs).last_hidden_state
        torch.testing.assert_close(ours, theirs, atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize("changes", [{"scaling": 0.7}, {"method": "ties", "scaling": 0.7, "density": 0.3}])
def test_what_is_scored_is_what_is_exported(
    scorer: MergeScorer, spec: MergeSpec, tmp_path: Path, changes: dict[str, object]
) -> None:
    recipe = spec.replace(**changes)
    exported = load_backbone(open_checkpoint(str(export_merge(recipe, tmp_path / "merged")))).state_dict()
    with scorer.model(recipe) as model:
        shown = backbone(model).state_dict()
        assert all(torch.equal(shown[name], tensor) for name, tensor in exported.items() if name in shown)


def test_threads_never_see_each_others_weights(scorer: MergeScorer, spec: MergeSpec) -> None:
    scalings = [0.0, 0.4, 0.9, 1.5]
    alone = {s: scorer.evaluate(spec.replace(scaling=s)) for s in scalings}
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(lambda s: (s, scorer.evaluate(spec.replace(scaling=s))), scalings * 4))
    for scaling, node in together:
        assert np.array_equal(node.score, alone[scaling].score)
        assert node.code_mixed_perplexity == alone[scaling].code_mixed_perplexity


def test_the_curve_is_exact_at_its_nodes_and_close_between(scorer: MergeScorer, spec: MergeSpec) -> None:
    curve = scorer.curve(spec)
    assert curve.at(0.0).exact
    assert curve.at(1.5).exact
    assert curve.at(0.0).macro_f1 == scorer.point(spec.replace(scaling=0.0)).macro_f1
    between = curve.at(0.33)
    assert not between.exact
    assert curve.error is not None
    exact = scorer.evaluate(spec.replace(scaling=0.33))
    assert curve.check(exact).feature_error <= max(0.01, 2 * curve.error.feature_error)
    assert between.code_mixed_perplexity == pytest.approx(exact.code_mixed_perplexity, rel=0.05)


def test_test_sentences_are_never_read(scorer: MergeScorer) -> None:
    assert set(scorer.score_rows["split"]) == {"dev"}


def test_own_sentences_are_answered(scorer: MergeScorer, spec: MergeSpec) -> None:
    answer = scorer.answer(spec, ["bahut accha tha", "worst day ever"])
    assert list(answer.columns) == ["text", "predicted", "p_negative", "p_neutral", "p_positive"]
    np.testing.assert_allclose(answer.filter(like="p_").sum(axis=1), 1.0, atol=1e-5)


def test_the_fingerprint_says_what_scores_depend_on(
    scorer: MergeScorer, tiny_encoder: Path, tiny_adapted: Path
) -> None:
    again = MergeScorer.open(str(tiny_encoder), [str(tiny_adapted)], open_task("en-hi"), PROBE)
    other = MergeScorer.open(
        str(tiny_encoder), [str(tiny_adapted)], open_task("en-hi"), PROBE.replace(seed=1)
    )
    assert again.fingerprint == scorer.fingerprint != other.fingerprint


def test_cancel_and_wrong_pairs(
    scorer: MergeScorer, spec: MergeSpec, tiny_encoder: Path, tiny_decoder: Path
) -> None:
    with pytest.raises(Cancelled):
        scorer.evaluate(spec, should_stop=lambda: True)
    with pytest.raises(IncompatibleError, match="one architecture"):
        MergeScorer.open(str(tiny_encoder), [str(tiny_decoder)], open_task("en-hi"), PROBE)
    with pytest.raises(CheckpointError, match="no folder"):
        MergeScorer.open(str(tiny_encoder), ["/no/such"], open_task("en-hi"), PROBE)


def test_weights_that_are_no_numbers_are_named(
    tiny_encoder: Path, tiny_adapted: Path, tmp_path: Path
) -> None:
    model = load_backbone(open_checkpoint(str(tiny_adapted)))
    with torch.no_grad():
        model.encoder.layer[0].output.dense.weight[0, 0] = float("nan")
    model.save_pretrained(tmp_path / "nan")
    for file in tiny_adapted.glob("tokenizer*"):
        (tmp_path / "nan" / file.name).write_bytes(file.read_bytes())
    with pytest.raises(CheckpointError, match=r"encoder.layer.0.output.dense.weight"):
        MergeScorer.open(str(tiny_encoder), [str(tmp_path / "nan")], open_task("en-hi"), PROBE)


def test_a_decoder_is_scored_the_same_way(tiny_decoder: Path) -> None:
    scorer = MergeScorer.open(str(tiny_decoder), [str(tiny_decoder)], open_task("en-hi"), PROBE)
    point = scorer.point(MergeSpec(str(tiny_decoder), (str(tiny_decoder),), scaling=0.5))
    assert 0 <= point.macro_f1 <= 1
    assert point.code_mixed_perplexity is not None
