"""Which runs a rule means: for lists, exports and pruning."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from codemix_lab.config.spec import Spec, parameter

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class RunRule(Spec):
    """Runs that meet every condition given; without any, all of them."""

    kind: str | None = parameter(None, help="Only runs of this kind, such as fine-tune, regime or baseline.")
    task: str | None = parameter(None, help="Only runs on this task.")
    start: str | None = parameter(None, help="Only runs whose start or regime holds this text.")
    older_than: float | None = parameter(
        None, low=0, high=100_000, help="Only runs made more days ago than this."
    )
    larger_than: float | None = parameter(
        None, low=0, high=1e9, help="Only runs of more megabytes than this."
    )

    @property
    def says_nothing(self) -> bool:
        """Whether no condition is given."""
        return self == RunRule()

    def of(self, runs: pd.DataFrame, now: datetime | None = None) -> pd.DataFrame:
        """The rows of `RunStore.list` that the rule means."""
        keep = runs["id"].notna()
        if self.kind is not None:
            keep &= runs["kind"].eq(self.kind)
        if self.task is not None:
            keep &= runs["task"].eq(self.task)
        if self.start is not None:
            keep &= runs["start"].fillna("").str.contains(self.start, case=False, regex=False)
        if self.older_than is not None:
            keep &= runs["created"] < (now or datetime.now(UTC)) - timedelta(days=self.older_than)
        if self.larger_than is not None:
            keep &= runs["bytes"] > self.larger_than * 1e6
        return runs[keep]
