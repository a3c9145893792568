"""Quick fine-tuning against a plain Trainer script, at equal F1, within one run.

    python benchmarks/finetune.py           # 200 sentences × 4 epochs, three rounds
    python benchmarks/finetune.py --quick   # 40 sentences × 1 epoch, one round

The plain script is what most people write: `transformers.Trainer` in float32, sentences padded to the
longest of their batch and not grouped by length, every parameter trained, embedding rows included. Both
sides begin with the same weights and head on the same sentences, at the same rate, schedule, batch size and
number of steps, and are scored on the same test sentences. Rounds alternate, so a busy machine slows
both sides; a round is one seed.

    speedup               examples trained a second, ours over plain
    speedup_cpu           the same by processor time, which other work on the machine disturbs less
    f1_ours, f1_plain     mean macro-F1 over the rounds; low and high are the 95 % bootstrap interval of
                          the mean difference over test sentences

Text: SentiMix En-Hi of ../shared/data or CODEMIX_LAB_REAL_DATA where it lies, else the starter task.
The last line is JSON.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
import time
from pathlib import Path
from typing import Any

import torch
from transformers import DataCollatorWithPadding, PrinterCallback, Trainer, TrainingArguments, set_seed

from codemix_lab.config import FineTuneSpec, TaskSpec
from codemix_lab.evaluation.across_seeds import mean_difference_interval
from codemix_lab.evaluation.metrics import score
from codemix_lab.evaluation.predict import predict
from codemix_lab.models.quiet import quiet
from codemix_lab.text.sampling import stratified_subset
from codemix_lab.text.tasks import Task, open_task
from codemix_lab.training.finetune import train_classifier
from codemix_lab.training.starts import start_classifier

ROOT = Path(__file__).resolve().parents[1]


def main() -> None:
    """Measure, print a table and one line of JSON."""
    parser = argparse.ArgumentParser(description="Examples a second against a plain Trainer script.")
    parser.add_argument("--quick", action="store_true", help="fewer sentences, one round")
    parser.add_argument("--base", default="starter", help="model to fine-tune (default: the starter)")
    options = parser.parse_args()
    torch.set_num_threads(int(os.environ.get("OMP_NUM_THREADS", "2")))
    size, epochs, rounds, scored = (40, 1, 1, 60) if options.quick else (200, 4, 3, 500)
    source = task_source()
    with quiet():
        found = measure(options.base, source, size, epochs, rounds, scored)
    print(f"{'measure':<24}{'value':>10}")
    for name, value in found.items():
        print(f"{name:<24}{value:>10.3f}")
    print(json.dumps({name: round(value, 3) for name, value in found.items()}))


def task_source() -> TaskSpec:
    """The published task where it lies, else the starter's."""
    data = Path(os.environ.get("CODEMIX_LAB_REAL_DATA") or ROOT.parent / "shared" / "data")
    path = data / "tasks" / "en-hi.sentiment.sentimix2020.tsv.gz"
    return TaskSpec(str(path) if path.is_file() else "en-hi")


def measure(
    base: str, source: TaskSpec, size: int, epochs: int, rounds: int, scored: int
) -> dict[str, float]:
    """Both sides in turn, and what they come to."""
    task = open_task(source)
    test = stratified_subset(task.split("test"), scored, 0)
    gold = test["label"].tolist()
    clocks = {"ours": [0.0, 0.0], "plain": [0.0, 0.0]}
    said: dict[str, list[list[str]]] = {"ours": [], "plain": []}
    examples = 0
    warm_up = FineTuneSpec(base, source, train_size=len(task.labels) * 4, epochs=1)
    train_classifier(warm_up, task)
    for seed in range(rounds):
        spec = FineTuneSpec(base, source, train_size=size, epochs=epochs, seed=seed)
        sides = {"ours": ours, "plain": plain}
        for name in sides if seed % 2 == 0 else reversed(sides):
            model, tokenizer, wall, work = sides[name](spec, task)
            clocks[name][0] += wall
            clocks[name][1] += work
            found = predict(model, tokenizer, test["text"].tolist(), task.labels)
            said[name].append([task.labels[i] for i in found.argmax(axis=1)])
        examples += size * epochs
    f1 = {n: sum(score(gold, p, task.labels).macro_f1 for p in all_) / rounds for n, all_ in said.items()}
    _, low, high = mean_difference_interval(gold, said["plain"], said["ours"], task.labels)
    return {
        "speedup": clocks["plain"][0] / clocks["ours"][0],
        "speedup_cpu": clocks["plain"][1] / clocks["ours"][1],
        "examples_a_second_ours": examples / clocks["ours"][0],
        "examples_a_second_plain": examples / clocks["plain"][0],
        "f1_ours": f1["ours"],
        "f1_plain": f1["plain"],
        "difference_low": low,
        "difference_high": high,
    }


def ours(spec: FineTuneSpec, task: Task) -> tuple[Any, Any, float, float]:
    """The lab's fine-tuning: model, tokenizer, seconds of wall and of processor, loading included."""
    began, worked = time.monotonic(), time.process_time()
    trained = train_classifier(spec, task)
    return trained.model, trained.tokenizer, time.monotonic() - began, time.process_time() - worked


def plain(spec: FineTuneSpec, task: Task) -> tuple[Any, Any, float, float]:
    """The plain script, timed likewise."""
    began, worked = time.monotonic(), time.process_time()
    set_seed(spec.seed)
    model, tokenizer = start_classifier(spec.model, task.labels)
    train = stratified_subset(task.split("train"), spec.train_size, spec.seed)
    numbers = {label: i for i, label in enumerate(task.labels)}
    pieces = tokenizer(train["text"].tolist(), truncation=True, max_length=spec.max_length)
    rows = [
        {"input_ids": ids, "attention_mask": mask, "labels": numbers[label]}
        for ids, mask, label in zip(
            pieces["input_ids"], pieces["attention_mask"], train["label"], strict=True
        )
    ]
    steps = -(-len(rows) // spec.batch_size) * spec.epochs
    with tempfile.TemporaryDirectory() as folder:
        trainer = Trainer(
            model=model,
            args=TrainingArguments(
                output_dir=folder,
                num_train_epochs=spec.epochs,
                per_device_train_batch_size=spec.batch_size,
                learning_rate=spec.learning_rate,
                warmup_steps=max(1, steps // 10),
                weight_decay=0.01,
                save_strategy="no",
                seed=spec.seed,
                report_to="none",
                disable_tqdm=True,
                log_level="error",
                dataloader_pin_memory=False,
            ),
            train_dataset=rows,
            data_collator=DataCollatorWithPadding(tokenizer),
        )
        trainer.remove_callback(PrinterCallback)
        trainer.train()
    return model.cpu().eval(), tokenizer, time.monotonic() - began, time.process_time() - worked


if __name__ == "__main__":
    main()
