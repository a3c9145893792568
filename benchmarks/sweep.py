"""How much of the cores a sweep uses: 40 short runs by the local engine, from the command to the last result.

    python benchmarks/sweep.py           # 40 runs
    python benchmarks/sweep.py --quick   # 12 runs

`codemix-lab sweep` runs in a process of its own and a workspace of its own, with a worker for each core;
this process looks at the claims a hundred times a second, which say who is at which run and since when.

    share     seconds that workers are at runs, over workers × seconds from the command to the last result
    start_s   from the command to the first run: Python, the libraries, the plan
    gap_s     mean time of a worker between two runs
    tail_s    mean time that a worker has nothing left while the last run is under way
    exit_s    from the last result to the end of the command
    run_s     mean length of a run

A run fine-tunes the starter on a few sentences. The last line is JSON.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from pathlib import Path

import yaml

RUN = {"regime": "full", "task": "en-hi", "train_size": 24, "epochs": 2, "score_size": 24}
_LOOK = 0.01


def main() -> None:
    """Sweep, print a table and one line of JSON."""
    parser = argparse.ArgumentParser(description="Share of the cores that a sweep of short runs uses.")
    parser.add_argument("--quick", action="store_true", help="fewer runs")
    parser.add_argument(
        "--workers", type=int, default=len(os.sched_getaffinity(0)), help="default: the cores"
    )
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        found = measure(Path(folder), 12 if options.quick else 40, options.workers)
    for name, value in found.items():
        print(f"{name:<10}{value:>10.3f}")
    print(json.dumps({name: round(value, 3) for name, value in found.items()}))


def measure(folder: Path, runs: int, workers: int) -> dict[str, float]:
    """One sweep in an empty workspace."""
    spec = folder / "sweep.yaml"
    spec.write_text(yaml.safe_dump({"run": RUN, "over": {"seed": list(range(runs))}}))
    command = [sys.executable, "-m", "codemix_lab", "sweep", str(spec), "--workers", str(workers), "--json"]
    began = time.perf_counter()
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, env={**os.environ, "CODEMIX_LAB_WORKSPACE": str(folder)}
    )
    spans = watched(process, folder / "runs" / ".claims", began)
    ended = time.perf_counter() - began
    told = json.loads((process.communicate()[0] or b"{}").splitlines()[-1])
    if told["done"] != runs:
        raise SystemExit(f"only {told['done']} of {runs} runs were done")
    every = [span for own in spans.values() for span in own]
    last = max(end for _, end in every)
    gaps = [
        after - end
        for own in spans.values()
        for (_, end), (after, _) in zip(sorted(own), sorted(own)[1:], strict=False)
    ]
    busy = sum(end - start for start, end in every)
    return {
        "runs": runs,
        "workers": workers,
        "share": busy / (workers * last),
        "wall_s": last,
        "start_s": min(start for start, _ in every),
        "gap_s": sum(gaps) / max(1, len(gaps)),
        "tail_s": sum(last - max(end for _, end in own) for own in spans.values()) / len(spans),
        "exit_s": ended - last,
        "run_s": busy / len(every),
    }


def watched(
    process: subprocess.Popen[bytes], claims: Path, began: float
) -> dict[int, list[tuple[float, float]]]:
    """Start and end of every run that was seen, by the number of the process that did it."""
    spans: defaultdict[int, list[tuple[float, float]]] = defaultdict(list)
    held: dict[str, tuple[int, float]] = {}
    while process.poll() is None or held:
        now = time.perf_counter() - began
        there = {path.name: path for path in claims.glob("[0-9a-f]*")} if process.poll() is None else {}
        for name in held.keys() - there.keys():
            pid, start = held.pop(name)
            spans[pid].append((start, now))
        for name in there.keys() - held.keys():
            try:
                held[name] = int(json.loads(there[name].read_text())["pid"]), now
            except (OSError, ValueError):
                continue
        time.sleep(_LOOK)
    return dict(spans)


if __name__ == "__main__":
    main()
