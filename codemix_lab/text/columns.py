"""Which column is the text, which the label, which the split."""

from __future__ import annotations

import difflib
from dataclasses import dataclass

import pandas as pd

from codemix_lab.errors import DataError


@dataclass(frozen=True)
class Role:
    """What a column is for, the names it is found by (best first), and the option that tells it."""

    name: str
    found_by: tuple[str, ...]

    @property
    def option(self) -> str:
        """The command-line option; its field in `TaskSpec` is spelled with underscores."""
        return f"--{self.name}-column"


TEXT = Role("text", ("text", "sentence", "tweet", "content", "comment", "utterance"))
LABEL = Role("label", ("label", "labels", "sentiment", "category", "class", "target"))
SPLIT = Role("split", ("split", "set", "fold"))


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


def need_column(frame: pd.DataFrame, role: Role, told: str | None, where: str) -> str:
    """As `find_column`, but none found is a `DataError` with the columns there are and the option to use."""
    found = find_column(frame, role, told, where)
    if found is None:
        raise DataError(
            f"{where}: no {role.name} column was found by name. {_there_are(frame)} "
            f"Say which it is with {role.option}."
        )
    return found


def _key(name: str) -> str:
    return name.strip().casefold()


def _there_are(frame: pd.DataFrame) -> str:
    shown = [f"“{name if len(name) <= 40 else name[:40] + '…'}”" for name in frame.columns[:20]]
    more = f" and {len(frame.columns) - 20} more" if len(frame.columns) > 20 else ""
    return f"The columns are {', '.join(shown)}{more}."
