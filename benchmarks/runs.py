"""How long it takes to list a store of many runs, the first time and after that.

    python benchmarks/runs.py           # 10,000 runs
    python benchmarks/runs.py --quick   # 2,000 runs

    first_s   nothing is remembered: every record is read and its seal checked
    again_s   best of five once the index is there
    new_s     with ten new runs since the index was written

The last line is JSON.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from pathlib import Path

from codemix_lab.config import RunSpec
from codemix_lab.evaluation.metrics import score
from codemix_lab.experiments.run import Findings, RunKey, seal
from codemix_lab.experiments.store import RunStore


def main() -> None:
    """Write records, list them, print a table and one line of JSON."""
    parser = argparse.ArgumentParser(description="Seconds to list a store of runs.")
    parser.add_argument("--quick", action="store_true", help="fewer runs")
    count = 2_000 if parser.parse_args().quick else 10_000
    with tempfile.TemporaryDirectory() as folder:
        store = RunStore(Path(folder))
        fill(store, 0, count)
        first, again = seconds(store), min(seconds(store) for _ in range(5))
        fill(store, count, count + 10)
        found = {"runs": count, "first_s": first, "again_s": again, "new_s": seconds(store)}
    for name, value in found.items():
        print(f"{name:<10}{value:>10.3f}")
    print(json.dumps({name: round(value, 3) for name, value in found.items()}))


def fill(store: RunStore, first: int, last: int) -> None:
    """Records with the scores of a real run, their files left out."""
    scores = score(["a", "b", "c"] * 10, ["a", "c", "b"] * 10, ["a", "b", "c"], resamples=10)
    findings = Findings({"dev": scores, "test": scores}, {"start": "Full fine-tuning", "task": "en-hi"})
    for seed in range(first, last):
        key = RunKey("regime", RunSpec("full", "en-hi", seed=seed), ("f" * 64, "d" * 64))
        folder = store.root / key.id
        folder.mkdir()
        seal(folder, key, findings)


def seconds(store: RunStore) -> float:
    """One listing."""
    began = time.perf_counter()
    store.list()
    return time.perf_counter() - began


if __name__ == "__main__":
    main()
