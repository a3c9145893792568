"""A fine-tuned model and a task: on which labels they meet, and what the model says there."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from functools import cached_property
from typing import Any, Protocol

import numpy as np
import pandas as pd

from codemix_lab.errors import CheckpointError, DataError
from codemix_lab.evaluation.predict import predict, prediction_frame
from codemix_lab.models.checkpoints import open_checkpoint
from codemix_lab.models.devices import autocast, device
from codemix_lab.models.loading import is_classifier, load_classifier, load_tokenizer
from codemix_lab.progress import Progress, ShouldStop
from codemix_lab.text.tasks import Task, shared_labels

_TINY = 1e-12


class Classifier:
    """A fine-tuned model, found at once and loaded at its first prediction.

    Raises `CheckpointError` when `ref` is no model or one without a classification head.
    """

    def __init__(self, ref: str) -> None:
        self.ref = ref
        self.checkpoint = open_checkpoint(ref)
        if self.checkpoint.adapter or not is_classifier(self.checkpoint.folder, self.checkpoint.config):
            raise CheckpointError(
                f"{ref} is not fine-tuned: it has no classification head. Fine-tune it on a task first."
            )

    def labels_for(self, task: Task) -> tuple[str, ...]:
        """The labels this model tells apart, in the order of its outputs.

        A model without names of its own (LABEL_0, LABEL_1 …) gets those of the task when their
        number fits. Raises `DataError` when it does not.
        """
        config: Any = self.checkpoint.config
        names = tuple(str(config.id2label[i]) for i in range(config.num_labels))
        if names != tuple(f"LABEL_{i}" for i in range(len(names))):
            return names
        if len(names) != len(task.labels):
            raise DataError(
                f"{self.ref} does not name its {len(names)} labels, "
                f"and the task {task.name} has {len(task.labels)}: they cannot be matched."
            )
        return task.labels

    def predict(
        self,
        task: Task,
        rows: pd.DataFrame,
        labels: Sequence[str],
        max_length: int = 128,
        on_progress: Progress | None = None,
        should_stop: ShouldStop | None = None,
    ) -> pd.DataFrame:
        """The prediction frame of `rows` over `labels`, which are among this model's own (case ignored).

        Probabilities of the model's other labels are left out and the rest brought to a sum of one.
        Raises `Cancelled`.
        """
        own = self.labels_for(task)
        model, tokenizer = self.loaded
        with autocast():
            probabilities = predict(
                model,
                tokenizer,
                rows["text"].tolist(),
                own,
                max_length,
                on_progress=on_progress,
                should_stop=should_stop,
            )
        return prediction_frame(rows, narrowed(probabilities, own, labels), labels)

    @cached_property
    def loaded(self) -> tuple[Any, Any]:
        """Model and tokenizer, loaded when first asked for."""
        return load_classifier(self.checkpoint.folder).to(device()), self.tokenizer

    @cached_property
    def tokenizer(self) -> Any:
        """The tokenizer alone, loaded when first asked for."""
        return load_tokenizer(self.checkpoint)


def narrowed(probabilities: np.ndarray, own: Sequence[str], labels: Sequence[str]) -> np.ndarray:
    """Columns of `labels` (case ignored) out of those of `own`, each row brought to a sum of one again.

    >>> narrowed(np.array([[0.5, 0.25, 0.25]]), ["a", "b", "C"], ["c", "a"]).round(2).tolist()
    [[0.33, 0.67]]
    """
    folded = [name.casefold() for name in own]
    shared = probabilities[:, [folded.index(label.casefold()) for label in labels]]
    return np.asarray(shared / np.maximum(shared.sum(axis=1, keepdims=True), _TINY))


class Labelled(Protocol):
    """Whatever answers with labels of its own: a model, or the predictions that one left."""

    def labels_for(self, task: Task) -> tuple[str, ...]:
        """The labels it tells apart on this task."""


def common_ground(task: Task, classifiers: Iterable[Labelled]) -> Task:
    """The task cut down to the labels that it and all the models have, case ignored.

    Returns the task itself when the models have all of its labels. Raises `DataError` when fewer than
    two labels are shared.
    """
    sets = [{label.casefold() for label in model.labels_for(task)} for model in classifiers]
    shared = set.intersection({label.casefold() for label in task.labels}, *sets)
    if len(shared) == len(task.labels):
        return task
    if len(shared) < 2:
        told = "; ".join(", ".join(sorted(labels)) for labels in sets)
        raise DataError(
            f"No labels to compare on: the task {task.name} has {', '.join(task.labels)}, the model {told}. "
            "At least two must be shared."
        )
    return task.restricted_to(shared)


def common_grounds(tasks: Sequence[Task], classifiers: Collection[Labelled]) -> list[Task]:
    """Every task cut down to the labels that all tasks and all models have, written alike.

    Tasks that have the same labels stay as they are; else labels are in lower case. Raises `DataError` when
    fewer than two labels are shared.
    """
    grounds = [common_ground(task, classifiers) for task in tasks]
    if len({ground.labels for ground in grounds}) == 1:
        return grounds
    shared = shared_labels(grounds)
    if len(shared) < 2:
        told = "; ".join(f"{task.name}: {', '.join(task.labels)}" for task in tasks)
        raise DataError(
            f"These tasks share fewer than two labels ({told}): compare on tasks with the same ones."
        )
    return [ground.restricted_to(shared) for ground in grounds]
