"""Labelled tasks: a name or a file becomes sentences, labels and splits that can be trusted."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass

import pandas as pd

from codemix_lab.config import TaskSpec
from codemix_lab.errors import DataError
from codemix_lab.text.cleaning import (
    check_labels,
    doubts,
    read_splits,
    relabelled,
    tidied,
    without_blanks,
    without_leaks,
)
from codemix_lab.text.columns import LABEL, TEXT, Chosen, absent, choose_columns
from codemix_lab.text.registry import TaskCard
from codemix_lab.text.sources import STARTER, Place, find_place, starter_tasks
from codemix_lab.text.splits import SPLITS, made_splits

__all__ = ["STARTER", "Task", "open_task", "shared_labels", "starter_tasks", "task_from"]


@dataclass(frozen=True, eq=False)
class Task:
    """A labelled task, clean and split.

    `frame` has the string columns split (train, dev, test), text and label under a RangeIndex;
    `labels` is sorted; `warnings` are sentences for the user; `digest` is the SHA-256 of the rows,
    64 hexadecimal digits, the same wherever the file lies and whatever it is called. `card` says
    where a named task comes from.
    """

    name: str
    frame: pd.DataFrame
    labels: tuple[str, ...]
    pair: str | None
    source: str
    warnings: tuple[str, ...]
    digest: str
    card: TaskCard | None = None

    def split(self, name: str) -> pd.DataFrame:
        """The rows of one split, index kept. Raises `DataError` naming the splits that exist."""
        rows = self.frame[self.frame["split"] == name]
        if rows.empty:
            there = [split for split in SPLITS if (self.frame["split"] == split).any()]
            raise DataError(f"The task {self.name} has no split “{name}”; it has {', '.join(there)}.")
        return rows

    def restricted_to(self, labels: Iterable[str]) -> Task:
        """The task with only these labels (case ignored), written in lower case: made for transfer.

        Raises `DataError` when fewer than two of the labels are in the task.
        """
        wanted = {label.casefold() for label in labels}
        frame = self.frame.assign(label=self.frame["label"].map(str.casefold))
        frame = frame[frame["label"].isin(wanted)].reset_index(drop=True)
        if frame["label"].nunique() < 2:
            raise DataError(
                f"The task {self.name} has fewer than two of the labels {', '.join(sorted(wanted))}; "
                f"its labels are {', '.join(self.labels)}."
            )
        return _task(self.name, frame, self.pair, self.source, self.warnings, self.card)


def open_task(spec: TaskSpec | str) -> Task:
    """Open a task: a starter name, a registered or public one, a file, a folder of splits, or a hub id.

    Columns are found by name, else by content, unless the spec tells them. Mojibake is mended,
    labels are mapped, rows without text or label are dropped, texts over 5,000 characters are cut, a
    file without splits gets 80/10/10 by hash, leaks are dropped on request; each of these is counted
    in `Task.warnings`. Raises `DataError` when the rows cannot serve as a task.
    """
    asked = TaskSpec(spec) if isinstance(spec, str) else spec
    place = find_place(asked)
    return task_from(place.read(), place, asked.source)


def task_from(table: pd.DataFrame, place: Place, source: str) -> Task:
    """A task from a table that was read already; `source` is what the user asked for."""
    spec, where = place.spec, place.where
    chosen = choose_columns(table, spec.text_column, spec.label_column, spec.split_column, where)
    text, label = _need(table, chosen, where)
    split = chosen["split"].column
    warnings: list[str] = []
    frame = pd.DataFrame({"text": table[text].str.strip(), "label": table[label].str.strip()})
    split = None if split in (text, label) else split
    frame.insert(0, "split", read_splits(table, split, spec.split_column is not None, where, warnings))
    frame = without_blanks(frame, where, warnings)
    frame = relabelled(frame, spec.renamed(), where, warnings)
    check_labels(frame["label"], label, where)
    frame = tidied(frame, spec.repair, spec.mask, warnings)
    if (frame["split"] == "").any():
        frame["split"] = made_splits(frame["text"].tolist(), frame["label"].tolist())
    if spec.drop_leaks:
        frame = without_leaks(frame, warnings)
    warnings += doubts(frame)
    return _task(place.name, frame, place.pair, source, tuple(warnings), place.card)


def shared_labels(tasks: Iterable[Task]) -> tuple[str, ...]:
    """Labels that all the tasks have, case ignored: in lower case and sorted, ready for `restricted_to`."""
    sets = [{label.casefold() for label in task.labels} for task in tasks]
    return tuple(sorted(set.intersection(*sets))) if sets else ()


def _need(table: pd.DataFrame, chosen: dict[str, Chosen], where: str) -> tuple[str, str]:
    text, label = chosen["text"].column, chosen["label"].column
    if text is None:
        raise absent(table, TEXT, where)
    if label is None:
        raise absent(table, LABEL, where)
    if text == label:
        raise DataError(
            f"{where}: “{text}” cannot be both text and label. "
            f"Tell them apart with {TEXT.option} and {LABEL.option}."
        )
    return text, label


def _task(
    name: str,
    frame: pd.DataFrame,
    pair: str | None,
    source: str,
    warnings: tuple[str, ...],
    card: TaskCard | None,
) -> Task:
    rows = json.dumps(frame[["split", "text", "label"]].values.tolist(), ensure_ascii=False)
    digest = hashlib.sha256(rows.encode()).hexdigest()
    return Task(name, frame, tuple(sorted(frame["label"].unique())), pair, source, warnings, digest, card)
