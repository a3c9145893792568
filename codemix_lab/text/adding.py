"""Registering a task of one's own: it is opened first, so that what is registered works."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

from codemix_lab.config import TaskSpec
from codemix_lab.errors import DataError
from codemix_lab.text.registry import TaskCard, need_card, register
from codemix_lab.text.sources import find_place, starter_tasks
from codemix_lab.text.tasks import Task, open_task


def add_task(
    source: str, name: str | None = None, like: str | None = None, **told: Any
) -> tuple[TaskCard, Path, Task]:
    """Register a file, folder or hub id under a name, and return its card, the card's file and the task.

    `like` takes citation, licence, pair and label mapping from a public set (and its name, when
    none is given); `told` are further fields of `TaskCard`, which win; None tells nothing. Raises
    `DataError` when it does not open as a task, `StorageError` when the name is taken.
    """
    known = need_card(like).to_dict() if like else {}
    told = {field: value for field, value in told.items() if value not in (None, "", ())}
    place = find_place(TaskSpec(source))
    here = str(Path(os.path.abspath(place.path))) if place.path is not None else source
    chosen = name or like or re.sub(r"[^\w.-]+", "-", place.name).strip(".-")
    if chosen in starter_tasks():
        raise DataError(f"“{chosen}” is the name of a starter task. Choose another one with --name.")
    fields = {**known, "pair": known.get("pair") or place.pair, **told, "name": chosen, "source": here}
    card = TaskCard.from_dict(fields)
    task = open_task(card.spec())
    return card, register(card), task
