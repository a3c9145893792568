"""Labelled tasks: a file or a starter name becomes sentences, labels and splits that can be trusted."""

from __future__ import annotations

import difflib
import hashlib
import json
import os
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from codemix_lab import paths
from codemix_lab.config import TaskSpec
from codemix_lab.errors import DataError
from codemix_lab.text.columns import LABEL, SPLIT, TEXT, find_column, need_column
from codemix_lab.text.duplicates import across_splits
from codemix_lab.text.pairs import guess_pair
from codemix_lab.text.readers import TABLE_SUFFIXES, read_table
from codemix_lab.text.splits import SPLITS, made_splits, read_split

STARTER = paths.PACKAGE / "text" / "starter"
LONGEST_TEXT = 5_000
MOST_LABELS = 50

_STARTER_TASKS = ("en-hi", "en-es", "en-ta", "en-ml")


@dataclass(frozen=True, eq=False)
class Task:
    """A labelled task, clean and split.

    `frame` has the string columns split (train, dev, test), text and label under a RangeIndex;
    `labels` is sorted; `warnings` are sentences for the user; `digest` is the SHA-256 of the rows,
    64 hexadecimal digits, the same wherever the file lies and whatever it is called.
    """

    name: str
    frame: pd.DataFrame
    labels: tuple[str, ...]
    pair: str | None
    source: str
    warnings: tuple[str, ...]
    digest: str

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
        return _task(self.name, frame, self.pair, self.source, self.warnings)


def starter_tasks() -> tuple[str, ...]:
    """Names of the tasks that come with the lab."""
    return _STARTER_TASKS


def open_task(spec: TaskSpec | str) -> Task:
    """Open a starter task by name, or a csv, tsv or jsonl file (each also .gz).

    Columns are found by name unless the spec tells them. Rows without text or label are dropped,
    texts over 5,000 characters are cut, a file without splits gets 80/10/10 by hash; each of these
    is counted in `Task.warnings`. Raises `DataError` when the file cannot serve as a task.
    """
    spec = TaskSpec(spec) if isinstance(spec, str) else spec
    path = _locate(spec.source)
    where = spec.source if spec.source in _STARTER_TASKS else str(path)
    table = read_table(path)
    text = need_column(table, TEXT, spec.text_column, where)
    label = need_column(table, LABEL, spec.label_column, where)
    split = find_column(table, SPLIT, spec.split_column, where)
    if text == label:
        raise DataError(
            f"{where}: “{text}” cannot be both text and label. "
            f"Tell them apart with {TEXT.option} and {LABEL.option}."
        )
    if split in (text, label):
        split = None
    warnings: list[str] = []
    frame = pd.DataFrame({"text": table[text].str.strip(), "label": table[label].str.strip()})
    frame.insert(0, "split", _read_splits(table, split, spec.split_column is not None, where, warnings))
    frame = _without_blanks(frame, where, warnings)
    _check_labels(frame["label"], label, where)
    too_long = int((frame["text"].str.len() > LONGEST_TEXT).sum())
    if too_long:
        frame["text"] = frame["text"].str.slice(0, LONGEST_TEXT)
        warnings.append(f"{_texts(too_long)} longer than {LONGEST_TEXT:,} characters cut there.")
    if (frame["split"] == "").any():
        frame["split"] = made_splits(frame["text"].tolist(), frame["label"].tolist())
    warnings += _doubts(frame)
    name = spec.source if spec.source in _STARTER_TASKS else _bare_name(path)
    pair = spec.source if spec.source in _STARTER_TASKS else guess_pair(path.name)
    return _task(name, frame, pair, spec.source, tuple(warnings))


def shared_labels(tasks: Iterable[Task]) -> tuple[str, ...]:
    """Labels that all the tasks have, case ignored: in lower case and sorted, ready for `restricted_to`."""
    sets = [{label.casefold() for label in task.labels} for task in tasks]
    return tuple(sorted(set.intersection(*sets))) if sets else ()


def _locate(source: str) -> Path:
    if source in _STARTER_TASKS:
        return STARTER / f"{source}.sentiment.tsv"
    path = Path(os.path.expanduser(source))
    if path.name.lower().endswith(TABLE_SUFFIXES) or (source and os.path.lexists(path)):
        return path
    near = difflib.get_close_matches(source.lower().replace("_", "-"), _STARTER_TASKS, n=2, cutoff=0.5)
    hint = f" Did you mean {' or '.join(near)}?" if near else ""
    raise DataError(
        f"No starter task is called “{source}”, and there is no such file.{hint} "
        f"Starter tasks: {', '.join(_STARTER_TASKS)}; files: {', '.join(TABLE_SUFFIXES)}."
    )


def _read_splits(
    table: pd.DataFrame, column: str | None, told: bool, where: str, warnings: list[str]
) -> pd.Series:
    """Split of every row; "" everywhere when they are to be made from a hash of the text."""
    unmade = pd.Series("", index=table.index, dtype="str")
    if column is None:
        warnings.append("No split column: rows were put 80/10/10 into train, dev and test by a hash.")
        return unmade
    known = {value: read_split(value) for value in table[column].unique()}
    strange = sorted(value for value, split in known.items() if split is None)
    if not strange:
        return table[column].map(known).astype("str")
    shown = ", ".join(f"“{value[:40]}”" if value.strip() else "blank cells" for value in strange[:3])
    if len(strange) == len(known) and not told:
        warnings.append(
            f"The column “{column}” holds {shown} and no splits: "
            "rows were put 80/10/10 into train, dev and test by a hash instead."
        )
        return unmade
    raise DataError(
        f"{where}: the split column “{column}” holds {shown}. "
        "Only train, dev (val, validation) and test are understood."
    )


def _without_blanks(frame: pd.DataFrame, where: str, warnings: list[str]) -> pd.DataFrame:
    no_text, no_label = frame["text"] == "", frame["label"] == ""
    if no_text.any():
        warnings.append(f"{_rows(int(no_text.sum()))} without text dropped.")
    if (no_label & ~no_text).any():
        warnings.append(f"{_rows(int((no_label & ~no_text).sum()))} without label dropped.")
    kept = frame[~(no_text | no_label)].reset_index(drop=True)
    if kept.empty:
        raise DataError(f"{where}: no row has both a text and a label.")
    return kept


def _check_labels(labels: pd.Series, column: str, where: str) -> None:
    count = labels.nunique()
    if count == 1:
        raise DataError(
            f"{where}: every row of “{column}” says “{labels.iloc[0][:40]}”. "
            f"A task needs two labels or more; if another column holds them, use {LABEL.option}."
        )
    if count > MOST_LABELS:
        raise DataError(
            f"{where}: “{column}” holds {count:,} different values, more than {MOST_LABELS}: "
            f"it looks like free text, ids or scores. Choose the label column with {LABEL.option}."
        )


def _doubts(frame: pd.DataFrame) -> list[str]:
    found = []
    for splits, count in across_splits(frame).items():
        places = " and ".join(sorted(splits, key=SPLITS.index))
        found.append(f"{_texts(count)} found in {places}: scores may be too good.")
    train = set(frame.loc[frame["split"] == "train", "label"])
    absent = sorted(set(frame["label"]) - train)
    if train and absent:
        found.append(f"No train sentence has the label {', '.join(absent)}.")
    return found


def _task(name: str, frame: pd.DataFrame, pair: str | None, source: str, warnings: tuple[str, ...]) -> Task:
    rows = json.dumps(frame[["split", "text", "label"]].values.tolist(), ensure_ascii=False)
    digest = hashlib.sha256(rows.encode()).hexdigest()
    return Task(name, frame, tuple(sorted(frame["label"].unique())), pair, source, warnings, digest)


def _bare_name(path: Path) -> str:
    return re.sub(r"(?<=.)\.(csv|tsv|jsonl)(\.gz)?$", "", path.name, flags=re.IGNORECASE)


def _rows(count: int) -> str:
    return "1 row" if count == 1 else f"{count:,} rows"


def _texts(count: int) -> str:
    return "1 text" if count == 1 else f"{count:,} texts"
