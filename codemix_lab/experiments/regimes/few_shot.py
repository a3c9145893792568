"""Few-shot in a target: what a regime ends with goes on with k labelled sentences of another task.

Zero-shot is k = 0. Each k begins from the classifier as the regime left it, not from a smaller k.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

import pandas as pd

from codemix_lab.config import RunSpec
from codemix_lab.errors import DataError
from codemix_lab.experiments.regimes.bench import Outcome, Predictor
from codemix_lab.text.duplicates import normalise
from codemix_lab.text.sampling import stratified_subset
from codemix_lab.text.tasks import Task

_SPLIT = re.compile(r"test of (?P<name>.+?)(?: after (?P<size>\d+))?")


def target_split(name: str, size: int = 0) -> str:
    """What the score on a target's test is called after so many of its labelled sentences.

    >>> target_split("en-ta"), target_split("en-ta", 20)
    ('test of en-ta', 'test of en-ta after 20')
    """
    return f"test of {name}" + (f" after {size}" if size else "")


def read_split(split: str) -> tuple[str, int] | None:
    """Name of the target and number of its sentences; None for a split of the run's own task.

    >>> read_split("test of en-ta after 20"), read_split("test of en-ta"), read_split("test")
    (('en-ta', 20), ('en-ta', 0), None)
    """
    found = _SPLIT.fullmatch(split)
    return (found["name"], int(found["size"] or 0)) if found else None


def predictors(
    spec: RunSpec, outcome: Outcome, source: Task, target: Task, shared: Sequence[str]
) -> Iterator[tuple[int, Predictor]]:
    """The classifier as it is under 0, then what it becomes with each of `spec.target_sizes` sentences.

    Zero-shot is all there is where the target holds the sentences of the source, and for a classifier
    that does not learn. Raises `DataError` for fewer sentences than labels.
    """
    yield 0, outcome.predict
    if outcome.goes_on is None or source.digest == target.digest:
        return
    for size in spec.target_sizes:
        yield size, outcome.goes_on(few_shot_rows(source, target, shared, size, spec.seed))


def few_shot_rows(source: Task, target: Task, shared: Sequence[str], size: int, seed: int) -> pd.DataFrame:
    """`size` train sentences of the target, or all there are, with labels as the source spells them.

    Drawn with the seed, stratified over the shared labels: the same for every regime, smaller ones
    inside larger ones. A sentence that also stands in the target's test is never drawn.
    """
    ground = target.restricted_to(shared)
    tested = {normalise(text) for text in ground.frame.loc[ground.frame["split"] == "test", "text"]}
    train = ground.split("train")
    train = train[[normalise(text) not in tested for text in train["text"]]]
    if train["label"].nunique() > size:
        raise DataError(
            f"{size} sentences of {target.name} cannot hold its {train['label'].nunique()} shared labels "
            f"({', '.join(shared)}): give larger target_sizes."
        )
    spelled = {label.casefold(): label for label in source.labels}
    rows = stratified_subset(train, size, seed)
    return rows.assign(label=rows["label"].map(spelled))
