"""What was recognised in a file, as a record for the screen, the terminal and JSON."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


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
