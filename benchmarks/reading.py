"""How fast and in how much memory a JSONL of any size is profiled, beside only parsing it.

    python benchmarks/reading.py [--megabytes 500] [--quick]

The file is made of words of the starter corpus, 12 a row, in a temporary folder that is removed again.
The last line is one JSON object.
"""

from __future__ import annotations

import argparse
import json
import random
import resource
import tempfile
import time
from pathlib import Path

from codemix_lab.text.corpora import starter_corpus
from codemix_lab.text.profile import profile


def main() -> None:
    """Make the file, parse it, profile it, print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--megabytes", type=int, default=500)
    parser.add_argument("--quick", action="store_true", help="20 MB")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "big.jsonl"
        rows = write(path, (20 if asked.quick else asked.megabytes) << 20)
        before = peak()
        began = time.perf_counter()
        with path.open(encoding="utf-8") as file:
            for line in file:
                json.loads(line)
        parsed = time.perf_counter() - began
        began = time.perf_counter()
        found = profile(str(path))
        took = time.perf_counter() - began
        figures = {
            "megabytes": round(path.stat().st_size / 2**20),
            "rows": rows,
            "parse_seconds": round(parsed, 2),
            "profile_seconds": round(took, 2),
            "profile_over_parse": round(took / parsed, 2),
            "rows_a_second": round(rows / took),
            "peak_mb_before": round(before),
            "peak_mb": round(peak()),
        }
    assert found.rows == rows
    for name, value in figures.items():
        print(f"{name:>20} {value:>12,}")
    print(json.dumps(figures))


def write(path: Path, size: int) -> int:
    """Rows of id, text, label and split until the file has `size` bytes; returns how many."""
    rng, rows, written = random.Random(0), 0, 0
    words = [word for line in starter_corpus("en-hi") for word in line.split()]
    with path.open("w", encoding="utf-8") as file:
        while written < size:
            text = " ".join(rng.choices(words, k=12))
            label, split = ("positive", "negative", "neutral")[rows % 3], "train" if rows % 10 else "test"
            row = {"id": rows, "text": text, "label": label, "split": split}
            written += file.write(json.dumps(row, ensure_ascii=False) + "\n")
            rows += 1
    return rows


def peak() -> float:
    """Largest resident memory of this process so far, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    main()
