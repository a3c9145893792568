"""What a file was taken for and what is in it, in one pass and bounded memory, whatever its size."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from codemix_lab.config import TaskSpec
from codemix_lab.errors import DataError
from codemix_lab.progress import Progress, ShouldStop, raise_if_stopped, report
from codemix_lab.text.cleaning import NEAR
from codemix_lab.text.columns import ID, MOST_LABELS, ROLES, Chosen, choose_columns, find_column
from codemix_lab.text.readers import Table, open_table
from codemix_lab.text.repair import masked, mended
from codemix_lab.text.sources import Place, find_place
from codemix_lab.text.splits import made_splits, read_split
from codemix_lab.text.twins import Twins

LONGEST_COUNTED = 200
"""Texts of more words than this are counted together as the longest."""

_MOST_VALUES = 1_000


@dataclass(frozen=True)
class Column:
    """A column, its role (“text”, “label”, “split”, “id” or ""), how that was found, and its filled cells."""

    name: str
    role: str
    how: str
    filled: int


@dataclass(frozen=True)
class Profile:
    """What was recognised. `to_dict` has one key for each field, in the same order.

    `format` is csv, tsv, jsonl, json, parquet, sentimix, conll, text, folder or hub, and
    `recognised` says it in words, with quoting, header and gzip.
    `use` is “task” or “corpus” (running text: no labels that could serve); `problem` says why a
    file with a label column cannot serve as a task. `labels` counts rows by label as mapped,
    `mapped_out` those that the mapping leaves out; `splits` counts rows by split and label, and
    `splits_made` says that a hash makes them. `words` counts texts by their number of words (200
    stands for more). `repairs` counts texts that mending and masking would change. `duplicates`
    and `near_duplicates` count, within a split, the texts that stood before and, across splits,
    the distinct texts (near: the pairs) that two splits share; near ones are looked for in `checked` texts.
    `leaks` counts train rows that stand in dev or test, exactly or nearly.
    """

    source: str
    where: str
    use: str
    problem: str
    format: str
    recognised: str
    rows: int
    columns: tuple[Column, ...]
    pair: str | None
    labels: dict[str, int]
    mapped_out: dict[str, int]
    splits: dict[str, dict[str, int]]
    splits_made: bool
    blank: dict[str, int]
    words: dict[int, int] = field(repr=False)
    repairs: dict[str, int] = field(default_factory=dict)
    duplicates: dict[str, Any] = field(default_factory=dict)
    near_duplicates: dict[str, Any] = field(default_factory=dict)
    leaks: dict[str, int] = field(default_factory=dict)
    duplicate_ids: int = 0

    def to_dict(self) -> dict[str, Any]:
        """Plain values, ready for JSON; the keys are the field names."""
        values = {name: getattr(self, name) for name in self.__dataclass_fields__}
        values["columns"] = [column.__dict__ for column in self.columns]
        values["words"] = {str(count): texts for count, texts in sorted(self.words.items())}
        return values

    def lines(self) -> list[str]:
        """What was recognised, a line each, for the terminal."""
        found = [f"{self.where}: {self.recognised}, {self.rows:,} rows, read as {self.use}"]
        if self.problem:
            found.append(f"no task: {self.problem}")
        found += [
            f"column “{c.name[:40]}”: {f'{c.role} ({c.how})' if c.role else 'not used'}, {c.filled:,} filled"
            for c in self.columns
        ]
        found.append(f"language pair: {self.pair or 'unknown'}")
        if self.splits_made:
            found.append("splits: none in the file, made 80/10/10 by a hash")
        for split, labels in self.splits.items():
            found.append(f"{split or 'rows'}: " + ", ".join(f"{name} {n:,}" for name, n in labels.items()))
        found += [
            f"{what}: " + ", ".join(f"{name} {n:,}" for name, n in counts.items())
            for what, counts in self.counts().items()
            if counts
        ]
        return found

    def counts(self) -> dict[str, dict[str, int]]:
        """Everything that was counted beside labels and lengths: what → where → how often, zeros left out."""
        return {
            "left out by the mapping": self.mapped_out,
            "blank cells": self.blank,
            "texts that mending or masking changes": self.repairs,
            "duplicates within a split": self.duplicates["within"],
            "duplicates across splits": self.duplicates["across"],
            f"near duplicates within a split, of {self.near_duplicates['checked']:,} texts": self.near_duplicates[
                "within"
            ],
            "near duplicates across splits": self.near_duplicates["across"],
            "train rows that leak": {kind: n for kind, n in self.leaks.items() if n},
            "ids that come again": {"all": self.duplicate_ids} if self.duplicate_ids else {},
        }


def profile(
    spec: TaskSpec | str, on_progress: Progress | None = None, should_stop: ShouldStop | None = None
) -> Profile:
    """Look through a file, folder, hub id or task name, as `open_task` would read it.

    A file is read piece by piece, so that memory stays bounded; progress is in bytes. Raises
    `DataError` when it cannot be read at all, and `Cancelled`.
    """
    asked = TaskSpec(spec) if isinstance(spec, str) else spec
    place = find_place(asked)
    table = open_table(place.path) if place.path is not None and not place.path.is_dir() else None
    pieces = table.chunks(on_progress, should_stop) if table else iter([place.read()])
    tally: _Tally | None = None
    for piece in pieces:
        if tally is None:
            spec = place.spec
            chosen = choose_columns(
                piece, spec.text_column, spec.label_column, spec.split_column, place.where
            )
            tally = _Tally(chosen, spec.renamed(), find_column(piece, ID, None, place.where))
        tally.add(piece)
    if tally is None:
        raise DataError(f"{place.where} holds no row.")
    raise_if_stopped(should_stop)
    report(on_progress, 1, 1, "comparing texts")
    return tally.told(asked.source, place, table)


class _Tally:
    def __init__(
        self, chosen: dict[str, Chosen], mapping: dict[str, str | None], id_column: str | None
    ) -> None:
        self.chosen, self.mapping = chosen, mapping
        taken = {found.column for found in chosen.values()}
        self.id = id_column if id_column not in taken else None
        self.rows = 0
        self.filled: Counter[str] = Counter()
        self.counts: Counter[tuple[str, str]] = Counter()
        self.strange_splits = False
        self.blank: Counter[str] = Counter()
        self.words: Counter[int] = Counter()
        self.repairs: Counter[str] = Counter()
        self.twins = Twins()
        self.ids = Twins(kept=0)

    def add(self, piece: pd.DataFrame) -> None:
        self.rows += len(piece)
        for column in piece.columns:
            self.filled[column] += int((piece[column] != "").sum())
        text, label, split = (
            self._cells(piece, self.chosen[role].column) for role in ("text", "label", "split")
        )
        if self.chosen["text"].column is None:
            return
        self.blank["text"] += text.count("")
        if self.chosen["label"].column is not None:
            self.blank["label"] += sum(not tag and bool(own) for tag, own in zip(label, text, strict=True))
        splits = [read_split(value) or "" for value in split]
        self.strange_splits |= any(not known and value for known, value in zip(splits, split, strict=True))
        if len(self.counts) <= _MOST_VALUES:
            labelled = self.chosen["label"].column is None
            self.counts.update(
                (where, tag)
                for own, where, tag in zip(text, splits, label, strict=True)
                if own and (tag or labelled)
            )
        for own, where, tag in zip(text, splits, label, strict=True):
            if own:
                self._one(own, where, tag)
        if self.id is not None:
            for value in self._cells(piece, self.id):
                if value:
                    self.ids.add(value, "")

    def _one(self, text: str, split: str, label: str) -> None:
        self.words[min(len(text.split()), LONGEST_COUNTED)] += 1
        mended_text = mended(text)
        self.repairs["mojibake"] += mended_text != text
        if "@" in text or "http" in text or "www." in text or "pic." in text:
            self.repairs["handles and links"] += masked(text) != text
        self.twins.add(mended_text, split, label)

    @staticmethod
    def _cells(piece: pd.DataFrame, column: str | None) -> list[str]:
        if column is None or column not in piece.columns:
            return [""] * len(piece)
        cells: list[str] = piece[column].str.strip().tolist()
        return cells

    def told(self, source: str, place: Place, table: Table | None) -> Profile:
        has_splits = self.chosen["split"].column is not None and not self.strange_splits
        labels: Counter[str] = Counter()
        out: Counter[str] = Counter()
        splits: dict[str, Counter[str]] = {}
        for (split, label), count in self.counts.items():
            new = self.mapping.get(label, label)
            if new is None:
                out[label] += count
            else:
                labels[new] += count
                splits.setdefault(split if has_splits else "", Counter())[new] += count
        problem = self._problem(labels)
        use = "task" if self.chosen["label"].column is not None and not problem else "corpus"
        made = use == "task" and not has_splits
        if made and self.twins.complete:
            splits = self._made()
        within, across = self.twins.exact()
        near_within, near_across, near_leaks = self.twins.near(NEAR)
        kind = "folder" if place.path is not None else "hub"
        return Profile(
            source,
            place.where,
            use,
            problem,
            str(table.recognised.format) if table else kind,
            table.recognised.said() if table else f"{kind}, all its splits",
            self.rows,
            tuple(self._columns()),
            place.pair,
            dict(sorted(labels.items())) if use == "task" else {},
            dict(sorted(out.items())),
            {split: dict(sorted(found.items())) for split, found in sorted(splits.items())}
            if use == "task"
            else {},
            made,
            {role: count for role, count in self.blank.items() if count},
            dict(self.words),
            {kind: count for kind, count in self.repairs.items() if count},
            {"within": within, "across": across},
            {"checked": self.twins.checked, "within": near_within, "across": near_across},
            {"exact": self.twins.exact_leaks(), "near": near_leaks},
            sum(self.ids.exact()[0].values()),
        )

    def _problem(self, labels: Counter[str]) -> str:
        column = self.chosen["label"].column
        if self.chosen["text"].column is None:
            return "no text column was found"
        if column is None:
            return ""
        if len(labels) > MOST_LABELS or len(self.counts) > _MOST_VALUES:
            return f"“{column}” holds more than {MOST_LABELS} different values: free text, ids or scores"
        if len(labels) < 2:
            return f"“{column}” holds {'one label' if labels else 'no label'}, and a task needs two or more"
        return ""

    def _made(self) -> dict[str, Counter[str]]:
        texts, tags = [], []
        for text, _, tag in self.twins.kept():
            new = self.mapping.get(tag, tag)
            if tag and new is not None:
                texts.append(text)
                tags.append(new)
        found: dict[str, Counter[str]] = {}
        for split, tag in zip(made_splits(texts, tags), tags, strict=True):
            found.setdefault(split, Counter())[tag] += 1
        return found

    def _columns(self) -> list[Column]:
        role_of = {
            found.column: (role.name, found.how) for role in ROLES if (found := self.chosen[role.name])
        }
        if self.id is not None:
            role_of[self.id] = (ID.name, "by name")
        return [Column(name, *role_of.get(name, ("", "")), filled) for name, filled in self.filled.items()]
