"""Prompting: a causal model asked for the label, with as many labelled examples shown as there are shots."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from codemix_lab.config import RunSpec
from codemix_lab.errors import CheckpointError
from codemix_lab.evaluation.endpoint import Endpoint, ask_labels
from codemix_lab.evaluation.prompting import Prompt, label_likelihoods
from codemix_lab.experiments.regimes.bench import Bench, Outcome
from codemix_lab.models.checkpoints import open_checkpoint
from codemix_lab.models.devices import autocast, device
from codemix_lab.models.loading import load_lm, load_tokenizer
from codemix_lab.text.sampling import stratified_subset


def recipe(spec: RunSpec, bench: Bench) -> Outcome:
    """Examples are drawn from train with the seed, stratified; prompt and examples are recorded."""
    task = bench.task(spec.task)
    shown: list[tuple[str, str]] = []
    if spec.shots:
        rows = stratified_subset(task.split("train"), max(spec.shots, len(task.labels)), spec.seed)
        shown = list(zip(rows["text"], rows["label"], strict=True))[: spec.shots]
    prompt = Prompt(spec.template, tuple(shown), task.labels)
    facts = {"prompt": prompt.before("…"), "shots": len(shown)}
    if spec.endpoint is not None:
        endpoint = Endpoint(spec.endpoint, spec.base)
        return Outcome(
            lambda texts: ask_labels(endpoint, prompt, texts, bench.on_progress, bench.should_stop), facts
        )
    checkpoint = open_checkpoint(spec.base)
    if checkpoint.is_encoder:
        raise CheckpointError(f"{spec.base} is an encoder: prompting wants a causal model, such as Llama.")
    model, tokenizer = load_lm(checkpoint).to(device()), load_tokenizer(checkpoint)

    def classify(texts: Sequence[str]) -> np.ndarray:
        with autocast():
            return label_likelihoods(
                model, tokenizer, prompt, texts, on_progress=bench.on_progress, should_stop=bench.should_stop
            )

    return Outcome(classify, facts)
