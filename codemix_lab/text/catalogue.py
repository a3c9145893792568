"""All tasks that can be named, as tables and cards."""

from __future__ import annotations

from typing import Any

import pandas as pd

from codemix_lab.errors import DataError
from codemix_lab.text.registry import TaskCard, need_card, public_sets, registered
from codemix_lab.text.sources import starter_card, starter_tasks
from codemix_lab.text.tasks import open_task


def catalogue() -> pd.DataFrame:
    """Columns name, from (starter, yours, public), kind, pair, here (yes, hub, no), licence and title.

    A public set that was added under its own name is listed once, as yours.
    """
    own = registered()
    listed = [("starter", card) for card in map(starter_card, starter_tasks())]
    listed += [("yours", card) for card in own.values()]
    listed += [("public", card) for name, card in public_sets().items() if name not in own]
    return pd.DataFrame(
        [
            {
                "name": card.name,
                "from": origin,
                "kind": card.kind,
                "pair": card.pair or "",
                "here": "yes" if origin != "public" else "hub" if card.source else "no",
                "licence": card.licence,
                "title": card.title,
            }
            for origin, card in listed
        ],
        dtype="str",
    )


def described(name: str) -> tuple[dict[str, Any], pd.DataFrame | None]:
    """A task's card with what its rows say, and its label counts by split; None when it is not here.

    Raises `DataError` for a name that nothing has.
    """
    card = starter_card(name) if name in starter_tasks() else need_card(name)
    values = {**card.to_dict(), "labels": list(card.labels), "rows": 0, "warnings": []}
    if card.source is None and name not in starter_tasks():
        values["warnings"] = [_refusal(card)]
        return values, None
    try:
        task = open_task(name)
    except DataError as error:
        values["warnings"] = [str(error)]
        return values, None
    values |= {"rows": len(task.frame), "labels": list(task.labels), "warnings": list(task.warnings)}
    counts = task.frame.groupby(["split", "label"]).size().unstack(fill_value=0)
    return values, counts.reset_index().rename_axis(columns=None)


def _refusal(card: TaskCard) -> str:
    try:
        card.spec()
    except DataError as error:
        return str(error)
    return ""
