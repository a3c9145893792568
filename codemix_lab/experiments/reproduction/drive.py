"""From a `ReproduceSpec` to its tables: runs that the store lacks are done, the rest is read."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from codemix_lab.config import Preset, Regime, ReproduceSpec, RunSpec, Spec
from codemix_lab.experiments.engines import Engine, Plan, State
from codemix_lab.experiments.label_ground import Ground, check_sizes, grounds
from codemix_lab.experiments.regimes.few_shot import read_split
from codemix_lab.experiments.regimes_table import Comparison, compare_regimes
from codemix_lab.experiments.reproduction.rows import FULL, Rows, rows_of
from codemix_lab.experiments.run import Run
from codemix_lab.experiments.store import RunStore
from codemix_lab.progress import Progress, ShouldStop


@dataclass(frozen=True, eq=False)
class Table:
    """One table: its task, train size and split, the runs by row and seed, and what was left out and why.

    `split` is "test", "dev" for a task without a test split, or what `few_shot.target_split` says of a
    transfer target.
    """

    task: str
    train_size: int
    split: str
    runs: dict[str, dict[int, Run]]
    left_out: dict[str, str]

    @cached_property
    def against_full(self) -> Comparison:
        """All rows held against full fine-tuning."""
        return compare_regimes(self.runs, FULL, self.split)

    @cached_property
    def against_cpt(self) -> Comparison | None:
        """All rows held against CPT → FT, where it was run."""
        name = Regime.CPT_FT.label
        return compare_regimes(self.runs, name, self.split) if name in self.runs else None


class Reproduction:
    """The runs of a preset: planned when made, done by an engine, read as tables.

    For transfer, labels and sizes are checked when it is made: raises `DataError` before anything is run.
    `asked` is the spec that people wrote, where it is not `spec` itself.
    """

    def __init__(self, spec: ReproduceSpec, store: RunStore | None = None, asked: Spec | None = None) -> None:
        self.spec, self.asked = spec, asked or spec
        self._cells: dict[tuple[int, int], tuple[Rows, dict[tuple[str, int], RunSpec]]] = {}
        for place, task in enumerate(spec.tasks):
            rows = rows_of(spec, task)
            for size in spec.train_sizes:
                self._cells[place, size] = rows, rows.runs(spec, task, size)
        seeds = range(spec.seeds)
        wanted = [
            run
            for seed in seeds
            for _, runs in self._cells.values()
            for (_, s), run in runs.items()
            if s == seed
        ]
        self.plan = Plan(wanted, store)
        self.state: State | None = None
        if spec.preset is Preset.TRANSFER:
            _ = self.ground

    @cached_property
    def ground(self) -> list[Ground]:
        """What each task shares with each target. Raises `DataError` as `grounds` and `check_sizes` do."""
        bench = self.plan.runs.bench
        tasks, targets = ([bench.task(t) for t in some] for some in (self.spec.tasks, self.spec.targets))
        found = grounds(tasks, targets)
        for size in self.spec.train_sizes:
            check_sizes(tasks, targets, size, self.spec.target_sizes)
        return found

    def run(
        self, engine: Engine, on_progress: Progress | None = None, should_stop: ShouldStop | None = None
    ) -> State:
        """Do what the store lacks. Raises `Cancelled`; the same again goes on from there."""
        self.state = engine.run(self.plan, on_progress, should_stop)
        return self.state

    def cells(self) -> Iterator[tuple[str, str, int, RunSpec]]:
        """Every run that is asked for as a row of a table: name of the task, row, train size and run."""
        for (place, size), (_, asked) in self._cells.items():
            task = self.plan.runs.bench.task(self.spec.tasks[place]).name
            for (row, _), run in asked.items():
                yield task, row, size, run

    def tables(self) -> list[Table]:
        """A table for every task, train size and scored split, of the runs that are finished now."""
        found = []
        for (place, size), (rows, asked) in self._cells.items():
            runs: dict[str, dict[int, Run]] = {}
            for (name, seed), spec in asked.items():
                if self.plan.is_done(spec) and (run := self.plan.runs.find(spec)) is not None:
                    runs.setdefault(name, {})[seed] = run
            name = self.plan.runs.bench.task(self.spec.tasks[place]).name
            found += [Table(name, size, split, runs, rows.left_out) for split in self._splits(runs)]
        return found

    def _splits(self, runs: dict[str, dict[int, Run]]) -> list[str]:
        there = {split for seeds in runs.values() for run in seeds.values() for split in run.metrics}
        full = {split for run in runs.get(FULL, {}).values() for split in run.metrics}
        usable = there & full
        if self.spec.preset is Preset.TRANSFER:
            carried = {split: told for split in usable if (told := read_split(split)) is not None}
            order = [self.plan.runs.bench.task(target).name for target in self.spec.targets]
            return sorted(carried, key=lambda split: (order.index(carried[split][0]), carried[split][1]))
        return ["test"] if "test" in usable else ["dev"] if "dev" in usable else []


def reproduce(
    spec: ReproduceSpec,
    engine: Engine,
    store: RunStore | None = None,
    on_progress: Progress | None = None,
    should_stop: ShouldStop | None = None,
) -> Reproduction:
    """Run a preset to its end. Raises `Cancelled`, `DataError`, `CheckpointError` and `StorageError`."""
    made = Reproduction(spec, store)
    made.run(engine, on_progress, should_stop)
    return made
