"""What a live merge costs, as ratios to one `torch.add(out=)` over the same amount of memory.

    python benchmarks/merge.py            # XLM-R-base shape, three task vectors, mergekit and the stream
    python benchmarks/merge.py --quick    # fewer rounds, without mergekit and the stream

Random weights in the shape of XLM-R-base (278.3 M float32 with its embeddings, 2 threads). Rounds are
interleaved and medians compared, so a busy machine moves both sides of a ratio. Ratios:

    lambda    λ changes, one task vector, density 1
    density   density changes, TIES, one task vector: every round asks for a density not asked before,
              while the slider moves (threshold to one bin, 1/256); exact: the same when it rests
    two       λ changes, TIES, two task vectors      three: likewise
    rows      λ changes, encoder and 5,000 of the 250,002 rows of the embedding
    anatomy   lengths, energies and rows of one task vector, and its agreement with a second
    stats     once per task vector: the histograms that thresholds are read from
    memory    peak memory of building and moving a live merge, in units of base + τ + merged

`mergekit_ties_over_ours` is the time of the whole mergekit command, as `make setup` installs it, over that
of one density change. The last line is JSON; what was left out is null.
"""

from __future__ import annotations

import argparse
import json
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

import torch
from safetensors.torch import save_file
from torch import Tensor

from codemix_lab.config import TrimScope
from codemix_lab.merging.anatomy import agreement, lengths, moved_rows
from codemix_lab.merging.live import LiveMerge
from codemix_lab.merging.recipe import Recipe
from codemix_lab.merging.task_vector import TaskVector
from codemix_lab.merging.thresholds import Thresholds

VOCABULARY, HIDDEN, LAYERS, INNER, POSITIONS = 250_002, 768, 12, 3072, 514
EMBEDDING = "embeddings.word_embeddings.weight"
ROWS_IN_USE = 5_000
CONFIG = {
    "architectures": ["XLMRobertaModel"],
    "model_type": "xlm-roberta",
    "vocab_size": VOCABULARY,
    "hidden_size": HIDDEN,
    "num_hidden_layers": LAYERS,
    "num_attention_heads": 12,
    "intermediate_size": INNER,
    "max_position_embeddings": POSITIONS,
    "type_vocab_size": 1,
    "torch_dtype": "float32",
}


def main() -> None:
    """Measure, print a table and one line of JSON."""
    parser = argparse.ArgumentParser(description="Ratios of live merging to one torch.add(out=).")
    parser.add_argument("--quick", action="store_true", help="fewer rounds, without mergekit and the stream")
    parser.add_argument("--rounds", type=int, help="rounds of every measurement (7, quick: 3)")
    options = parser.parse_args()
    torch.set_num_threads(2)
    torch.manual_seed(0)

    rounds = options.rounds or (3 if options.quick else 7)
    results, density_seconds = measure(rounds)
    results |= dict.fromkeys(("mergekit_ties_over_ours", "stream_over_copy", "stream_peak_gb"))
    if not options.quick:
        results["mergekit_ties_over_ours"] = mergekit_seconds() / density_seconds
        from stream import measure_stream

        results |= measure_stream()

    print(f"{'measure':<26}{'ratio':>8}")
    for name, value in results.items():
        print(f"{name:<26}{'–' if value is None else format(value, '.2f'):>8}")
    print(json.dumps({key: value and round(value, 3) for key, value in results.items()}))


def measure(rounds: int) -> tuple[dict[str, float | None], float]:
    """Ratios to the unit for up to three task vectors, and the seconds of one density change."""
    warm_up()
    before = peak_bytes()
    vectors = [TaskVector(random_state(1e-3))]
    live = LiveMerge(random_state(0.02), vectors)
    for scope in TrimScope:
        move(live, 0.5, 0.2, scope)
    vector = vectors[0]
    memory = (peak_bytes() - before) / (3 * vector.flat.nbytes)

    other, out = torch.empty_like(vector.flat).normal_(), torch.zeros_like(vector.flat)

    def unit() -> None:
        torch.add(vector.flat, other, out=out)

    seconds = seconds_of_one(live, vector, unit, rounds)
    ratios: dict[str, float | None] = {
        key: value / seconds["unit"] for key, value in seconds.items() if key != "unit"
    }
    del live
    for key in ("two_ratio", "three_ratio"):
        vectors.append(TaskVector(random_state(1e-3)))
        several = LiveMerge(vector.layout.views(other), vectors)
        ratios[key] = ratio_of_many(several, unit, rounds)
        del several
        if key == "two_ratio":
            ratios["anatomy_ratio"] = ratio_of_anatomy(vector.layout.views(other), vectors, unit, rounds)
    return ratios | {"memory_ratio": memory}, seconds["density_ratio"]


def seconds_of_one(
    live: LiveMerge, vector: TaskVector, unit: Callable[[], object], rounds: int
) -> dict[str, float]:
    """Medians of everything that is measured with one task vector."""
    scalings, densities, resting = walk(0.1, 1.4), walk(0.02, 0.5), walk(0.5, 0.98)
    rows = {EMBEDDING: torch.randperm(VOCABULARY)[:ROWS_IN_USE].tolist()}
    return medians(
        rounds,
        unit=unit,
        lambda_ratio=lambda: move(live, next(scalings), 1.0),
        density_ratio=lambda: move(live, 0.6, next(densities), exact=False),
        exact_ratio=lambda: move(live, 0.6, next(resting)),
        rows_ratio=lambda: move(live, next(scalings), 1.0, rows=rows),
        stats_ratio=lambda: Thresholds(vector.flat, vector.layout).of(Recipe(1.0, 0.5), exact=False),
    )


def ratio_of_many(live: LiveMerge, unit: Callable[[], object], rounds: int) -> float:
    """A change of λ with several task vectors, over the unit."""
    scalings = walk(0.1, 1.4)
    seconds = medians(rounds, unit=unit, merge=lambda: move(live, next(scalings), 0.2))
    return seconds["merge"] / seconds["unit"]


def ratio_of_anatomy(
    base: Mapping[str, Tensor], vectors: Sequence[TaskVector], unit: Callable[[], object], rounds: int
) -> float:
    """All tables that the anatomy has of one task vector and of a pair, over the unit."""

    def take_apart() -> None:
        lengths(base, vectors[0])
        moved_rows(vectors[0], {})
        agreement({"one": vectors[0], "two": vectors[1]})

    seconds = medians(rounds, unit=unit, anatomy=take_apart)
    return seconds["anatomy"] / seconds["unit"]


def move(
    live: LiveMerge,
    scaling: float,
    density: float,
    scope: TrimScope = TrimScope.TENSOR,
    exact: bool = True,
    rows: Mapping[str, Sequence[int]] | None = None,
) -> None:
    """Move the sliders once."""
    with live.at(scaling, density, scope=scope, exact=exact, rows=rows):
        pass


def walk(low: float, high: float) -> Iterator[float]:
    """Slider positions in steps of 0.01, there and around again."""
    while True:
        yield from (round(low + i / 100, 2) for i in range(round((high - low) * 100)))


def medians(rounds: int, **actions: Callable[[], object]) -> dict[str, float]:
    """Median seconds of every action; each round runs all of them once, after a round unmeasured."""
    seconds: dict[str, list[float]] = {name: [] for name in actions}
    for number in range(rounds + 1):
        for name, action in actions.items():
            start = time.perf_counter()
            action()
            if number:
                seconds[name].append(time.perf_counter() - start)
    return {name: statistics.median(values) for name, values in seconds.items()}


def warm_up() -> None:
    """Have all kernels compiled."""
    small = {EMBEDDING: torch.randn(300, 300)}
    for count in (1, 2, 3):
        live = LiveMerge(small, [small] * count)
        for scope in TrimScope:
            move(live, 0.5, 0.2, scope)


def peak_bytes() -> int:
    """Largest resident memory of this process so far (Linux counts in kibibytes, macOS in bytes)."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def shapes() -> Iterator[tuple[str, tuple[int, ...]]]:
    """Names and shapes of XLM-R-base's backbone, pooler included."""

    def pair(name: str, *shape: int) -> Iterator[tuple[str, tuple[int, ...]]]:
        yield f"{name}.weight", shape
        yield f"{name}.bias", shape[:1]

    yield EMBEDDING, (VOCABULARY, HIDDEN)
    yield "embeddings.position_embeddings.weight", (POSITIONS, HIDDEN)
    yield "embeddings.token_type_embeddings.weight", (1, HIDDEN)
    yield from pair("embeddings.LayerNorm", HIDDEN)
    for number in range(LAYERS):
        layer = f"encoder.layer.{number}"
        for part in ("self.query", "self.key", "self.value", "output.dense"):
            yield from pair(f"{layer}.attention.{part}", HIDDEN, HIDDEN)
        yield from pair(f"{layer}.attention.output.LayerNorm", HIDDEN)
        yield from pair(f"{layer}.intermediate.dense", INNER, HIDDEN)
        yield from pair(f"{layer}.output.dense", HIDDEN, INNER)
        yield from pair(f"{layer}.output.LayerNorm", HIDDEN)
    yield from pair("pooler.dense", HIDDEN, HIDDEN)


def random_state(spread: float) -> dict[str, Tensor]:
    """Normally distributed weights in XLM-R-base's shapes."""
    return {name: torch.empty(shape).normal_(0, spread) for name, shape in shapes()}


def mergekit_seconds() -> float:
    """Wall time of `mergekit-yaml` for TIES with one task vector, density 0.2, on a checkpoint on disk."""
    command = Path(sys.executable).with_name("mergekit-yaml")
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        base = random_state(0.02)
        write_checkpoint(root / "base", base)
        for tensor in base.values():
            tensor.add_(torch.empty_like(tensor).normal_(0, 1e-3))
        write_checkpoint(root / "adapted", base)
        recipe = {
            "merge_method": "ties",
            "base_model": str(root / "base"),
            "models": [{"model": str(root / "adapted"), "parameters": {"density": 0.2, "weight": 0.6}}],
            "dtype": "float32",
        }
        (root / "recipe.yaml").write_text(json.dumps(recipe))
        start = time.perf_counter()
        subprocess.run(
            [command, root / "recipe.yaml", root / "merged"], check=True, stdout=subprocess.DEVNULL
        )
        return time.perf_counter() - start


def write_checkpoint(folder: Path, state: dict[str, Tensor]) -> None:
    """A model folder as mergekit reads it."""
    folder.mkdir()
    (folder / "config.json").write_text(json.dumps(CONFIG))
    save_file(state, folder / "model.safetensors", metadata={"format": "pt"})


if __name__ == "__main__":
    main()
