"""The numbers behind the lesson: two sentences read, the plane of three checkpoints, transfer to other pairs.

All of it is computed from checkpoints and kept as one small JSON file, so that the page *Learn* opens
without a model. One such file comes with the lab (`codemix-lab starter lesson`); for other checkpoints
a job makes it.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, astuple, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from codemix_lab import paths
from codemix_lab.config import MergeSpec, ProbeSpec, TaskSpec
from codemix_lab.errors import CodeMixLabError, DataError
from codemix_lab.evaluation.matrix_view import MatrixView, look_at, query_name
from codemix_lab.evaluation.npz import damaged
from codemix_lab.evaluation.plane import Plane, plane_through
from codemix_lab.evaluation.reading import Reading, read_words
from codemix_lab.evaluation.surface import Surface, Surprise, at_weights, surface, surprises
from codemix_lab.experiments.grids import SHIPPED, stamp
from codemix_lab.experiments.parts import part
from codemix_lab.experiments.store import content_key
from codemix_lab.progress import Progress, ShouldStop, raise_if_stopped
from codemix_lab.text.pairs import PAIRS
from codemix_lab.text.tasks import open_task, starter_tasks

if TYPE_CHECKING:
    import pandas as pd
    from transformers import PreTrainedTokenizerBase

    from codemix_lab.evaluation.merge_scorer import MergeScorer

STARTER = ("starter", ("starter:en-hi", "starter:en-es"))
TASKS = ("en-hi", "en-es")
"""Tasks that the starter's plane is scored on; the probe of the transfer learns on the first."""

SHARES = (-0.25, 0.0, 0.25, 0.5, 0.75, 1.0, 1.25)
SCALINGS = (0.0, 0.6, 1.0)
HEARD = 20
"""Held-out sentences of each kind that the surprise over the plane is measured on."""

SENTENCES = {
    "code-mixed": "delivery boy called five times for address, jabki pin bilkul gate pe tha",
    "monolingual": "The recipe says ten minutes, which is obviously a lie.",
}
"""Sentences of the held-out starter text: no continued pre-training has read them."""


@dataclass(frozen=True)
class Carried:
    """A probe that learnt on one pair, scored on `task` at one λ: macro-F1, and what it gains over λ = 0.

    Intervals are 95 % over sentences, paired for the gain.
    """

    task: str
    scaling: float
    n: int
    macro_f1: float
    low: float
    high: float
    gain: float
    gain_low: float
    gain_high: float


@dataclass(frozen=True)
class Lesson:
    """What the page shows for one base and two adapted checkpoints.

    `readings[kind][model]` reads the sentence `SENTENCES[kind]`, model "base" or "CPT"; empty where the
    base has no language-model head. `matrix` is one of the first task vector. `surprises` follow the grid of a surface. `surfaces` are by task, the first of them the one that the probe of
    `transfer` learnt on.
    """

    base: str
    adapted: tuple[str, str]
    plane: Plane
    matrix: MatrixView
    surfaces: dict[str, Surface]
    readings: dict[str, dict[str, Reading]]
    transfer: tuple[Carried, ...]
    surprises: tuple[Surprise, ...]

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        return {
            "base": self.base,
            "adapted": list(self.adapted),
            "plane": asdict(self.plane),
            "matrix": self.matrix.to_json(),
            "surfaces": {task: found.to_json() for task, found in self.surfaces.items()},
            "readings": {
                kind: {model: reading.to_json() for model, reading in models.items()}
                for kind, models in self.readings.items()
            },
            "transfer": [asdict(row) for row in self.transfer],
            "surprises": [[round(value, 4) for value in astuple(point)] for point in self.surprises],
        }

    @classmethod
    def from_json(cls, plain: dict[str, Any]) -> Lesson:
        """`to_json` backwards."""
        first, second = plain["adapted"]
        return cls(
            str(plain["base"]),
            (str(first), str(second)),
            Plane(**plain["plane"]),
            MatrixView.from_json(plain["matrix"]),
            {task: Surface.from_json(found) for task, found in plain["surfaces"].items()},
            {
                kind: {model: Reading.from_json(reading) for model, reading in models.items()}
                for kind, models in plain["readings"].items()
            },
            tuple(Carried(**row) for row in plain["transfer"]),
            tuple(Surprise(*point) for point in plain["surprises"]),
        )


def lesson_key(base: str, adapted: Sequence[str], tasks: Sequence[str]) -> str:
    """The name of a lesson: what its numbers depend on."""
    stamps = [stamp(ref) for ref in (base, *adapted, *tasks)]
    probe = ProbeSpec().to_dict()
    asked = [SENTENCES, SHARES, SCALINGS, HEARD]
    return content_key("lesson", base, list(adapted), list(tasks), stamps, probe, asked)


def kept_lesson(base: str, adapted: Sequence[str], tasks: Sequence[str]) -> Lesson | None:
    """The lesson that is kept for these, else the one that came with the lab, else None."""
    try:
        name = f"lesson.{lesson_key(base, adapted, tasks)}.json"
    except CodeMixLabError:
        return None
    for path in (_kept() / name, SHIPPED / name):
        if path.is_file():
            return read_lesson(path)
    return None


def read_lesson(path: Path) -> Lesson:
    """Read `keep_lesson` back. Raises `StorageError` when the file is cut off or something else."""
    try:
        return Lesson.from_json(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, KeyError, TypeError, AttributeError, DataError) as error:
        raise damaged(path, error) from error


def keep_lesson(lesson: Lesson, tasks: Sequence[str], room: Path | None = None) -> Path:
    """Write a lesson under its key into `room` (left out: the workspace). Raises `StorageError`."""
    path = (room or _kept()) / f"lesson.{lesson_key(lesson.base, lesson.adapted, tasks)}.json"
    with paths.new_file(path) as beside:
        beside.write_text(json.dumps(lesson.to_json(), ensure_ascii=False) + "\n", encoding="utf-8")
    return path


def ship_starter_lesson(
    room: Path | None = None, on_progress: Progress | None = None, should_stop: ShouldStop | None = None
) -> Path:
    """Make the lesson that comes with the lab; an older one is removed from `room`."""
    room = room or SHIPPED
    path = keep_lesson(make_lesson(*STARTER, TASKS, on_progress, should_stop), TASKS, room)
    for other in set(room.glob("lesson.*.json")) - {path}:
        other.unlink()
    return path


def make_lesson(
    base: str,
    adapted: Sequence[str],
    tasks: Sequence[str],
    on_progress: Progress | None = None,
    should_stop: ShouldStop | None = None,
) -> Lesson:
    """Compute a lesson: a quarter of an hour for the starter on two cores.

    Raises `DataError` unless there are two adapted checkpoints that span a plane, what `open_merge`
    raises, and `Cancelled`.
    """
    from codemix_lab.evaluation.merge_scorer import MergeScorer
    from codemix_lab.models.loading import load_tokenizer
    from codemix_lab.text.corpora import HeldOut, held_out
    from codemix_lab.training.starts import open_merge

    if len(adapted) != 2:
        raise DataError(f"A plane needs two adapted checkpoints beside the base, not {len(adapted)}.")
    spec = MergeSpec(base, tuple(adapted))
    merge = open_merge(base, adapted)
    first, second = merge.live.sources()[1]
    plane = plane_through(first, second)
    name = query_name(first)
    matrix = look_at(name, first[name])
    opened = [open_task(TaskSpec(task)) for task in tasks]
    scorers = [MergeScorer(merge, task, ProbeSpec(), held_out(task.pair)) for task in opened]
    tokenizer, texts = load_tokenizer(merge.base), held_out(opened[0].pair)
    readings = _readings(scorers[0], spec, tokenizer)
    raise_if_stopped(should_stop)
    steps = len(tasks) + 2
    carried = _carried(scorers[0], spec, part(on_progress, 0, steps, "transfer"), should_stop)
    surfaces = {
        task: surface(scorer, spec, plane, SHARES, part(on_progress, place, steps, task), should_stop)
        for place, (task, scorer) in enumerate(zip(tasks, scorers, strict=True), start=1)
    }
    heard = surprises(
        scorers[0],
        tokenizer,
        HeldOut(texts.code_mixed[:HEARD], texts.monolingual[:HEARD]),
        spec,
        plane,
        SHARES,
        part(on_progress, steps - 1, steps, "surprise"),
        should_stop,
    )
    return Lesson(base, (adapted[0], adapted[1]), plane, matrix, surfaces, readings, carried, heard)


def _readings(
    scorer: MergeScorer, spec: MergeSpec, tokenizer: PreTrainedTokenizerBase
) -> dict[str, dict[str, Reading]]:
    """Both sentences, read by the base and by the first checkpoint."""
    if not scorer.has_lm:
        return {}
    found: dict[str, dict[str, Reading]] = {kind: {} for kind in SENTENCES}
    for name, share in (("base", 0.0), ("CPT", 1.0)):
        with scorer.model(at_weights(spec, share, 0.0)) as model:
            for kind, text in SENTENCES.items():
                found[kind][name] = read_words(model, tokenizer, text.split())
    return found


def _carried(
    scorer: MergeScorer, spec: MergeSpec, on_progress: Progress | None, should_stop: ShouldStop | None
) -> tuple[Carried, ...]:
    """The probe of the first task on itself (dev) and on all rows of the other starter tasks with its labels."""
    from codemix_lab.evaluation.metrics import score
    from codemix_lab.evaluation.paired import paired_f1

    asked: dict[str, pd.DataFrame] = {scorer.task.name: scorer.score_rows}
    for name in starter_tasks("sentiment"):
        task = open_task(TaskSpec(name))
        mixes = len(PAIRS[name].languages) == 2 if name in PAIRS else False
        if mixes and name not in asked and set(task.labels) == set(scorer.labels):
            asked[name] = task.frame
    texts = [text for rows in asked.values() for text in rows["text"]]
    said = []
    for done, scaling in enumerate(SCALINGS):
        raise_if_stopped(should_stop)
        if on_progress is not None:
            on_progress(done, len(SCALINGS), "other pairs")
        said.append(scorer.answer(at_weights(spec, scaling, 0.0), texts)["predicted"].tolist())
    rows = []
    start = 0
    for name, frame in asked.items():
        gold, part_of = frame["label"].tolist(), slice(start, start + len(frame))
        start += len(frame)
        for scaling, answers in zip(SCALINGS, said, strict=True):
            own = score(gold, answers[part_of], scorer.labels)
            paired = paired_f1(gold, said[0][part_of], answers[part_of], scorer.labels)
            numbers = (
                own.macro_f1,
                *own.interval,
                paired.difference,
                paired.low,
                paired.high,
            )
            rows.append(Carried(name, scaling, own.n, *(round(value, 4) for value in numbers)))
    return tuple(rows)


def _kept() -> Path:
    return paths.workspace() / "lessons"
