"""Which labelled text."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from codemix_lab.config.spec import Spec, parameter
from codemix_lab.errors import SpecError


@dataclass(frozen=True)
class TaskSpec(Spec):
    """A labelled task: by name, by file or folder, or by hub id; its columns told or found."""

    source: str = parameter(
        help="Task name (`codemix-lab data list`), a file (csv, tsv, jsonl, json, parquet, CoNLL; "
        "each also .gz), a folder of splits, or a hub id."
    )
    text_column: str | None = parameter(
        None, help="Column that holds the sentence (found by name or content when left out)."
    )
    label_column: str | None = parameter(
        None, help="Column that holds the label (found by name or content when left out)."
    )
    split_column: str | None = parameter(
        None, help="Column that says train, dev or test (made by hash when there is none)."
    )
    mapping: tuple[str, ...] = parameter(
        (), help="Labels renamed, as OLD=NEW; OLD= leaves the rows with that label out."
    )
    repair: bool = parameter(True, help="Mend mojibake (UTF-8 read as Latin-1) with ftfy.")
    mask: bool = parameter(False, help="Write @user for handles and http for links.")
    drop_leaks: bool = parameter(
        False, help="Leave train sentences out that also stand in dev or test, exactly or nearly."
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        self.renamed()

    def renamed(self) -> dict[str, str | None]:
        """The mapping as a dictionary; None for labels that are left out.

        >>> TaskSpec("a.tsv", mapping=("Positive=positive", "not-Tamil=")).renamed()
        {'Positive': 'positive', 'not-Tamil': None}
        """
        found: dict[str, str | None] = {}
        for pair in self.mapping:
            old, sign, new = pair.rpartition("=")
            if not sign or not old.strip():
                raise SpecError(
                    f"mapping “{pair}” is not understood: write OLD=NEW, or OLD= to leave a label out."
                )
            found[old.strip()] = new.strip() or None
        return found

    def to_dict(self) -> dict[str, Any]:
        """Plain values; what came later than the columns is left out at its default, so that digests last."""
        declared = self.parameters()
        later = ("mapping", "repair", "mask", "drop_leaks")
        return {
            name: value
            for name, value in super().to_dict().items()
            if name not in later or getattr(self, name) != declared[name].default
        }


def as_tasks(given: str | TaskSpec | Iterable[Any]) -> tuple[Any, ...]:
    """One task or several, each by name or as a spec; what is neither is left for the spec that holds them.

    >>> as_tasks("en-hi") == (TaskSpec("en-hi"),)
    True
    """
    several = (given,) if isinstance(given, (str, TaskSpec)) else given
    return tuple(TaskSpec(one) if isinstance(one, str) else one for one in several)
