"""One part of a report, apart from how it is written."""

from __future__ import annotations

from dataclasses import dataclass, field

import pandas as pd

FOREST = "Dots are filled where the difference is beyond chance after Holm's correction."


@dataclass(frozen=True, eq=False)
class Section:
    """A heading, what is said below it, one table at most and one figure (SVG text with its caption) at most."""

    heading: str
    said: list[str] = field(default_factory=list)
    table: pd.DataFrame | None = None
    figure: str | None = None
    caption: str = FOREST
