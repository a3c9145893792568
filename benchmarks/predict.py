"""Predictions of a classifier, against what a user would type instead.

The same fine-tuned weights and the same sentences go through the lab's `predict` and through
`transformers.pipeline(batch_size=32)`, in turn, on the same processor; the printed ratio is that of medians.
`limit` is what exact predictions could reach: the pipeline's time against the matrix products that no exact way
can leave out (those of unpadded pieces; of the last layer keys and values of all pieces and the rest of the first
one, which is what the head reads), at the best pace at which this processor multiplies such matrices in the same
precision.

    python benchmarks/predict.py [--quick] [--sentences 1000] [--rounds 3] [--task FILE ...]

Sentences come from the test split of each task (all of it where it has none; padding depends on their lengths);
without --task from SentiMix English–Hindi where ../shared/data (or CODEMIX_LAB_REAL_DATA) has it, else from the
starter corpus. The last line is JSON; its numbers outside `tasks` are those of the first task.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import torch
from transformers import BertForSequenceClassification, pipeline

from codemix_lab.evaluation.predict import predict
from codemix_lab.evaluation.tokenised import tokenise
from codemix_lab.models.checkpoints import open_checkpoint
from codemix_lab.models.devices import autocast
from codemix_lab.models.loading import load_tokenizer
from codemix_lab.models.quiet import quiet
from codemix_lab.text.tasks import open_task

REAL = "tasks/en-hi.sentiment.sentimix2020.tsv.gz"
T = TypeVar("T")
LABELS = ("negative", "neutral", "positive")
BATCH = 32


def sentences(source: str | None, count: int) -> tuple[str, list[str]]:
    """A name for the data, and `count` of its sentences."""
    if source is None:
        data = Path(os.environ.get("CODEMIX_LAB_REAL_DATA") or Path(__file__).parents[2] / "shared" / "data")
        source = str(data / REAL) if (data / REAL).is_file() else "en-hi"
    task = open_task(source)
    test = task.frame[task.frame["split"] == "test"]
    rows = task.frame if test.empty or not Path(source).is_file() else test
    return task.name, list(rows["text"])[:count]


def least_seconds(model: BertForSequenceClassification, pieces: int, texts: int) -> float:
    """Seconds of the matrix products that `pieces` pieces of `texts` sentences need, at the best pace of 30 tries."""
    hidden, inner = model.config.hidden_size, model.config.intermediate_size
    with autocast():
        left, right = torch.randn(2048, hidden), torch.randn(hidden, inner)
        best = min(timed(lambda: torch.mm(left, right))[0] for _ in range(30))
    pace = 2 * 2048 * hidden * inner / best
    layer, keys_and_values = 4 * hidden**2 + 2 * hidden * inner, 2 * hidden**2
    whole = (model.config.num_hidden_layers - 1) * layer + keys_and_values
    return 2 * (whole * pieces + (layer - keys_and_values) * texts) / pace


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
    parser.add_argument(
        "--task", action="extend", nargs="+", help="files or names of tasks; give as many as you like"
    )
    options = parser.parse_args()
    count, rounds = (300, 1) if options.quick else (options.sentences, options.rounds)

    starter = open_checkpoint("starter")
    tokenizer = load_tokenizer(starter)
    torch.manual_seed(0)
    with quiet():
        model = BertForSequenceClassification.from_pretrained(
            starter.folder,
            id2label=dict(enumerate(LABELS)),
            label2id={name: i for i, name in enumerate(LABELS)},
        ).eval()
    print(f"{torch.get_num_threads()} threads, {rounds} rounds, medians; pipeline in batches of {BATCH}")
    print(f"{'task':40}{'sentences':>10}{'pieces':>8}{'pipeline s':>12}{'lab s':>8}{'ratio':>7}{'limit':>7}")
    found: dict[str, dict[str, float]] = {}
    for source in options.task or [None]:
        name, texts = sentences(source, count)
        one = found[name] = measured(model, tokenizer, texts, rounds)
        print(
            f"{name[:39]:40}{len(texts):10}{one['pieces']:8.1f}{one['pipeline_s']:12.2f}{one['lab_s']:8.2f}"
            f"{one['speedup']:7.2f}{one['limit']:7.2f}",
            flush=True,
        )
    first = next(iter(found.values()))
    print(
        f"same prediction: {min(one['agreement'] for one in found.values()):.1%}, "
        f"largest difference of a probability {max(one['difference'] for one in found.values()):.0e}"
    )
    print(json.dumps({**first, "tasks": found}))


def measured(model: Any, tokenizer: Any, texts: list[str], rounds: int) -> dict[str, float]:
    """Both ways in turn on these sentences: medians of seconds, their ratio, and how alike the answers are."""
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
    ours_s, theirs_s, same, apart = [], [], [], []
    for _ in range(rounds):
        seconds, mine = timed(ours)
        ours_s.append(seconds)
        seconds, other = timed(theirs)
        theirs_s.append(seconds)
        same.append(float((mine.argmax(1) == other.argmax(1)).mean()))
        apart.append(float(np.abs(mine - other).max()))
    fast, slow = statistics.median(ours_s), statistics.median(theirs_s)
    pieces = sum(tokenise(tokenizer, texts, 128).lengths)
    return {
        "speedup": slow / fast,
        "limit": slow / least_seconds(model, pieces, len(texts)),
        "agreement": min(same),
        "difference": max(apart),
        "sentences": len(texts),
        "pieces": pieces / len(texts),
        "pipeline_s": slow,
        "lab_s": fast,
    }


if __name__ == "__main__":
    main()
