"""Predictions of a fine-tuned classifier, and the table in which they are kept."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from torch import nn

from codemix_lab.errors import CheckpointError, DataError
from codemix_lab.evaluation.inference import Inputs, over_batches
from codemix_lab.evaluation.packed import packed_logits
from codemix_lab.evaluation.tokenised import tokenise
from codemix_lab.progress import Progress, ShouldStop

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase


def predict(
    model: nn.Module,
    tokenizer: PreTrainedTokenizerBase,
    texts: Sequence[str],
    labels: Sequence[str],
    max_length: int = 128,
    budget: int | None = None,
    on_progress: Progress | None = None,
    should_stop: ShouldStop | None = None,
) -> np.ndarray:
    """Probabilities, float32, (texts, labels): texts in their order, columns in the order of `labels`.

    `model` is a transformers sequence classifier; its own label names decide which output is which.
    Inside `torch.autocast` it runs in that precision. A text that stands more than once is read once.
    Raises `CheckpointError` when the classifier was trained for other labels, and `Cancelled`.
    """
    columns = label_columns(model, labels)
    places = {text: place for place, text in enumerate(dict.fromkeys(texts))}
    tokenised = tokenise(tokenizer, list(places), max_length)
    probabilities = np.empty((len(tokenised), len(labels)), dtype=np.float32)
    packed = packed_logits(model)

    def shares(_: list[int], inputs: Inputs) -> np.ndarray:
        logits = packed(inputs) if packed is not None else model(**inputs).logits
        found: np.ndarray = logits.float().softmax(dim=-1)[:, columns].cpu().numpy()
        return found

    for rows, found in over_batches(
        model,
        tokenised,
        shares,
        "predictions",
        budget=budget,
        on_progress=on_progress,
        should_stop=should_stop,
    ):
        probabilities[rows] = found
    return probabilities[[places[text] for text in texts]]


def prediction_frame(rows: pd.DataFrame, probabilities: np.ndarray, labels: Sequence[str]) -> pd.DataFrame:
    """A table of predictions: text, gold, predicted, and p_<label> for each of `labels`.

    `rows` has the columns text and label, `probabilities` is (rows, labels). Raises `DataError` when
    they differ in number.
    """
    if probabilities.shape != (len(rows), len(labels)):
        wanted = f"{len(rows)} sentences × {len(labels)} labels"
        raise DataError(f"The probabilities have the shape {probabilities.shape}, not {wanted}.")
    frame = pd.DataFrame(
        {
            "text": rows["text"].to_numpy(),
            "gold": rows["label"].to_numpy(),
            "predicted": np.array(labels, dtype=object)[probabilities.argmax(axis=1)],
        }
    )
    return frame.assign(**{f"p_{label}": probabilities[:, i] for i, label in enumerate(labels)})


def label_columns(model: Any, labels: Sequence[str]) -> list[int]:
    """Which output of the classifier belongs to each of `labels`.

    A classifier without names of its own (LABEL_0, LABEL_1 …) is taken in the order of `labels`.
    """
    names = [str(model.config.id2label[i]) for i in range(model.config.num_labels)]
    unnamed = all(name == f"LABEL_{i}" for i, name in enumerate(names))
    if unnamed and len(names) == len(labels):
        return list(range(len(labels)))
    if sorted(names) != sorted(labels):
        told, wanted = ", ".join(names), ", ".join(labels)
        raise CheckpointError(
            f"This classifier tells {told} apart, not {wanted}: fine-tune it on this task first."
        )
    return [names.index(label) for label in labels]
