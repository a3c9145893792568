"""Which labelled text."""

from __future__ import annotations

from dataclasses import dataclass

from codemix_lab.config.spec import Spec, parameter


@dataclass(frozen=True)
class TaskSpec(Spec):
    """A labelled task: a starter task by name, or a file with its columns told or found by name."""

    source: str = parameter(help="Starter task name or a file (csv, tsv, jsonl; each also .gz).")
    text_column: str | None = parameter(
        None, help="Column that holds the sentence (found by name when left out)."
    )
    label_column: str | None = parameter(
        None, help="Column that holds the label (found by name when left out)."
    )
    split_column: str | None = parameter(
        None, help="Column that says train, dev or test (made by hash when there is none)."
    )
