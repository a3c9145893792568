"""A comparison as files: tables for other programs, and one page to read and to pass on."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd
from jinja2 import Environment, PackageLoader, StrictUndefined

from codemix_lab import __version__, paths
from codemix_lab.errors import StorageError
from codemix_lab.evaluation.compare import Comparison
from codemix_lab.evaluation.paired import net_gain_interval
from codemix_lab.evaluation.slices import cut, find_slices, slice_table
from codemix_lab.experiments.tables import as_bytes

MOST_ROWS = 300


def write_comparison(
    comparison: Comparison, traits: pd.DataFrame, out: Path, title: str = "B against A"
) -> Path:
    """Write a comparison into the new folder `out` and return it.

    rows.csv has every sentence with its traits, piles.csv the counts and the test, confusion_a.csv and
    confusion_b.csv gold by predicted, slices.csv and found_slices.csv the parts where the models differ,
    report.html all of it on one page that needs no network. Texts that a spreadsheet would run as a formula
    get a leading apostrophe. Raises `StorageError` if `out` exists or cannot be written.
    """
    slices = slice_tables(comparison, traits)
    tables = {
        "rows": comparison.frame.join(traits),
        "piles": _piles(comparison),
        "confusion_a": confusion_table(comparison.confusion_a, comparison.labels),
        "confusion_b": confusion_table(comparison.confusion_b, comparison.labels),
        **slices,
    }
    with paths.new_folder(out) as folder:
        for name, table in tables.items():
            (folder / f"{name}.csv").write_bytes(as_bytes(table, "csv"))
        (folder / "report.html").write_text(report(comparison, slices, title), encoding="utf-8")
    return Path(out)


def write_predictions(frame: pd.DataFrame, path: Path) -> Path:
    """Write predictions as one new CSV file, formulas made harmless as by `write_comparison`.

    Raises `StorageError` if `path` exists or cannot be written.
    """
    if path.exists():
        raise StorageError(f"{path} exists already and is never overwritten. Choose another name.")
    with paths.new_file(path) as beside:
        beside.write_bytes(as_bytes(frame, "csv"))
    return path


def slice_tables(comparison: Comparison, traits: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """“slices” by trait and gold label (`slice_table`) and “found_slices” (`find_slices`)."""
    by_label = traits.assign(gold=comparison.frame["gold"])
    return {
        "slices": slice_table(comparison.frame, cut(by_label), comparison.labels),
        "found_slices": find_slices(comparison.frame, by_label),
    }


def report(comparison: Comparison, slices: Mapping[str, pd.DataFrame], title: str) -> str:
    """One HTML page: counts, test, confusions, `slice_tables`, and the sentences that changed most (300 at most).

    All text is escaped; the page holds no script and asks for nothing outside itself.
    """
    page = Environment(
        loader=PackageLoader("codemix_lab.experiments", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
    ).get_template("comparison.html")
    changed = comparison.frame[comparison.frame["disagree"]]
    changed = changed.sort_values("gold_gain", key=abs, ascending=False, kind="stable")
    columns = ["text", "gold", "predicted_a", "predicted_b", "pile", "gold_gain"]
    low, high = net_gain_interval(
        comparison.counts["fixed"], comparison.counts["broken"], len(comparison.frame)
    )
    return page.render(
        title=title,
        version=__version__,
        found=comparison,
        low=low,
        high=high,
        confusions={
            "Model A": confusion_table(comparison.confusion_a, comparison.labels),
            "Model B": confusion_table(comparison.confusion_b, comparison.labels),
            "B − A": confusion_table(comparison.confusion_b - comparison.confusion_a, comparison.labels),
        },
        slices={
            "Slices, what B loses most first": slices["slices"].round(3),
            "Slices found by search": slices["found_slices"].round(3),
        },
        changed=changed[columns].head(MOST_ROWS).round(2),
        total=len(changed),
    )


def confusion_table(counts: np.ndarray, labels: tuple[str, ...]) -> pd.DataFrame:
    """Counts, gold label by row and predicted label by column, with the labels written out."""
    table = pd.DataFrame(counts, columns=list(labels))
    table.insert(0, "gold ↓ predicted →", list(labels), allow_duplicates=True)
    return table


def _piles(comparison: Comparison) -> pd.DataFrame:
    found = {**comparison.counts, "net gain": comparison.net_gain, "McNemar p": comparison.p_value}
    return pd.DataFrame({"pile": list(found), "value": pd.Series(list(found.values()), dtype=object)})
