"""How long it takes to list a store of many runs, the first time and after that.

    python benchmarks/runs.py           # 10,000 runs
    python benchmarks/runs.py --quick   # 2,000 runs

    first_s   the first list of a store that the lab wrote
    again_s   best of five after that
    new_s     with ten runs that were put there from elsewhere
    lost_s    the journal of the store is lost: every record is read and its seal checked
    save_s    to save one run, all in all

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
from codemix_lab.experiments.run import Findings, RunKey
from codemix_lab.experiments.run_index import INDEX
from codemix_lab.experiments.store import RunStore


def main() -> None:
    """Write records, list them, print a table and one line of JSON."""
    parser = argparse.ArgumentParser(description="Seconds to list a store of runs.")
    parser.add_argument("--quick", action="store_true", help="fewer runs")
    count = 2_000 if parser.parse_args().quick else 10_000
    with tempfile.TemporaryDirectory() as folder:
        store = RunStore(Path(folder))
        began = time.perf_counter()
        fill(store, 0, count)
        save = (time.perf_counter() - began) / count
        first, again = seconds(store), min(seconds(store) for _ in range(5))
        kept = (store.root / INDEX).read_bytes()
        fill(store, count, count + 10)
        (store.root / INDEX).write_bytes(kept)
        new = seconds(store)
        (store.root / INDEX).unlink()
        lost = seconds(store)
        found = {
            "runs": count,
            "first_s": first,
            "again_s": again,
            "new_s": new,
            "lost_s": lost,
            "save_s": save,
        }
    for name, value in found.items():
        print(f"{name:<10}{value:>12.4f}")
    print(json.dumps({name: round(value, 4) for name, value in found.items()}))


def fill(store: RunStore, first: int, last: int) -> None:
    """Runs with the scores of a real one, their files left out, saved as the lab saves them."""
    scores = score(["a", "b", "c"] * 10, ["a", "c", "b"] * 10, ["a", "b", "c"], resamples=10)
    findings = Findings({"dev": scores, "test": scores}, {"start": "Full fine-tuning", "task": "en-hi"})
    for seed in range(first, last):
        key = RunKey("regime", RunSpec("full", "en-hi", seed=seed), ("f" * 64, "d" * 64))
        store.save(key, lambda _: findings)


def seconds(store: RunStore) -> float:
    """One listing."""
    began = time.perf_counter()
    store.list()
    return time.perf_counter() - began


if __name__ == "__main__":
    main()
