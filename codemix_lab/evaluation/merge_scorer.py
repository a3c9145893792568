"""A merge under the finger: exact weights, probe score and pseudo-perplexity at any λ and density."""

from __future__ import annotations

import contextlib
import hashlib
import json
from collections.abc import Callable, Iterator, Sequence
from weakref import WeakValueDictionary

import numpy as np
import pandas as pd
from torch import nn
from transformers import PreTrainedTokenizerBase

from codemix_lab.config import MergeSpec, ProbeSpec
from codemix_lab.errors import CheckpointError
from codemix_lab.evaluation.curve import LambdaCurve
from codemix_lab.evaluation.curve_points import CurvePoint, Node
from codemix_lab.evaluation.features import mean_features
from codemix_lab.evaluation.perplexity import pseudo_perplexity
from codemix_lab.evaluation.predict import prediction_frame
from codemix_lab.evaluation.probe import fit_probe
from codemix_lab.evaluation.tokenised import tokenise
from codemix_lab.merging.recipe import Recipe
from codemix_lab.models.checkpoints import Checkpoint
from codemix_lab.models.devices import autocast
from codemix_lab.models.loading import backbone, bind, load_backbone, load_lm, load_tokenizer
from codemix_lab.progress import Progress, ShouldStop, raise_if_stopped, report
from codemix_lab.text.corpora import HeldOut, held_out
from codemix_lab.text.sampling import stratified_subset
from codemix_lab.text.tasks import Task
from codemix_lab.training.anatomy import Anatomy, take_apart
from codemix_lab.training.starts import OpenMerge, open_merge

_tokenizers: WeakValueDictionary[tuple[str, int], PreTrainedTokenizerBase] = WeakValueDictionary()


class MergeScorer:
    """One base, its task vectors, one task: everything that the dials λ and density need, resident.

    Safe to share between threads: each sees only the weights it asked for. The probe is fitted on
    train sentences and scored on dev; test is never read.
    """

    def __init__(self, merge: OpenMerge, task: Task, probe: ProbeSpec, texts: HeldOut) -> None:
        self._merge = merge
        self._probe = probe
        self._texts = texts
        self._train = stratified_subset(task.split("train"), probe.train_size, probe.seed)
        self.score_rows = stratified_subset(task.split("dev"), probe.score_size, probe.seed)
        self.task = task
        self.labels = task.labels
        self._tokenizer = _tokenizer(merge.base, probe.max_length)
        self._model, self.has_lm = _skeleton(merge)
        self._bound = False
        self._tokens = [
            tokenise(self._tokenizer, list(rows["text"]), probe.max_length)
            for rows in (self._train, self.score_rows)
        ]

    @classmethod
    def open(
        cls,
        base: str,
        adapted: Sequence[str],
        task: Task,
        probe: ProbeSpec,
        on_progress: Progress | None = None,
        should_stop: ShouldStop | None = None,
    ) -> MergeScorer:
        """Load, check and tokenise: seconds for the starter. Raises what `open_merge` raises, and `DataError`."""
        report(on_progress, 0, 2, "loading checkpoints")
        merge = open_merge(base, adapted)
        raise_if_stopped(should_stop)
        report(on_progress, 1, 2, "cutting sentences into pieces")
        scorer = cls(merge, task, probe, held_out(task.pair))
        report(on_progress, 2, 2, "ready")
        return scorer

    @property
    def notes(self) -> tuple[str, ...]:
        """Sentences for the user: heads left out, what the task file had, what cannot be computed."""
        missing = (
            ()
            if self.has_lm
            else ("The base has no language-model head, so pseudo-perplexity is not shown.",)
        )
        return (*self._merge.notes, *self.task.warnings, *missing)

    @property
    def fingerprint(self) -> str:
        """SHA-256 over everything a score depends on besides how it is merged."""
        parts = [c.fingerprint for c in (self._merge.base, *self._merge.adapted)]
        texts = [self._texts.code_mixed, self._texts.monolingual]
        whole = json.dumps([parts, self.task.digest, self._probe.to_dict(), texts], ensure_ascii=False)
        return hashlib.sha256(whole.encode()).hexdigest()

    @contextlib.contextmanager
    def model(self, spec: MergeSpec) -> Iterator[nn.Module]:
        """The resident model with exactly the weights of `spec`, kept still for as long as the block runs."""
        with self._merge.live.at(Recipe.of(spec)) as views:
            if not self._bound:
                bind(self._model, views)
                self._bound = True
            yield self._model

    def evaluate(
        self, spec: MergeSpec, on_progress: Progress | None = None, should_stop: ShouldStop | None = None
    ) -> Node:
        """One exact evaluation: features of train and dev sentences, both pseudo-perplexities. Raises `Cancelled`."""
        with self.model(spec) as model, autocast():
            inner = backbone(model) if self.has_lm else model
            train, score = (
                mean_features(inner, t, on_progress=on_progress, should_stop=should_stop)
                for t in self._tokens
            )
            mixed, mono = (
                self._perplexity(model, texts, on_progress, should_stop)
                for texts in (self._texts.code_mixed, self._texts.monolingual)
            )
        return Node(spec.scaling, train, score, mixed, mono)

    def point(
        self, spec: MergeSpec, on_progress: Progress | None = None, should_stop: ShouldStop | None = None
    ) -> CurvePoint:
        """The exact scores of one merge on dev."""
        node = self.evaluate(spec, on_progress, should_stop)
        return self._curve_of(node).point(node)

    def curve(
        self,
        spec: MergeSpec,
        on_curve: Callable[[LambdaCurve], None] | None = None,
        on_progress: Progress | None = None,
        should_stop: ShouldStop | None = None,
    ) -> LambdaCurve:
        """F1 and pseudo-perplexity as continuous functions of λ over 0–1.5; `spec.scaling` is ignored."""
        dial = MergeSpec.parameters()["scaling"]
        return LambdaCurve.build(
            lambda scaling: self.evaluate(spec.replace(scaling=scaling), should_stop=should_stop),
            train_labels=list(self._train["label"]),
            score_labels=list(self.score_rows["label"]),
            labels=self.labels,
            strength=self._probe.strength,
            low=dial.low or 0.0,
            high=dial.high or 1.5,
            on_curve=on_curve,
            on_progress=on_progress,
            should_stop=should_stop,
        )

    def answer(
        self, spec: MergeSpec, texts: Sequence[str], should_stop: ShouldStop | None = None
    ) -> pd.DataFrame:
        """What the probe on this merge says of own sentences: text, predicted, p_<label> columns. Raises `Cancelled`."""
        raise_if_stopped(should_stop)
        with self.model(spec) as model, autocast():
            inner = backbone(model) if self.has_lm else model
            own = tokenise(self._tokenizer, list(texts), self._probe.max_length)
            train, asked = (mean_features(inner, t, should_stop=should_stop) for t in (self._tokens[0], own))
        probabilities = fit_probe(train, list(self._train["label"]), self._probe.strength).probabilities(
            asked
        )
        rows = pd.DataFrame({"text": list(texts), "label": ""})
        return prediction_frame(rows, probabilities, self.labels).drop(columns="gold")

    def features(self, spec: MergeSpec, texts: Sequence[str]) -> np.ndarray:
        """Mean-pooled features of own sentences at one merge, float32, (texts, hidden)."""
        with self.model(spec) as model, autocast():
            inner = backbone(model) if self.has_lm else model
            return mean_features(inner, tokenise(self._tokenizer, list(texts), self._probe.max_length))

    def anatomy(self, should_stop: ShouldStop | None = None) -> Anatomy:
        """The task vectors in memory taken apart; for one pass over them. Raises `Cancelled`."""
        base, taus = self._merge.live.sources()
        named = {tip.ref: tau for tip, tau in zip(self._merge.adapted, taus, strict=True)}
        return take_apart(base, named, self._tokenizer, should_stop=should_stop)

    def _curve_of(self, node: Node) -> LambdaCurve:
        train, score = tuple(self._train["label"]), tuple(self.score_rows["label"])
        return LambdaCurve((node,), train, score, self.labels, self._probe.strength)

    def _perplexity(
        self,
        model: nn.Module,
        texts: Sequence[str],
        on_progress: Progress | None,
        should_stop: ShouldStop | None,
    ) -> float | None:
        if not self.has_lm or not texts:
            return None
        return pseudo_perplexity(
            model,
            self._tokenizer,
            texts,
            max_length=self._probe.max_length,
            on_progress=on_progress,
            should_stop=should_stop,
        )


def _tokenizer(base: Checkpoint, max_length: int) -> PreTrainedTokenizerBase:
    """One for all scorers that cut the same way, because each takes 100 MB.

    With another length they need another: the length is a state of the tokenizer, whoever sets it.
    """
    key = base.fingerprint, max_length
    tokenizer = _tokenizers.get(key)
    if tokenizer is None:
        tokenizer = _tokenizers[key] = load_tokenizer(base)
    return tokenizer


def _skeleton(merge: OpenMerge) -> tuple[nn.Module, bool]:
    """The model whose backbone will show the merged weights; with its language-model head if it has one."""
    try:
        return load_lm(merge.base), True
    except CheckpointError:
        return load_backbone(merge.base), False
