"""One sentence of a comparison with all that its card asks for; models and task are opened when first needed."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import streamlit as st

from codemix_lab.config import MergeSpec, TaskSpec
from codemix_lab.evaluation.panel import Panel
from codemix_lab.experiments.annotations import Annotations
from codemix_lab.text.tasks import Task, open_task
from codemix_lab.ui import heavy
from codemix_lab.ui.picker import Bench

if TYPE_CHECKING:
    from codemix_lab.experiments.classifier import Classifier


@dataclass(frozen=True, eq=False)
class Opened:
    """What a card needs: the row by its number, the panel it is from, how that was asked for, the notes, the bench.

    `spec` is the merge that the dials of the lab say, or None where they say none.
    """

    number: int
    panel: Panel
    pile: str
    task_spec: TaskSpec
    split: str
    pair: str | None
    notes: Annotations
    bench: Bench
    spec: MergeSpec | None

    @cached_property
    def row(self) -> dict[str, Any]:
        """The row of the panel's frame."""
        return {str(name): value for name, value in self.panel.frame.iloc[self.number].items()}

    @property
    def text(self) -> str:
        """The sentence."""
        return str(self.row["text"])

    @property
    def task(self) -> Task:
        """The task, opened when first asked for."""
        return task_of(self.task_spec)

    @property
    def models(self) -> dict[str, Classifier]:
        """The models by letter that can be asked anew."""
        found = {
            letter: _model(ref, self.split)
            for letter, ref in zip(self.panel.letters, self.panel.models, strict=True)
        }
        return {letter: model for letter, model in found.items() if model is not None}

    def probabilities(self, letter: str) -> dict[str, float]:
        """What a model said: label → probability."""
        return {label: float(self.row[f"p_{letter.lower()}_{label}"]) for label in self.panel.labels}


@st.cache_resource(max_entries=8, show_spinner="Opening the model …")
def _model(ref: str, split: str) -> Classifier | None:
    heavy.load()
    from codemix_lab.experiments.inspection import live_model

    return live_model(ref, split)


@st.cache_resource(max_entries=4, show_spinner="Opening the task …")
def task_of(spec: TaskSpec) -> Task:
    """The task, kept open while the app runs."""
    return open_task(spec)
