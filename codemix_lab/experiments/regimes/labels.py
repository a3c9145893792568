"""Whether the English task and the code-mixed one tell the same labels apart."""

from __future__ import annotations

import pandas as pd

from codemix_lab.config import RunSpec
from codemix_lab.errors import DataError
from codemix_lab.experiments.regimes.bench import Bench
from codemix_lab.text.sampling import stratified_subset


def same_labels(spec: RunSpec, bench: Bench) -> bool:
    """True where both have the same labels, case ignored."""
    ours, theirs = (bench.task(task).labels for task in (spec.task, spec.english) if task is not None)
    return sorted(map(str.casefold, ours)) == sorted(map(str.casefold, theirs))


def english_rows(spec: RunSpec, bench: Bench) -> pd.DataFrame:
    """English train sentences under the labels of the code-mixed task, as they are spelled there.

    Raises `DataError` when the two tasks have other labels: rename them with `mapping`.
    """
    task, english = bench.task(spec.task), bench.task(spec.english) if spec.english is not None else None
    if english is None or not same_labels(spec, bench):
        named = ", ".join(english.labels) if english is not None else "none"
        raise DataError(
            f"Joint fine-tuning wants the same labels in both tasks: {task.name} has {', '.join(task.labels)}, "
            f"the English one {named}. Rename them with mapping, or leave the regime out."
        )
    spelled = {label.casefold(): label for label in task.labels}
    rows = stratified_subset(english.split("train"), spec.english_size, spec.seed)
    return rows.assign(label=[spelled[label.casefold()] for label in rows["label"]])
