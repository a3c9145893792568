"""What a file was taken for and what is in it, in one pass and bounded memory, whatever its size."""

from __future__ import annotations

from collections import Counter

import pandas as pd

from codemix_lab.config import TaskSpec
from codemix_lab.errors import DataError
from codemix_lab.progress import Progress, ShouldStop, raise_if_stopped, report
from codemix_lab.text.cleaning import NEAR
from codemix_lab.text.columns import ID, MOST_LABELS, ROLES, Chosen, choose_columns, find_column
from codemix_lab.text.profile_record import Column, Profile
from codemix_lab.text.readers import Table, open_table
from codemix_lab.text.repair import masked, mended
from codemix_lab.text.sources import Place, find_place
from codemix_lab.text.splits import made_splits, read_split
from codemix_lab.text.twins import Twins

LONGEST_COUNTED = 200
"""Texts of more words than this are counted together as the longest."""

_MOST_VALUES = 1_000


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
