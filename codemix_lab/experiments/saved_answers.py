"""Predictions that were kept: those of a run in the store, or a table of them in a file."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path

import pandas as pd
from pyarrow import ArrowException

from codemix_lab.errors import DataError
from codemix_lab.evaluation.predict import prediction_frame
from codemix_lab.experiments.classifier import narrowed
from codemix_lab.experiments.run import RECORD, Run, read_run
from codemix_lab.experiments.store import RunStore
from codemix_lab.experiments.tables import FORMATS, harmless
from codemix_lab.text.sampling import stratified_subset
from codemix_lab.text.tasks import Task

ID_LETTERS = 6
"""Letters of a run's id from which it is taken for one."""


class SavedAnswers:
    """What a model said on one split, without the model: to be compared, not to be asked anew.

    `ref` is a run of the store (its folder, or the first letters of its id) or a CSV, JSONL or Parquet file
    with the columns gold, text, predicted and p_<label>, such as `codemix-lab evaluate --predictions` writes.
    """

    def __init__(self, ref: str, split: str) -> None:
        self.ref, self.split = ref, split

    @cached_property
    def run(self) -> Run | None:
        """The run behind it, or None for a file. Raises `StorageError` for a damaged one."""
        folder = _run_folder(self.ref)
        return read_run(folder) if folder is not None else None

    @cached_property
    def table(self) -> pd.DataFrame:
        """The prediction frame as it was kept.

        Raises `StorageError` when the run has none for the split, `DataError` when the file cannot be read.
        """
        if self.run is not None:
            return self.run.predictions(self.split)
        path = Path(self.ref).expanduser()
        try:
            if path.suffix == ".parquet":
                table = pd.read_parquet(path)
            elif path.suffix == ".jsonl":
                table = pd.read_json(path, lines=True)
            else:
                words = dict.fromkeys(("text", "gold", "predicted"), str)
                table = pd.read_csv(path, dtype=words, keep_default_na=False, encoding="utf-8-sig")
        except (OSError, ValueError, ArrowException) as error:
            raise DataError(f"{path}: these predictions cannot be read ({error}).") from error
        missing = [name for name in ("text", "gold", "predicted") if name not in table]
        if missing or not self._labels(table):
            raise DataError(
                f"{path} holds no predictions: it lacks {', '.join(missing) or 'columns p_<label>'}. "
                "Write them with: codemix-lab evaluate --predictions FILE"
            )
        return table

    def labels_for(self, task: Task) -> tuple[str, ...]:
        """The labels that have a column of probabilities, in their order."""
        return tuple(self._labels(self.table))

    def answers(self, task: Task, ground: Task, limit: int | None) -> pd.DataFrame:
        """The prediction frame over `ground`, which is `task` cut down to shared labels (`common_ground`).

        Raises `DataError` when these are not the answers to the task's sentences, or some are missing.
        """
        whole, table = task.split(self.split), self.table
        own = self._labels(table)
        values = table[[f"p_{label}" for label in own]].apply(pd.to_numeric, errors="coerce")
        if values.isna().any(axis=None):
            bad = int(values.isna().any(axis=1).to_numpy().argmax())
            raise DataError(
                f"{self.ref} lacks a probability in row {bad + 1}: predict these sentences again."
            )
        rows = self._rows(whole, limit)
        if len(table) != len(rows):
            raise DataError(
                f"{self.ref} has {len(table):,} predictions and the {self.split} split of {task.name} "
                f"{len(rows):,} sentences: some are missing, or they belong to another task or split."
            )
        for column, wanted in (("text", rows["text"]), ("gold", rows["label"])):
            given = table[column].map(harmless).str.casefold().to_numpy()
            if not (given == wanted.map(harmless).str.casefold().to_numpy()).all():
                raise DataError(
                    f"{self.ref} holds predictions for other sentences or labels than the {self.split} split "
                    f"of {task.name}: compare runs of one task and split."
                )
        values = values.set_axis(rows.index)
        if ground is not task:
            known = {label.casefold() for label in ground.labels}
            rows = rows[rows["label"].str.casefold().isin(known)]
            rows = rows.assign(label=rows["label"].str.casefold())
        if limit is not None and len(rows) > limit:
            rows = stratified_subset(rows, limit, seed=0)
        found = narrowed(values.loc[rows.index].to_numpy(dtype="float32"), own, ground.labels)
        return prediction_frame(rows, found, ground.labels)

    def _rows(self, whole: pd.DataFrame, limit: int | None) -> pd.DataFrame:
        """The sentences that were asked about: all, or those that `limit` draws."""
        if limit is not None and len(self.table) != len(whole):
            return stratified_subset(whole, limit, seed=0)
        return whole

    @staticmethod
    def _labels(table: pd.DataFrame) -> list[str]:
        return [name.removeprefix("p_") for name in map(str, table.columns) if name.startswith("p_")]


def is_saved(ref: str) -> bool:
    """Whether `ref` is a run of the store or a file of predictions rather than a model."""
    suffixes = {f".{ending}" for ending in FORMATS}
    return _run_folder(ref) is not None or Path(ref).suffix in suffixes


def _run_folder(ref: str) -> Path | None:
    folder = Path(ref).expanduser()
    if folder.is_dir():
        return folder if (folder / RECORD).is_file() else None
    if len(ref) >= ID_LETTERS and set(ref) <= set("0123456789abcdef"):
        return RunStore().open(ref).folder
    return None
