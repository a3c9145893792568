"""What continued pre-training costs against the standard recipe, at equal loss, within one run.

    python benchmarks/cpt.py           # three rounds of 15 steps of 1,024 pieces
    python benchmarks/cpt.py --quick   # two rounds of 2 steps of 192 pieces

The standard recipe is what most scripts do: `transformers.Trainer`, every sentence padded to a fixed
length, float32, the vocabulary-sized head on every position (gradients accumulated over batches of 8).
Both sides train the same LoRA adapter on the starter encoder at the same rate and schedule, with as many
pieces of text a step, and are measured on the same held-out sentences under the same masks. Rounds
alternate, so a busy machine slows both sides.

    speedup                    pieces of text a second (special pieces counted, padding not), ours over standard
    speedup_cpu                the same by processor time, which other work on the machine disturbs less
    loss_ours, loss_standard   held-out code-mixed loss after the same number of steps of the same size

Text: the Hinglish of ../shared/data or CODEMIX_LAB_REAL_DATA where it lies, else the starter corpus.
The last line is JSON.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import tempfile
import time
from pathlib import Path
from typing import Any

import torch
from transformers import (
    DataCollatorForLanguageModeling,
    PrinterCallback,
    Trainer,
    TrainerCallback,
    TrainingArguments,
    set_seed,
)

from codemix_lab.config import CptSpec
from codemix_lab.models.checkpoints import open_checkpoint
from codemix_lab.models.loading import load_tokenizer
from codemix_lab.models.quiet import quiet
from codemix_lab.text.corpora import starter_corpus
from codemix_lab.text.readers import read_lines
from codemix_lab.training.adapters import trainable
from codemix_lab.training.cpt_trainer import CptTrainer
from codemix_lab.training.objectives import Objective, objective_for, surprise

ROOT = Path(__file__).resolve().parents[1]
BATCH = 8


def main() -> None:
    """Measure, print a table and one line of JSON."""
    parser = argparse.ArgumentParser(description="Pieces a second against the standard recipe.")
    parser.add_argument("--quick", action="store_true", help="fewer and smaller steps")
    parser.add_argument("--base", default="starter", help="encoder to train (default: the starter)")
    options = parser.parse_args()
    torch.set_num_threads(int(os.environ.get("OMP_NUM_THREADS", "2")))
    rounds, steps, pieces, held = (2, 2, 192, 40) if options.quick else (3, 15, 1024, 300)
    spec = CptSpec(
        options.base, steps=steps, tokens_per_step=pieces, evaluate_every=10**6, save_every=10**6, rank=16
    )
    with tempfile.TemporaryDirectory() as folder, quiet():
        results = measure(spec, rounds, *text(held), Path(folder))
    print(f"{'measure':<28}{'value':>10}")
    for name, value in results.items():
        print(f"{name:<28}{value:>10.3f}")
    print(json.dumps({name: round(value, 3) for name, value in results.items()}))


def text(held: int) -> tuple[list[str], list[str]]:
    """Lines to read and lines to measure on."""
    data = Path(os.environ.get("CODEMIX_LAB_REAL_DATA") or ROOT.parent / "shared" / "data")
    path = data / "cpt" / "en-hi.cmudog.txt.gz"
    lines = read_lines(path) if path.is_file() else starter_corpus("en-hi")
    return lines[held:], lines[:held]


def measure(
    spec: CptSpec, rounds: int, lines: list[str], held_out: list[str], folder: Path
) -> dict[str, float]:
    """Both recipes in turn, and what they come to."""
    checkpoint = open_checkpoint(spec.base)
    tokenizer = load_tokenizer(checkpoint)
    objective = objective_for(checkpoint, tokenizer, spec)
    set_seed(0)
    ours = trainable(checkpoint, spec)
    set_seed(0)
    standard = trainable(checkpoint, spec)
    results = {"loss_before": held_out_loss(ours, objective, held_out)}
    speed = {"ours": [0.0, 0.0], "standard": [0.0, 0.0]}
    work = {"ours": [0.0, 0.0], "standard": [0.0, 0.0]}
    for place in range(rounds):
        examples = objective.read(lines[place * 2000 : (place + 1) * 2000])
        trainer = CptTrainer(ours, tokenizer, spec, spec.steps, objective, examples, {}, folder / f"o{place}")
        clock = Clock()
        trainer.add_callback(clock)
        trainer.train()
        speed["ours"][0] += trainer.read
        speed["ours"][1] += clock.seconds
        work["ours"][1] += clock.work
        work["ours"][0] += trainer.read
        read, clock = standard_round(standard, tokenizer, spec, examples, folder / f"s{place}")
        speed["standard"][0] += read
        speed["standard"][1] += clock.seconds
        work["standard"][0] += read
        work["standard"][1] += clock.work
    rates = {name: read / seconds for name, (read, seconds) in speed.items()}
    loads = {name: read / seconds for name, (read, seconds) in work.items()}
    return results | {
        "speedup": rates["ours"] / rates["standard"],
        "speedup_cpu": loads["ours"] / loads["standard"],
        "pieces_a_second_ours": rates["ours"],
        "pieces_a_second_standard": rates["standard"],
        "loss_ours": held_out_loss(ours, objective, held_out),
        "loss_standard": held_out_loss(standard, objective, held_out),
        "peak_memory_gb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6,
    }


def standard_round(
    model: Any, tokenizer: Any, spec: CptSpec, examples: list[Any], folder: Path
) -> tuple[float, Clock]:
    """One round of the standard recipe: pieces of text read, and the time it took."""
    mean = sum(len(example.pieces) for example in examples) / len(examples)
    parts = max(1, round(spec.tokens_per_step / mean / BATCH))
    padded = [
        tokenizer.pad({"input_ids": e.pieces}, padding="max_length", max_length=spec.max_length)
        for e in examples
    ]
    trainer = Trainer(
        model=model,
        args=TrainingArguments(
            output_dir=str(folder),
            max_steps=spec.steps,
            per_device_train_batch_size=BATCH,
            gradient_accumulation_steps=parts,
            learning_rate=spec.learning_rate,
            lr_scheduler_type="cosine",
            warmup_steps=max(1, spec.steps // 20),
            weight_decay=0.01,
            save_strategy="no",
            report_to="none",
            disable_tqdm=True,
            log_level="error",
            dataloader_pin_memory=False,
        ),
        train_dataset=padded,
        data_collator=DataCollatorForLanguageModeling(tokenizer, mlm_probability=spec.mask_share),
    )
    trainer.remove_callback(PrinterCallback)
    clock = Clock()
    trainer.add_callback(clock)
    trainer.train()
    return spec.steps * parts * BATCH * mean, clock


class Clock(TrainerCallback):
    """Seconds, and seconds of processor time, from the beginning of training to the end of its last step."""

    def on_train_begin(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        self._began, self._began_work = time.perf_counter(), time.process_time()

    def on_step_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        self.seconds = time.perf_counter() - self._began
        self.work = time.process_time() - self._began_work


@torch.inference_mode()
def held_out_loss(model: Any, objective: Objective, lines: list[str]) -> float:
    """Mean loss over the asked pieces of held-out sentences, nats."""
    model.eval()
    batches = objective.held_out(lines)
    return sum(float(surprise(model, b)) for b in batches) / sum(
        int((b["labels"] != -100).sum()) for b in batches
    )


if __name__ == "__main__":
    main()
