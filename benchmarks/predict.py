"""Predictions of a classifier, against what a user would type instead.

The same fine-tuned weights and the same sentences go through the lab's `predict` and through
`transformers.pipeline(batch_size=32)`, in turn, on the same processor; the printed ratio is that of medians.
`limit` is what exact predictions could reach: the pipeline's time against the matrix products of the unpadded
pieces alone, at the best pace at which this processor multiplies matrices of that shape in the same precision.

    python benchmarks/predict.py [--quick] [--sentences 1000] [--rounds 3]

Sentences come from the SentiMix English–Hindi test split where ../shared/data (or CODEMIX_LAB_REAL_DATA) has
it, else from the starter corpus.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import numpy as np
import torch
from transformers import BertForSequenceClassification, pipeline

from codemix_lab.evaluation.predict import predict
from codemix_lab.evaluation.tokenised import tokenise
from codemix_lab.models.checkpoints import open_checkpoint
from codemix_lab.models.devices import autocast
from codemix_lab.models.loading import load_tokenizer
from codemix_lab.text.tasks import open_task

REAL = "tasks/en-hi.sentiment.sentimix2020.tsv.gz"
T = TypeVar("T")
LABELS = ("negative", "neutral", "positive")
BATCH = 32


def sentences(count: int) -> tuple[str, list[str]]:
    """A name for the data, and `count` of its sentences."""
    data = Path(os.environ.get("CODEMIX_LAB_REAL_DATA") or Path(__file__).parents[2] / "shared" / "data")
    source = data / REAL
    texts = open_task(str(source)).split("test") if source.is_file() else open_task("en-hi").frame
    found = list(texts["text"])[:count]
    return (source.name if source.is_file() else "starter corpus"), found


def least_seconds(model: BertForSequenceClassification, pieces: int) -> float:
    """Seconds of the dense layers' matrix products for `pieces` pieces, at the best pace of 30 tries."""
    hidden, inner = model.config.hidden_size, model.config.intermediate_size
    with autocast():
        left, right = torch.randn(2048, hidden), torch.randn(hidden, inner)
        best = min(timed(lambda: torch.mm(left, right))[0] for _ in range(30))
    pace = 2 * 2048 * hidden * inner / best
    return model.config.num_hidden_layers * 2 * (4 * hidden**2 + 2 * hidden * inner) * pieces / pace


def timed(work: Callable[[], T]) -> tuple[float, T]:
    """Seconds and result."""
    began = time.perf_counter()
    result = work()
    return time.perf_counter() - began, result


def main() -> None:
    """Measure, print a table and one line of JSON."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="fewer sentences and one round, under 50 s")
    parser.add_argument("--sentences", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    count, rounds = (300, 1) if options.quick else (options.sentences, options.rounds)

    starter = open_checkpoint("starter")
    tokenizer = load_tokenizer(starter)
    torch.manual_seed(0)
    model = BertForSequenceClassification.from_pretrained(
        starter.folder, id2label=dict(enumerate(LABELS)), label2id={name: i for i, name in enumerate(LABELS)}
    ).eval()
    name, texts = sentences(count)
    piped = pipeline("text-classification", model=model, tokenizer=tokenizer, top_k=None, device="cpu")

    def theirs() -> np.ndarray:
        answers = piped(texts, batch_size=BATCH, truncation=True, max_length=128)
        return np.array(
            [[{a["label"]: a["score"] for a in row}[label] for label in LABELS] for row in answers]
        )

    def ours() -> np.ndarray:
        with autocast():
            return predict(model, tokenizer, texts, LABELS)

    ours(), theirs()
    ours_s, theirs_s, same = [], [], []
    for _ in range(rounds):
        seconds, mine = timed(ours)
        ours_s.append(seconds)
        seconds, other = timed(theirs)
        theirs_s.append(seconds)
        same.append(float((mine.argmax(1) == other.argmax(1)).mean()))
    fast, slow = statistics.median(ours_s), statistics.median(theirs_s)
    limit = slow / least_seconds(model, sum(tokenise(tokenizer, texts, 128).lengths))
    print(f"{len(texts)} sentences of {name}, {torch.get_num_threads()} threads, {rounds} rounds, medians")
    print(f"{'way':34}{'seconds':>9}{'sentences/s':>13}")
    for way, seconds in ((f"transformers pipeline, batches of {BATCH}", slow), ("codemix_lab predict", fast)):
        print(f"{way:34}{seconds:9.2f}{len(texts) / seconds:13.0f}")
    print(
        f"same prediction: {min(same):.1%}; no exact way here is more than {limit:.2f} times the pipeline's pace"
    )
    print(
        json.dumps({"speedup": slow / fast, "limit": limit, "agreement": min(same), "sentences": len(texts)})
    )


if __name__ == "__main__":
    main()
