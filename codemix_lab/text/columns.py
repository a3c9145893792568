"""Which column is the text, which the label, which the split: told, else by name, else by content."""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass

import pandas as pd

from codemix_lab.errors import DataError
from codemix_lab.text.splits import read_split

MOST_LABELS = 50
_SEEN = 2_000


@dataclass(frozen=True)
class Role:
    """What a column is for, the names it is found by (best first), and the option that tells it."""

    name: str
    found_by: tuple[str, ...]

    @property
    def option(self) -> str:
        """The command-line option; its field in `TaskSpec` is spelled with underscores."""
        return f"--{self.name}-column"


TEXT = Role(
    "text",
    (
        "text",
        "sentence",
        "tweet",
        "content",
        "comment",
        "utterance",
        "tweet_text",
        "full_text",
        "clean_text",
        "texts",
        "sentences",
        "tweets",
        "comments",
        "tokens",
        "words",
    ),
)
LABEL = Role(
    "label",
    (
        "label",
        "labels",
        "sentiment",
        "category",
        "class",
        "target",
        "polarity",
        "task_1",
        "subtask_a",
        "sa",
        "emotion",
    ),
)
SPLIT = Role("split", ("split", "set", "fold", "partition"))
ID = Role("id", ("id", "tweet_id", "text_id", "uid", "idx", "hasoc_id"))
ROLES = (TEXT, LABEL, SPLIT)

_KNOWN = frozenset(name for role in (*ROLES, ID) for name in role.found_by)


@dataclass(frozen=True)
class Chosen:
    """A role's column, and how it was found: “told”, “by name”, “by content”, or "" for none."""

    column: str | None
    how: str


def is_known_name(name: str) -> bool:
    """Whether a column of that name is recognised.

    >>> is_known_name(" Tweet "), is_known_name("stars")
    (True, False)
    """
    return _key(name) in _KNOWN


def choose_columns(
    frame: pd.DataFrame, text: str | None, label: str | None, split: str | None, where: str
) -> dict[str, Chosen]:
    """Columns of the three roles, by role name. Raises `DataError` when a told one is absent.

    By content: the text is the column with the most words in a cell (two or more on average); a
    label column repeats a few short values; a split column says train, dev or test throughout.
    """
    found = {
        role.name: _chosen(frame, role, told, where)
        for role, told in zip(ROLES, (text, label, split), strict=True)
    }
    head = frame.head(_SEEN)
    free = [c for c in frame.columns if c not in {chosen.column for chosen in found.values()}]
    if found["split"].column is None:
        free, found["split"] = _take(free, [c for c in free if _is_split(head[c])])
    if found["text"].column is None:
        wordy = {
            c: head[c].map(lambda cell: len(cell.split())).mean() for c in free if c not in ("tags", "id")
        }
        best = max(wordy, key=wordy.__getitem__, default=None)
        free, found["text"] = _take(free, [best] if best is not None and wordy[best] >= 2 else [])
    text_column = found["text"].column
    if found["label"].column is None and text_column is not None:
        order = list(frame.columns)
        place = order.index(text_column)
        after_first = [c for c in order[place + 1 :] + order[:place][::-1] if c in free]
        _, found["label"] = _take(free, [c for c in after_first if _is_label(head[c])])
    return found


def find_column(frame: pd.DataFrame, role: Role, told: str | None, where: str) -> str | None:
    """Name of the column with this role: the told one, else the first known name; case is ignored.

    None when nothing was told and no known name is there. Raises `DataError` when the told one is absent.
    """
    by_key: dict[str, str] = {}
    for column in frame.columns:
        by_key.setdefault(_key(column), column)
    if told is None:
        return next((by_key[name] for name in role.found_by if name in by_key), None)
    if told in frame.columns:
        return told
    if _key(told) in by_key:
        return by_key[_key(told)]
    near = difflib.get_close_matches(_key(told), by_key, n=1)
    hint = f" Did you mean “{by_key[near[0]]}”?" if near else ""
    raise DataError(f"{where} has no column “{told}” ({role.option}).{hint} {_there_are(frame)}")


def absent(frame: pd.DataFrame, role: Role, where: str) -> DataError:
    """The error for a role that no column has, with the columns there are and the option to use."""
    return DataError(
        f"{where}: no {role.name} column was found by name or content. {_there_are(frame)} "
        f"Say which it is with {role.option}."
    )


def _chosen(frame: pd.DataFrame, role: Role, told: str | None, where: str) -> Chosen:
    column = find_column(frame, role, told, where)
    return Chosen(column, "" if column is None else "by name" if told is None else "told")


def _take(free: list[str], candidates: list[str]) -> tuple[list[str], Chosen]:
    if not candidates:
        return free, Chosen(None, "")
    return [c for c in free if c != candidates[0]], Chosen(candidates[0], "by content")


def _is_split(cells: pd.Series) -> bool:
    values = set(cells.unique())
    return len(values) > 1 and all(read_split(value) is not None for value in values)


def _is_label(cells: pd.Series) -> bool:
    filled = cells[cells.str.strip() != ""].str.strip()
    values = filled.unique()
    few = 2 <= len(values) <= min(MOST_LABELS, len(filled) / 3)
    return few and all(len(value) <= 40 and len(value.split()) <= 3 for value in values)


def _key(name: str) -> str:
    return re.sub(r"[\s-]+", "_", name.strip().casefold())


def _there_are(frame: pd.DataFrame) -> str:
    shown = [f"“{name if len(name) <= 40 else name[:40] + '…'}”" for name in frame.columns[:20]]
    more = f" and {len(frame.columns) - 20} more" if len(frame.columns) > 20 else ""
    return f"The columns are {', '.join(shown)}{more}."
