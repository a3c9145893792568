"""A comparison as files: tables for other programs, and one page to read and to pass on."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from jinja2 import Environment, PackageLoader, StrictUndefined

from codemix_lab import __version__, paths
from codemix_lab.errors import StorageError
from codemix_lab.evaluation.compare import SURER, UNLIKE, Comparison
from codemix_lab.experiments.side_by_side import SideBySide
from codemix_lab.experiments.tables import as_bytes

MOST_ROWS, MOST_UNLIKE = 300, 100


def write_comparison(
    found: SideBySide,
    out: Path,
    title: str = "Models side by side",
    saved: Mapping[str, str] | None = None,
    surer: float = SURER,
) -> Path:
    """Write a comparison into the new folder `out` and return it.

    rows.csv has every sentence with all answers, its pile for every pair of models (`surer` as in `compare`)
    and its traits;
    scores.csv macro-F1 of each model; piles.csv counts, net gain with interval and test for every pair;
    by_class.csv the same by gold label; slices.csv, found_slices.csv and saved_slices.csv (`saved`: questions
    by name) the parts where the models of a pair differ; confusion_a.csv and so on gold by predicted;
    comparison.json all tables but the rows; report.html all of it on one page that needs no network. Texts
    that a spreadsheet would run as a formula get a leading apostrophe in the CSV files. Raises `StorageError`
    if `out` exists or cannot be written.
    """
    tables = comparison_tables(found, saved or {}, surer)
    confusions = {
        f"confusion_{letter.lower()}": confusion_table(found.panel.confusion(letter), found.panel.labels)
        for letter in found.panel.letters
    }
    with paths.new_folder(out) as folder:
        for name, table in {"rows": _all_rows(found, surer), **tables, **confusions}.items():
            (folder / f"{name}.csv").write_bytes(as_bytes(table, "csv"))
        record = {
            name: json.loads(table.to_json(orient="records")) for name, table in (tables | confusions).items()
        }
        about = {
            "models": dict(zip(found.panel.letters, found.panel.models, strict=True)),
            "tasks": [asdict(portion) for portion in found.portions],
            "labels": found.panel.labels,
            "surer": surer,
        }
        text = json.dumps({**about, **record}, ensure_ascii=False, indent=1)
        (folder / "comparison.json").write_text(text, encoding="utf-8")
        (folder / "report.html").write_text(report(found, title, saved, surer), encoding="utf-8")
    return Path(out)


def comparison_tables(
    found: SideBySide, saved: Mapping[str, str], surer: float = SURER
) -> dict[str, pd.DataFrame]:
    """Everything but the rows as tables: scores, piles, by_class, slices, found_slices, saved_slices.

    Those about two models have every pair, told by the columns reference and against.
    """
    parts: dict[str, list[pd.DataFrame]] = {}
    for pair in found.panel.pairs:
        held = found.panel.pair(*pair, surer)
        tables = {"piles": _piles(held), "by_class": held.by_class, **found.slices(*pair)}
        tables["saved_slices"] = found.saved_slices(saved, *pair)
        for name, table in tables.items():
            both = pd.DataFrame({"reference": pair[0], "against": pair[1]}, index=table.index)
            parts.setdefault(name, []).append(pd.concat([both, table], axis=1))
    return {"scores": found.panel.scores} | {
        name: pd.concat(tables, ignore_index=True) for name, tables in parts.items()
    }


def write_predictions(frame: pd.DataFrame, path: Path) -> Path:
    """Write predictions as one new CSV file, formulas made harmless as by `write_comparison`.

    Raises `StorageError` if `path` exists or cannot be written.
    """
    if path.exists():
        raise StorageError(f"{path} exists already and is never overwritten. Choose another name.")
    with paths.new_file(path) as beside:
        beside.write_bytes(as_bytes(frame, "csv"))
    return path


def report(
    found: SideBySide, title: str, saved: Mapping[str, str] | None = None, surer: float = SURER
) -> str:
    """One HTML page: scores, counts and test of every pair, confusions, slices, the sentences that changed most.

    At most 300 sentences a pair, and 100 that both have right with unlike confidence. All text is escaped; the page holds no script and asks for nothing outside
    itself.
    """
    page = Environment(
        loader=PackageLoader("codemix_lab.experiments", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
    ).get_template("comparison.html")
    panel = found.panel
    return page.render(
        title=title,
        version=__version__,
        portions=found.portions,
        labels=panel.labels,
        sentences=len(panel.frame),
        scores=panel.scores.round(3),
        confusions={
            f"Model {letter}": confusion_table(panel.confusion(letter), panel.labels)
            for letter in panel.letters
        },
        pairs=[_section(found, pair, saved or {}, surer) for pair in panel.pairs],
    )


def _section(
    found: SideBySide, pair: tuple[str, str], saved: Mapping[str, str], surer: float
) -> dict[str, Any]:
    held = found.panel.pair(*pair, surer)
    a, b = pair
    tables = {
        "By class": held.by_class.round(3),
        f"Slices, what {b} loses most first": found.slices(*pair)["slices"].round(3),
        "Slices found by search": found.slices(*pair)["found_slices"].round(3),
    }
    if saved:
        tables["Saved slices"] = found.saved_slices(saved, *pair).round(3)
    rows = found.panel.frame.join(held.frame[["pile", "disagree", "gold_gain"]])
    rows = rows.sort_values("gold_gain", key=abs, ascending=False, kind="stable")
    changed, unlike = rows[rows["disagree"]], rows[rows["pile"] == UNLIKE]
    answers = [f"predicted_{letter.lower()}" for letter in found.panel.letters]
    columns = ["text", "gold", *answers, "pile", "gold_gain"]
    named = {"f1_a": f"F1 of {a}", "f1_b": f"F1 of {b}", "difference": f"{b} − {a}"}
    return {
        "a": a,
        "b": b,
        "found": held,
        "interval": held.net_gain_interval,
        "moved": confusion_table(held.confusion_b - held.confusion_a, held.labels),
        "tables": {name: table.rename(columns=named) for name, table in tables.items()},
        "changed": changed[columns].head(MOST_ROWS).round(2),
        "total": len(changed),
        "unlike": unlike[columns].head(MOST_UNLIKE).round(2),
    }


def confusion_table(counts: np.ndarray, labels: tuple[str, ...]) -> pd.DataFrame:
    """Counts, gold label by row and predicted label by column, with the labels written out."""
    table = pd.DataFrame(counts, columns=list(labels))
    table.insert(0, "gold ↓ predicted →", list(labels), allow_duplicates=True)
    return table


def _piles(held: Comparison) -> pd.DataFrame:
    low, high = held.net_gain_interval
    found = {**held.counts, "net_gain": held.net_gain, "low": low, "high": high, "mcnemar_p": held.p_value}
    return pd.DataFrame([{**found, "surer": held.surer}])


def _all_rows(found: SideBySide, surer: float) -> pd.DataFrame:
    """Every sentence with every pair's pile and gain: pile_ab, gold_gain_ab and so on."""
    columns: dict[str, pd.Series] = {}
    for a, b in found.panel.pairs:
        held = found.panel.pair(a, b, surer).frame
        name = f"{a}{b}".lower()
        columns |= {f"pile_{name}": held["pile"], f"gold_gain_{name}": held["gold_gain"]}
    return pd.concat([found.panel.frame, pd.DataFrame(columns), found.traits], axis=1)
