"""What a streamed merge of a large checkpoint costs, in plain copies of the same bytes.

    python benchmarks/stream.py               # Llama shape, 2.9 billion bfloat16 parameters, 18 GB of disk
    python benchmarks/stream.py --quick       # 0.1 billion
    python benchmarks/stream.py --mergekit    # also mergekit on files of 0.1 billion

Random weights in shards of 2 GB, made first and deleted after; 2 threads. The plain copy handles the bytes
that any merge of one task vector has to: it reads base and adapted once and writes one file of their size
(6 bytes a parameter). It is one thread's, in the kernel: `shutil.copyfile` of the base, and a reading of the
adapted checkpoint. TIES reads both twice, which the copy does not. Neither waits for the disk at the end
(no fsync). Rounds are interleaved, medians compared.

    stream_over_copy      TIES, one task vector, density 0.2, over the copy (task_over_copy: task arithmetic)
    stream_peak_gb        largest anonymous resident memory, so without the page cache, of the whole process
    mergekit_over_stream  mergekit's own trimming, read and written by our code, over our TIES on the same files
                          of 0.1 billion parameters: its argsort takes minutes on larger ones
    *_cpu_ns              processor time of the whole process in nanoseconds a parameter, which other
                          work on the machine does not change

The last line is JSON.
"""

from __future__ import annotations

import argparse
import json
import math
import shutil
import statistics
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import torch
from torch import Tensor

from codemix_lab.merging.export import export_merged
from codemix_lab.merging.recipe import Recipe
from codemix_lab.merging.shards import Shape, ShardWriter, plan, write_index
from codemix_lab.merging.sources import FileTaskVector
from codemix_lab.merging.stream import StreamedMerge
from codemix_lab.models.weights import open_weights

SHARD = 2_000_000_000
FULL = {"vocabulary": 128_256, "hidden": 2560, "inner": 6912, "layers": 32}
SMALL = {"vocabulary": 32_000, "hidden": 768, "inner": 3072, "layers": 8}


def main() -> None:
    """Measure, print a table and one line of JSON."""
    parser = argparse.ArgumentParser(description="Streamed merging over plain copies of the same bytes.")
    parser.add_argument("--quick", action="store_true", help="0.1 billion parameters")
    parser.add_argument(
        "--mergekit", action="store_true", help="also mergekit's TIES, 0.1 billion parameters"
    )
    parser.add_argument("--rounds", type=int, default=1, help="rounds of every measurement")
    parser.add_argument("--folder", help="where to put the files; default: the system's temporary folder")
    options = parser.parse_args()
    torch.set_num_threads(2)
    results = measure_stream(options.quick, options.rounds, options.folder)
    if options.mergekit:
        results["mergekit_over_stream"] = mergekit_over_stream(options.folder)
    print(f"{'measure':<26}{'value':>10}")
    for name, value in results.items():
        print(f"{name:<26}{value:>10.2f}")
    print(json.dumps({key: round(value, 3) for key, value in results.items()}))


def measure_stream(quick: bool = False, rounds: int = 1, folder: str | None = None) -> dict[str, float]:
    """Make the checkpoints, measure, delete them; keys as in the module's docstring."""
    shapes = dict(llama(**(SMALL if quick else FULL)))
    parameters = sum(math.prod(shape.shape) for shape in shapes.values())
    with tempfile.TemporaryDirectory(dir=folder) as place:
        root = Path(place)
        make_both(root, shapes)
        actions: dict[str, Callable[[], object]] = {
            "copy": lambda: copy(root),
            "ties": lambda: merge(root, Recipe(0.6, 0.2, "ties")),
            "task": lambda: merge(root, Recipe(0.6, 1.0, "task-arithmetic")),
        }
        merge(root, Recipe(0.6, 0.2, "ties"), warm=True)
        seconds: dict[str, list[float]] = {name: [] for name in actions}
        busy: dict[str, list[float]] = {name: [] for name in actions}
        peak = 0.0
        for _ in range(rounds):
            for name, action in actions.items():
                with Peak() as memory:
                    start, used = time.perf_counter(), time.process_time()
                    action()
                    seconds[name].append(time.perf_counter() - start)
                    busy[name].append(time.process_time() - used)
                if name in ("ties", "task"):
                    peak = max(peak, memory.gigabytes)
                shutil.rmtree(root / "out", ignore_errors=True)
    median = {name: statistics.median(times) for name, times in seconds.items()}
    results = {
        "parameters_billion": parameters / 1e9,
        "copy_seconds": median["copy"],
        "stream_over_copy": median["ties"] / median["copy"],
        "task_over_copy": median["task"] / median["copy"],
        "stream_peak_gb": peak,
    }
    return results | {
        f"{name}_cpu_ns": statistics.median(times) / parameters * 1e9 for name, times in busy.items()
    }


def mergekit_over_stream(folder: str | None = None) -> float:
    """Seconds of mergekit's TIES over those of ours, on small files."""
    seconds = []
    with tempfile.TemporaryDirectory(dir=folder) as place:
        root = Path(place)
        make_both(root, dict(llama(**SMALL)))
        merge(root, Recipe(0.6, 0.2, "ties"), warm=True)
        for action in (lambda: merge(root, Recipe(0.6, 0.2, "ties")), lambda: mergekit_ties(root)):
            start = time.perf_counter()
            action()
            seconds.append(time.perf_counter() - start)
            shutil.rmtree(root / "out")
    return seconds[1] / seconds[0]


def make_both(root: Path, shapes: dict[str, Shape]) -> None:
    """A base and an adapted checkpoint."""
    make(root / "base", shapes, None)
    make(root / "adapted", shapes, root / "base")


def llama(vocabulary: int, hidden: int, inner: int, layers: int) -> Iterator[tuple[str, Shape]]:
    """Names and shapes of a Llama with tied embeddings."""

    def one(name: str, *shape: int) -> tuple[str, Shape]:
        return f"model.{name}.weight", Shape(shape, torch.bfloat16)

    yield one("embed_tokens", vocabulary, hidden)
    for number in range(layers):
        layer = f"layers.{number}"
        yield one(f"{layer}.input_layernorm", hidden)
        for part in "qkvo":
            yield one(f"{layer}.self_attn.{part}_proj", hidden, hidden)
        yield one(f"{layer}.post_attention_layernorm", hidden)
        yield one(f"{layer}.mlp.gate_proj", inner, hidden)
        yield one(f"{layer}.mlp.up_proj", inner, hidden)
        yield one(f"{layer}.mlp.down_proj", hidden, inner)
    yield one("norm", hidden)


def make(folder: Path, shapes: dict[str, Shape], base: Path | None) -> None:
    """Random weights, or those of `base` moved a little."""
    folder.mkdir()
    (folder / "config.json").write_text("{}")
    noise = torch.empty(1 << 24).normal_(0, 0.02 if base is None else 1e-3)
    before = None if base is None else open_weights(base)

    def values(name: str, shape: Shape) -> Tensor:
        size = math.prod(shape.shape)
        flat = torch.empty(size, dtype=torch.bfloat16)
        for start in range(0, size, len(noise)):
            part = noise[: size - start]
            if before is not None:
                part = part + before[name].reshape(-1)[start : start + len(part)]
            flat[start : start + len(part)] = part
        return flat

    shards = plan(shapes, SHARD)
    for file, names in shards.items():
        with ShardWriter(folder / file, {name: shapes[name] for name in names}, {}) as writer:
            for name in names:
                writer.write(values(name, shapes[name]))
    if len(shards) > 1:
        write_index(folder, shards, sum(shape.bytes for shape in shapes.values()))


def merge(root: Path, recipe: Recipe, warm: bool = False) -> None:
    """Merge adapted into base as the export does; `warm` only compiles, on one tensor."""
    base = open_weights(root / "base")
    merged = StreamedMerge(
        base, [FileTaskVector(base, open_weights(root / "adapted"), "adapted")], recipe, {}
    )
    if warm:
        list(merged.pieces("model.layers.0.self_attn.q_proj.weight"))
        return
    export_merged(root / "out", root / "base", merged, {}, shard_bytes=SHARD)


def copy(root: Path) -> None:
    """Read base and adapted, write the bytes of the base."""
    (root / "out").mkdir()
    buffer = bytearray(1 << 24)
    for path in (root / "base").glob("*.safetensors"):
        shutil.copyfile(path, root / "out" / path.name)
    for path in (root / "adapted").glob("*.safetensors"):
        with path.open("rb", buffering=0) as file:
            while file.readinto(buffer):
                pass


def mergekit_ties(root: Path) -> None:
    """mergekit's sparsification and merge of every tensor, with our reader and writer around it."""
    from mergekit.sparsify import SparsificationMethod, sparsify

    base, adapted = open_weights(root / "base"), open_weights(root / "adapted")
    shapes = {name: Shape(tuple(tensor.shape), tensor.dtype) for name, tensor in base.items()}
    (root / "out").mkdir()
    for file, names in plan(shapes, SHARD).items():
        with ShardWriter(root / "out" / file, {name: shapes[name] for name in names}, {}) as writer:
            for name in names:
                before = base[name].to(torch.float32)
                delta = adapted[name].to(torch.float32) - before
                kept = sparsify(delta, density=0.2, method=SparsificationMethod.magnitude)
                writer.write((before + kept * 0.6).to(torch.bfloat16))


class Peak:
    """The largest anonymous resident memory while the block runs (Linux)."""

    gigabytes = 0.0

    def __enter__(self) -> Peak:
        self._ended = threading.Event()
        self._watch = threading.Thread(target=self._look, daemon=True)
        self._watch.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._watch.join()

    def _look(self) -> None:
        status = Path("/proc/self/status")
        while not self._ended.wait(0.01):
            lines = status.read_text().splitlines()
            size = next((line.split()[1] for line in lines if line.startswith("RssAnon")), "0")
            self.gigabytes = max(self.gigabytes, int(size) * 1024 / 1e9)


if __name__ == "__main__":
    main()
