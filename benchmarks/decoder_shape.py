"""A decoder of the shape of Llama-3.2-1B through the whole line, and the memory each step takes.

    python benchmarks/decoder_shape.py            # 1.24 billion random weights in bfloat16
    python benchmarks/decoder_shape.py --quick    # two layers, 512 wide

Every step is a command of its own, as a user would type it: CPT (LoRA, three steps), the task vector's
anatomy, a TIES merge written as a model folder, and LoRA fine-tuning of that merge on the starter task
(three steps). The weights are random, so no score is asked for: only that each step ends, and in how much
memory. Tokenizer: the starter decoder's (`codemix-lab starter --causal`).

    <step>_gb         largest resident memory of the command
    <step>_seconds    from its start to its end, libraries included
    peak_gb           the largest of all

The last line is JSON.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
from pathlib import Path

import torch
from transformers import AutoTokenizer, LlamaConfig, LlamaForCausalLM

from codemix_lab.models.starter.names import CAUSAL, base_folder

SHAPE = {
    "vocab_size": 128_256,
    "hidden_size": 2048,
    "intermediate_size": 8192,
    "num_hidden_layers": 16,
    "num_attention_heads": 32,
    "num_key_value_heads": 8,
    "tie_word_embeddings": True,
}
"""Llama-3.2-1B, by its published configuration."""
SMALL = {**SHAPE, "hidden_size": 512, "intermediate_size": 1024, "num_hidden_layers": 2}
FINE_TUNE = """
import sys
from pathlib import Path
from codemix_lab.config import FineTuneSpec, TaskSpec
from codemix_lab.training.finetune import fine_tune
model, out = sys.argv[1:]
spec = FineTuneSpec(model, TaskSpec("en-hi"), train_size=24, epochs=1, batch_size=8, max_length=48, lora=True)
result = fine_tune(spec, Path(out))
assert result.curve[-1]["step"] == 3, result.curve
"""


def main() -> None:
    """Make the weights, run the line, print a table and one line of JSON."""
    parser = argparse.ArgumentParser(description="A Llama-shaped decoder from CPT to fine-tuning.")
    parser.add_argument("--quick", action="store_true", help="two layers, 512 wide")
    parser.add_argument("--folder", help="where the weights go meanwhile (default: the temporary folder)")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=options.folder) as place:
        results = measure(Path(place), SMALL if options.quick else SHAPE)
    print(f"{'measure':<20}{'value':>10}")
    for name, value in results.items():
        print(f"{name:<20}{value:>10.2f}")
    print(json.dumps({name: round(value, 3) for name, value in results.items()}))


def measure(root: Path, shape: dict[str, int | bool]) -> dict[str, float]:
    """Gigabytes and seconds of each command; keys as in the module's docstring."""
    parameters = make(root / "base", shape)
    lab = [sys.executable, "-m", "codemix_lab"]
    given = ["--base", str(root / "base")]
    merged = [*given, "--adapted", str(root / "cpt")]
    pieces = ["--tokens-per-step", "256", "--max-length", "128", "--evaluate-every", "3"]
    steps = {
        "cpt": [*lab, "cpt", *given, "--corpus", "en-hi", "--lora", "--steps", "3", *pieces],
        "anatomy": [*lab, "anatomy", *merged],
        "merge": [*lab, "merge", *merged, "--method", "ties", "--density", "0.3"],
        "finetune": [sys.executable, "-c", FINE_TUNE, str(root / "merge"), str(root / "finetune")],
    }
    results = {"parameters_billion": parameters / 1e9}
    for name, command in steps.items():
        out = ["--out", str(root / name)] if name in ("cpt", "merge") else []
        seconds, peak = run([*command, *out])
        results |= {f"{name}_gb": peak, f"{name}_seconds": seconds}
    return results | {"peak_gb": max(value for name, value in results.items() if name.endswith("_gb"))}


def make(folder: Path, shape: dict[str, int | bool]) -> int:
    """A checkpoint of that shape with random weights; how many they are."""
    tokenizer = AutoTokenizer.from_pretrained(base_folder(CAUSAL))
    ends = {"bos_token_id": tokenizer.bos_token_id, "eos_token_id": tokenizer.eos_token_id}
    torch.set_default_dtype(torch.bfloat16)
    model = LlamaForCausalLM(LlamaConfig(**shape, **ends, dtype="bfloat16"))
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return model.num_parameters()


def run(command: list[str]) -> tuple[float, float]:
    """Seconds and largest resident gigabytes of a command; its output goes to stderr."""
    start = time.perf_counter()
    pid = os.posix_spawn(command[0], command, os.environ, file_actions=[(os.POSIX_SPAWN_DUP2, 2, 1)])
    _, status, usage = os.wait4(pid, 0)
    if status:
        raise SystemExit(f"{' '.join(command[:4])} … ended with {os.waitstatus_to_exitcode(status)}.")
    return time.perf_counter() - start, usage.ru_maxrss * 1024 / 1e9


if __name__ == "__main__":
    main()
