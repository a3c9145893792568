"""Fine-tuned models to choose from: those of the run store by a name that people can read, or any folder."""

from __future__ import annotations

import re
from collections.abc import Hashable, Mapping, Sequence
from typing import Any

import streamlit as st

from codemix_lab.experiments.store import RunStore
from codemix_lab.ui.allowed import all_may_open, may_open, read_only
from codemix_lab.ui.escape import short
from codemix_lab.ui.picker import with_chosen
from codemix_lab.ui.words import HELP

ID_LETTERS = 6


def kept_models() -> dict[str, str]:
    """Models of the store, newest first: readable name → folder."""
    runs = RunStore().list()
    runs = runs[runs["model"].notna()]
    return {_name(row): str(row["model"]) for row in runs.to_dict("records")}


def kept_runs() -> dict[str, str]:
    """Whatever can be compared, each newest first: models by their folder, then runs of which only the
    predictions were kept by that of the run."""
    store = RunStore()
    runs = store.list()
    rest = runs[runs["model"].isna()]
    return kept_models() | {_name(row): str(store.root / str(row["id"])) for row in rest.to_dict("records")}


def folder_of(choice: str, known: dict[str, str]) -> str:
    """The folder behind a choice: a kept model's, or the choice itself. Raises `SpecError` where it may not be opened."""
    return known.get(choice) or may_open(choice, known.values())


def name_of(folder: str, known: dict[str, str]) -> str:
    """The readable name of a folder."""
    return next((name for name, place in known.items() if place == folder), short(folder))


def choose_model(label: str, key: str, known: dict[str, str], place: int | None) -> str | None:
    """Draw one choice and return the folder; `place` says which kept model stands there at first, if one does."""
    names = list(known)
    choice = st.selectbox(
        label,
        with_chosen(names, key),
        index=place if place is not None and place < len(names) else None,
        key=key,
        bind="query-params",
        accept_new_options=not read_only(),
        placeholder="A kept model, or a folder" if place is not None else "None",
    )
    return folder_of(choice, known) if choice else None


def choose_tasks(
    tasks: Sequence[str],
    default: Sequence[str],
    label: str = "Tasks to test on",
    key: str = "tasks",
    help: str = HELP["task"],
) -> list[str]:
    """Draw a choice of several tasks and return them."""
    chosen = st.multiselect(
        label,
        with_chosen(tasks, key),
        default=list(default),
        key=key,
        bind="query-params",
        accept_new_options=not read_only(),
        help=help,
    )
    return list(all_may_open(chosen, tasks))


def _name(row: Mapping[Hashable, Any]) -> str:
    start = re.sub(r"\S+", lambda part: short(part[0]), str(row["start"]))
    return (
        f"{start} · {row['task']} · {row['train_size']} · seed {row['seed']} · {str(row['id'])[:ID_LETTERS]}"
    )
