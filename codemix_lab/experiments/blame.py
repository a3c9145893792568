"""Which word each wrong answer of a model hangs on, and whether such words stand near a switch of language."""

from __future__ import annotations

import pandas as pd

from codemix_lab import paths
from codemix_lab.config import TaskSpec
from codemix_lab.errors import DataError
from codemix_lab.evaluation.attribution import occlusion
from codemix_lab.evaluation.switch_errors import blame_table
from codemix_lab.experiments.classifier import Classifier
from codemix_lab.experiments.inspection import predictions
from codemix_lab.experiments.store import content_key
from codemix_lab.progress import Progress, ShouldStop, raise_if_stopped, report
from codemix_lab.text.pairs import PAIRS
from codemix_lab.text.tagging import tag_sentence
from codemix_lab.text.tasks import open_task

MOST = 150


def switch_blame(
    model: str,
    task: TaskSpec,
    split: str = "test",
    limit: int | None = None,
    most: int = MOST,
    on_progress: Progress | None = None,
    should_stop: ShouldStop | None = None,
) -> pd.DataFrame:
    """`blame_table` of a model's wrong answers, `most` of them at most, drawn evenly over the split.

    The word to blame is the one without which the wrong label's probability falls most (occlusion).
    Kept on disk by content. Raises `DataError` for a task whose pair has no language tags and for a model
    that is never wrong, what `predictions` raises, and `Cancelled`.
    """
    opened = open_task(task)
    pair = opened.pair or ""
    if len(PAIRS[pair].languages if pair in PAIRS else ()) != 2:
        raise DataError(
            f"The task {opened.name} names no pair of two languages, so its words have no language."
        )
    classifier = Classifier(model)
    frame = predictions(classifier, task, split, limit)
    key = content_key("blame", classifier.checkpoint.fingerprint, opened.digest, split, limit, most)
    path = paths.workspace() / "blame" / f"{key}.parquet"
    if path.is_file():
        return pd.read_parquet(path)
    wrong = frame[frame["predicted"] != frame["gold"]]
    if wrong.empty:
        raise DataError("This model makes no mistake on these sentences, so there is none to explain.")
    wrong = wrong.iloc[:: -(-len(wrong) // most)]
    network, tokenizer = classifier.loaded
    own = classifier.labels_for(opened)
    folded = [name.casefold() for name in own]
    tags, blamed = [], []
    for done, (text, label) in enumerate(zip(wrong["text"], wrong["predicted"], strict=True)):
        raise_if_stopped(should_stop)
        report(on_progress, done, len(wrong), "taking words away one by one")
        if tagged := tag_sentence(text, pair):
            words, languages = zip(*tagged, strict=True)
            speaks = occlusion(network, tokenizer, words, own)[:, folded.index(label.casefold())]
            tags.append(languages)
            blamed.append(int(speaks.argmax()))
    report(on_progress, len(wrong), len(wrong), "counted")
    table = blame_table(tags, blamed)
    with paths.new_file(path) as beside:
        table.to_parquet(beside, index=False)
    return table
