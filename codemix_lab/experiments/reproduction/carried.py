"""Transfer: the experiment of a `TransferSpec`, and its results as one tidy table and as maps.

The runs, their plan and the report are those of the preset `transfer`; nothing is run a second way.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pandas as pd

from codemix_lab.config import RunSpec, TaskSpec, TransferSpec
from codemix_lab.evaluation.paired import holm
from codemix_lab.experiments.engines import Engine
from codemix_lab.experiments.label_ground import mapped
from codemix_lab.experiments.mixing_patterns import MEASURED, differ_most, mixing_of, side_by_side
from codemix_lab.experiments.regimes.few_shot import read_split
from codemix_lab.experiments.regimes_table import records
from codemix_lab.experiments.reproduction.drive import Reproduction, Table
from codemix_lab.experiments.reproduction.heat import heat_map
from codemix_lab.experiments.reproduction.rows import FULL
from codemix_lab.experiments.reproduction.section import Section
from codemix_lab.experiments.store import RunStore
from codemix_lab.progress import Progress, ShouldStop, report
from codemix_lab.text.tasks import open_task

COLUMNS = [
    "source",
    "target",
    "target_size",
    "regime",
    "seeds",
    "macro_f1",
    "low",
    "high",
    "sd",
    "difference",
    "difference_low",
    "difference_high",
    "p_t",
    "p_flip",
    "p_holm",
]
SURE = 0.05
MAP = "A star marks a difference beyond chance after Holm's correction over the whole map; a dash was not scored."


def transfer_experiment(spec: TransferSpec, store: RunStore | None = None) -> Reproduction:
    """The runs that a spec asks for, planned and checked.

    Raises `DataError` where labels, sizes or names cannot work, before anything is run.
    """
    asked = dict.fromkeys((*spec.sources, *spec.targets, *(() if spec.english is None else (spec.english,))))
    known = mapped({task: open_task(task) for task in asked}, spec.mapping)
    sources, targets = (tuple(known[task] for task in some) for some in (spec.sources, spec.targets))
    english = known.get(spec.english) if spec.english else None
    return Reproduction(spec.reproduction(sources, targets, english), store, spec)


def run_transfer(
    made: Reproduction,
    engine: Engine,
    on_progress: Progress | None = None,
    should_stop: ShouldStop | None = None,
    on_row: Callable[[dict[str, Any]], None] | None = None,
) -> pd.DataFrame:
    """Do what the store lacks → `tidy`. Raises `Cancelled`; the same again goes on from there.

    `on_row` is told each score as soon as its run is finished: source, target, target_size, regime, seed, macro_f1.
    """
    told: set[tuple[str, str, int, int]] = set()

    def listen(done: int, total: int, what: str) -> None:
        for task, row, size, run in made.cells():
            key = (task, row, size, run.seed)
            if on_row is None or key in told or not made.plan.is_done(run):
                continue
            told.add(key)
            for score in _scores_of(made, task, row, run):
                on_row(score)
        report(on_progress, done, total, what)

    made.run(engine, listen, should_stop)
    listen(1, 1, "")
    return tidy(made.tables())


def _scores_of(made: Reproduction, task: str, row: str, run: RunSpec) -> Iterator[dict[str, Any]]:
    found = made.plan.runs.find(run)
    for split, scores in ({} if found is None else found.metrics).items():
        target, size = read_split(split) or ("", 0)
        if target and (target != task or not size):
            cell = {"source": task, "target": target, "target_size": size, "regime": row, "seed": run.seed}
            yield {**cell, "macro_f1": scores.macro_f1}


def tidy(tables: Sequence[Table]) -> pd.DataFrame:
    """One row a cell, `COLUMNS`: macro-F1 with its 95 % interval over seeds, and the paired difference to
    full fine-tuning on the same source, test task and number of target sentences.

    `p_holm` is corrected over all cells. Scores and differences lie in −1 … 1; what one seed cannot tell is NaN.
    """
    rows = []
    for table in tables:
        target, size = read_split(table.split) or (table.task, 0)
        found = table.against_full
        differences = {row.name: row for row in records(found.differences)}
        for score in records(found.scores):
            other = differences.get(score.name)
            told = (math.nan,) * 5
            if other is not None:
                told = (other.difference, other.low, other.high, other.p_t, other.p_flip)
            values = (score.name, score.n, score.mean, score.low, score.high, score.sd)
            rows.append((table.task, target, size, *values, *told, math.nan))
    frame = pd.DataFrame(rows, columns=COLUMNS)
    tested = frame["p_t"].notna()
    frame.loc[tested, "p_holm"] = holm(frame.loc[tested, "p_t"].tolist())
    return frame


def wide(table: pd.DataFrame, value: str) -> pd.DataFrame:
    """A column of `tidy` as a map: regimes (and train tasks, where there are several) by test tasks and sizes.

    >>> cells = [("en-hi", "en-ta", 0, "Full", 0.5), ("en-hi", "en-ta", 20, "Full", 0.6)]
    >>> wide(pd.DataFrame(cells, columns=["source", "target", "target_size", "regime", "macro_f1"]), "macro_f1").to_dict()
    {'en-ta': {'Full': 0.5}, 'en-ta +20': {'Full': 0.6}}
    """
    one = table["source"].nunique() == 1
    row = table["regime"] if one else table["source"] + ": " + table["regime"]
    sizes = table["target_size"].map(lambda size: f" +{size}" if size else "")
    cells = table.assign(row=row, column=table["target"] + sizes)
    found = cells.pivot_table(
        index="row", columns="column", values=value, sort=False, dropna=False, aggfunc="first"
    )
    return found.rename_axis(index=None, columns=None)


def difference_texts(table: pd.DataFrame) -> pd.DataFrame:
    """Points of the differences as a map, starred where they are beyond chance."""
    said = [
        "" if math.isnan(row.difference) else f"{100 * row.difference:+.1f}{'*' * (row.p_holm < SURE)}"
        for row in records(table)
    ]
    said = [text.replace("-", "−") for text in said]
    return wide(table.assign(said=said), "said")


def transfer_sections(made: Reproduction, tables: Sequence[Table]) -> list[Section]:
    """Labels, both maps for each train size, and how the tasks mix."""
    found = [Section("Labels", [ground.said for ground in made.ground])]
    for size in made.spec.train_sizes:
        cells = tidy([table for table in tables if table.train_size == size])
        if cells.empty:
            continue
        held = cells[cells["regime"] != FULL]
        scores, differences = wide(cells, "macro_f1"), wide(held, "difference")
        written = scores.map(lambda value: "–" if math.isnan(value) else f"{value:.3f}")
        points = difference_texts(held).fillna("–").replace("", "–")
        told = f"{size:,} train sentences"
        found += [
            Section(
                f"Map of macro-F1: {told}",
                [
                    (
                        "Mean over seeds. A number behind a test task is how many of its labelled sentences fine-tuning "
                        "went on with; without one it is zero-shot."
                    )
                ],
                _named(written),
                heat_map(scores, written, "Macro-F1"),
                "Stronger colour is a higher score; a dash was not scored.",
            ),
            Section(
                f"Map of differences to full fine-tuning: {told}",
                [MAP.split(";", maxsplit=1)[0] + "."],
                _named(points),
                heat_map(differences, points, "Points of macro-F1 against full fine-tuning", around=0.0),
                MAP,
            ),
        ]
    return [*found, _mixing(made)]


def mixing_said(sources: Sequence[TaskSpec], targets: Sequence[TaskSpec]) -> tuple[pd.DataFrame, list[str]]:
    """Measures of the tasks side by side, and a sentence for each train and test task on where they differ most."""
    names = {task: open_task(task).name for task in dict.fromkeys((*sources, *targets))}
    table = side_by_side({name: mixing_of(task) for task, name in names.items()})
    said = [
        differ_most(names[source], mixing_of(source), names[target], mixing_of(target))
        for source in sources
        for target in targets
        if source != target
    ]
    return table, [sentence for sentence in said if sentence]


def _mixing(made: Reproduction) -> Section:
    table, said = mixing_said(made.spec.tasks, made.spec.targets)
    how = f"Of the first {MEASURED:,} train sentences, with language tags made by the tagger; a dash: no tagger for it."
    return Section("How the tasks mix", [how, *said], table)


def _named(cells: pd.DataFrame) -> pd.DataFrame:
    return cells.rename_axis("regime").reset_index()
