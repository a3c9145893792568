"""How a start is fine-tuned on a labelled subset."""

from __future__ import annotations

from dataclasses import dataclass

from codemix_lab.config.merge import MergeSpec
from codemix_lab.config.spec import Spec, parameter
from codemix_lab.config.task import TaskSpec


@dataclass(frozen=True)
class FineTuneSpec(Spec):
    """Fine-tuning of one start on one labelled subset with one seed."""

    model: str | MergeSpec = parameter(help="Start: a checkpoint, or a merge.")
    task: TaskSpec = parameter(help="The labelled task.")
    train_size: int = parameter(
        300, low=2, high=1_000_000, step=50, help="Train sentences (drawn with the seed, stratified)."
    )
    epochs: int = parameter(3, low=1, high=100, step=1, help="Passes over the train sentences.")
    seed: int = parameter(
        0, low=0, high=2**31 - 1, help="Draws subset, order and head; equal for every start of a comparison."
    )
    learning_rate: float = parameter(
        1e-4, low=1e-7, high=1e-1, help="Peak learning rate (linear warm-up, linear decay)."
    )
    batch_size: int = parameter(8, low=1, high=1024, help="Sentences in one step.")
    max_length: int = parameter(
        128, low=8, high=512, help="Longest sentence, in pieces; longer ones are cut."
    )
    freeze_embeddings: bool = parameter(
        True, help="Leave the embedding rows as they are: faster, and kinder to rare words."
    )
    lora: bool = parameter(
        False, sparse=True, help="Train a LoRA adapter (Hu et al. 2022) instead of all parameters."
    )
    rank: int = parameter(16, low=1, high=512, step=4, sparse=True, help="Rank of the LoRA adapter.")
