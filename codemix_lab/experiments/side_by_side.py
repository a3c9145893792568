"""A comparison of up to four models with all that its views ask for, kept on disk so that it opens at once."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import accumulate
from pathlib import Path
from typing import Any

import pandas as pd
from pyarrow import ArrowException

from codemix_lab import __version__, paths
from codemix_lab.config import TaskSpec
from codemix_lab.errors import SpecError, StorageError
from codemix_lab.evaluation.compare import SURER
from codemix_lab.evaluation.panel import Panel
from codemix_lab.evaluation.query import matching
from codemix_lab.evaluation.slices import COLUMNS, Slice, cut, find_slices, slice_table
from codemix_lab.experiments.parts import part
from codemix_lab.experiments.store import content_key
from codemix_lab.experiments.tables import kept_table
from codemix_lab.progress import Progress, ShouldStop, raise_if_stopped, report
from codemix_lab.text.tasks import open_task
from codemix_lab.text.traits import sentence_traits

ABOUT, ROWS, TRAITS = "about.json", "rows.parquet", "traits.parquet"


@dataclass(frozen=True)
class Portion:
    """The sentences of one task: its name, its language pair, and how many they are."""

    task: str
    pair: str | None
    count: int


@dataclass(frozen=True, eq=False)
class SideBySide:
    """A panel of models with the traits of its sentences.

    `traits` has one row a sentence (`sentence_traits`, `piece_traits`, pair; with several tasks also task);
    `portions` are the tasks, whose sentences lie one after the other; `sentences` is a name for them that is
    the same whichever models are compared on them, and `key` the name by which `open_side_by_side` finds all
    of it again.
    """

    key: str
    panel: Panel
    traits: pd.DataFrame
    portions: tuple[Portion, ...]
    sentences: str

    @property
    def folder(self) -> Path:
        """Where it is kept."""
        return _folder(self.key)

    def portion_of(self, row: int) -> int:
        """The place in `portions` of the task that this row's sentence is from."""
        ends = accumulate(portion.count for portion in self.portions)
        return next(place for place, end in enumerate(ends) if row < end)

    def rows(self, reference: str = "A", against: str = "B", surer: float = SURER) -> pd.DataFrame:
        """Every sentence: all answers (`Panel.frame`), the pile it is in for these two models (`surer` as in
        `compare`), disagree, gold_gain, and its traits."""
        pile = self.panel.pair(reference, against, surer).frame[["pile", "disagree", "gold_gain"]]
        return pd.concat([self.panel.frame, pile, self.traits], axis=1)

    def slices(
        self,
        reference: str = "A",
        against: str = "B",
        on_progress: Progress | None = None,
        should_stop: ShouldStop | None = None,
    ) -> dict[str, pd.DataFrame]:
        """“slices” by trait and gold label (`slice_table`) and “found_slices” (`find_slices`).

        Kept beside the comparison once they were worked out. Raises `Cancelled`.
        """
        found = self.panel.pair(reference, against)
        traits = self.traits.assign(gold=found.frame["gold"])

        def table() -> pd.DataFrame:
            raise_if_stopped(should_stop)
            return slice_table(found.frame, cut(traits), found.labels)

        def search() -> pd.DataFrame:
            return find_slices(found.frame, traits, on_progress=on_progress, should_stop=should_stop)

        name = f"{reference}{against}".lower()
        return {
            "slices": kept_table(self.folder / f"slices-{name}.parquet", table),
            "found_slices": kept_table(self.folder / f"found-{name}.parquet", search),
        }

    def saved_slices(
        self,
        slices: Mapping[str, str],
        reference: str = "A",
        against: str = "B",
        rows: pd.DataFrame | None = None,
    ) -> pd.DataFrame:
        """The same numbers for questions by name, however few sentences they hold: name and `COLUMNS`, note.

        `rows` are those that are asked, `self.rows` where left out. A question that cannot be asked here, or
        that no sentence answers, has a note that says so.
        """
        if not slices:
            return pd.DataFrame(columns=["name", *COLUMNS[1:], "note"])
        asked = self.rows(reference, against) if rows is None else rows
        parts, notes = [], {}
        for name, question in slices.items():
            try:
                held = matching(asked, question).to_numpy()
            except SpecError as error:
                notes[name] = str(error)
                continue
            parts.append(Slice(name, question, held))
            if not held.any():
                notes[name] = "No sentence fits."
        found = self.panel.pair(reference, against)
        table = slice_table(found.frame, parts, found.labels, fewest=1).rename(columns={"trait": "name"})
        whole = (
            table.set_index("name").reindex(pd.Index(list(slices), dtype=object, name="name")).reset_index()
        )
        whole = whole.assign(slice=list(slices.values()))
        counts = {name: whole[name].fillna(0).astype("int64") for name in ("sentences", "fixed", "broken")}
        whole = whole.assign(**counts, note=[notes.get(name, "") for name in whole["name"]])
        return whole[["name", *COLUMNS[1:], "note"]].astype({"note": "str"})


def side_by_side(
    models: Sequence[str],
    tasks: TaskSpec | Sequence[TaskSpec],
    split: str = "test",
    limit: int | None = None,
    on_progress: Progress | None = None,
    should_stop: ShouldStop | None = None,
) -> SideBySide:
    """Compare two to four models or runs (`inspection.make_panels`) and keep all of it in the workspace.

    On several tasks their sentences stand one task after the other, over the labels that all share, so that
    language pairs are slices; `limit` holds for each. Predictions and traits are kept by content, task by task:
    another model costs its own predictions only. Raises what `make_panels` raises, and `SpecError` for a task
    named twice.
    """
    from codemix_lab.experiments.inspection import make_panels

    asked = [tasks] if isinstance(tasks, TaskSpec) else list(tasks)
    if not asked or len(set(asked)) < len(asked):
        raise SpecError("Give every task once, and one at least.")
    opened = [open_task(task) for task in asked]
    panels = make_panels(models, opened, split, limit, part(on_progress, 0, 10, width=8), should_stop)
    panel = Panel.joined(panels)
    raise_if_stopped(should_stop)
    report(part(on_progress, 8, 10), 0, 1, "traits of the sentences")
    portions = tuple(
        Portion(task.name, task.pair, len(own.frame)) for task, own in zip(opened, panels, strict=True)
    )
    traits = _traits_of(panels, portions, models, split)
    sentences = content_key("sentences", *(task.digest for task in opened), split)
    key = content_key(
        "side-by-side", __version__, panel.digest, list(models), list(traits.columns), sentences
    )
    found = SideBySide(key, panel, traits, portions, sentences)
    if not found.folder.is_dir():
        told = [asdict(portion) for portion in portions]
        about = {"models": models, "labels": panel.labels, "portions": told, "sentences": sentences}
        try:
            with paths.new_folder(found.folder) as folder:
                panel.frame.to_parquet(folder / ROWS, index=False)
                traits.to_parquet(folder / TRAITS, index=False)
                (folder / ABOUT).write_text(json.dumps(about, ensure_ascii=False), encoding="utf-8")
        except StorageError:
            if not found.folder.is_dir():
                raise
    for place, pair in enumerate(panel.pairs):
        listener = part(on_progress, 9 * len(panel.pairs) + place, 10 * len(panel.pairs))
        found.slices(*pair, listener, should_stop)
    return found


def asked_tasks(payload: Mapping[str, Any]) -> list[TaskSpec]:
    """The tasks that a job of this kind was asked for; before there could be several, it was one “task”."""
    return [TaskSpec.from_dict(task) for task in payload.get("tasks") or [payload["task"]]]


def open_side_by_side(key: str) -> SideBySide:
    """The comparison of this key, read from disk. Raises `StorageError` when it is gone or damaged."""
    folder = _folder(key)
    try:
        about = json.loads((folder / ABOUT).read_text(encoding="utf-8"))
        frame, traits = pd.read_parquet(folder / ROWS), pd.read_parquet(folder / TRAITS)
        panel = Panel(tuple(about["models"]), tuple(about["labels"]), frame)
        told = about.get("portions") or [{"task": "", "pair": about["pair"], "count": len(frame)}]
        portions = tuple(Portion(**portion) for portion in told)
        counts = {len(frame), len(traits), sum(portion.count for portion in portions)}
        if len(counts) > 1 or f"predicted_{panel.letters[-1].lower()}" not in frame:
            raise ValueError("its tables do not fit together")
        return SideBySide(key, panel, traits, portions, about["sentences"])
    except (OSError, ValueError, KeyError, TypeError, ArrowException) as error:
        raise StorageError(
            f"{folder}: this comparison is gone or damaged ({error}). Move the folder away and compare again."
        ) from error


def _folder(key: str) -> Path:
    return paths.workspace() / "comparisons" / key


def _traits_of(
    panels: Sequence[Panel], portions: Sequence[Portion], models: Sequence[str], split: str
) -> pd.DataFrame:
    """The traits of every task's sentences, one task after the other; with several tasks also which it is."""
    found = [
        _traits(list(panel.frame["text"]), portion.pair, models, split)
        for panel, portion in zip(panels, portions, strict=True)
    ]
    if len(found) == 1:
        return found[0]
    named = [traits.assign(task=portion.task) for traits, portion in zip(found, portions, strict=True)]
    return pd.concat(named, ignore_index=True)


def _traits(texts: list[str], pair: str | None, models: Sequence[str], split: str) -> pd.DataFrame:
    """What can be said of the sentences, without a model and by the tokenizer of the first model there is."""
    of_texts = hashlib.sha256("\n".join(texts).encode("utf-8", "replace")).hexdigest()
    room = paths.workspace() / "traits"
    key = content_key("traits", __version__, pair, of_texts)
    traits = kept_table(room / f"{key}.parquet", lambda: sentence_traits(texts, pair))
    if pair is not None:
        traits = traits.assign(pair=pair)
    pieces = _piece_traits(texts, of_texts, models, split, room)
    return traits if pieces is None else traits.join(pieces)


def _piece_traits(
    texts: list[str], of_texts: str, models: Sequence[str], split: str, room: Path
) -> pd.DataFrame | None:
    from codemix_lab.evaluation.fertility import piece_traits
    from codemix_lab.experiments.inspection import live_model

    model = next(filter(None, (live_model(ref, split) for ref in models)), None)
    if model is None:
        return None
    key = content_key("pieces", __version__, model.checkpoint.fingerprint, of_texts)
    return kept_table(room / f"{key}.parquet", lambda: piece_traits(model.tokenizer, texts))
