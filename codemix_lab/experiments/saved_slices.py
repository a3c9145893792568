"""Questions about rows that someone keeps under a name, to be a slice in every comparison from then on."""

from __future__ import annotations

import getpass
from pathlib import Path

from codemix_lab import paths
from codemix_lab.errors import DataError
from codemix_lab.evaluation.query import check_question
from codemix_lab.experiments.json_file import JsonFile

LONGEST_NAME = 60
MOST = 200


class SavedSlices:
    """The saved slices of one user in the workspace. Nothing is replaced or deleted unless that is asked for."""

    def __init__(self, user: str | None = None, root: Path | None = None) -> None:
        """`user` defaults to the one at work."""
        name = "".join(c if c.isalnum() else "-" for c in user or _user())
        self._file = JsonFile((root or paths.workspace() / "slices") / f"{name}.json")

    def all(self) -> dict[str, str]:
        """Name → question, in the order they were kept. Raises `StorageError` for a damaged file."""
        kept = self._file.read()
        if not all(isinstance(question, str) for question in kept.values()):
            raise self._file.damaged("a question is no text")
        return kept

    def keep(self, name: str, question: str, replace: bool = False) -> None:
        """Keep a question under a name.

        Raises `DataError` for a name that is empty, too long or taken (unless `replace`), `SpecError` for a
        question that cannot be one, and `StorageError`.
        """
        name, question = " ".join(name.split()), question.strip()
        if not name or len(name) > LONGEST_NAME:
            raise DataError(f"A saved slice needs a name of 1 to {LONGEST_NAME} characters.")
        if not question:
            raise DataError("There is no question to save: ask one first, such as cmi > 30.")
        check_question(question)
        with self._file.change() as kept:
            if name in kept and not replace and kept[name] != question:
                raise DataError(
                    f"There is a saved slice “{name}” already ({kept[name]}): take another name or delete it."
                )
            if name not in kept and len(kept) >= MOST:
                raise DataError(f"{MOST} slices are saved already: delete some that you do not need.")
            kept[name] = question

    def remove(self, name: str) -> None:
        """Delete one slice. Raises `DataError` when there is none of that name, and `StorageError`."""
        with self._file.change() as kept:
            if name not in kept:
                known = ", ".join(kept) or "none"
                raise DataError(f"There is no saved slice “{name}”; saved are: {known}.")
            del kept[name]


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError, ImportError):
        return "anyone"
