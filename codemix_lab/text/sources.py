"""Where a task's rows lie: a starter file, a registered or public set, a file, a folder, or the hub."""

from __future__ import annotations

import difflib
import os
import re
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from codemix_lab import paths
from codemix_lab.config import TaskSpec
from codemix_lab.errors import DataError
from codemix_lab.progress import Progress, ShouldStop
from codemix_lab.text.pairs import PAIRS, guess_pair
from codemix_lab.text.readers import TABLE_SUFFIXES, read_table
from codemix_lab.text.readers.folders import read_folder
from codemix_lab.text.readers.hub import is_hub_id, read_hub
from codemix_lab.text.registry import TaskCard, find_card, public_sets, registered

STARTER = paths.PACKAGE / "text" / "starter"
KINDS = ("sentiment", "hate")

_ENDING = re.compile(rf"(?<=.)\.({'|'.join(s.lstrip('.') for s in TABLE_SUFFIXES if 'gz' not in s)})(\.gz)?$")


@dataclass(frozen=True)
class Place:
    """Where the rows of a task lie and how they are to be read. `path` is None for a hub id."""

    name: str
    where: str
    spec: TaskSpec
    pair: str | None
    path: Path | None
    card: TaskCard | None = None

    def read(
        self, on_progress: Progress | None = None, should_stop: ShouldStop | None = None
    ) -> pd.DataFrame:
        """The rows as they are, a frame of strings. Raises `DataError`."""
        if self.path is None:
            return read_hub(self.spec.source)
        if self.path.is_dir():
            return read_folder(self.path)
        return read_table(self.path, on_progress, should_stop)


def starter_tasks(kind: str | None = None) -> tuple[str, ...]:
    """Names of the tasks that come with the lab, sentiment first; or only those of a kind."""
    return tuple(
        _starter_name(pair, of)
        for of in KINDS
        for pair in PAIRS
        if kind in (None, of) and (STARTER / f"{pair}.{of}.tsv").is_file()
    )


def starter_card(name: str) -> TaskCard:
    """The card of a starter task."""
    pair, _, kind = name.partition(".")
    kind = kind or "sentiment"
    return TaskCard(
        name,
        title=f"Starter corpus, {PAIRS[pair].name}, {kind}",
        kind=kind,
        pair=pair,
        licence="Apache-2.0",
        citation="Written for CodeMix Lab; synthetic, no benchmark.",
        homepage="codemix_lab/text/starter/README.md",
    )


def find_place(asked: TaskSpec) -> Place:
    """Where the rows of a spec lie: a starter name, then a registered one, then a path, then a hub id.

    Raises `DataError` when it is none of them, with the names that come near.
    """
    source = asked.source
    if source in starter_tasks():
        own = starter_card(source)
        return Place(source, source, asked, own.pair, STARTER / f"{own.pair}.{own.kind}.tsv", own)
    card = find_card(source)
    if card is not None:
        spec = card.spec(asked)
        inner = find_place(TaskSpec(spec.source)) if spec.source != source else _elsewhere(spec)
        return Place(card.name, inner.where, spec, card.pair or inner.pair, inner.path, card)
    return _elsewhere(asked)


def _elsewhere(asked: TaskSpec) -> Place:
    source = asked.source
    path = Path(os.path.expanduser(source))
    named = path.name.lower().endswith(TABLE_SUFFIXES)
    if named or (source and os.path.lexists(path)):
        return Place(
            _bare(path.name),
            str(path),
            asked,
            guess_pair(path.name),
            path,
        )
    if is_hub_id(source):
        return Place(source.removeprefix("hub:"), source, asked, guess_pair(source.rpartition("/")[2]), None)
    known = [*starter_tasks(), *registered(), *public_sets()]
    near = difflib.get_close_matches(source.lower().replace("_", "-"), known, n=2, cutoff=0.5)
    hint = f" Did you mean {' or '.join(near)}?" if near else ""
    raise DataError(
        f"No starter task is called “{source}”, and there is no such file.{hint} "
        f"Starter tasks: {', '.join(starter_tasks())}; others: `codemix-lab data list`; "
        f"files: {', '.join(s for s in TABLE_SUFFIXES if 'gz' not in s)}, each also .gz."
    )


def _bare(name: str) -> str:
    lowered = _ENDING.sub("", name.lower())
    return name[: len(lowered)]


def _starter_name(pair: str, kind: str) -> str:
    return pair if kind == "sentiment" else f"{pair}.{kind}"
